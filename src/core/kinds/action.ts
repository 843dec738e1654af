/**
 * Action steps: params resolved, checked, and then run inside the decision (inline, engine), as a
 * child run, or outside it after the commit that holds the intent (everything else).
 */
import { failure } from '../../model/error.ts';
import type { SecretRef } from '../../model/expression.ts';
import type { ActionNotes } from '../../model/input.ts';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { ActionPlan } from '../../model/plan.ts';
import type { StepState } from '../../model/run-state.ts';
import { toRfc3339 } from '../../model/time.ts';
import { type Batch, emit } from '../context.ts';
import { delayAttempt, failAttempt, failStep } from '../on-error.ts';
import { known, scopeOf, settleEvaluation, templateValue } from '../values.ts';
import { dueAfter, elapsed, timeoutOf } from './begin.ts';
import type { Kind } from './kind.ts';
import { advanceUnknownOutcome } from './unknown-outcome.ts';

interface Ready {
  readonly params: JsonObject;
  readonly secretRefs: readonly SecretRef[];
  readonly guard: Json | undefined;
}

export const action: Kind = {
  start(batch, step, guard) {
    const body = step.plan.body;
    if (body.type !== 'action') return;
    const resolved = resolveParams(batch, step, body);
    if (resolved === null) return;
    const { rules } = batch.state.plan;
    const checked = batch.ctx.checkParams(body.action, resolved.params, {
      // Overrides of a signal and params of an earlier attempt are values, not templates.
      raw: step.params === null && isJsonObject(body.params.raw) ? body.params.raw : null,
      nullIsAbsent: rules.nullIsAbsent,
    });
    if (!checked.ok) {
      failAttempt(batch, step, checked.error);
      return;
    }
    // Params that were recorded stay the object that they are.
    const params = step.params ?? checked.params;
    const ready = { ...resolved, params, guard };
    if (body.via === 'inline') runInline(batch, step, body, ready);
    else if (body.via === 'engine') runEngine(batch, step, body, ready);
    else if (body.via === 'child') startChild(batch, step, ready);
    else startEffect(batch, step, body, ready);
  },
  advance(batch, step) {
    if (step.sub?.kind === 'decision') advanceUnknownOutcome(batch, step, step.sub);
    else if (step.rejected !== null) {
      const message = step.rejected.reasoning ?? 'the step was cancelled';
      failAttempt(batch, step, failure('REJECTED', message, { by: step.rejected.by }));
    }
  },
};

function resolveParams(
  batch: Batch,
  step: StepState,
  body: ActionPlan,
): { params: JsonObject; secretRefs: readonly SecretRef[] } | null {
  if (step.params !== null) return { params: step.params, secretRefs: step.secretRefs };
  const { dynamic } = body.params;
  const outcome = dynamic
    ? templateValue(batch, step, body.params, scopeOf(batch, step))
    : known(body.params.raw);
  if (outcome.kind === 'pending') return null;
  if (outcome.kind === 'failure') {
    failAttempt(batch, step, outcome.error);
    return null;
  }
  if (!isJsonObject(outcome.value)) {
    failAttempt(batch, step, failure('VALIDATION_ERROR', 'params must be an object'));
    return null;
  }
  const params = step.overrides === null ? outcome.value : { ...outcome.value, ...step.overrides };
  return { params, secretRefs: outcome.secretRefs };
}

function started(batch: Batch, step: StepState, ready: Ready, more: JsonObject = {}): void {
  const recorded = step.params === ready.params;
  emit(batch, 'step_started', step.path, {
    attempt: step.attempt,
    ...(ready.guard === undefined ? {} : { guard: ready.guard }),
    ...(recorded ? {} : { params: ready.params }),
    ...(recorded || ready.secretRefs.length === 0 ? {} : { secret_refs: ready.secretRefs }),
    ...more,
  });
}

function runInline(batch: Batch, step: StepState, body: ActionPlan, ready: Ready): void {
  started(batch, step, ready);
  const outcome = batch.ctx.runInline(body.action, ready.params, ready.secretRefs, {
    runId: batch.state.runId,
    path: step.path,
    nowMs: batch.ctx.nowMs,
    context: batch.state.context,
  });
  if (!outcome.ok) {
    failAttempt(batch, step, outcome.error);
    return;
  }
  emitNotes(batch, step, outcome.notes);
  emit(batch, 'step_completed', step.path, {
    output: outcome.output,
    duration_ms: elapsed(batch, step),
  });
}

/** Records what an action did to its run beside its output. */
export function emitNotes(batch: Batch, step: StepState, notes: ActionNotes | undefined): void {
  if (notes === undefined) return;
  const by = step.path;
  if (notes.variables !== undefined)
    emit(batch, 'variable_set', step.path, { set: notes.variables, by });
  if (notes.context !== undefined)
    emit(batch, 'context_changed', step.path, { set: notes.context, by });
  for (const item of notes.emitted ?? []) emit(batch, 'custom', step.path, item);
  for (const item of notes.notified ?? []) emit(batch, 'notification', step.path, item);
  for (const item of notes.logged ?? []) emit(batch, 'log', step.path, item);
}

function runEngine(batch: Batch, step: StepState, body: ActionPlan, ready: Ready): void {
  const { params } = ready;
  const limitMs = timeoutOf(batch, step);
  if (limitMs === undefined) return;
  const extra: Record<string, Json> = {};
  for (const name of ['data', 'args', 'input']) {
    const value = params[name];
    if (value !== undefined) extra[name] = value;
  }
  const evaluated = batch.ctx.engineAction(
    body.action,
    params,
    step.overrides === null ? body.expression : null,
    scopeOf(batch, step, { extra }),
    limitMs,
  );
  const outcome = settleEvaluation(batch, step.path, evaluated);
  if (outcome.kind === 'pending') return;
  started(batch, step, ready);
  if (outcome.kind === 'failure') failAttempt(batch, step, outcome.error);
  else
    emit(batch, 'step_completed', step.path, {
      output: outcome.value,
      duration_ms: elapsed(batch, step),
    });
}

function startChild(batch: Batch, step: StepState, ready: Ready): void {
  const { state, ctx } = batch;
  const depth = (state.facts.parent?.depth ?? 0) + 1;
  if (depth > ctx.limits.childDepth) {
    const message = `workflows call each other ${depth} deep, the limit is ${ctx.limits.childDepth}`;
    failAttempt(batch, step, failure('LIMIT_EXCEEDED', message));
    return;
  }
  const problem = ctx.checkChild(ready.params);
  if (problem !== null) {
    failAttempt(batch, step, problem);
    return;
  }
  const timeoutMs = timeoutOf(batch, step);
  if (timeoutMs === undefined) return;
  const childId = ctx.childId(step.path, state.seq + 1);
  started(batch, step, ready, {
    child_id: childId,
    ...(timeoutMs === null ? {} : { due_at: dueAfter(batch, timeoutMs) }),
  });
  if (ready.params.wait === false) {
    emit(batch, 'step_completed', step.path, {
      output: { workflow_id: childId },
      duration_ms: elapsed(batch, step),
    });
  }
}

function startEffect(batch: Batch, step: StepState, body: ActionPlan, ready: Ready): void {
  const { state, ctx } = batch;
  const timeoutMs = timeoutOf(batch, step);
  if (timeoutMs === undefined) return;
  const max = state.plan.maxConcurrency;
  if (max !== null && state.executing >= max) {
    schedule(batch, step, ready, 'concurrency');
    return;
  }
  const admission = ctx.admit(step.path, body.action, ready.params);
  if (admission.kind === 'wait') {
    schedule(batch, step, ready, admission.for);
    return;
  }
  if (admission.kind === 'open') {
    const until = toRfc3339(admission.untilMs);
    const message = `${admission.target} has failed again and again; its circuit is open until ${until}`;
    const error = failure('CIRCUIT_OPEN', message, { target: admission.target });
    const retries = step.plan.retry;
    if (retries !== null && step.attempt <= retries.max) {
      delayAttempt(batch, step, error, admission.untilMs);
    } else failStep(batch, step, error);
    return;
  }
  if (admission.probe !== undefined) {
    emit(batch, 'circuit_breaker_half_open', step.path, { target: admission.probe });
  }
  started(batch, step, ready, timeoutMs === null ? {} : { due_at: dueAfter(batch, timeoutMs) });
}

function schedule(
  batch: Batch,
  step: StepState,
  ready: Ready,
  reason: 'slot' | 'vault' | 'concurrency',
): void {
  if (step.status === 'scheduled' && step.waitingFor === reason) return;
  emit(batch, 'step_scheduled', step.path, {
    attempt: step.attempt,
    waiting_for: reason,
    ...(ready.guard === undefined ? {} : { guard: ready.guard }),
    params: ready.params,
    ...(ready.secretRefs.length === 0 ? {} : { secret_refs: ready.secretRefs }),
  });
}
