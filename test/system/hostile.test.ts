/** Hostile expressions, patterns and data end their own step, clearly, and nothing else. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { Json } from '../../src/model/json.ts';
import { TEST_MS } from '../support/patience.ts';
import { HOSTILE_STEPS } from './hostile-steps.ts';
import { childMemoryPeak } from './memory-watch.ts';
import { measureLatency } from './step-latency.ts';
import { newHome, openSystem, refusal, removeHome, type System } from './support.ts';

setDefaultTimeout(TEST_MS);

const MOST_BYTES = 512 * 1024 * 1024;
/** Between two looks at its memory a process may go on growing. */
const MEMORY_SLACK = 1.25;
/** Small steps that another run finishes meanwhile; `scripts/latency.ts` prints how fast. */
const LEAST_STEPS = 5;

const home = newHome();
let system: System;
beforeAll(async () => {
  system = await openSystem(home);
});
afterAll(async () => {
  await system.close();
  removeHome(home);
});

describe('a hostile step ends', () => {
  test.each(HOSTILE_STEPS.map((hostile) => [hostile.name, hostile] as const))(
    '%s',
    async (_name, { step, params, code, says, orLimit }) => {
      const memory = childMemoryPeak();
      const run = await system.run(
        { steps: [{ id: 'evil', ...step }] },
        params === undefined ? {} : { params },
      );
      const wasSlow = orLimit === true && run.error?.code === 'LIMIT_EXCEEDED';
      expect(run.error?.code ?? null).toBe(wasSlow ? 'LIMIT_EXCEEDED' : code);
      expect(run.status).toBe(code === null ? 'completed' : 'failed');
      if (!wasSlow) expect(JSON.stringify(run.error ?? run.output)).toContain(says);
      if (code !== null) expect(run.error?.step_id).toBe('evil');
      expect(memory.stop()).toBeLessThan(MOST_BYTES * MEMORY_SLACK);
    },
  );
});

describe('other runs go on', () => {
  const goOnWhile = async (meanwhile: () => Promise<unknown>): Promise<void> => {
    const { meanwhileSteps } = await measureLatency(system, meanwhile);
    expect(meanwhileSteps).toBeGreaterThan(LEAST_STEPS);
  };

  test('while hostile steps are evaluated', () =>
    goOnWhile(async () => {
      const small = HOSTILE_STEPS.filter((hostile) => hostile.params === undefined);
      await Promise.all(
        small.map((hostile) => system.run({ steps: [{ id: 'evil', ...hostile.step }] })),
      );
    }));

  test('while one run has many steps of a few milliseconds each', () =>
    goOnWhile(() => {
      const body = [{ id: 'sum', action: 'expr.eval', params: { expression: DEAR_EXPR } }];
      const config = { over: 'expr: 1..10000', body };
      return system.run({ steps: [{ id: 'all', type: 'loop', config }] });
    }));

  test('for a JSON Schema that asks for exponential work is ended', async () => {
    const step = assertSchema({ $defs: doubling(19), $ref: '#/$defs/d19' }, {});
    const { error } = await system.run({ steps: [step] });
    expect(error?.code).toBe('LIMIT_EXCEEDED');
  });

  test('for a JSON Schema that asks for quadratic work is done another way', async () => {
    const items = Array.from({ length: 6000 }, (_, n) => ({ n, more: { of: 'the same' } }));
    const step = assertSchema({ uniqueItems: true }, '${{inputs.items}}');
    const { status } = await system.run({ steps: [step] }, { params: { items } });
    expect(status).toBe('completed');
  });

  test('while another run has more endless evaluations than there are processes', async () => {
    const evil = Array.from({ length: 6 }, (_, i) => ({
      id: `evil${i}`,
      action: 'jq',
      params: { filter: 'def f: f; f', input: i },
    }));
    const run = await system.run({ steps: evil }, { wait: 0 });
    await system.run({ steps: [{ id: 'good', action: 'jq', params: { filter: '.', input: 1 } }] });
    const options = { workflow_id: run.workflow_id, include: ['steps' as const] };
    const { steps } = await system.ops.status(system.me, options);
    const failed = Object.values(steps).filter((step) => step.status === 'failed');
    await system.ops.status(system.me, { ...options, wait: '2m', until: 'ended' });
    expect(failed.length).toBeLessThan(4);
  });
});

describe('much, but harmless', () => {
  test('1,500 jq steps side by side all get their turn', async () => {
    const steps = Array.from({ length: 1500 }, (_, i) => ({
      id: `s${i}`,
      action: 'jq',
      params: { filter: '. + 1', input: i },
    }));
    const run = await system.run({ steps });
    expect(run.status).toBe('completed');
  });

  test('params 100,000 levels deep are refused as such', async () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as Json;
    const step = { id: 'a', action: 'workflow.log', params: { message: 'x' } };
    const refused = await refusal(
      system.run({ steps: [step] }, { params: { deep } }),
      'VALIDATION_ERROR',
    );
    expect(refused.message).toContain('deep');
  });
});

/** About four milliseconds of evaluation, just cheap enough to be done at once. */
const DEAR_EXPR = 'sum(map(1..9000, # * 2))';

const assertSchema = (schema: object, data: Json): object => ({
  id: 'check',
  action: 'assert.schema',
  params: { schema, data },
});

/** Definitions of which each asks the one before it twice. */
function doubling(depth: number): Record<string, object> {
  const definitions: Record<string, object> = { d0: { type: 'object' } };
  for (let i = 1; i <= depth; i++) {
    const before = { $ref: `#/$defs/d${i - 1}` };
    definitions[`d${i}`] = { allOf: [before, before] };
  }
  return definitions;
}
