/**
 * What is evaluated when a run is made: the key of its place and its limit. Only its inputs, context
 * and names are there to be read; a text that takes long to evaluate is refused.
 */
import { AppError } from '../model/error.ts';
import type { ExpressionEvaluator, Template } from '../model/expression.ts';
import type { RunId } from '../model/ids.ts';
import type { StartFacts } from '../model/input.ts';
import type { Json } from '../model/json.ts';
import type { Plan } from '../model/plan.ts';
import { parseDuration } from '../model/time.ts';
import { createScope } from './scope.ts';
import { newState } from './state.ts';

/** A new run, as far as what is evaluated depends on it. */
export interface Newcomer {
  readonly runId: RunId;
  readonly plan: Plan;
  readonly facts: Pick<StartFacts, 'inputs' | 'context' | 'name' | 'template' | 'version'>;
}

/** The value of a template of a new run; `what` names it in errors. @throws VALIDATION_ERROR */
export function valueAtStart(
  evaluator: ExpressionEvaluator,
  nowMs: number,
  { runId, plan, facts }: Newcomer,
  asked: Template,
  what: string,
): Json {
  const state = newState(runId, plan);
  const { inputs, context, name, template, version } = facts;
  state.inputs = inputs;
  state.context = { ...context };
  state.facts = { ...state.facts, name, template, version };
  const scope = createScope(state, null, { nowMs });
  const evaluated = evaluator.template(asked, scope, { get: () => undefined });
  if (evaluated.kind === 'value') return evaluated.value;
  const why = evaluated.kind === 'failure' ? evaluated.error.message : 'it takes too long';
  throw new AppError('VALIDATION_ERROR', `${what}: ${why}`);
}

/**
 * The limit on a new run's active time in milliseconds, null for none; a template that gives null
 * gives none. A version of the first rules has none where its template gives no duration.
 *
 * @throws VALIDATION_ERROR when it cannot be evaluated or is no duration
 */
export function limitOfRun(
  evaluator: ExpressionEvaluator,
  nowMs: number,
  newcomer: Newcomer,
): number | null {
  const { timeout, rules } = newcomer.plan;
  if (timeout === null) return null;
  if (timeout.kind === 'ms') return timeout.ms;
  try {
    const value = valueAtStart(evaluator, nowMs, newcomer, timeout.template, 'timeout');
    if (value === null) return null;
    const parsed = parseDuration(value);
    if (parsed.ok) return parsed.ms;
    throw new AppError('VALIDATION_ERROR', `timeout: ${parsed.message}`);
  } catch (thrown) {
    if (rules.nullIsAbsent) throw thrown;
    return null;
  }
}
