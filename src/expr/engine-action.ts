/**
 * The actions `expr.eval`, `cel.eval` and `jq`: an expression that is a step of its own.
 *
 * `data`, `args` and `input` are names beside the usual ones; a jq filter with `input` sees only that.
 * The output is `{result}`, for jq also `{results}` with every value the filter gave.
 */
import { failure, type StepFailure } from '../model/error.ts';
import type {
  ComputeMemo,
  Evaluated,
  Expression,
  ExpressionCompiler,
  ExpressionEvaluator,
  Scope,
} from '../model/expression.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import { type Asking, askCompute, createAskedRequests } from './compute-request.ts';
import { evaluateJq } from './evaluate-operand.ts';
import { failed, type Outcome, shortSource } from './failures.ts';
import { checkJqFilter, type JqFilter } from './jq-filter.ts';
import { DEFAULT_EXPRESSION_LIMITS } from './limits.ts';

export type EngineAction = (
  action: string,
  params: JsonObject,
  compiled: Expression | null,
  scope: Scope,
  answers: ComputeMemo,
) => Evaluated;

/** Evaluates one of the engine's own actions over checked params; never throws. */
export function createEngineAction(
  compiler: ExpressionCompiler,
  evaluator: ExpressionEvaluator,
  maxSourceBytes: number = DEFAULT_EXPRESSION_LIMITS.maxSourceBytes,
): EngineAction {
  const asked = createAskedRequests();
  return (action, params, compiled, scope, answers) => {
    if (action === 'jq') {
      return jqAction(params, { scope, answers, asked }, maxSourceBytes);
    }
    const source = String(params.expression ?? '');
    const expression = compiled ?? compile(compiler, action, source, scope);
    if ('code' in expression) return { kind: 'failure', error: expression };
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
  const stepIds = new Set(scope.stepIds());
  const compiled = compiler.expression(`${engine}: ${source}`, { stepIds });
  if (compiled.ok) return compiled.value;
  return failure(
    'VALIDATION_ERROR',
    compiled.problems.map((problem) => problem.message).join('; '),
  );
}

function jqAction(params: JsonObject, asking: Asking, maxSourceBytes: number): Evaluated {
  const source = String(params.filter ?? '');
  const size = Buffer.byteLength(source);
  if (size > maxSourceBytes) {
    const message = `the filter has ${size} bytes, more than the ${maxSourceBytes} allowed`;
    return { kind: 'failure', error: failure('VALIDATION_ERROR', message) };
  }
  const checked = checkJqFilter(source, new Set(asking.scope.stepIds()));
  if (!checked.ok) {
    const message = `jq "${shortSource(source)}": ${checked.message}`;
    return { kind: 'failure', error: failure('VALIDATION_ERROR', message) };
  }
  const outcome = askFilter(checked.filter, params, asking);
  if (outcome.kind === 'pending') return outcome;
  if (outcome.kind === 'failure') return { kind: 'failure', error: outcome.error };
  const results = isJsonArray(outcome.value) ? outcome.value : [outcome.value];
  const shown = params.raw === true ? results.map(rawText) : results;
  return { kind: 'value', value: { result: shown[0] ?? null, results: shown } };
}

/** With `input` or `data` the filter sees that; else the parts of the run that it reads. */
function askFilter(filter: JqFilter, params: JsonObject, asking: Asking): Outcome {
  // Presence decides, not the value: null is an input like any other.
  const input = Object.hasOwn(params, 'input') ? params.input : ownValue(params, 'data');
  const { args } = params;
  if (args !== undefined && !isJsonObject(args)) {
    return failed(
      'VALIDATION_ERROR',
      'args of a jq step is an object: each key becomes a $variable',
    );
  }
  if (input === undefined) return evaluateJq(filter, asking, false, args);
  const payload = {
    filter: filter.text,
    shown: shortSource(filter.source),
    input,
    first: false,
    ...(args === undefined ? {} : { args }),
  };
  return askCompute('jq', payload, filter.usesNow, asking);
}

/** jq's raw output: strings as they are, everything else as JSON text. */
const rawText = (value: Json): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
