/**
 * `status`: one run whole, from its log. With `wait` it answers when something is to be told: the run
 * has ended, waits for somebody, or (with `since_sequence`) has new events.
 */

import type * as v from 'valibot';
import type { RunId } from '../model/ids.ts';
import type { StoredEvent } from '../model/store.ts';
import { toRfc3339 } from '../model/time.ts';
import { hasExecutor } from './executors.ts';
import { labelsOf } from './labels.ts';
import { nextOf } from './next.ts';
import { type CallContext, EVERYWHERE, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { shownName } from './run-name.ts';
import type { ReadRun } from './run-reader.ts';
import { resolveRun, resolveStep } from './run-ref.ts';
import {
  activeMsOf,
  contextOf,
  endingView,
  endOf,
  inputOf,
  lastEvents,
  pendingDecisions,
  statusOf,
  stepsOf,
  timesOf,
  waitingOf,
  wants,
} from './run-view.ts';
import { type StatusOutput, statusInput, statusOutput } from './schemas.ts';
import type { EventView } from './shapes.ts';
import { stepViewOf } from './step-view.ts';
import { waitForRun, waitMsOf, waitUntil } from './waiting.ts';
import { decisionOf, eventOf } from './wire.ts';

type Input = v.InferOutput<typeof statusInput>;

/** Most events with `since_sequence`; the rest come with the next call. */
const MAX_EVENTS = 200;

export function createStatus(parts: OpsParts): Operation<typeof statusInput, typeof statusOutput> {
  return {
    name: 'status',
    summary: 'Show a run: its steps, decisions, events, context, output and what it waits for',
    input: statusInput,
    output: statusOutput,
    surfaces: EVERYWHERE,
    access: 'read',
    async handle(ctx, input) {
      const runId = resolveRun(parts.store, input.workflow_id);
      await waitAsAsked(parts, ctx, runId, input);
      return statusViewOf(parts, parts.reader.read(runId), input);
    },
  };
}

async function waitAsAsked(
  parts: OpsParts,
  ctx: CallContext,
  runId: RunId,
  input: Input,
): Promise<void> {
  const timeoutMs = waitMsOf(input.wait);
  if (timeoutMs === 0) return;
  const since = input.since_sequence;
  if (since === undefined) {
    await waitForRun(parts, runId, input.until, { timeoutMs, abort: ctx.abort });
    return;
  }
  const look = (): true | null => ((parts.store.head(runId)?.seq ?? 0) > since ? true : null);
  await waitUntil(parts, look, { timeoutMs, abort: ctx.abort, runId });
}

function statusViewOf(parts: OpsParts, run: ReadRun, input: Input): StatusOutput {
  const { row, state } = run;
  const { include } = input;
  const nowMs = parts.clock.now();
  const decisions = pendingDecisions(parts, run);
  const waiting_for = waitingOf(parts, run, decisions);
  const next = nextOf(run, decisions, waiting_for);
  const end = endOf(run);
  return {
    workflow_id: row.runId,
    status: statusOf(run),
    ...endingView(run),
    paused: state.paused,
    ...originOf(parts, run),
    has_executor: hasExecutor(parts, row),
    input: inputOf(run),
    ...(wants(include, 'output') && 'output' in end ? { output: end.output } : {}),
    ...(end.error === undefined ? {} : { error: end.error }),
    created_at: toRfc3339(row.createdAt),
    ...timesOf(run, nowMs),
    active_ms: activeMsOf(run, nowMs),
    ...(input.step_id === undefined
      ? stepsOf(run, nowMs, include)
      : oneStepOf(run, input.step_id, nowMs)),
    pending_decisions: wants(include, 'decisions') ? decisions.map(decisionOf) : [],
    context: wants(include, 'context') ? contextOf(run) : {},
    events: wantsEvents(run, input) ? eventsOf(parts, row.runId, input.since_sequence) : [],
    last_sequence: state.seq,
    waiting_for,
    ...(state.missingSecrets.length === 0 ? {} : { masking_incomplete: [...state.missingSecrets] }),
    ...(next === null ? {} : { next }),
  };
}

/** The story of a run that went well is told by its output; `last_sequence` says how long it was. */
const wantsEvents = ({ state }: ReadRun, { include, since_sequence: since }: Input): boolean =>
  include === undefined
    ? since !== undefined || state.status !== 'completed'
    : include.includes('events');

function oneStepOf(run: ReadRun, ref: string, nowMs: number) {
  const step = resolveStep(run.state, ref);
  return { steps: { [step.path]: stepViewOf(step, nowMs) } };
}

/** Where the run came from: definition, template, caller, parent, trigger. */
function originOf(parts: OpsParts, { row }: ReadRun) {
  const [first] = parts.store.events(row.runId, 0, 1);
  const from = first?.type === 'workflow_started' ? first.payload.from : undefined;
  const { parentId, parentPath, trigger } = row;
  return {
    name: shownName(row),
    template: row.template,
    version: row.version,
    definition_hash: row.definitionHash,
    agent_id: row.agentId,
    ...labelsOf(parts.plans.stored(row.definitionHash).definition),
    ...(parentId === null ? {} : { parent: { workflow_id: parentId, step_id: parentPath ?? '' } }),
    ...(from === undefined ? {} : { from: { ...from } }),
    ...(trigger === null ? {} : { trigger }),
  };
}

/** In order: the last ones, or those after a sequence (the first of them when there are many). */
function eventsOf(parts: OpsParts, runId: RunId, since: number | undefined): EventView[] {
  const { store } = parts;
  if (since === undefined) return lastEvents(parts, runId);
  const found: StoredEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = store.queryEvents({
      runId,
      limit: MAX_EVENTS,
      ...(cursor === undefined ? {} : { cursor }),
    });
    found.push(...page.items.filter((stored) => stored.event.seq > since));
    const isPast = page.items.some((stored) => stored.event.seq <= since);
    cursor = isPast ? undefined : (page.nextCursor ?? undefined);
  } while (cursor !== undefined);
  return found.reverse().slice(0, MAX_EVENTS).map(eventOf);
}
