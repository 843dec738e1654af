/**
 * Reasoning steps: a question to a person or an agent, recorded with all they need to answer it.
 */
import { failure } from '../../model/error.ts';
import type { DecisionThen } from '../../model/event.ts';
import { type Json, type JsonObject, setOwn } from '../../model/json.ts';
import type { ReasoningPlan, StepPlan } from '../../model/plan.ts';
import type { DecisionState, StepState } from '../../model/run-state.ts';
import { toRfc3339 } from '../../model/time.ts';
import { type Batch, emit } from '../context.ts';
import { failAttempt } from '../on-error.ts';
import { outputOf } from '../outputs.ts';
import {
  durationValue,
  known,
  type Outcome,
  refuseSecrets,
  scopeOf,
  sourceValue,
  templateValue,
} from '../values.ts';
import { dueAfter, elapsed, timeoutOf } from './begin.ts';
import type { Kind } from './kind.ts';
import { rejectQuestion } from './unknown-outcome.ts';

interface Question {
  readonly prompt: Json;
  readonly data: JsonObject;
  readonly target: string | null;
  readonly limitMs: number | null;
}

export const reasoning: Kind = {
  start(batch, step, guard) {
    const body = step.plan.body;
    if (body.type !== 'reasoning') return;
    const question = questionOf(batch, step, body);
    if (question.kind === 'pending') return;
    if (question.kind === 'failure') {
      failAttempt(batch, step, question.error);
      return;
    }
    const { prompt, data, target, limitMs } = question.value;
    emit(batch, 'step_started', step.path, {
      attempt: step.attempt,
      ...(guard === undefined ? {} : { guard }),
      params: {
        prompt,
        data,
        ...(target === null ? {} : { target_agent: target }),
        ...(limitMs === null ? {} : { due_at: dueAfter(batch, limitMs) }),
      },
    });
  },
  advance(batch, step) {
    const body = step.plan.body;
    if (body.type !== 'reasoning') return;
    if (step.sub?.kind !== 'decision') ask(batch, step, body);
    else if (step.sub.resolved !== null) finish(batch, step, step.sub);
    else if (step.sub.answer !== null) {
      emit(batch, 'decision_resolved', step.path, step.sub.answer);
    } else if (step.rejected !== null) rejectQuestion(batch, step, step.rejected);
  },
};

function questionOf(batch: Batch, step: StepState, body: ReasoningPlan): Outcome<Question> {
  const scope = scopeOf(batch, step);
  const prompt = refuseSecrets(templateValue(batch, step, body.prompt, scope), "a decision's text");
  if (prompt.kind !== 'value') return prompt;
  const mustSay = !batch.state.plan.rules.asksNothing;
  if (mustSay && saysNothing(prompt.value)) {
    return refused('its question came out empty', 'prompt_context', prompt.value);
  }
  const data: Record<string, Json> = {};
  for (const { key, source } of body.data) {
    const value = sourceValue(batch, step, source, scope, "a decision's data");
    if (value.kind !== 'value') return value;
    setOwn(data, key, value.value);
  }
  const target =
    body.targetAgent === null
      ? known<Json>(null)
      : refuseSecrets(templateValue(batch, step, body.targetAgent, scope), '`target_agent`');
  if (target.kind !== 'value') return target;
  // Nobody named means anybody: that is for the definition to say, not for a value that is missing.
  if (mustSay && body.targetAgent !== null && !isName(target.value)) {
    return refused('it is for no agent', 'target_agent', target.value);
  }
  const own = durationValue(batch, step, body.timeout, () => scope);
  if (own.kind !== 'value') return own;
  const limit = timeoutOf(batch, step);
  if (limit === undefined) return { kind: 'pending' };
  const bytes = JSON.stringify([prompt.value, data]).length;
  if (bytes > batch.ctx.limits.decisionBytes) {
    const message = `the decision's text and data take ${bytes} bytes, the limit is ${batch.ctx.limits.decisionBytes}`;
    return { kind: 'failure', error: failure('LIMIT_EXCEEDED', message) };
  }
  const limits = [own.value, limit].filter((ms) => ms !== null);
  return known({
    prompt: prompt.value,
    data,
    target: typeof target.value === 'string' ? target.value : null,
    limitMs: limits.length === 0 ? null : Math.min(...limits),
  });
}

/** Null, and what has nothing in it; numbers and booleans say something. */
function saysNothing(value: Json): boolean {
  if (typeof value === 'string') return value.trim() === '';
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

const isName = (value: Json): boolean => typeof value === 'string' && value.trim() !== '';

function refused(what: string, field: string, value: Json): Outcome<never> {
  const gave = JSON.stringify(value).slice(0, SHOWN_CHARS);
  const message = `${what}: \`${field}\` gave ${gave}: see to it that what it reads has a value`;
  return { kind: 'failure', error: failure('VALIDATION_ERROR', message) };
}

const SHOWN_CHARS = 60;

function ask(batch: Batch, step: StepState, body: ReasoningPlan): void {
  const { prompt, data, target_agent: target, due_at: dueAt } = step.params ?? {};
  emit(batch, 'decision_requested', step.path, {
    kind: 'reasoning',
    prompt: prompt ?? '',
    data: (data ?? {}) as JsonObject,
    options: body.options,
    by: body.by,
    ...(typeof target === 'string' ? { target_agent: target } : {}),
    ...(body.fallback === null ? {} : { fallback: body.fallback }),
    ...(typeof dueAt === 'number' ? { due_at: dueAt } : {}),
    then: whatWaits(step),
    step_outputs: ancestorOutputs(step),
  });
}

function finish(batch: Batch, step: StepState, sub: DecisionState): void {
  const resolved = sub.resolved;
  if (resolved === null) return;
  const { choice, reasoning: why, data, resolved_by: by, via } = resolved;
  const option = sub.ask.options.find((candidate) => candidate.id === choice);
  if (resolved.rejected === true || option?.outcome === 'stop') {
    const message = `${by ?? 'somebody'} ${resolved.rejected === true ? 'rejected' : `chose "${choice}", which stops`}${why === null ? '' : `: ${why}`}`;
    const details = { choice, reasoning: why, data, resolved_by: by };
    const { runId, plan } = batch.state;
    const mark = { decision: { run: runId, step: step.path, by } };
    const marked = plan.rules.catchesRefusals ? details : { ...details, ...mark };
    failAttempt(batch, step, failure('REJECTED', message, marked));
    return;
  }
  const output = {
    choice,
    reasoning: why,
    data,
    resolved_by: by,
    resolved_at: toRfc3339(sub.resolvedAt ?? batch.state.at),
    via,
  };
  emit(batch, 'step_completed', step.path, { output, duration_ms: elapsed(batch, step) });
}

/** A decision's time has come: its fallback is chosen, or the step fails. */
export function decisionDue(batch: Batch, step: StepState): void {
  if (step.sub?.kind !== 'decision' || step.sub.resolved !== null) return;
  const { ask: asked } = step.sub;
  const fallback = asked.kind === 'outcome_unknown' ? 'failed' : asked.fallback;
  if (fallback === undefined) {
    emit(batch, 'decision_cancelled', step.path, { reason: 'timeout' });
    failAttempt(batch, step, failure('TIMEOUT_ERROR', 'nobody decided in time'));
    return;
  }
  emit(batch, 'decision_resolved', step.path, {
    choice: fallback,
    reasoning: null,
    data: null,
    resolved_by: 'system',
    via: 'timeout',
  });
}

/** Steps that wait directly behind this one, or behind one that it stands in for. */
function whatWaits(step: StepState): DecisionThen[] {
  const { prefix: path, steps } = step.list;
  const prefix = path === '' ? '' : `${path}.`;
  const waiting = new Set<number>();
  for (let at: StepState | undefined = step; at !== undefined; at = standsInFor(at)) {
    for (const index of at.plan.dependents) waiting.add(index);
  }
  return [...waiting].flatMap((index) => {
    const next = steps[index];
    return next === undefined ? [] : [describe(prefix, next.plan)];
  });
}

/** The step whose fallback this one is. */
const standsInFor = ({ plan, list }: StepState): StepState | undefined =>
  plan.fallbackOf === null ? undefined : list.steps[plan.fallbackOf];

function describe(prefix: string, plan: StepPlan): DecisionThen {
  const body = plan.body;
  const action = body.type === 'action' ? body.action : body.type;
  return {
    step_id: `${prefix}${plan.id}`,
    action,
    effect: body.type === 'action' ? body.effect : 'pure',
    ...(plan.guard === null ? {} : { condition: plan.guard.source }),
  };
}

/** Outputs of the steps this one depends on, directly or through others, by path. */
function ancestorOutputs(step: StepState): JsonObject {
  const outputs: Record<string, Json> = {};
  let from: StepState | null = step;
  while (from !== null) {
    collect(from, outputs);
    from = from.list.owner;
  }
  return outputs;
}

function collect(from: StepState, outputs: Record<string, Json>): void {
  const todo = [...from.plan.deps];
  const seen = new Set<number>();
  for (let index = todo.pop(); index !== undefined; index = todo.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const dep = from.list.steps[index];
    if (dep === undefined) continue;
    setOwn(outputs, dep.path, outputOf(dep));
    todo.push(...dep.plan.deps);
  }
}
