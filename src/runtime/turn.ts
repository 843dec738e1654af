/**
 * One turn of one run: its inputs decided, its blocked processes spawned, everything that has to be
 * written put together. Nothing has been written or started when it returns.
 */
import { type Advanced, advance, beginRun } from '../core/advance.ts';
import { limitOfRun } from '../core/newcomer.ts';
import { commandsOf } from '../core/outstanding.ts';
import { newState } from '../core/state.ts';
import type { PreparedProcess } from '../model/action.ts';
import type { StepFailure } from '../model/error.ts';
import type { EventOf, RunEvent } from '../model/event.ts';
import type { EngineInput, SignalVerdict, StartFacts } from '../model/input.ts';
import type { Masker } from '../model/ports.ts';
import type { RunState } from '../model/run-state.ts';
import type { DecisionRow, RunAppend } from '../model/store.ts';
import type { Breakers } from './breakers.ts';
import { cancelMessages, pauseMessages } from './child-messages.ts';
import { createDecideContext, failureOf } from './decide-context.ts';
import type { RuntimeDeps } from './deps.ts';
import { actionContext, type ExecuteCommand, invocationOf } from './execute-step.ts';
import { foldRun } from './folding.ts';
import { pullInbox } from './inbox.ts';
import { isQuiet, type LiveRun } from './live-run.ts';
import { maskerOf, maskFailure, maskInputs, namesOf, newUsedSecrets } from './masking.ts';
import { placeChange } from './places.ts';
import {
  childRuns,
  decisionRows,
  mayLeave,
  noticeRun,
  parentMessages,
  patchOf,
} from './projection.ts';
import { settlingWaits } from './settling.ts';
import type { Slots } from './slots.ts';
import { forgetEndedChildren, noteOrphans } from './unsettled-elsewhere.ts';

export interface TurnParts {
  readonly deps: RuntimeDeps;
  readonly slots: Slots;
  readonly breakers: Breakers;
  /** True once this process takes on no new work. */
  readonly stopping: () => boolean;
}

export interface Decided {
  readonly run: LiveRun;
  readonly inputs: readonly EngineInput[];
  readonly advanced: Advanced;
  /** Null when there is nothing to write. */
  readonly append: RunAppend | null;
}

/** Questions of one run that are looked through for the one at a path. */
const MAX_OPEN_QUESTIONS = 1000;

/** Decides what a run's inputs lead to; its state has the events applied. */
export function decideTurn(parts: TurnParts, run: LiveRun): Decided {
  const { deps } = parts;
  const nowMs = deps.clock.now();
  const state = stateOf(deps, run);
  // An approval that was sent before a timer fired counts, also when it has not been looked for yet.
  if (run.inputs.some(({ type }) => type === 'timer_fired')) {
    run.inputs.push(...pullInbox(deps.store, run));
  }
  run.inputs.push(...forgetEndedChildren(run));
  const inputs = maskInputs(deps, run, run.inputs);
  run.inputs = [];
  run.takenNow.clear();
  run.probes.clear();
  run.childPlaces.clear();
  const ctx = createDecideContext(parts, run, nowMs);
  const advanced =
    run.starting !== null && state.seq === 0
      ? beginRun(
          state,
          run.starting.facts,
          runLimit(deps, run, run.starting.facts, nowMs),
          ctx,
          run.starting.reuse,
          inputs,
        )
      : advance(state, inputs, ctx);
  run.inputs = [...advanced.rest, ...run.inputs];
  noteOrphans(run, advanced.orphans);
  if (advanced.pending.length === 0 && run.computing.size === 0) run.memo.clear();
  prepareProcesses(deps, run, state, advanced.events);
  return { run, inputs, advanced, append: appendOf(parts, run, state, advanced, nowMs) };
}

/** The folded state; after a commit that failed it is folded anew and swept. */
function stateOf(deps: RuntimeDeps, run: LiveRun): RunState {
  if (run.state !== null) return run.state;
  if (run.starting !== null) run.state = newState(run.runId, run.plan);
  else {
    run.state = foldRun(deps.store, run, run.committedSeq);
    run.inputs.push({ type: 'sweep' });
  }
  return run.state;
}

/** The new run's limit on active time, milliseconds; that it can be told was seen when it was made. */
function runLimit(
  deps: RuntimeDeps,
  run: LiveRun,
  facts: StartFacts,
  nowMs: number,
): number | null {
  return limitOfRun(deps.evaluator, nowMs, { runId: run.runId, plan: run.plan, facts });
}

function appendOf(
  parts: TurnParts,
  run: LiveRun,
  state: RunState,
  advanced: Advanced,
  nowMs: number,
): RunAppend | null {
  const { deps } = parts;
  const settled = advanced.verdicts.filter(hasInboxId);
  if (advanced.events.length === 0 && settled.length === 0) return null;
  const { events } = advanced;
  const release = mayRelease(deps, run, state, advanced, nowMs);
  const { nodeId } = deps.node;
  const outbox = deps.outbox?.(events, () => noticeRun(state, nodeId, run.epoch)) ?? null;
  const place = placeChange(deps, run, advanced, state.status);
  return {
    runId: run.runId,
    owner: deps.node.nodeId,
    epoch: run.epoch,
    expectedSeq: run.committedSeq,
    events,
    create: run.starting?.create ?? null,
    patch: patchOf(state, release, settlingWaits(run, state)),
    decisions: decisionRows(state, events, (path) => pendingDecision(deps, run, path)),
    settled,
    sends: [
      ...parentMessages(state, events),
      ...cancelMessages(advanced.orphans, nowMs),
      ...pauseMessages(state, events, nowMs),
    ],
    children: childRuns(state, events, deps.children, () => namesOf(deps, run), nowMs),
    ...newUsedSecrets(deps, run, state),
    ...(place === undefined ? {} : { place }),
    ...(outbox ?? NOBODY_TOLD),
  };
}

const NOBODY_TOLD = {};

/** The row of a run's open question at a path. */
function pendingDecision(
  { store }: RuntimeDeps,
  { runId }: LiveRun,
  path: string,
): DecisionRow | null {
  const page = store.queryDecisions({ runId, status: 'pending', limit: MAX_OPEN_QUESTIONS });
  return page.items.find((row) => row.path === path) ?? null;
}

const hasInboxId = (
  verdict: SignalVerdict,
): verdict is SignalVerdict & { readonly inboxId: number } => verdict.inboxId !== null;

/** A run that has ended, or only waits, gives up its owner in the same transaction. */
function mayRelease(
  deps: RuntimeDeps,
  run: LiveRun,
  state: RunState,
  advanced: Advanced,
  nowMs: number,
): boolean {
  if (!isQuiet(run) || advanced.pending.length > 0 || advanced.unfinished) return false;
  return mayLeave(deps.config, state, nowMs);
}

/** Spawns, blocked, the process of every step that starts, and notes it in the start's event. */
function prepareProcesses(
  deps: RuntimeDeps,
  run: LiveRun,
  state: RunState,
  events: readonly RunEvent[],
): void {
  for (const event of events) {
    if (event.type !== 'step_started' || event.path === null) continue;
    const step = state.steps.get(event.path);
    if (step === undefined || step.seq !== event.seq || step.status !== 'running') continue;
    const command = commandsOf(state, step).find((candidate) => candidate.kind === 'execute');
    if (command === undefined) continue;
    const prepared = prepare(deps, run, state, command);
    if (prepared === null) continue;
    run.prepared.set(event.seq, prepared);
    if ('process' in prepared) {
      (event as { payload: EventOf<'step_started'>['payload'] }).payload = {
        ...event.payload,
        process: prepared.process,
      };
    }
  }
}

function prepare(
  deps: RuntimeDeps,
  run: LiveRun,
  state: RunState,
  command: ExecuteCommand,
): PreparedProcess | StepFailure | null {
  const action = deps.actions.get(command.action);
  if (action?.inline !== false || action.prepare === undefined) return null;
  const invocation = invocationOf(deps, command);
  // A bad invocation fails the same way when it is executed.
  if (!invocation.ok || invocation.value.def.prepare === undefined) return null;
  const { def, params, used } = invocation.value;
  const ignoreOutput = (): void => undefined;
  const signal = new AbortController().signal;
  const masker = (): Masker => maskerOf(deps, run, used);
  const context = actionContext(deps, state, command, signal, used, masker, ignoreOutput);
  try {
    return def.prepare?.(params, context) ?? null;
  } catch (thrown) {
    return maskFailure(masker(), failureOf(thrown));
  }
}

/** A turn that was not committed leaves nothing behind: processes, slots, applied events. */
export function undoTurn(parts: TurnParts, decided: Decided): void {
  const { run, inputs } = decided;
  for (const prepared of run.prepared.values()) if ('discard' in prepared) prepared.discard();
  run.prepared.clear();
  for (const path of run.takenNow) {
    parts.slots.release();
    for (const [name, { command }] of run.inFlight.get(path) ?? []) {
      if (command.kind === 'slot') run.inFlight.get(path)?.delete(name);
    }
  }
  run.takenNow.clear();
  for (const target of run.probes.values()) parts.breakers.free(target);
  run.probes.clear();
  for (const { childId } of decided.advanced.orphans) run.unsettledElsewhere.delete(childId);
  // The inputs that were not taken stand in `inputs` too.
  run.inputs = [...inputs, ...run.inputs.slice(decided.advanced.rest.length)];
  run.state = null;
}
