/**
 * The actions `expr.eval`, `cel.eval` and `jq`: an expression that is a step of its own.
 *
 * `data`, `args` and `input` are names beside the usual ones; a jq filter with `input` sees only that.
 * The output is `{result}`, for jq also `{results}` with every value the filter gave.
 */

import { failure, type StepFailure } from '../model/error.ts';
import type {
  ComputeMemo,
  ComputeRequest,
  Evaluated,
  Expression,
  ExpressionCompiler,
  ExpressionEvaluator,
  Scope,
} from '../model/expression.ts';
import { isJsonArray, type Json, type JsonObject } from '../model/json.ts';
import { bindingsOf, wholeScope } from './bindings.ts';
import { shortSource } from './failures.ts';
import { checkJqFilter } from './jq-filter.ts';

export type EngineAction = (
  action: string,
  params: JsonObject,
  compiled: Expression | null,
  scope: Scope,
  answers: ComputeMemo,
) => Evaluated;

const failed = (error: StepFailure): Evaluated => ({ kind: 'failure', error });

/** Evaluates one of the engine's own actions over checked params; never throws. */
export function createEngineAction(
  compiler: ExpressionCompiler,
  evaluator: ExpressionEvaluator,
): EngineAction {
  return (action, params, compiled, scope, answers) => {
    if (action === 'jq') return evaluateJq(params, scope, answers);
    const source = String(params.expression ?? '');
    const expression = compiled ?? compile(compiler, action, source, scope);
    if ('code' in expression) return failed(expression);
    const evaluated = evaluator.expression(expression, scope, answers);
    return evaluated.kind === 'value'
      ? { kind: 'value', value: { result: evaluated.value } }
      : evaluated;
  };
}

function compile(
  compiler: ExpressionCompiler,
  action: string,
  source: string,
  scope: Scope,
): Expression | StepFailure {
  const engine = action === 'expr.eval' ? 'expr' : 'cel';
  const compiled = compiler.expression(`${engine}: ${source}`, {
    stepIds: new Set(scope.stepIds()),
  });
  if (compiled.ok) return compiled.value;
  return failure(
    'VALIDATION_ERROR',
    compiled.problems.map((problem) => problem.message).join('; '),
  );
}

function evaluateJq(params: JsonObject, scope: Scope, answers: ComputeMemo): Evaluated {
  const checked = checkJqFilter(String(params.filter ?? ''), new Set(scope.stepIds()));
  if (!checked.ok) return failed(failure('VALIDATION_ERROR', checked.message));
  const { filter } = checked;
  const input = params.input ?? runInput(filter, scope);
  const payload = { filter: filter.text, shown: shortSource(filter.source), input, first: false };
  const request: ComputeRequest = { task: 'jq', payload };
  const answer = answers.get(request);
  if (answer === undefined) return { kind: 'pending', request };
  if (!answer.ok) return failed(answer.error);
  const results = isJsonArray(answer.value) ? answer.value : [answer.value];
  const shown = params.raw === true ? results.map(rawText) : results;
  return { kind: 'value', value: { result: shown[0] ?? null, results: shown } };
}

const runInput = (
  filter: { whole: boolean; references: readonly (readonly string[])[] },
  scope: Scope,
): Json => (filter.whole ? wholeScope(scope) : bindingsOf(filter.references, scope));

/** jq's raw output: strings as they are, everything else as JSON text. */
const rawText = (value: Json): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
