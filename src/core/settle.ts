/**
 * Going on until nothing more follows: steps become ready, composites end, the run ends or waits.
 *
 * Works off the agenda that evolve fills. Everything here asks only what the state is, never how it
 * came about, so a sweep over a folded log does the same as the live run.
 */
import { failure } from '../model/error.ts';
import type { WaitingFor } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { ListState, RunState, StepState } from '../model/run-state.ts';
import { isRunEnded } from '../model/run-status.ts';
import { abortList, abortStep } from './abort.ts';
import { type Batch, emit } from './context.ts';
import { crashesText } from './crashes.ts';
import { endRun, finishRun } from './finish.ts';
import { branchMayRun } from './kinds/parallel.ts';
import { kindOf } from './kinds/table.ts';
import { askOutcome } from './kinds/unknown-outcome.ts';
import { callFallback, failAttempt, failStep } from './on-error.ts';
import { isComposite } from './resets.ts';
import { hasSettled, mustSettleBefore } from './settling.ts';
import { readiness } from './transitions.ts';
import { scopeOf, settleEvaluation } from './values.ts';

/** Works off the agenda, then looks at the run as a whole, until nothing follows. */
export function settle(batch: Batch): void {
  const { state } = batch;
  if (state.queued) {
    settleQueued(batch);
    return;
  }
  do {
    workOff(batch);
    if (batch.unfinished) return;
    giveConcurrency(batch);
    workOff(batch);
    if (batch.unfinished) return;
    settleRun(batch);
  } while (state.agenda.length > 0);
}

/** Nothing of a run that waits for its turn starts; it can be cancelled, and be held back meanwhile. */
function settleQueued(batch: Batch): void {
  const { state } = batch;
  state.agenda.length = 0;
  if (state.cancelling !== null) settleRun(batch);
  else if (state.status === 'suspended' && !state.paused) {
    emit(batch, 'workflow_queued', null, { signal: 'resume' });
  }
}

function workOff(batch: Batch): void {
  const { agenda } = batch.state;
  for (let at = 0; at < agenda.length; at++) {
    const item = agenda[at] as StepState | ListState;
    if (isRunEnded(batch.state.status)) break;
    if (item.node === 'list') examineList(batch, item);
    else if (batch.state.steps.get(item.path) === item) examineStep(batch, item);
    if (at + 1 < agenda.length && !batch.ctx.mayGoOn(batch.events.length)) {
      agenda.splice(0, at + 1);
      batch.unfinished = true;
      return;
    }
  }
  agenda.length = 0;
}

/** Steps that wait for `max_concurrency` may start when there is room. */
function giveConcurrency({ state }: Batch): void {
  const max = state.plan.maxConcurrency;
  if (max === null || state.paused || isRunEnded(state.status)) return;
  let room = max - state.executing;
  for (const step of state.open) {
    if (room <= 0) return;
    if (step.status !== 'scheduled' || step.waitingFor !== 'concurrency') continue;
    state.agenda.push(step);
    room -= 1;
  }
}

/** Puts everything that is open on the agenda: after a restart, nothing is remembered. */
export function sweep(state: RunState): void {
  for (const step of state.steps.values()) {
    if (step.resolution === 'open') state.agenda.push(step);
    if (step.list.failure !== null) state.agenda.push(step.list);
  }
  // Nothing else has anything in flight.
  for (const step of state.open) state.touched.add(step);
}

function examineList(batch: Batch, list: ListState): void {
  if (!isListOpen(batch.state, list)) return;
  if (list.failure !== null && list.open > 0 && batch.state.plan.failFast) {
    skipBehindFailure(batch, list);
    abortList(batch, list, 'fail_fast');
  }
}

/** What depends on the failure says so; only the rest is skipped because of `fail_fast`. */
function skipBehindFailure(batch: Batch, list: ListState): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (const step of list.steps) {
      if (step.status !== 'pending' || step.plan.fallbackOf !== null) continue;
      const ready = readiness(step);
      if (ready.kind !== 'skip') continue;
      emit(batch, 'step_skipped', step.path, { reason: ready.reason });
      changed = true;
    }
  }
}

function isListOpen(state: RunState, list: ListState): boolean {
  if (state.cancelling !== null) return false;
  return list.owner === null || list.owner.status === 'running';
}

function examineStep(batch: Batch, step: StepState): void {
  if (!isListOpen(batch.state, step.list)) return;
  if (step.skipping && step.resolution === 'open') {
    abortStep(batch, step, 'skipped_by_signal');
    return;
  }
  switch (step.status) {
    case 'pending':
      considerPending(batch, step);
      break;
    case 'scheduled':
      considerScheduled(batch, step);
      break;
    case 'retrying':
      if (step.retryAt !== null && step.retryAt <= batch.ctx.nowMs) beginAgain(batch, step);
      break;
    case 'running':
    case 'suspended':
      kindOf(step).advance(batch, step);
      break;
    case 'failed':
      if (step.handled && step.resolution === 'open') callFallback(batch, step);
      break;
    case 'completed':
    case 'skipped':
      break;
  }
}

function considerPending(batch: Batch, step: StepState): void {
  // The list is on the agenda too, and will skip it.
  if (step.list.failure !== null && batch.state.plan.failFast) return;
  if (step.plan.fallbackOf !== null) {
    if (!considerFallback(batch, step, step.plan.fallbackOf)) return;
  } else {
    const ready = readiness(step);
    if (ready.kind === 'skip') emit(batch, 'step_skipped', step.path, { reason: ready.reason });
    if (ready.kind !== 'ready') return;
  }
  if (batch.state.paused || isStoppedByLimit(batch.state, step) || !branchMayRun(step.list)) return;
  begin(batch, step);
}

/** Past the run's limit nothing new starts but the hook that follows. */
const isStoppedByLimit = (state: RunState, step: StepState): boolean =>
  state.timedOut !== null && state.hook === null && step.list.plan !== state.plan.onError;

/** Whether a fallback shall run; one that can no longer be needed is skipped. */
function considerFallback(batch: Batch, step: StepState, ownerIndex: number): boolean {
  if (step.needed) return true;
  const owner = step.list.steps[ownerIndex];
  if (owner === undefined || owner.resolution === 'open') return false;
  emit(batch, 'step_skipped', step.path, { reason: 'not_needed' });
  return false;
}

/** Evaluates the guard and starts the step. */
function begin(batch: Batch, step: StepState): void {
  const { limits } = batch.ctx;
  if (batch.state.stepExecutions >= limits.stepExecutions) {
    const message = `the run has executed ${limits.stepExecutions} steps, which is its limit`;
    failStep(batch, step, failure('LIMIT_EXCEEDED', message));
    return;
  }
  if (mustSettleBefore(batch, step)) {
    awaitSettling(batch, step);
    return;
  }
  const guard = guardOf(batch, step);
  if (guard === null) return;
  kindOf(step).start(batch, step, guard.value);
}

/** Nothing starts before what it follows is really over. */
function awaitSettling(batch: Batch, step: StepState): void {
  if (step.status === 'scheduled' && step.waitingFor === 'settling') return;
  emit(batch, 'step_scheduled', step.path, { attempt: step.attempt, waiting_for: 'settling' });
}

/** The guard's value when it holds; null when the step was skipped, failed or has to wait. */
function guardOf(batch: Batch, step: StepState): { value: Json | undefined } | null {
  const { guard } = step.plan;
  if (guard === null || step.guardPassed) return { value: undefined };
  const evaluated = batch.ctx.evaluate(guard, scopeOf(batch, step));
  const outcome = settleEvaluation(batch, step.path, evaluated);
  if (outcome.kind === 'pending') return null;
  if (outcome.kind === 'failure') {
    failAttempt(batch, step, outcome.error);
    return null;
  }
  if (typeof outcome.value !== 'boolean') {
    const message = `the guard gave ${JSON.stringify(outcome.value).slice(0, 80)}, not true or false`;
    failAttempt(batch, step, failure('VALIDATION_ERROR', message));
    return null;
  }
  if (!outcome.value) {
    emit(batch, 'step_skipped', step.path, { reason: 'condition_false', guard: false });
    return null;
  }
  return { value: true };
}

/** Starts the next attempt, or notes that it is due while the run is paused. */
export function beginAgain(batch: Batch, step: StepState): void {
  if (batch.state.paused) {
    emit(batch, 'step_scheduled', step.path, { attempt: step.attempt, waiting_for: 'slot' });
  } else begin(batch, step);
}

function considerScheduled(batch: Batch, step: StepState): void {
  if (step.interrupted === 'ask') {
    askOutcome(batch, step);
    return;
  }
  if (step.interrupted === 'fail') {
    const message = `interrupted ${crashesText(step)}; whether it took effect is not known`;
    failStep(batch, step, failure('INTERRUPTED', message), true);
    return;
  }
  if (!batch.state.paused) begin(batch, step);
}

function settleRun(batch: Batch): void {
  const { state } = batch;
  if (isRunEnded(state.status)) return;
  if (state.cancelling !== null) {
    abortList(batch, state.top, 'cancelled');
    if (state.hook !== null) abortList(batch, state.hook.list, 'cancelled');
    if (!hasSettled(batch)) return;
    const { by, reason } = state.cancelling;
    endRun(batch, 'workflow_cancelled', { reason, by });
  } else if (state.top.open === 0) {
    if (state.hook !== null && state.hook.list.open > 0) settleSuspension(batch);
    else finishRun(batch);
  } else if (state.timedOut === 'fail' || state.timedOut === 'cancel') abortAtLimit(batch);
  else settleSuspension(batch);
}

function abortAtLimit(batch: Batch): void {
  const { state } = batch;
  const failInFlight = "the run's limit on active time was reached";
  abortList(batch, state.top, 'timeout', state.timedOut === 'fail' ? { failInFlight } : {});
}

function settleSuspension(batch: Batch): void {
  const { state, ctx } = batch;
  const waits = state.paused
    ? state.executing === 0
    : state.activeLeaves === 0 && state.waitingLeaves > 0;
  const idle = waits && batch.pending.length === 0 && !ctx.evaluationsInFlight();
  if (idle && state.status === 'active') {
    emit(batch, 'workflow_suspended', null, {
      reason: state.paused ? (state.pauseReason ?? 'paused') : 'waiting',
      waiting_for: waitingFor(state),
    });
  } else if (!waits && !state.paused && state.status === 'suspended') {
    emit(batch, 'workflow_resumed', null, { reason: 'progress' });
  }
}

/** What a run's open leaves wait for, for whoever asks. */
export function waitingFor(state: RunState): WaitingFor[] {
  const list: WaitingFor[] = [];
  for (const step of state.open) {
    const waiting = isComposite(step) ? null : waitOf(step);
    if (waiting !== null) list.push({ step_id: step.path, ...waiting });
  }
  return list;
}

function waitOf(step: StepState): Omit<WaitingFor, 'step_id'> | null {
  if (step.status === 'scheduled') return step.waitingFor === 'vault' ? { kind: 'vault' } : null;
  const { sub } = step;
  if (step.status !== 'suspended' || sub === null) return null;
  if (sub.kind === 'decision') {
    return { kind: sub.ask.kind === 'outcome_unknown' ? 'outcome_unknown' : 'decision' };
  }
  if (sub.kind === 'wait' && sub.signal !== null) return { kind: 'signal', name: sub.signal };
  return sub.kind === 'child' ? { kind: 'child', name: sub.childId } : null;
}
