/** Runs as large as the limits allow, and one step larger. Work is compared by events, not by time. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { isJsonArray, isJsonObject, type Json } from '../../src/model/json.ts';
import { TEST_MS } from '../support/patience.ts';
import { newHome, openSystem, refusal, removeHome, type System } from './support.ts';

const MOST_STEPS = 10_000;
const MOST_NESTING = 32;

const home = newHome();
let system: System;
beforeAll(async () => {
  system = await openSystem(home, { synchronous: 'normal' });
});
afterAll(async () => {
  await system.close();
  removeHome(home);
});

const add = (id: string, expression: string, more: object = {}): object => ({
  id,
  action: 'expr.eval',
  params: { expression },
  ...more,
});

/** Each step reads the one before it. */
const chain = (length: number): object => ({
  steps: Array.from({ length }, (_, i) =>
    i === 0 ? add('s0', '1') : add(`s${i}`, `steps.s${i - 1}.result + 1`),
  ),
});

/** One step, `width` that read it, one that joins them all. */
const fan = (width: number): object => ({
  steps: [
    add('first', '1'),
    ...Array.from({ length: width }, (_, i) => add(`s${i}`, `steps.first.result + ${i}`)),
    add('last', `steps.s${width - 1}.result`, {
      depends_on: Array.from({ length: width }, (_, i) => `s${i}`),
    }),
  ],
});

const forEach = (items: number, more: object = {}): object => ({
  steps: [
    {
      id: 'all',
      type: 'loop',
      config: { over: `expr: 1..${items}`, body: [add('double', 'iter.item * 2')], ...more },
    },
  ],
});

/** A step inside `depth` loops of one item each. */
const nested = (depth: number): object => {
  let steps: object[] = [add('core', '42')];
  for (let level = depth; level >= 1; level--) {
    steps = [{ id: `level${level}`, type: 'loop', config: { over: [1], body: steps } }];
  }
  return { steps };
};

/** The innermost value of nested `{results: [..]}`. */
function innermost(output: Json): Json {
  let value = output;
  while (isJsonObject(value) && isJsonArray(value.results)) value = value.results[0] ?? null;
  return value;
}

async function finished(definition: object): Promise<{ output: Json; events: number }> {
  const result = await system.run(definition, { wait: '110s' });
  expect(result.error).toBeUndefined();
  expect(result.status).toBe('completed');
  const { last_sequence: events } = await system.ops.status(system.me, {
    workflow_id: result.workflow_id,
    include: ['output'],
  });
  return { output: result.output ?? null, events };
}

describe('long and wide', () => {
  test(
    'a chain of 10,000 steps takes two events a step, as a chain of 10 does',
    async () => {
      const small = await finished(chain(10));
      const large = await finished(chain(MOST_STEPS));
      expect(small.output).toEqual({ s9: { result: 10 } });
      expect(large.output).toEqual({ s9999: { result: MOST_STEPS } });
      expect(large.events - 2 * MOST_STEPS).toBe(small.events - 2 * 10);
    },
    TEST_MS,
  );

  test(
    '9,998 steps side by side are joined by one',
    async () => {
      const width = MOST_STEPS - 2;
      const small = await finished(fan(10));
      const large = await finished(fan(width));
      expect(large.output).toEqual({ last: { result: width } });
      expect(large.events - 2 * width).toBe(small.events - 2 * 10);
    },
    TEST_MS,
  );

  test.each([
    ['one by one', {}],
    ['64 at once', { max_concurrency: 64 }],
  ])(
    'for_each goes over 10,000 items, %s, and keeps their order',
    async (_name, more) => {
      const small = await finished(forEach(10, more));
      const large = await finished(forEach(MOST_STEPS, more));
      const loop = isJsonObject(large.output) ? large.output.all : null;
      const results = isJsonObject(loop ?? null) ? (loop as { results: Json[] }).results : [];
      expect(results).toHaveLength(MOST_STEPS);
      expect(results[0]).toEqual({ result: 2 });
      expect(results[MOST_STEPS - 1]).toEqual({ result: 2 * MOST_STEPS });
      const perItem = (small.events - 6) / 10;
      expect(large.events).toBeLessThanOrEqual(Math.ceil(perItem * MOST_STEPS) + 10);
    },
    TEST_MS,
  );
});

describe('deep', () => {
  test('a step inside 32 loops is found by its path', async () => {
    const depth = MOST_NESTING;
    const result = await system.run(nested(depth));
    expect(result.status).toBe('completed');
    const output = isJsonObject(result.output ?? null) ? result.output : {};
    expect(innermost((output as { level1: Json }).level1)).toEqual({ result: 42 });
    const path = Array.from({ length: depth }, (_, i) => `level${i + 1}.iter_0`).join('.');
    expect(Object.keys(result.steps)).toContain(`${path}.core`);
  });
});

describe('beyond the limits', () => {
  test('10,001 steps are refused before a run exists', async () => {
    const refused = await refusal(system.run(chain(MOST_STEPS + 1)), 'VALIDATION_ERROR');
    expect(refused.message).toContain('more than 10000 steps');
  });

  test('10,001 items stop the loop with a clear error', async () => {
    const result = await system.run(forEach(MOST_STEPS + 1));
    expect(result).toMatchObject({ status: 'failed', error: { code: 'LIMIT_EXCEEDED' } });
    expect(result.error?.message).toContain('10000');
  });

  test('33 levels are refused, naming the limit', async () => {
    const refused = await refusal(system.run(nested(MOST_NESTING + 1)), 'VALIDATION_ERROR');
    expect(refused.message).toContain(String(MOST_NESTING));
  });

  test('nothing was started by what was refused', async () => {
    const { workflows } = await system.ops.query(system.me, {
      resource: 'workflows',
      filter: { limit: 100 },
    });
    const statuses = new Set(workflows?.map((run) => run.status));
    expect([...statuses].sort()).toEqual(['completed', 'failed']);
  });
});
