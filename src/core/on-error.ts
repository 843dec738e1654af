/**
 * What a failed attempt leads to: another try, `ignore`, a fallback, or a failed step.
 */
import type { StepFailure } from '../model/error.ts';
import type { Json } from '../model/json.ts';
import type { StepState } from '../model/run-state.ts';
import { abortBelow } from './abort.ts';
import { type Batch, emit } from './context.ts';
import { mayHandle, refusalBelow } from './refusal.ts';
import { incompletePaths, isComposite } from './resets.ts';
import { mayRetry, retryDelay, seededFraction } from './retry.ts';
import { durationValue, scopeOf } from './values.ts';

/** Ends an attempt with a failure: retried when the policy allows, else the step fails for good. */
export function failAttempt(
  batch: Batch,
  step: StepState,
  reported: StepFailure,
  unknown = false,
): void {
  // A time-out of a composite must not hide that a decision in it said no.
  const error = refusalBelow(batch.state.plan.rules, step) ?? reported;
  if (
    mayRetry(step.plan.retry, step.attempt, error) &&
    scheduleRetry(batch, step, error, unknown)
  ) {
    return;
  }
  failStep(batch, step, error, unknown);
}

function scheduleRetry(
  batch: Batch,
  step: StepState,
  error: StepFailure,
  unknown: boolean,
): boolean {
  const policy = step.plan.retry;
  if (policy === null) return false;
  const scope = () => scopeOf(batch, step);
  const delay = durationValue(batch, null, policy.delay, scope);
  const maxDelay = durationValue(batch, null, policy.maxDelay, scope);
  if (delay.kind !== 'value' || maxDelay.kind !== 'value') return false;
  const { state, ctx } = batch;
  const delays = { delayMs: delay.value ?? 0, maxDelayMs: maxDelay.value };
  const seed = seededFraction(`${state.runId}:${state.seq + 1}`);
  const delayMs = Math.round(retryDelay(policy, step.attempt, delays, error, seed));
  if (isComposite(step)) abortBelow(batch, step, 'upstream_failed');
  emit(batch, 'step_retry_attempt', step.path, {
    attempt: step.attempt + 1,
    max_attempts: policy.max + 1,
    delay_ms: delayMs,
    due_at: Math.max(state.at, ctx.nowMs) + delayMs,
    error: locate(step, error),
    ...(isComposite(step) && step.sub !== null ? { restarts: incompletePaths(step) } : {}),
    ...(unknown ? { outcome: 'unknown' as const } : {}),
  });
  return true;
}

/** Delays a step without spending an attempt (its breaker is open). */
export function delayAttempt(
  batch: Batch,
  step: StepState,
  error: StepFailure,
  untilMs: number,
): void {
  const now = Math.max(batch.state.at, batch.ctx.nowMs);
  emit(batch, 'step_retry_attempt', step.path, {
    attempt: step.attempt,
    max_attempts: (step.plan.retry?.max ?? 0) + 1,
    delay_ms: Math.max(0, untilMs - now),
    due_at: Math.max(untilMs, now),
    error: locate(step, error),
    free: true,
  });
}

/** The step has failed for good: `on_error` decides what that means for the others. */
export function failStep(batch: Batch, step: StepState, error: StepFailure, unknown = false): void {
  const { plan } = step;
  if (isComposite(step)) abortBelow(batch, step, 'upstream_failed');
  const located = withFirstError(step, locate(step, error));
  const isHandled = mayHandle(plan, batch.state.plan.rules, located);
  const outcome = unknown ? { outcome: 'unknown' as const } : {};
  if (plan.ignoreErrors && isHandled) {
    emit(batch, 'step_ignored', step.path, { error: located, ...outcome });
    return;
  }
  if (plan.fallback === null || !isHandled) {
    emit(batch, 'step_failed', step.path, { error: located, ...outcome });
    return;
  }
  emit(batch, 'step_failed', step.path, { error: located, handled: 'fallback', ...outcome });
  callFallback(batch, step);
}

/** Asks for the fallback of a failed step. */
export function callFallback(batch: Batch, step: StepState): void {
  const index = step.plan.fallback;
  const fallback = index === null ? undefined : step.list.steps[index];
  if (fallback === undefined || fallback.needed) return;
  emit(batch, 'step_fallback', step.path, { fallback_step: fallback.path });
}

function locate(step: StepState, error: StepFailure): StepFailure {
  const attempts = step.attempt > 1 ? { attempts: step.attempt } : {};
  const { retry_after_ms: _, ...rest } = error;
  return { step_id: step.path, ...attempts, ...rest };
}

/** A fallback's failure counts, with the failure it stood in for as its cause. */
function withFirstError(step: StepState, error: StepFailure): StepFailure {
  const owner = step.plan.fallbackOf === null ? undefined : step.list.steps[step.plan.fallbackOf];
  if (owner?.error == null) return error;
  const details = error.details;
  const base =
    typeof details === 'object' && details !== null && !Array.isArray(details)
      ? details
      : details === undefined
        ? {}
        : { value: details };
  return { ...error, details: { ...base, cause: owner.error as unknown as Json } };
}
