/**
 * A step of a run as callers see it. Secrets are named, never shown: `${{secrets.NAME}}`.
 */
import { outputOf } from '../core/outputs.ts';
import { type Json, setOwn } from '../model/json.ts';
import type { StepBody } from '../model/plan.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import { isStepEnded } from '../model/run-status.ts';
import { toRfc3339 } from '../model/time.ts';
import { withSecretNames } from './secret-places.ts';
import type { StepView } from './shapes.ts';
import { failureOf } from './wire.ts';

/** Every step that was looked at, and the pending ones beside them, by path in log order of lists. */
export function stepViews(
  state: RunState,
  nowMs: number,
  options: { readonly outputs: boolean } = { outputs: true },
): Record<string, StepView> {
  const views: Record<string, StepView> = {};
  for (const step of state.steps.values()) {
    setOwn(views, step.path, stepViewOf(step, nowMs, options));
  }
  return views;
}

/** One step. A composite's output is assembled from its parts. */
export function stepViewOf(
  step: StepState,
  nowMs: number,
  options: { readonly outputs: boolean } = { outputs: true },
): StepView {
  const { body } = step.plan;
  const view: Record<string, unknown> = { step_id: step.path, type: body.type };
  const put = (key: string, value: unknown): void => {
    if (value !== undefined && value !== null) view[key] = value;
  };
  put('action', body.type === 'action' ? body.action : null);
  view.status = step.status;
  put('attempts', step.startedAt === null ? null : step.attempt);
  put('started_at', timeOf(step.startedAt));
  put('completed_at', timeOf(step.endedAt));
  put('duration_ms', durationOf(step, nowMs));
  if (options.outputs) {
    put('input', inputOf(body, step));
    if (hasOutput(step)) view.output = outputOf(step);
  }
  put('error', step.error === null ? null : failureOf(step.error));
  if (step.status === 'failed' && step.handled) view.handled = true;
  put('skip_reason', step.skipReason);
  put('outcome', step.unknownOutcome ? 'unknown' : null);
  put('waiting_for', step.waitingFor);
  put('due_at', timeOf(dueOf(step)));
  put('retry_at', timeOf(step.retryAt));
  put('child_id', step.sub?.kind === 'child' ? step.sub.childId : null);
  return view as StepView;
}

/** How a step ended and how long it took; everything else of a finished run is in its output. */
export function briefStepOf(step: StepState): StepView {
  const duration = durationOf(step, step.endedAt ?? 0);
  return {
    status: step.status,
    ...(duration === null ? {} : { duration_ms: duration }),
    // A failure that the run went on from is no failure of the run.
    ...(step.status === 'failed' && step.handled ? { handled: true } : {}),
  };
}

const timeOf = (at: number | null): string | null => (at === null ? null : toRfc3339(at));

function durationOf(step: StepState, nowMs: number): number | null {
  if (step.startedAt === null) return null;
  const isOpen = !isStepEnded(step.status);
  return Math.max(0, (step.endedAt ?? (isOpen ? nowMs : step.startedAt)) - step.startedAt);
}

/** When something happens to an open step by itself. */
function dueOf(step: StepState): number | null {
  if (isStepEnded(step.status)) return null;
  const { sub } = step;
  if (sub?.kind === 'wait') return sub.dueAt ?? step.dueAt;
  if (sub?.kind === 'decision') return sub.ask.due_at ?? step.dueAt;
  return step.dueAt;
}

const hasOutput = (step: StepState): boolean =>
  step.status === 'completed' || (step.status === 'failed' && step.handled);

function inputOf(body: StepBody, step: StepState): Json | null {
  if (body.type !== 'action' || step.params === null) return null;
  return withSecretNames(step.params, step.secretRefs);
}
