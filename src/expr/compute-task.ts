/**
 * What a compute process does for expressions: the tasks `jq`, `cel` and `expr`, JSON in, JSON out.
 *
 * Sources were checked when they were compiled for the run; here they are compiled again, with this
 * process's own caches. Time and memory are limited from outside.
 */
import { failure } from '../model/error.ts';
import type { ComputeAnswer, ComputeRequest } from '../model/expression.ts';
import { isVariableName } from '../model/ids.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import { withNow } from './compute-request.ts';
import { createEngines, type Engines } from './engines.ts';
import { failed, type Outcome } from './failures.ts';
import type { JqAnswer, JqEngine } from './jq.ts';
import { DEFAULT_EXPRESSION_LIMITS, type ExpressionLimits } from './limits.ts';
import { EXPRESSION_ROOT_NAMES } from './names.ts';

export interface ComputeEngines {
  readonly engines: Engines;
  readonly jq: JqEngine;
  readonly limits: ExpressionLimits;
}

/** What the tasks run on; made once per process. */
export function createComputeEngines(
  jq: JqEngine,
  limits: Partial<ExpressionLimits> = {},
): ComputeEngines {
  const bounds = { ...DEFAULT_EXPRESSION_LIMITS, ...limits };
  return { engines: createEngines(bounds), jq, limits: bounds };
}

/** Carries out one `jq`, `cel` or `expr` request; any other task is refused. */
export async function runComputeTask(
  request: ComputeRequest,
  deps: ComputeEngines,
): Promise<ComputeAnswer> {
  const { task, payload } = request;
  if (!isJsonObject(payload)) return refused(`a ${task} request has an object as its payload`);
  switch (task) {
    case 'jq':
      return runJq(payload, deps);
    case 'cel':
      return limited(runCel(payload, deps), deps);
    case 'expr':
      return limited(runExpr(payload, deps), deps);
    default:
      return refused(`expressions have no task "${task}"`);
  }
}

const refused = (message: string): ComputeAnswer => ({
  ok: false,
  error: failure('VALIDATION_ERROR', message),
});

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const nowOf = (payload: JsonObject): number => (typeof payload.now === 'number' ? payload.now : 0);

function bindingsIn(payload: JsonObject): JsonObject {
  const bindings = isJsonObject(payload.bindings) ? payload.bindings : {};
  return payload.now === undefined ? bindings : withNow(bindings, nowOf(payload));
}

function stepIdsIn(payload: JsonObject): ReadonlySet<string> {
  return new Set(isJsonArray(payload.step_ids) ? payload.step_ids.map(text) : []);
}

function runCel(payload: JsonObject, { engines, limits }: ComputeEngines): ComputeAnswer {
  const source = text(payload.source);
  const compiled = engines.cel.compile(source, stepIdsIn(payload), EXPRESSION_ROOT_NAMES);
  if (!compiled.ok) return refused(compiled.problem.message);
  const bindings = bindingsIn(payload);
  // Which other names there are is not known here: only what is read was sent.
  const reading = { root: (name: string) => ownValue(bindings, name), explain: () => null };
  const bounds = { maxSteps: Number.POSITIVE_INFINITY, maxMemoryBytes: limits.maxExprBytes };
  const over = (message: string): Outcome => failed('LIMIT_EXCEEDED', message);
  return answerOf(compiled.program.evaluate(reading, bounds, over));
}

function runExpr(payload: JsonObject, { engines, limits }: ComputeEngines): ComputeAnswer {
  const source = text(payload.source);
  const compiled = engines.expr(source, stepIdsIn(payload), EXPRESSION_ROOT_NAMES);
  if (!compiled.ok) return refused(compiled.problem.message);
  return answerOf(compiled.unit.evaluate(bindingsIn(payload), nowOf(payload), limits));
}

function answerOf(outcome: Outcome): ComputeAnswer {
  switch (outcome.kind) {
    case 'value':
      return { ok: true, value: outcome.value };
    case 'failure':
      return { ok: false, error: outcome.error };
    case 'pending':
      return refused('a request leads to another request');
  }
}

/** Refuses an answer whose JSON is larger than allowed. */
function limited(answer: ComputeAnswer, { limits }: ComputeEngines): ComputeAnswer {
  if (!answer.ok) return answer;
  const bytes = JSON.stringify(answer.value).length;
  if (bytes <= limits.maxResultBytes) return answer;
  const message = `the result has ${bytes} bytes, more than the ${limits.maxResultBytes} allowed`;
  return { ok: false, error: failure('OUTPUT_TOO_LARGE', message) };
}

async function runJq(payload: JsonObject, deps: ComputeEngines): Promise<ComputeAnswer> {
  const args = isJsonObject(payload.args) ? payload.args : {};
  const badName = Object.keys(args).find((name) => !isVariableName(name));
  if (badName !== undefined) return refused(`args: "${badName}" cannot be the name of a $variable`);
  const firstOnly = payload.first === true;
  // Presence decides: an input that is null is one.
  const input = Object.hasOwn(payload, 'input') ? (payload.input as Json) : bindingsIn(payload);
  const answer = await deps.jq.run(text(payload.filter), input, {
    args,
    nowMs: nowOf(payload),
    firstOnly,
    maxOutputBytes: deps.limits.maxResultBytes,
    maxOutputs: deps.limits.maxJqOutputs,
  });
  if (!answer.ok) return jqFailure(answer, text(payload.shown));
  return { ok: true, value: firstOnly ? (answer.results[0] ?? null) : answer.results };
}

const JQ_CODES = {
  compile: 'VALIDATION_ERROR',
  runtime: 'EXECUTION_ERROR',
  output_too_large: 'OUTPUT_TOO_LARGE',
  limit: 'LIMIT_EXCEEDED',
} as const;

function jqFailure(answer: Extract<JqAnswer, { ok: false }>, shown: string): ComputeAnswer {
  const error = failure(JQ_CODES[answer.kind], `jq "${shown}": ${answer.message}`);
  // What the filter says of its data it says again of the same data.
  const isOwn = answer.kind === 'runtime';
  return { ok: false, error: isOwn ? { ...error, details: { reported_by: 'jq' } } : error };
}
