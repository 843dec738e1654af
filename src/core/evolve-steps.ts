/**
 * What the events of leaf steps mean: scheduling, attempts, results, waits, decisions, children.
 */
import type { EventOf, EventPayloads } from '../model/event.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import type { ApplyTable } from './apply-table.ts';
import { crashesWith } from './crashes.ts';
import { holdLimits, releaseLimits } from './held-limits.ts';
import { reopenBelow, resetSteps } from './resets.ts';
import { noteSecrets, resolve, setStatus } from './state.ts';

function scheduled(
  state: RunState,
  payload: EventPayloads['step_scheduled'],
  event: EventOf<'step_scheduled'>,
  step: StepState,
): void {
  // Held back before it was looked at, its guard is still to be evaluated.
  if (payload.waiting_for !== 'settling') step.guardPassed = true;
  step.attempt = payload.attempt;
  step.seq = event.seq;
  step.waitingFor = payload.waiting_for;
  if (payload.params !== undefined) step.params = payload.params;
  step.secretRefs = payload.secret_refs ?? [];
  noteSecrets(state, payload.secret_refs);
  step.retryAt = null;
  forgetQuestion(step);
  setStatus(state, step, 'scheduled');
}

function started(
  state: RunState,
  payload: EventPayloads['step_started'],
  event: EventOf<'step_started'>,
  step: StepState,
): void {
  step.guardPassed = true;
  step.attempt = payload.attempt;
  step.seq = event.seq;
  step.startedAt = event.at;
  step.dueAt = payload.due_at ?? null;
  step.limitMs = payload.due_at === undefined ? null : payload.due_at - event.at;
  if (payload.params !== undefined) {
    step.params = payload.params;
    step.secretRefs = payload.secret_refs ?? [];
    noteSecrets(state, payload.secret_refs);
  }
  step.retryAt = null;
  step.interrupted = null;
  step.waitingFor = null;
  step.error = null;
  step.list.ran = true;
  forgetQuestion(step);
  state.stepExecutions += 1;
  if (payload.child_id !== undefined) {
    state.hasChildren = true;
    step.sub = { kind: 'child', childId: payload.child_id, suspended: false, ended: false };
  }
  setStatus(state, step, 'running');
  reopenBelow(state, step, event);
  state.agenda.push(step);
}

/** A question whose answer was carried out is no longer part of the step. */
function forgetQuestion(step: StepState): void {
  if (step.sub?.kind === 'decision') step.sub = null;
}

/** Crashes before this count no more against the run, nor against steps that may be repeated. */
function noteProgress(state: RunState, seq: number): void {
  state.takeovers = 0;
  state.sharedTakeovers = 0;
  state.progressSeq = seq;
}

/** Marks a step as ended by this event; answers to what was open at its path are void now. */
function close(
  state: RunState,
  step: StepState,
  event: { readonly seq: number; readonly at: number },
  status: 'completed' | 'failed' | 'skipped',
): void {
  step.seq = event.seq;
  step.endedAt = event.at;
  step.dueAt = null;
  step.retryAt = null;
  step.waitingFor = null;
  step.interrupted = null;
  step.rejected = null;
  setStatus(state, step, status);
  if (status !== 'skipped') noteProgress(state, event.seq);
  resolve(state, step);
}

function retryAttempt(
  state: RunState,
  payload: EventPayloads['step_retry_attempt'],
  event: EventOf<'step_retry_attempt'>,
  step: StepState,
): void {
  step.attempt = payload.attempt;
  step.seq = event.seq;
  step.dueAt = null;
  step.retryAt = payload.due_at;
  step.rejected = null;
  step.error = payload.error;
  step.params = null;
  noteProgress(state, event.seq);
  setStatus(state, step, 'retrying');
  if (payload.restarts !== undefined) resetSteps(state, payload.restarts, step, event);
  else if (step.sub !== null) step.sub = null;
  state.agenda.push(step);
}

function decisionRequested(
  state: RunState,
  payload: EventPayloads['decision_requested'],
  event: EventOf<'decision_requested'>,
  step: StepState,
): void {
  step.sub = {
    kind: 'decision',
    seq: event.seq,
    ask: payload,
    askedAt: event.at,
    answer: null,
    resolved: null,
    resolvedAt: null,
  };
  step.seq = event.seq;
  step.interrupted = null;
  step.waitingFor = null;
  step.dueAt = null;
  setStatus(state, step, 'suspended');
  if (payload.kind === 'outcome_unknown') holdLimits(state, step, event.at);
}

export const STEP_EVENTS: ApplyTable = {
  step_scheduled: scheduled,
  step_started: started,
  step_completed: (state, payload, event, step) => {
    step.output = payload.output;
    step.error = null;
    close(state, step, event, 'completed');
  },
  step_failed: (state, payload, event, step) => {
    step.error = payload.error;
    step.handled = payload.handled === 'fallback';
    step.unknownOutcome = payload.outcome === 'unknown';
    close(state, step, event, 'failed');
  },
  step_ignored: (state, payload, event, step) => {
    step.error = payload.error;
    step.output = null;
    step.unknownOutcome = payload.outcome === 'unknown';
    close(state, step, event, 'completed');
  },
  step_skipped: (state, payload, event, step) => {
    if (step.status === 'skipped') return;
    step.skipReason = payload.reason;
    step.unknownOutcome = payload.outcome === 'unknown';
    close(state, step, event, 'skipped');
  },
  step_suspended: (state, _payload, _event, step) => {
    if (step.sub?.kind === 'child') step.sub.suspended = true;
    setStatus(state, step, 'suspended');
  },
  step_resumed: (state, _payload, _event, step) => {
    if (step.sub?.kind === 'child') step.sub.suspended = false;
    setStatus(state, step, 'running');
  },
  step_interrupted: (state, payload, event, step) => {
    step.interruptions = payload.count;
    step.crashes = crashesWith(state, step, payload.others ?? 0, event.seq);
    step.interrupted = payload.policy;
    step.seq = event.seq;
    step.dueAt = null;
    step.waitingFor = 'slot';
    setStatus(state, step, 'scheduled');
    state.agenda.push(step);
  },
  step_retry_attempt: retryAttempt,
  step_fallback: (state, payload, _event, step) => {
    const index = step.plan.fallback;
    const fallback = index === null ? undefined : step.list.steps[index];
    if (fallback === undefined || fallback.plan.id !== lastId(payload.fallback_step)) return;
    fallback.needed = true;
    state.agenda.push(fallback);
  },
  decision_requested: decisionRequested,
  decision_resolved: (state, payload, event, step) => {
    if (step.sub?.kind !== 'decision') return;
    step.sub.resolved = payload;
    step.sub.resolvedAt = event.at;
    step.dueAt = null;
    step.seq = event.seq;
    setStatus(state, step, 'running');
    state.agenda.push(step);
    releaseLimits(state, step, event.at);
  },
  decision_cancelled: (state, _payload, event, step) => releaseLimits(state, step, event.at),
  wait_started: (state, payload, event, step) => {
    step.sub = {
      kind: 'wait',
      signal: payload.signal ?? null,
      dueAt: payload.due_at ?? null,
      waitedMs: payload.waited_ms ?? 0,
      done: null,
    };
    step.seq = event.seq;
    setStatus(state, step, payload.signal === undefined ? 'running' : 'suspended');
    state.agenda.push(step);
  },
  wait_completed: (state, payload, event, step) => {
    if (step.sub?.kind !== 'wait') return;
    step.sub.done = { timedOut: payload.timed_out ?? false, payload: payload.payload ?? null };
    if (payload.from_seq !== undefined) {
      state.buffered = state.buffered.filter((signal) => signal.seq !== payload.from_seq);
    }
    step.seq = event.seq;
    step.dueAt = null;
    setStatus(state, step, 'running');
    state.agenda.push(step);
  },
};

const lastId = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
