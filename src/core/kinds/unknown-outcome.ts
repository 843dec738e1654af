/**
 * The question "did it happen?" about an unsafe step that a crash caught in the middle.
 */
import { failure } from '../../model/error.ts';
import { isJsonObject, type Json } from '../../model/json.ts';
import type { DecisionState, StepState } from '../../model/run-state.ts';
import { type Batch, emit } from '../context.ts';
import { failStep } from '../on-error.ts';
import { elapsed } from './begin.ts';

const UNKNOWN_OUTCOME_OPTIONS = [
  { id: 'rerun', description: 'it did not happen: run it again' },
  { id: 'completed', description: 'it happened: go on, with `data` as its output' },
  { id: 'failed', description: 'it did not happen and shall not: the step fails' },
] as const;

/** Asks what became of an interrupted step. */
export function askOutcome(batch: Batch, step: StepState): void {
  const { state, ctx } = batch;
  const byHand = state.facts.parent === null && !isAutomatic(state.facts.trigger);
  const body = step.plan.body;
  const action = body.type === 'action' ? body.action : body.type;
  emit(batch, 'decision_requested', step.path, {
    kind: 'outcome_unknown',
    prompt: `The process ended while step "${step.path}" (${action}) was running. Whether it took effect is not known. What happened?`,
    data: { action, attempt: step.attempt, params: step.params ?? {} },
    options: UNKNOWN_OUTCOME_OPTIONS,
    by: ctx.limits.agentsAnswer ? 'agent' : 'operator',
    ...(byHand ? {} : { due_at: Math.max(state.at, ctx.nowMs) + ctx.limits.askTimeoutMs }),
    then: [],
    step_outputs: {},
  });
}

const AUTOMATIC = new Set(['schedule', 'webhook', 'workflow']);

/** Whether nobody started the run by hand, so that nobody may be waiting to be asked. */
const isAutomatic = (trigger: Json): boolean =>
  isJsonObject(trigger) && typeof trigger.type === 'string' && AUTOMATIC.has(trigger.type);

/** Carries out the answer. */
export function advanceUnknownOutcome(batch: Batch, step: StepState, sub: DecisionState): void {
  if (sub.resolved === null) {
    if (sub.answer !== null) emit(batch, 'decision_resolved', step.path, sub.answer);
    else if (step.rejected !== null) rejectQuestion(batch, step, step.rejected);
    return;
  }
  const { choice, data, resolved_by: by, via } = sub.resolved;
  if (sub.resolved.rejected === true) {
    const message = `${by ?? 'somebody'} rejected the interrupted step`;
    failStep(batch, step, failure('REJECTED', message, { choice, resolved_by: by }), true);
    return;
  }
  if (choice === 'completed') {
    const output = data ?? null;
    emit(batch, 'step_completed', step.path, {
      output,
      duration_ms: elapsed(batch, step),
      outcome: 'answered',
    });
  } else if (choice === 'rerun') {
    emit(batch, 'step_scheduled', step.path, { attempt: step.attempt, waiting_for: 'slot' });
  } else {
    const late = via === 'timeout';
    const message = late
      ? 'interrupted in the middle, and nobody said in time what happened'
      : `interrupted in the middle; ${by ?? 'nobody'} answered that it did not happen`;
    failStep(batch, step, failure('INTERRUPTED', message, { choice, by }), late);
  }
}

/** Records a rejection that came without an answer (reject, cancel of the step). */
export function rejectQuestion(
  batch: Batch,
  step: StepState,
  { by, reasoning }: NonNullable<StepState['rejected']>,
): void {
  emit(batch, 'decision_resolved', step.path, {
    choice: null,
    rejected: true,
    reasoning,
    data: null,
    resolved_by: by,
    via: 'signal',
  });
}
