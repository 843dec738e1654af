/**
 * The way through a compute process: a request, its answer, the value; and the jq engine itself.
 */
// zone: the same in every time zone of the machine
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createComputeEngines, runComputeTask } from '../../src/expr/compute-task.ts';
import { createJqEngine } from '../../src/expr/jq.ts';
import type { Evaluated } from '../../src/model/expression.ts';
import type { Json } from '../../src/model/json.ts';
import { completed, evaluate, fill, memoOf, type ScopeData } from './support.ts';

// Compute processes are started in UTC: jq's C library would see the machine's zone.
const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = 'UTC';
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const engines = createComputeEngines(createJqEngine());

/** Evaluates, does what is asked of a compute process as JSON, evaluates again. */
async function through(source: string, data: ScopeData): Promise<Evaluated> {
  const first = evaluate(source, data);
  if (first.kind !== 'pending') return first;
  const sent = JSON.parse(JSON.stringify(first.request)) as typeof first.request;
  const answer = await runComputeTask(sent, engines);
  return evaluate(source, data, memoOf([[first.request, answer]]));
}

const data: ScopeData = {
  values: {
    inputs: {
      items: [{ id: 1 }, { id: 2 }],
      n: 5,
      half: 'ab\ud83d',
      escaped: '\\ud83d',
      numbers: Array.from({ length: 20_000 }, (_, i) => i),
    },
    workflow: { run_id: 'r1', now: '2026-03-01T00:00:00.000Z' },
    loop: { index: 3, item: null, previous: null },
  },
  steps: { 'fetch-data': completed({ rows: [1, 2], code: 200 }), a: completed('x') },
  nowMs: Date.parse('2026-03-01T00:00:00Z'),
};

describe('values', () => {
  const cases: readonly (readonly [string, Json])[] = [
    ['jq: .inputs.items | map(.id)', [1, 2]],
    ['jq: .inputs.items[].id', 1],
    ['jq: empty', null],
    ['jq: .steps.fetch-data.code + .iter.index', 203],
    ['jq: .steps["fetch-data"].output.rows', [1, 2]],
    ['jq: .steps | keys', ['a', 'fetch-data']],
    ['jq: [.steps[].status] | unique', ['completed']],
    ['jq: keys', ['inputs', 'iter', 'loop', 'steps', 'workflow']],
    ['jq: [env, $ENV]', [{}, {}]],
    ['jq: now | todate', '2026-03-01T00:00:00Z'],
    ['jq: .workflow.now', '2026-03-01T00:00:00.000Z'],
    ['jq: .inputs.nope', null],
    ['jq: def f(x): x * 2; f(.inputs.n) # twice', 10],
    ['jq: .inputs.n, error("never reached")', 5],
    ['jq: 1234567890123456789', '1234567890123456789'],
    ['jq: [pow(2; 53), 1e20, -0]', ['9007199254740992', 1e20, 0]],
    ['jq: 0 | [strftime("%Z %%Z %%%Z"), strflocaltime("%H %Z")]', ['UTC %Z %UTC', '00 UTC']],
    ['jq: 5 | gamma | floor', 3],
    ['jq: $__loc__.line', 1],
    ['jq: try ("bye" | halt_error(0)) catch .', 'bye'],
    [
      'jq: "2024-03-31T02:30:00Z" | fromdate | [todate, (localtime | mktime)]',
      ['2024-03-31T02:30:00Z', 1_711_852_200],
    ],
    ['jq: .inputs.half', 'ab\ufffd'],
    ['jq: .inputs.escaped', '\\ud83d'],
    ['inputs.numbers.map(x, x + inputs.n).filter(x, x > 20003)', [20_004]],
    ['inputs.numbers.exists(x, x == steps.fetch-data.code)', true],
    ['inputs.numbers.all(x, x >= 0) && timestamp(workflow.now) > timestamp(0)', true],
    ['inputs.numbers.all(x, x < loop.index)', false],
    ['expr: sum(inputs.numbers)', 199_990_000],
    ['expr: count(inputs.numbers, # == steps.fetch-data.code)', 1],
    ['expr: all(inputs.numbers, # >= 0) ? now().Unix() : 0', 1_772_323_200],
  ];
  for (const [source, value] of cases) {
    test(source, async () => {
      expect(await through(source, data)).toEqual({ kind: 'value', value });
    });
  }
});

describe('failures', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['jq: .inputs.n | foo', 'VALIDATION_ERROR', 'foo/0 is not defined at line 1, column 13'],
    ['jq: .inputs.n |', 'VALIDATION_ERROR', 'syntax error'],
    ['jq: 1e1000', 'EXECUTION_ERROR', 'the number 1E+1000 is larger than any number can be'],
    [
      'jq: 1, ("bye" | halt_error(0)) | tojson | fromjson | .x',
      'EXECUTION_ERROR',
      'Cannot index number',
    ],
    ['jq: "bye" | halt_error(0)', 'EXECUTION_ERROR', ': bye'],
    ['jq: .inputs.n\n| foo', 'VALIDATION_ERROR', 'foo/0 is not defined at line 2, column 3'],
    ['jq: .inputs.n | .x', 'EXECUTION_ERROR', 'Cannot index number'],
    ['jq: error("own words")', 'EXECUTION_ERROR', 'own words'],
    ['inputs.numbers.all(x, x.y == 1)', 'INTERPOLATION_ERROR', 'no "y"'],
    [
      'inputs.numbers.all(x, x >= 0) && inputs.zz == 1',
      'INTERPOLATION_ERROR',
      'inputs has no "zz"',
    ],
    ['expr: map(inputs.numbers, #.x.y)', 'INTERPOLATION_ERROR', ''],
    ['expr: len(1..100000000)', 'LIMIT_EXCEEDED', ''],
  ];
  for (const [source, code, message] of cases) {
    test(source, async () => {
      const result = await through(source, data);
      if (result.kind !== 'failure') throw new Error(JSON.stringify(result).slice(0, 200));
      expect(result.error.code).toBe(code as typeof result.error.code);
      expect(result.error.message).toContain(message);
    });
  }
});

describe('requests', () => {
  test('hold only what is read', () => {
    const result = evaluate('jq: .inputs.n + .steps.fetch-data.code', data);
    if (result.kind !== 'pending') throw new Error('not pending');
    expect(result.request.payload).toMatchObject({
      bindings: { inputs: { n: 5 }, steps: { 'fetch-data': { code: 200 } } },
    });
  });

  test('are the same from batch to batch, also when they read now', () => {
    const source = 'jq: now + (.workflow.now | length)';
    const first = evaluate(source, data);
    const later = evaluate(source, {
      ...data,
      values: { ...data.values, workflow: { run_id: 'r1', now: '2026-03-01T00:00:02.000Z' } },
      nowMs: (data.nowMs ?? 0) + 2_000,
    });
    expect(later).toEqual(first);
    const muchLater = evaluate(source, { ...data, nowMs: (data.nowMs ?? 0) + 60_000 });
    expect(muchLater).not.toEqual(first);
  });

  test('a template asks for one after the other', async () => {
    const template = { a: 'jq: .inputs.n', b: ['jq: .inputs.items | length'], c: '${{inputs.n}}' };
    const first = fill(template, data, { prefixes: true });
    if (first.kind !== 'pending') throw new Error('not pending');
    const one = [first.request, await runComputeTask(first.request, engines)] as const;
    const second = fill(template, data, { prefixes: true }, memoOf([one]));
    if (second.kind !== 'pending') throw new Error('not pending');
    const two = [second.request, await runComputeTask(second.request, engines)] as const;
    expect(fill(template, data, { prefixes: true }, memoOf([one, two]))).toEqual({
      kind: 'value',
      value: { a: 5, b: [2], c: 5 },
    });
  });

  test('a result over its size is refused in every engine', async () => {
    const small = createComputeEngines(createJqEngine(), { maxResultBytes: 50 });
    const payloads = {
      jq: { filter: '[range(100)]', shown: '', bindings: {}, first: true },
      cel: {
        source: 'inputs.l.map(x, x)',
        step_ids: [],
        bindings: { inputs: { l: Array(99).fill(7) } },
      },
      expr: { source: '1..99', step_ids: [], bindings: {} },
    };
    for (const [task, payload] of Object.entries(payloads)) {
      const answer = await runComputeTask({ task: task as 'jq', payload }, small);
      expect(answer).toMatchObject({ ok: false, error: { code: 'OUTPUT_TOO_LARGE' } });
    }
  });

  test('an unknown task and a bad payload are refused', async () => {
    expect(await runComputeTask({ task: 'png', payload: {} }, engines)).toMatchObject({
      ok: false,
    });
    expect(await runComputeTask({ task: 'cel', payload: [] }, engines)).toMatchObject({
      ok: false,
    });
  });
});

describe('the jq engine', () => {
  const jq = createJqEngine();
  const options = {
    args: {},
    nowMs: 0,
    firstOnly: false,
    maxOutputBytes: 1_000,
    maxOutputs: 10,
  };

  test('gives every output, and variables', async () => {
    expect(await jq.run('.a[], $x', { a: [1, 2] }, { ...options, args: { x: { y: 1 } } })).toEqual({
      ok: true,
      results: [1, 2, { y: 1 }],
    });
  });

  test('an output over its size, and endless outputs, are refused', async () => {
    expect(await jq.run('[range(1000)]', null, options)).toMatchObject({
      kind: 'output_too_large',
    });
    expect(await jq.run('repeat(1)', null, options)).toMatchObject({ ok: false, kind: 'limit' });
  });

  test('goes on after a crash inside jq', async () => {
    const deep = await jq.run('reduce range(20000) as $i (0; [.])', null, options);
    expect(deep.ok).toBe(false);
    expect(await jq.run('1 + 1', null, options)).toEqual({ ok: true, results: [2] });
  });

  test('what reaches outside is closed even for a filter nobody checked', async () => {
    for (const name of ['input', 'inputs', 'debug', 'stderr', 'input_filename', 'halt']) {
      expect(await jq.run(name, null, options)).toMatchObject({ ok: false, kind: 'runtime' });
    }
    expect(await jq.run('import "x" as x; .', null, options)).toMatchObject({ kind: 'compile' });
  });
});
