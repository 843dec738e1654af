/**
 * Ending what is open: race losers, `fail_fast`, cancel, limits. The state stops asking for the
 * commands, so the shell aborts them; nothing else has to be remembered.
 */
import { failure } from '../model/error.ts';
import type { SkipReason } from '../model/event.ts';
import type { ListState, StepState } from '../model/run-state.ts';
import { type Batch, emit } from './context.ts';
import { listsBelow } from './lists-below.ts';
import { refusalBelow } from './refusal.ts';

export interface AbortOptions {
  /** In-flight steps end `failed` with this message (TIMEOUT_ERROR) instead of `skipped`. */
  readonly failInFlight?: string;
}

/** Ends everything open in a list and below it. */
export function abortList(
  batch: Batch,
  list: ListState,
  reason: SkipReason,
  options: AbortOptions = {},
): void {
  for (const step of list.steps) {
    if (step.resolution === 'open') abortStep(batch, step, reason, options);
  }
}

/** Ends everything open below a composite, not the composite itself. */
export function abortBelow(
  batch: Batch,
  step: StepState,
  reason: SkipReason,
  options: AbortOptions = {},
): void {
  for (const list of listsBelow(step)) {
    if (list.open > 0) abortList(batch, list, reason, options);
  }
}

/** Ends one open step and what is below it. */
export function abortStep(
  batch: Batch,
  step: StepState,
  reason: SkipReason,
  options: AbortOptions = {},
): void {
  abortBelow(batch, step, reason, options);
  if (step.status === 'failed' || step.status === 'completed') return;
  closeDecision(batch, step, reason);
  const outcome = hasUnknownOutcome(step) ? { outcome: 'unknown' as const } : {};
  if (options.failInFlight !== undefined && isInFlight(step)) {
    const error =
      refusalBelow(batch.state.plan.rules, step) ?? failure('TIMEOUT_ERROR', options.failInFlight);
    emit(batch, 'step_failed', step.path, { error: { step_id: step.path, ...error }, ...outcome });
    return;
  }
  emit(batch, 'step_skipped', step.path, { reason, ...outcome });
}

/** Closes the question a step has open, if any. */
function closeDecision(batch: Batch, step: StepState, reason: string): void {
  if (step.sub?.kind !== 'decision' || step.sub.resolved !== null) return;
  if (step.status !== 'suspended') return;
  emit(batch, 'decision_cancelled', step.path, { reason });
}

/** True for an unsafe action that was started: nobody knows whether its effect happened. */
export function hasUnknownOutcome(step: StepState): boolean {
  const body = step.plan.body;
  if (body.type !== 'action' || body.effect !== 'unsafe') return false;
  // One that a crash caught and that was not started again is as unknown as one that runs.
  const waits = step.status === 'scheduled' || step.status === 'suspended';
  return step.status === 'running' || (waits && step.interruptions > 0);
}

const isInFlight = (step: StepState): boolean =>
  step.status === 'running' || step.status === 'suspended' || step.status === 'retrying';
