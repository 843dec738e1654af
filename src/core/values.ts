/**
 * Evaluating what a plan holds (durations, values, templates) inside a batch, with one answer shape.
 *
 * `pending` means a compute process has been asked: the step is looked at again when it answers.
 */
import { failure, type StepFailure } from '../model/error.ts';
import type {
  DurationSource,
  Evaluated,
  Scope,
  SecretRef,
  Template,
  ValueSource,
} from '../model/expression.ts';
import type { Json } from '../model/json.ts';
import type { StepState } from '../model/run-state.ts';
import { parseDuration } from '../model/time.ts';
import type { Batch } from './context.ts';
import { createScope, type ScopeOptions } from './scope.ts';

export type Outcome<T> =
  | { readonly kind: 'value'; readonly value: T; readonly secretRefs: readonly SecretRef[] }
  | { readonly kind: 'failure'; readonly error: StepFailure }
  | { readonly kind: 'pending' };

const failed = (error: StepFailure): Outcome<never> => ({ kind: 'failure', error });
export const known = <T>(value: T): Outcome<T> => ({ kind: 'value', value, secretRefs: [] });

const isHook = (step: StepState): boolean => step.path.startsWith('@');

/** The scope of a step in this batch; a hook also sees `error`. */
export function scopeOf(
  batch: Batch,
  step: StepState | null,
  options: Omit<ScopeOptions, 'nowMs' | 'idempotencyKey'> = {},
): Scope {
  const { ctx } = batch;
  const key =
    step === null ? {} : { idempotencyKey: () => ctx.idempotencyKey(step.path, step.generation) };
  const hookError = step !== null && isHook(step) ? batch.state.hook?.error : null;
  const extra = hookError == null ? {} : { extra: { error: hookError as unknown as Json } };
  return createScope(batch.state, step, { nowMs: ctx.nowMs, ...key, ...extra, ...options });
}

/** Turns an evaluator's answer into an outcome, noting a request that is pending. */
export function settleEvaluation(
  batch: Batch,
  path: string | null,
  evaluated: Evaluated,
): Outcome<Json> {
  if (evaluated.kind === 'pending') {
    batch.pending.push({ path, request: evaluated.request });
    return { kind: 'pending' };
  }
  if (evaluated.kind === 'failure') return evaluated;
  return { kind: 'value', value: evaluated.value, secretRefs: evaluated.secretRefs ?? [] };
}

/** A template's value; secrets may stand in it. */
export function templateValue(
  batch: Batch,
  step: StepState | null,
  template: Template,
  scope: Scope,
): Outcome<Json> {
  if (!template.dynamic) return known(template.raw);
  return settleEvaluation(batch, step?.path ?? null, batch.ctx.interpolate(template, scope));
}

/** A value given as a template or an expression; a value that carries a secret is refused. */
export function sourceValue(
  batch: Batch,
  step: StepState,
  source: ValueSource,
  scope: Scope,
  what: string,
): Outcome<Json> {
  const outcome =
    source.kind === 'template'
      ? templateValue(batch, step, source.template, scope)
      : settleEvaluation(batch, step.path, batch.ctx.evaluate(source.expression, scope));
  return refuseSecrets(outcome, what);
}

/** Secrets may not enter here: a value that carries one is a failure. */
export function refuseSecrets(outcome: Outcome<Json>, what: string): Outcome<Json> {
  if (outcome.kind !== 'value' || outcome.secretRefs.length === 0) return outcome;
  return failed(failure('VALIDATION_ERROR', `${what} may not hold a secret`));
}

/** Milliseconds of a duration, null for none; a template that gives null gives none since rules 2. */
export function durationValue(
  batch: Batch,
  step: StepState | null,
  source: DurationSource | null,
  scope: () => Scope,
): Outcome<number | null> {
  if (source === null) return known(null);
  if (source.kind === 'ms') return known(source.ms);
  const outcome = templateValue(batch, step, source.template, scope());
  if (outcome.kind !== 'value') return outcome;
  if (outcome.value === null && batch.state.plan.rules.nullIsAbsent) return known(null);
  const parsed = parseDuration(outcome.value);
  return parsed.ok ? known(parsed.ms) : failed(failure('VALIDATION_ERROR', parsed.message));
}
