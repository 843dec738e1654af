/**
 * The answer about a run, made from its log: what `run`, `rerun`, `status` and `signal` share.
 */
import { activeTimeAt } from '../core/evolve-run.ts';
import { type OpenWait, openWaits } from '../core/open-waits.ts';
import { endingOf } from '../core/settling.ts';
import type { RunId } from '../model/ids.ts';
import { type JsonObject, setOwn } from '../model/json.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import { isRunEnded, type RunStatus } from '../model/run-status.ts';
import type { DecisionRow, RunRow } from '../model/store.ts';
import { toRfc3339 } from '../model/time.ts';
import type { OpsDeps } from './deps.ts';
import { nextOf } from './next.ts';
import { pendingWaits, turnOf } from './row-waits.ts';
import type { ReadRun } from './run-reader.ts';
import { awaitedRuns, openDecisions } from './run-tree.ts';
import { withSecretNames } from './secret-places.ts';
import type { EventView, RunPart, RunResult, WaitingForView } from './shapes.ts';
import { briefStepOf, stepViews } from './step-view.ts';
import { openWaitTexts, PAUSED } from './waiting-text.ts';
import { decisionOf, eventOf, failureOf } from './wire.ts';

export const statusOf = ({ row, state }: ReadRun): RunStatus =>
  state.seq === 0 ? row.status : state.status;

/** What it was started with, secrets by name. */
export function inputOf({ row, state }: ReadRun): JsonObject {
  const [inputs, refs] =
    state.seq === 0 && row.start !== null
      ? [row.start.inputs, row.start.secretRefs]
      : [state.inputs, state.inputSecrets];
  return withSecretNames(inputs, refs) as JsonObject;
}

/** Its open questions, then those of the runs that it awaits. */
export const pendingDecisions = (
  { store }: Pick<OpsDeps, 'store'>,
  run: ReadRun,
): readonly DecisionRow[] => openDecisions(store, run);

/** What its open steps wait for, and the runs that it awaits, with sentences. */
export function waitingOf(
  { store }: Pick<OpsDeps, 'store'>,
  run: ReadRun,
  decisions: readonly DecisionRow[],
): WaitingForView[] {
  const { state, row } = run;
  if (isRunEnded(state.status)) return [];
  if (row.status === 'pending') return pendingWaits(store, row);
  const turn = state.queued ? turnOf(store, row.runId) : [];
  const open = [...openWaits(state), ...settlingWaits(run)];
  const pendingOf = (below: RunRow): WaitingForView[] => pendingWaits(store, below);
  const waits = openWaitTexts(open, decisions, awaitedRuns(store, run), pendingOf);
  if (!state.paused) return waits;
  return [pausedText(state), ...turn, ...waits.map(onceResumed)];
}

/** While a run is paused it is not for room that a step waits. */
const onceResumed = (wait: WaitingForView): WaitingForView =>
  wait.kind === 'slot' ? { ...wait, text: `"${wait.step_id}" begins when the run goes on` } : wait;

/** What is at work outside the log is known to its executor, who keeps it in the row. */
function settlingWaits({ state, row }: ReadRun): OpenWait[] {
  return row.waitingFor.flatMap(({ step_id, kind, name }) => {
    const isKnown = state.steps.get(step_id)?.status === 'scheduled';
    if (kind !== 'settling' || isKnown) return [];
    return [{ step_id, kind, ...(name === undefined ? {} : { name }) }];
  });
}

function pausedText(state: RunState): WaitingForView {
  const { pauseReason: reason } = state;
  if (reason === null || reason === 'paused') {
    return PAUSED;
  }
  const why = PAUSES[reason]?.(state) ?? `it is paused (${reason})`;
  return { step_id: '', kind: 'paused', name: reason, text: `${why} until "resume"` };
}

/** Why a run is paused that nobody paused. */
const PAUSES: Readonly<Record<string, (state: RunState) => string>> = {
  parent: () => 'it is paused with the run that awaits it,',
  quarantined: (state) =>
    `it is quarantined, because processes that executed it died again and again${caughtText(state)},`,
  restored: () => 'it is held back, because it was restored,',
  timeout: () => 'it has reached its limit on active time and is suspended',
};

/** Steps that are told of by name. */
const CAUGHT_SHOWN = 3;

/** Which of its open steps the deaths caught, most often first. */
function caughtText({ open }: RunState): string {
  const caught = [...open]
    .filter(({ interruptions }) => interruptions > 0)
    .sort((a, b) => b.interruptions - a.interruptions);
  if (caught.length === 0) return '';
  const named = caught
    .slice(0, CAUGHT_SHOWN)
    .map(({ path, interruptions }) => `"${path}" ${interruptions} times`);
  const rest = caught.length > CAUGHT_SHOWN ? [`${caught.length - CAUGHT_SHOWN} more steps`] : [];
  return ` (they caught ${[...named, ...rest].join(', ')})`;
}

export interface RunTimes {
  readonly started_at: string;
  readonly completed_at?: string;
  readonly duration_ms: number;
}

export function timesOf({ row, state }: ReadRun, nowMs: number): RunTimes {
  const startedAt = state.seq === 0 ? row.createdAt : state.startedAt;
  const endedAt = isRunEnded(state.status) ? state.endedAt : null;
  return {
    started_at: toRfc3339(startedAt),
    ...(endedAt === null ? {} : { completed_at: toRfc3339(endedAt) }),
    duration_ms: Math.max(0, (endedAt ?? nowMs) - startedAt),
  };
}

export const activeMsOf = ({ state }: ReadRun, nowMs: number): number =>
  Math.max(0, activeTimeAt(state, nowMs));

/** How it will end, when it only settles or runs its hook. */
export function endingView({ state }: ReadRun): Pick<RunResult, 'ending'> {
  const ending = endingOf(state);
  return ending === null ? {} : { ending };
}

/** Output and error, whichever there is. */
export function endOf({ state }: ReadRun): Pick<RunResult, 'output' | 'error'> {
  return {
    ...(state.status === 'completed' ? { output: state.output ?? null } : {}),
    ...(state.error === null ? {} : { error: failureOf(state.error) }),
  };
}

/** True when the caller wants this part; without a list it gets what is worth telling. */
export const wants = (include: readonly RunPart[] | undefined, part: RunPart): boolean =>
  include === undefined || include.includes(part);

/** The answer about a run that was started, continued or waited for. */
export function runResultOf(
  deps: Pick<OpsDeps, 'store' | 'clock'>,
  run: ReadRun,
  include?: readonly RunPart[],
): RunResult {
  const nowMs = deps.clock.now();
  const decisions = pendingDecisions(deps, run);
  const waiting_for = waitingOf(deps, run, decisions);
  const next = nextOf(run, decisions, waiting_for);
  const { output: _output, ...withoutOutput } = endOf(run);
  return {
    workflow_id: run.row.runId,
    status: statusOf(run),
    ...endingView(run),
    ...(wants(include, 'output') ? endOf(run) : withoutOutput),
    ...timesOf(run, nowMs),
    ...stepsOf(run, nowMs, include),
    pending_decisions: wants(include, 'decisions') ? decisions.map(decisionOf) : [],
    ...(include?.includes('context') ? { context: contextOf(run) } : {}),
    ...(include?.includes('events') ? { events: lastEvents(deps, run.row.runId) } : {}),
    waiting_for,
    ...(next === null ? {} : { next }),
  };
}

export const contextOf = ({ row, state }: ReadRun): JsonObject =>
  state.seq === 0 ? (row.start?.context ?? {}) : { ...state.context };

/** Events that an answer holds without `since_sequence`. */
const LAST_EVENTS = 20;

/** The last events of a run, in order. */
export const lastEvents = ({ store }: Pick<OpsDeps, 'store'>, runId: RunId): EventView[] =>
  [...store.queryEvents({ runId, limit: LAST_EVENTS }).items].reverse().map(eventOf);

/** Steps of a finished run that are listed one by one. */
const LISTED_STEPS = 200;

/** The steps: of a finished run, unless they are asked for, how each of the top list ended. */
export function stepsOf(
  run: ReadRun,
  nowMs: number,
  include: readonly RunPart[] | undefined,
): Pick<RunResult, 'steps' | 'step_counts'> {
  if (!wants(include, 'steps')) return { steps: {} };
  const { state } = run;
  if (include !== undefined || state.status !== 'completed')
    return { steps: stepViews(state, nowMs) };
  const { steps: listed } = state.top;
  if (listed.length > LISTED_STEPS) return { steps: {}, step_counts: countsOf(listed) };
  const steps: RunResult['steps'] = {};
  for (const step of listed) setOwn(steps, step.path, briefStepOf(step));
  return { steps };
}

function countsOf(steps: readonly StepState[]): NonNullable<RunResult['step_counts']> {
  const counts: NonNullable<RunResult['step_counts']> = {};
  for (const { status } of steps) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
