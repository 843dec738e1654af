/** Whatever JSON is given, an operation works or refuses it with a code; it never breaks or hangs. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { AppError } from '../../src/model/error.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import { agent, ask, type Harness, noop, openHarness, runOf, steps } from './harness.ts';

let harness: Harness;
let runId = '';
beforeAll(async () => {
  harness = openHarness();
  const { workflow_id } = await runOf(harness.ops, steps(ask('q'), noop('z')));
  runId = workflow_id;
  await harness.ops.define(agent('bot'), { name: 't', definition: steps(noop('a')) });
});
afterAll(() => harness.close());

const REFUSALS = new Set([
  'VALIDATION_ERROR',
  'CYCLE_DETECTED',
  'NOT_FOUND',
  'CONFLICT',
  'PERMISSION_DENIED',
  'LIMIT_EXCEEDED',
  'INTERPOLATION_ERROR',
]);

type AnyCall = (ctx: CallContext, input: never) => Promise<unknown>;

/** True when the call answered or refused properly; anything else is thrown on. */
async function holds(call: AnyCall, input: unknown): Promise<void> {
  try {
    await call(agent('bot'), input as never);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    expect(REFUSALS.has(thrown.code), `${thrown.code}: ${thrown.message}`).toBe(true);
    expect(thrown.message).not.toBe('');
  }
}

const key = fc.constantFrom(
  'id',
  'type',
  'action',
  'params',
  'config',
  'depends_on',
  'condition',
  'branches',
  'body',
  'over',
  'mode',
  'retry',
  'on_error',
  'timeout',
  'steps',
  'definition',
  '__proto__',
  'constructor',
  'toString',
);
const word = fc.constantFrom(
  'a',
  'b',
  'action',
  'loop',
  'condition',
  'parallel',
  'wait',
  'reasoning',
  'test.noop',
  '${{steps.a.output}}',
  '${{',
  '${{inputs.x}}',
  'jq: .',
  '30s',
  '30',
  'a.b[',
  '',
);
/** JSON that looks like parts of a workflow. */
const likely = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    word,
    fc.integer({ min: -2, max: 5 }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
})).value;
const step = fc.record(
  {
    id: fc.oneof(fc.constantFrom('a', 'b', 'c'), likely),
    type: fc.oneof(
      fc.constantFrom('action', 'loop', 'condition', 'parallel', 'wait', 'reasoning'),
      likely,
    ),
    action: fc.oneof(fc.constant('test.noop'), likely),
    params: likely,
    config: fc.oneof(fc.record({ body: fc.array(likely), over: likely, mode: word }), likely),
    depends_on: fc.oneof(fc.array(fc.constantFrom('a', 'b', 'c')), likely),
    condition: likely,
    retry: likely,
    on_error: likely,
  },
  { requiredKeys: ['id'] },
);
const definition = fc.oneof(
  fc.record({ steps: fc.array(step, { maxLength: 4 }) }),
  fc.record({
    steps: fc.array(step, { maxLength: 3 }),
    inputs: likely,
    output: likely,
    timeout: likely,
  }),
  likely,
);

const check = async (arbitrary: fc.Arbitrary<unknown>, call: AnyCall, numRuns = 60) => {
  await fc.assert(
    fc.asyncProperty(arbitrary, (input) => holds(call, input)),
    { numRuns },
  );
};

describe('any JSON', () => {
  test('as the whole input of any operation', async () => {
    const {
      operations,
      streams: _streams,
      followEvents: _events,
      followLogs: _logs,
      ...calls
    } = harness.ops;
    expect(Object.keys(calls)).toEqual(Object.keys(operations));
    for (const call of Object.values(calls)) await check(fc.jsonValue(), call as AnyCall, 12);
  });

  test('as a definition to validate, define, run, draw', async () => {
    const { ops } = harness;
    await check(definition, ((ctx, input) => ops.validate(ctx, { definition: input })) as AnyCall);
    await check(definition, ((ctx, input) =>
      ops.define(ctx, { name: 'x', definition: input })) as AnyCall);
    await check(definition, ((ctx, input) =>
      ops.run(ctx, { definition: input, wait: 0 })) as AnyCall);
    await check(definition, ((ctx, input) =>
      ops.diagram(ctx, { definition: input, format: 'ascii' })) as AnyCall);
  });

  test('as text of a file in any format', async () => {
    const { ops } = harness;
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      definition.map((value) => JSON.stringify(value)),
      definition.map((value) => JSON.stringify(value).slice(0, -1)),
    );
    for (const format of ['json', 'jsonc', 'yaml'] as const) {
      await check(
        text,
        ((ctx, input) => ops.validate(ctx, { source: { text: input, format } })) as AnyCall,
        40,
      );
    }
  });

  test('as edits, params, payloads and filters', async () => {
    const { ops } = harness;
    const path = fc.string({ unit: fc.constantFrom('a', '.', '[', ']', '0', '"', '-', 's') });
    await check(fc.array(fc.record({ path, value: likely }), { maxLength: 3 }), ((ctx, edits) =>
      ops.define(ctx, { name: 't', edits, validate_only: true })) as AnyCall);
    await check(fc.jsonValue(), ((ctx, params) =>
      ops.run(ctx, { template_name: 't', params, wait: 0 })) as AnyCall);
    await check(fc.array(fc.string({ maxLength: 12 }), { maxLength: 3 }), ((ctx, param_texts) =>
      ops.run(ctx, { template_name: 't', param_texts, dry_run: true })) as AnyCall);
    await check(
      fc.record({
        signal_type: fc.constantFrom('decision', 'data', 'retry', 'skip'),
        payload: fc.jsonValue(),
        step_id: fc.option(word, { nil: undefined }),
        name: fc.option(word, { nil: undefined }),
      }),
      ((ctx, signal: object) =>
        ops.signal(ctx, { workflow_id: runId, ...signal } as never)) as AnyCall,
    );
    await check(
      fc.record({
        resource: fc.constantFrom('workflows', 'events', 'templates', 'decisions', 'actions'),
        filter: fc.dictionary(
          fc.constantFrom('status', 'since', 'cursor', 'limit', 'name', 'step_id', 'workflow_id'),
          fc.oneof(fc.jsonValue(), fc.constantFrom('failed', '2026-01-01T00:00:00Z', 3)),
          { maxKeys: 2 },
        ),
      }),
      ops.query as AnyCall,
    );
  });
});
