/**
 * What a timer means when it fires: attempt timeouts, retries, waits, decisions, the run's limit.
 *
 * A timer names the event that set it; one that is no longer open at its path says nothing.
 */
import { failure } from '../model/error.ts';
import type { EngineInput } from '../model/input.ts';
import type { StepState } from '../model/run-state.ts';
import { formatDuration } from '../model/time.ts';
import { hasUnknownOutcome } from './abort.ts';
import { type Batch, emit } from './context.ts';
import { decisionDue } from './kinds/reasoning.ts';
import { waitDue } from './kinds/wait.ts';
import { failAttempt } from './on-error.ts';
import { beginAgain } from './settle.ts';

type TimerFired = Extract<EngineInput, { type: 'timer_fired' }>;

/** Carries out a timer. */
export function timerFired(batch: Batch, input: TimerFired): void {
  if (input.path === null) {
    runLimit(batch, input.seq);
    return;
  }
  const step = batch.state.steps.get(input.path);
  if (step === undefined || step.seq !== input.seq) return;
  switch (input.timer) {
    case 'timeout':
      stepTimeout(batch, step);
      break;
    case 'retry':
      if (step.status === 'retrying') beginAgain(batch, step);
      break;
    case 'wait':
      waitDue(batch, step);
      break;
    case 'decision':
      decisionDue(batch, step);
      break;
    case 'run_timeout':
      break;
  }
}

function stepTimeout(batch: Batch, step: StepState): void {
  if (step.heldSince !== null) return;
  if (step.dueAt === null || (step.status !== 'running' && step.status !== 'suspended')) return;
  const limit =
    step.limitMs === null ? 'its timeout' : `its timeout of ${formatDuration(step.limitMs)}`;
  const error = failure('TIMEOUT_ERROR', `step "${step.path}" did not end within ${limit}`);
  failAttempt(batch, step, error, hasUnknownOutcome(step));
}

function runLimit(batch: Batch, seq: number): void {
  const { state } = batch;
  if (state.activeSeq !== seq || state.status !== 'active' || runLimitAt({ state }) === null)
    return;
  if (state.timeoutMs === null) return;
  emit(batch, 'workflow_timed_out', null, {
    limit_ms: state.timeoutMs,
    action: state.plan.onTimeout,
  });
}

/** When the run's limit on active time is reached if it stays active, or null. */
export function runLimitAt(batch: { readonly state: Batch['state'] }): number | null {
  const { state } = batch;
  if (state.timeoutMs === null || state.activeSince === null || state.hook !== null) return null;
  // Nothing counts any more once the run only comes to its end.
  if (state.timedOut !== null || state.cancelling !== null || state.top.open === 0) return null;
  return state.activeSince + state.timeoutMs - (state.activeMs - state.limitBaseMs);
}
