/**
 * `expr.eval`, `cel.eval` and `jq` as steps of their own.
 */
// zone: the same in every time zone of the machine
import { describe, expect, test } from 'bun:test';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { createComputeEngines, runComputeTask } from '../../src/expr/compute-task.ts';
import { createEngineAction } from '../../src/expr/engine-action.ts';
import { createExpressionEvaluator } from '../../src/expr/evaluator.ts';
import { createJqEngine } from '../../src/expr/jq.ts';
import type { Evaluated } from '../../src/model/expression.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { completed, makeScope, memoOf, NO_ANSWERS } from './support.ts';

const act = createEngineAction(createExpressionCompiler(), createExpressionEvaluator());
const engines = createComputeEngines(createJqEngine());

/** Runs an action; `data`, `args` and `input` are names of the scope, as the engine gives them. */
async function run(action: string, params: JsonObject): Promise<Evaluated> {
  const { expression: _e, filter: _f, raw: _r, ...names } = params;
  const scope = makeScope({
    values: { inputs: { n: 5, items: [1, 2] }, context: {}, ...names },
    steps: { 'a-b': completed({ result: 4 }) },
  });
  const first = act(action, params, null, scope, NO_ANSWERS);
  if (first.kind !== 'pending') return first;
  const answer = await runComputeTask(first.request, engines);
  return act(action, params, null, scope, memoOf([[first.request, answer]]));
}

describe('outputs', () => {
  const cases: readonly (readonly [string, JsonObject, Json])[] = [
    ['expr.eval', { expression: '{"msg": "hey"}' }, { result: { msg: 'hey' } }],
    ['expr.eval', { expression: 'data', data: 'explicit' }, { result: 'explicit' }],
    ['expr.eval', { expression: 'steps.a-b.result + 1' }, { result: 5 }],
    ['expr.eval', { expression: 'args.x + inputs.n', args: { x: 1 } }, { result: 6 }],
    ['cel.eval', { expression: 'data.x > inputs.n', data: { x: 9 } }, { result: true }],
    ['cel.eval', { expression: 'steps.a-b.output.result' }, { result: 4 }],
    ['jq', { filter: '.a.b', input: { a: { b: 3 } } }, { result: 3, results: [3] }],
    ['jq', { filter: '.[]', input: [1, null] }, { result: 1, results: [1, null] }],
    ['jq', { filter: 'empty', input: 1 }, { result: null, results: [] }],
    ['jq', { filter: '.inputs.items | length' }, { result: 2, results: [2] }],
    ['jq', { filter: '.steps.a-b.result' }, { result: 4, results: [4] }],
    ['jq', { filter: '.x + $y', input: { x: 1 }, args: { y: 2 } }, { result: 3, results: [3] }],
    [
      'jq',
      { filter: '.[]', input: ['a', { b: 1 }], raw: true },
      { result: 'a', results: ['a', '{"b":1}'] },
    ],
    ['jq', { filter: '.inputs', input: { a: 1 } }, { result: null, results: [null] }],
    ['jq', { filter: '[., length]', input: null }, { result: [null, 0], results: [[null, 0]] }],
    ['jq', { filter: '.', data: null }, { result: null, results: [null] }],
    ['jq', { filter: '.', input: null, data: 3 }, { result: null, results: [null] }],
    ['jq', { filter: '[$ENV, env]', args: { ENV: 5 } }, { result: [5, {}], results: [[5, {}]] }],
    ['jq', { filter: '$a', args: { a: '\ud83d' } }, { result: '\ufffd', results: ['\ufffd'] }],
  ];
  for (const [action, params, value] of cases) {
    test(`${action} ${JSON.stringify(params)}`, async () => {
      expect(await run(action, params)).toEqual({ kind: 'value', value });
    });
  }
});

describe('failures', () => {
  const cases: readonly (readonly [string, JsonObject, string])[] = [
    ['expr.eval', { expression: '1 +' }, 'VALIDATION_ERROR'],
    ['expr.eval', { expression: 'nowhere.x' }, 'VALIDATION_ERROR'],
    ['expr.eval', { expression: 'inputs.n / 0' }, 'INTERPOLATION_ERROR'],
    ['cel.eval', { expression: 'inputs.zz' }, 'INTERPOLATION_ERROR'],
    ['cel.eval', { expression: 'secrets.A' }, 'VALIDATION_ERROR'],
    ['jq', { filter: '.[bad', input: 1 }, 'VALIDATION_ERROR'],
    ['jq', { filter: '.a | nosuch', input: {} }, 'VALIDATION_ERROR'],
    ['jq', { filter: '.a', input: 1 }, 'EXECUTION_ERROR'],
    ['jq', { filter: '', input: 1 }, 'VALIDATION_ERROR'],
    ['jq', { filter: '.', input: 1, args: [] }, 'VALIDATION_ERROR'],
    ['jq', { filter: '.', input: 1, args: { 'a b': 1 } }, 'VALIDATION_ERROR'],
    ['jq', { filter: `.${' '.repeat(20_000)}`, input: 1 }, 'VALIDATION_ERROR'],
  ];
  for (const [action, params, code] of cases) {
    test(`${action} ${JSON.stringify(params).slice(0, 60)}`, async () => {
      expect(await run(action, params)).toMatchObject({ kind: 'failure', error: { code } });
    });
  }
});
