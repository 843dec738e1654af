/** Condition steps: one expression, one branch taken, recorded once. */
import { failure } from '../../model/error.ts';
import type { Json } from '../../model/json.ts';
import type { StepState } from '../../model/run-state.ts';
import { type Batch, emit } from '../context.ts';
import { failAttempt } from '../on-error.ts';
import { scopeOf, settleEvaluation } from '../values.ts';
import { beginComposite, completeComposite } from './begin.ts';
import type { Kind } from './kind.ts';

export const condition: Kind = {
  start(batch, step, guard) {
    beginComposite(batch, step, guard);
  },
  advance(batch, step) {
    if (step.sub?.kind !== 'condition' && !choose(batch, step)) return;
    if (step.sub?.kind !== 'condition') return;
    const list = step.sub.list;
    if (list !== null && list.open > 0) return;
    if (list?.failure != null) failAttempt(batch, step, list.failure.error);
    else completeComposite(batch, step);
  },
};

function choose(batch: Batch, step: StepState): boolean {
  const body = step.plan.body;
  if (body.type !== 'condition') return false;
  const outcome = settleEvaluation(
    batch,
    step.path,
    batch.ctx.evaluate(body.expression, scopeOf(batch, step)),
  );
  if (outcome.kind === 'pending') return false;
  if (outcome.kind === 'failure') {
    failAttempt(batch, step, outcome.error);
    return false;
  }
  const key = branchKey(outcome.value);
  if (key === null) {
    const message = "the condition's expression gave a list or a map; a branch key is one value";
    failAttempt(batch, step, failure('VALIDATION_ERROR', message));
    return false;
  }
  const branch = body.branches.has(key) ? key : body.fallback === null ? null : 'default';
  emit(batch, 'condition_evaluated', step.path, { result: key, branch });
  return true;
}

/** The branch a value names: strings as they are, `true`, `null`, whole numbers without a point. */
function branchKey(value: Json): string | null {
  if (typeof value === 'string') return value;
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') return null;
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}
