/**
 * Rows derived from a batch of events, written in the same transaction: the run's row, decisions,
 * child runs, messages to a parent.
 */
import { isParkable, nextDueAt } from '../core/outstanding.ts';
import { refusalIn } from '../core/refusal.ts';
import { waitingFor } from '../core/settle.ts';
import type { StepFailure } from '../model/error.ts';
import type { EventOf, RunEvent, WaitingFor } from '../model/event.ts';
import type { SecretRef } from '../model/expression.ts';
import { asRunId, decisionId, type NodeId, type RunId } from '../model/ids.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { NoticeRun } from '../model/notice-store.ts';
import type { Queue } from '../model/place.ts';
import type { RunState } from '../model/run-state.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { DecisionRow, InboxSend, NewRun, RunPatch } from '../model/store.ts';
import { toRfc3339 } from '../model/time.ts';
import type { ChildStarter } from './deps.ts';

/** The run's row as it is after the batch. */
export function patchOf(
  state: RunState,
  release: boolean,
  settling: readonly WaitingFor[] = [],
): RunPatch {
  const ended = isRunEnded(state.status);
  return {
    status: state.status,
    paused: state.paused,
    updatedAt: state.at,
    endedAt: state.endedAt,
    error: state.error,
    // Looking at every open step costs; only what waits needs it.
    waitingFor: ended ? [] : [...(state.waitingLeaves === 0 ? [] : waitingFor(state)), ...settling],
    wakeAt: release && !ended ? nextDueAt(state) : null,
    release,
  };
}

/** The run as those who are told of its events see it. */
export function noticeRun(state: RunState, nodeId: NodeId, epoch: number): NoticeRun {
  const { facts, runId, status } = state;
  const { template, name, agentId, parent } = facts;
  return { runId, status, template, name, agentId, isChild: parent !== null, nodeId, epoch };
}

/**
 * Whether a run with nothing in flight may leave memory until something is due or comes in: it has
 * ended, or only waits. One whose limit on active time counts stays owned, because time without an
 * owner does not count.
 */
export function mayLeave(
  config: { readonly claims: boolean; readonly parkAfterMs: number },
  state: RunState,
  nowMs: number,
): boolean {
  if (isRunEnded(state.status)) return true;
  if (state.status !== 'suspended' && (!config.claims || state.timeoutMs !== null)) return false;
  if (!isParkable(state)) return false;
  const due = nextDueAt(state);
  return due === null || due - nowMs > config.parkAfterMs;
}

/**
 * Decision rows that the batch's events add or change. `pending` finds the row of a question that the
 * state has forgotten by now (its step runs again in the same batch).
 */
export function decisionRows(
  state: RunState,
  events: readonly RunEvent[],
  pending: (path: string) => DecisionRow | null = () => null,
): DecisionRow[] {
  const rows = new Map<string, DecisionRow>();
  for (const event of events) {
    const row =
      event.type === 'decision_requested'
        ? requestedRow(state.runId, event)
        : closedRow(state, event, rows, pending);
    if (row !== null) rows.set(row.id, row);
  }
  return [...rows.values()];
}

function closedRow(
  state: RunState,
  event: RunEvent,
  rows: ReadonlyMap<string, DecisionRow>,
  pending: (path: string) => DecisionRow | null,
): DecisionRow | null {
  const { path } = event;
  const closes = event.type === 'decision_resolved' || event.type === 'decision_cancelled';
  if (!closes || path === null) return null;
  const asked = askedRow(state, rows, path, event.seq) ?? pending(path);
  if (asked === null) return null;
  const time = toRfc3339(event.at);
  const payload = event.payload as unknown as JsonObject;
  return event.type === 'decision_resolved'
    ? { ...asked, status: 'resolved', resolution: { ...payload, resolved_at: time } }
    : { ...asked, status: 'cancelled', resolution: { ...payload, cancelled_at: time } };
}

/** The question that was open at a path when the event with this sequence closed it. */
function askedRow(
  state: RunState,
  rows: ReadonlyMap<string, DecisionRow>,
  path: string,
  closedSeq: number,
): DecisionRow | null {
  for (const row of rows.values()) if (row.path === path && row.status === 'pending') return row;
  const sub = state.steps.get(path)?.sub;
  // A question that was asked later is another one.
  if (sub?.kind !== 'decision' || sub.seq > closedSeq) return null;
  const { seq, ask: payload, askedAt: at } = sub;
  return requestedRow(state.runId, { seq, at, type: 'decision_requested', path, payload });
}

function requestedRow(runId: RunId, event: EventOf<'decision_requested'>): DecisionRow {
  const { payload, seq, at } = event;
  const path = event.path ?? '';
  const timeoutAt = payload.due_at ?? null;
  const body: JsonObject = {
    id: decisionId(runId, seq),
    workflow_id: runId,
    step_id: path,
    kind: payload.kind,
    prompt: payload.prompt,
    data: payload.data,
    options: payload.options as unknown as Json,
    by: payload.by,
    ...(payload.target_agent === undefined ? {} : { target_agent: payload.target_agent }),
    ...(payload.fallback === undefined ? {} : { fallback: payload.fallback }),
    ...(timeoutAt === null ? {} : { timeout_at: toRfc3339(timeoutAt) }),
    created_at: toRfc3339(at),
    then: payload.then as unknown as Json,
    context: {
      prompt_context: payload.prompt,
      data_inject: payload.data,
      step_outputs: payload.step_outputs,
    },
  };
  return {
    id: decisionId(runId, seq),
    runId,
    path,
    seq,
    kind: payload.kind,
    status: 'pending',
    targetAgent: payload.target_agent ?? null,
    createdAt: at,
    timeoutAt,
    body,
    resolution: null,
  };
}

/** Messages to the parent of a child run whose end, suspension or resumption is in the batch. */
export function parentMessages(state: RunState, events: readonly RunEvent[]): InboxSend[] {
  const { parent } = state.facts;
  if (parent === null) return [];
  const sends: InboxSend[] = [];
  for (const event of events) {
    const body = parentBody(state, event);
    if (body === null) continue;
    sends.push({
      runId: asRunId(parent.runId),
      kind:
        'status' in body && (body.status === 'suspended' || body.status === 'active')
          ? 'child_changed'
          : 'child_ended',
      body: { path: parent.path, child_id: state.runId, ...body },
      receivedAt: event.at,
      idempotencyKey: null,
    });
  }
  return sends;
}

const asJson = (error: StepFailure): Json => error as unknown as Json;

function parentBody(state: RunState, event: RunEvent): JsonObject | null {
  switch (event.type) {
    case 'workflow_completed':
      return { status: 'completed', output: event.payload.output };
    case 'workflow_failed':
      return { status: 'failed', error: asJson(event.payload.error) };
    case 'workflow_cancelled': {
      // Whoever handles the child's end must see that a decision in it said no.
      const refused = refusalIn(state.plan.rules, state.top);
      return { status: 'cancelled', ...(refused === null ? {} : { error: asJson(refused) }) };
    }
    case 'workflow_suspended':
      return { status: 'suspended' };
    case 'workflow_resumed':
      return isRunEnded(state.status) ? null : { status: 'active' };
    default:
      return null;
  }
}

/** References inside the parent's `params.params` stand in the child's inputs. */
const childSecrets = (refs: readonly SecretRef[]): SecretRef[] =>
  refs
    .filter((ref) => ref.at.startsWith('/params/'))
    .map((ref) => ({ ...ref, at: ref.at.slice('/params'.length) }));

/** Child runs that steps of the batch start; each row is written with the step's start. */
export function childRuns(
  state: RunState,
  events: readonly RunEvent[],
  children: ChildStarter,
  /** Names of the secrets that are masked in this run. */
  masked: () => ReadonlySet<string>,
  nowMs: number,
): NewRun[] {
  const runs: NewRun[] = [];
  for (const event of events) {
    if (event.type !== 'step_started' || event.path === null) continue;
    const run = childRun(state, event, event.path, children, masked, nowMs);
    if (run !== null) runs.push(run);
  }
  return runs;
}

/** A run that lives on its own is in no tree with this one: it takes the names along. */
function masksOf(masked: ReadonlySet<string>): { readonly masks?: readonly string[] } {
  return masked.size === 0 ? {} : { masks: [...masked] };
}

function childRun(
  state: RunState,
  event: EventOf<'step_started'>,
  path: string,
  children: ChildStarter,
  masked: () => ReadonlySet<string>,
  nowMs: number,
): NewRun | null {
  const { child_id: childId } = event.payload;
  if (childId === undefined) return null;
  const step = state.steps.get(path);
  const params = event.payload.params ?? step?.params ?? {};
  const { facts, runId } = state;
  const resolved = children.resolve(params);
  if (!resolved.ok) return null;
  const depth = (facts.parent?.depth ?? 0) + 1;
  const { inputs, context, name, template, version, definitionHash } = resolved;
  return {
    runId: asRunId(childId),
    definitionHash,
    start: {
      inputs,
      secretRefs: [
        ...resolved.secretRefs,
        ...childSecrets(event.payload.secret_refs ?? step?.secretRefs ?? []),
      ],
      ...(params.wait === false ? masksOf(masked()) : {}),
      context,
      name,
      template,
      version,
      agentId: typeof params.agent_id === 'string' ? params.agent_id : facts.agentId,
      // With `wait: false` the child lives on its own and tells nobody.
      parent: params.wait === false ? null : { runId, path, depth },
      trigger: { type: 'workflow', workflow_id: runId, step_id: path },
      exec: facts.exec,
      ...(resolved.place === null ? {} : { concurrency: queueOf(resolved.place) }),
      rules: resolved.rules,
    },
    createdAt: nowMs,
    idempotency: null,
    place: resolved.place,
    claimableFrom: nowMs,
  };
}

const queueOf = ({ group, key }: Queue): Queue => ({ group, key });
