/**
 * Loops: `for_each` over a recorded list, `while` tested before each body, `until` after.
 *
 * A failing iteration starts no further one; those in flight end first. What an iteration yielded
 * stays in its list; the loop's output is assembled from them.
 */
import { failure } from '../../model/error.ts';
import { isJsonArray, type Json } from '../../model/json.ts';
import type { LoopPlan } from '../../model/plan.ts';
import type { ListState, LoopState, StepState } from '../../model/run-state.ts';
import { type Batch, emit } from '../context.ts';
import { failAttempt } from '../on-error.ts';
import { firstFailure } from '../refusal.ts';
import { isIterationAtWork } from '../settling.ts';
import { scopeOf, settleEvaluation, sourceValue } from '../values.ts';
import { beginComposite, completeComposite } from './begin.ts';
import type { Kind } from './kind.ts';

export const loop: Kind = {
  start(batch, step, guard) {
    beginComposite(batch, step, guard);
  },
  advance(batch, step) {
    const body = step.plan.body;
    if (body.type !== 'loop') return;
    if (step.sub?.kind !== 'loop' && !open(batch, step, body)) return;
    if (step.sub?.kind !== 'loop') return;
    const sub = step.sub;
    if (sub.finished) {
      completeComposite(batch, step);
      return;
    }
    if (!closeIterations(batch, step, sub)) return;
    if (body.mode === 'for_each') nextItems(batch, step, sub, body);
    else nextTested(batch, step, sub, body);
  },
};

function open(batch: Batch, step: StepState, body: LoopPlan): boolean {
  if (body.mode !== 'for_each' || body.over === null) {
    emit(batch, 'loop_started', step.path, { mode: body.mode });
    return true;
  }
  const outcome = sourceValue(batch, step, body.over, scopeOf(batch, step), "a loop's `over`");
  if (outcome.kind === 'pending') return false;
  if (outcome.kind === 'failure') {
    failAttempt(batch, step, outcome.error);
    return false;
  }
  const items = outcome.value;
  if (!isJsonArray(items)) {
    failAttempt(
      batch,
      step,
      failure('VALIDATION_ERROR', `\`over\` must give a list, not ${shown(items)}`),
    );
    return false;
  }
  const limit = batch.ctx.limits.loopIterations;
  if (Math.min(items.length, body.maxIter ?? items.length) > limit) {
    const message = `the loop has ${items.length} items, the limit is ${limit} iterations`;
    failAttempt(batch, step, failure('LIMIT_EXCEEDED', message));
    return false;
  }
  emit(batch, 'loop_started', step.path, { mode: body.mode, count: items.length, items });
  return true;
}

/** Closes iterations that ended well; false when the loop must wait or has failed. */
function closeIterations(batch: Batch, step: StepState, sub: LoopState): boolean {
  const failed: ListState[] = [];
  for (const index of [...sub.ended].sort((a, b) => a - b)) {
    const list = sub.iterations[index];
    if (list === undefined || list.open > 0 || !sub.running.has(index)) continue;
    if (list.failure === null) {
      emit(batch, 'loop_iter_completed', step.path, { index });
      continue;
    }
    failed.push(list);
  }
  const first = firstFailure(batch.state.plan.rules, failed);
  if (first === null) return true;
  if (sub.running.size <= failed.length) failAttempt(batch, step, first.error);
  return false;
}

function nextItems(batch: Batch, step: StepState, sub: LoopState, body: LoopPlan): void {
  const items = sub.items ?? [];
  const total = Math.min(items.length, body.maxIter ?? items.length);
  if (body.maxConcurrency === 1 && isLastAtWork(batch, step, sub)) return;
  while (sub.iterations.length < total && sub.running.size < body.maxConcurrency) {
    emit(batch, 'loop_iter_started', step.path, { index: sub.iterations.length });
  }
  if (sub.iterations.length === total && sub.running.size === 0) {
    finish(batch, step, total, total < items.length);
  }
}

/** In turn means that nothing of the iteration before is still at work. */
const isLastAtWork = (batch: Batch, step: StepState, sub: LoopState): boolean =>
  sub.iterations.length > 0 && isIterationAtWork(batch, step, sub.iterations.length - 1);

function nextTested(batch: Batch, step: StepState, sub: LoopState, body: LoopPlan): void {
  if (sub.running.size > 0 || isLastAtWork(batch, step, sub)) return;
  const index = sub.iterations.length;
  if (body.mode === 'until' && index === 0) {
    emit(batch, 'loop_iter_started', step.path, { index });
    return;
  }
  const more = test(batch, step, sub, body);
  if (more === null) return;
  if (!more) finish(batch, step, index, false);
  else if (index < (body.maxIter ?? batch.ctx.limits.openLoopIterations)) {
    emit(batch, 'loop_iter_started', step.path, { index });
  } else if (body.maxIter !== null) finish(batch, step, index, true);
  else {
    const message = `the loop has no \`max_iter\` and its test still asks for more after ${index} iterations`;
    failAttempt(batch, step, failure('LIMIT_EXCEEDED', message));
  }
}

/** Whether another iteration is asked for; null when the answer is pending or the step failed. */
function test(batch: Batch, step: StepState, sub: LoopState, body: LoopPlan): boolean | null {
  if (body.condition === null) return false;
  const done = sub.iterations.length;
  const last = sub.iterations[done - 1] ?? null;
  const scope = scopeOf(batch, step, {
    test: { index: body.mode === 'while' ? done : done - 1, last, body: body.body },
  });
  const outcome = settleEvaluation(batch, step.path, batch.ctx.evaluate(body.condition, scope));
  if (outcome.kind === 'pending') return null;
  if (outcome.kind === 'failure') {
    failAttempt(batch, step, explainFirst(outcome.error, done));
    return null;
  }
  if (typeof outcome.value !== 'boolean') {
    const message = `a ${body.mode} test must give true or false, not ${shown(outcome.value)}`;
    failAttempt(batch, step, failure('VALIDATION_ERROR', message));
    return null;
  }
  return body.mode === 'while' ? outcome.value : !outcome.value;
}

function explainFirst(error: ReturnType<typeof failure>, done: number): typeof error {
  if (done > 0) return error;
  const hint =
    'before the first iteration there is nothing to read: begin with `iter.index == 0 ||`';
  return { ...error, message: `${error.message} (${hint})` };
}

/** The beginning of a value, for a message. */
const shown = (value: Json): string => JSON.stringify(value).slice(0, 80);

function finish(batch: Batch, step: StepState, iterations: number, truncated: boolean): void {
  emit(batch, 'loop_completed', step.path, { iterations, ...(truncated ? { truncated } : {}) });
  completeComposite(batch, step);
}
