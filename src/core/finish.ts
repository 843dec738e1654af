/**
 * When a run is finished: its output, its hooks, its last event.
 *
 * The output is made before `on_complete` and recorded with `hook_started`; a bad output fails the
 * run. A failing hook changes nothing.
 */
import { failure, type StepFailure } from '../model/error.ts';
import type { EventPayloads } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { HookState } from '../model/run-state.ts';
import { type Batch, emit } from './context.ts';
import { defaultOutput } from './outputs.ts';
import { refusalIn } from './refusal.ts';
import { hasSettled } from './settling.ts';
import { refuseSecrets, scopeOf, templateValue } from './values.ts';

/** Ends the run when nothing in its top list is open; runs the hook that applies first. */
export function finishRun(batch: Batch): void {
  const { state } = batch;
  if (state.hook !== null) {
    finishHook(batch, state.hook);
    return;
  }
  // Output and hooks build on what the steps have done: nothing of them may still be at it.
  if (!hasSettled(batch)) return;
  if (state.timedOut === 'cancel') {
    endRun(batch, 'workflow_cancelled', { reason: 'timeout', by: 'system' });
    return;
  }
  const result = resultOf(batch);
  if (result === null) return;
  if (result.error !== null) {
    if (state.plan.onError === null) conclude(batch, result.error, null);
    else emit(batch, 'hook_started', null, { hook: 'on_error', error: result.error });
  } else if (state.plan.onComplete === null) conclude(batch, null, result.output);
  else emit(batch, 'hook_started', null, { hook: 'on_complete', output: result.output });
}

function finishHook(batch: Batch, hook: HookState): void {
  const { state } = batch;
  if (!state.hooksDone.has(hook.kind)) {
    const failed = hook.list.failure;
    if (failed === null) emit(batch, 'hook_completed', null, { hook: hook.kind });
    else emit(batch, 'hook_failed', null, { hook: hook.kind, error: failed.error });
  }
  if (hasSettled(batch)) conclude(batch, hook.error, hook.output ?? null);
}

/** Records the end of a run that has settled, with what did not end in time. */
export function endRun<K extends 'workflow_completed' | 'workflow_failed' | 'workflow_cancelled'>(
  batch: Batch,
  type: K,
  payload: EventPayloads[K],
): void {
  const unsettled = batch.ctx.unsettled();
  emit(batch, type, null, unsettled.length === 0 ? payload : { ...payload, unsettled });
}

function conclude(batch: Batch, error: StepFailure | null, output: Json): void {
  if (batch.state.status === 'suspended') {
    emit(batch, 'workflow_resumed', null, { reason: 'finished' });
  }
  if (error === null) endRun(batch, 'workflow_completed', { output });
  else endRun(batch, 'workflow_failed', { error });
}

interface Result {
  readonly error: StepFailure | null;
  readonly output: Json;
}

const bad = (error: StepFailure): Result => ({ error, output: null });

function resultOf(batch: Batch): Result | null {
  const { state, ctx } = batch;
  const refused = refusalIn(state.plan.rules, state.top);
  if (refused !== null) return bad(refused);
  if (state.timedOut === 'fail') {
    const message = `the run was active longer than its limit of ${state.timeoutMs}ms`;
    return bad(failure('TIMEOUT_ERROR', message));
  }
  if (state.top.failure !== null) return bad(state.top.failure.error);
  const { output: template, outputSchema } = state.plan;
  const outcome =
    template === null
      ? null
      : refuseSecrets(templateValue(batch, null, template, scopeOf(batch, null)), 'the output');
  if (outcome?.kind === 'pending') return null;
  if (outcome?.kind === 'failure') return bad(outcome.error);
  const output = outcome === null ? defaultOutput(state) : outcome.value;
  const problem = outputSchema === null ? null : ctx.checkOutput(outputSchema, output);
  return problem === null ? { error: null, output } : bad(problem);
}
