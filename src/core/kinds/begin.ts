/**
 * Beginning an attempt of any step that takes no slot: `step_started` with its timeout.
 */
import { HOOK_COMPLETE, HOOK_ERROR } from '../../model/ids.ts';
import type { Json } from '../../model/json.ts';
import type { StepState } from '../../model/run-state.ts';
import { type Batch, emit } from '../context.ts';
import { failAttempt } from '../on-error.ts';
import { durationValue, scopeOf } from '../values.ts';

/** When a limit that begins now ends, epoch milliseconds. */
export const dueAfter = (batch: Batch, ms: number): number =>
  Math.max(batch.state.at, batch.ctx.nowMs) + ms;

/** The step's own timeout in milliseconds (null: none); undefined when it failed or is pending. */
export function timeoutOf(batch: Batch, step: StepState): number | null | undefined {
  const timeout = durationValue(batch, step, step.plan.timeout, () => scopeOf(batch, step));
  if (timeout.kind === 'failure') failAttempt(batch, step, timeout.error);
  if (timeout.kind !== 'value') return undefined;
  const isHook = step.path === HOOK_COMPLETE || step.path === HOOK_ERROR;
  return timeout.value ?? (isHook ? batch.ctx.limits.hookTimeoutMs : null);
}

/** Records the start of a composite; false when its timeout could not be worked out yet. */
export function beginComposite(batch: Batch, step: StepState, guard: Json | undefined): boolean {
  const timeoutMs = timeoutOf(batch, step);
  if (timeoutMs === undefined) return false;
  emit(batch, 'step_started', step.path, {
    attempt: step.attempt,
    ...(guard === undefined ? {} : { guard }),
    ...(timeoutMs === null ? {} : { due_at: dueAfter(batch, timeoutMs) }),
  });
  return true;
}

/** Milliseconds since the attempt began. */
export const elapsed = (batch: Batch, step: StepState): number =>
  Math.max(0, Math.max(batch.state.at, batch.ctx.nowMs) - (step.startedAt ?? batch.ctx.nowMs));

/** Records a composite's good end; its output is assembled when read. */
export function completeComposite(batch: Batch, step: StepState): void {
  emit(batch, 'step_completed', step.path, { duration_ms: elapsed(batch, step) });
}
