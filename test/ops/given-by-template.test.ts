/** Durations that a template gives: null is none, an empty text is an error, anything else counts. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Definition } from '../../src/model/definition.ts';
import type { RunId } from '../../src/model/ids.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { definitionHashOf } from '../../src/ops/plans.ts';
import { template } from '../contract/store-fixtures.ts';
import { sha256 } from '../support/test-engine.ts';
import { errorOf, type Harness, noop, openHarness, person, runOf } from './harness.ts';

let harness: Harness;
beforeAll(() => {
  harness = openHarness();
});
afterAll(() => harness.close());

const run = (v: Json, definition: JsonObject) =>
  runOf(harness.ops, { inputs: { v }, ...definition });

const limitOf = (workflowId: string): unknown => {
  const [first] = harness.store.events(workflowId as RunId, 0, 1);
  return first?.type === 'workflow_started' ? first.payload.timeout_ms : null;
};

describe('the limit of a run', () => {
  const limited = { timeout: '${{inputs.v}}', steps: [noop('a')] } as unknown as JsonObject;

  test.each([
    ['30s', 30_000],
    [null, undefined],
  ])('of %p', async (v, ms) => {
    const { workflow_id, status } = await run(v, limited);
    expect(status).toBe('completed');
    expect(limitOf(workflow_id)).toBe(ms);
  });

  test.each(['', 'soon', 5])('that %p is refuses the run', async (v) => {
    const { message } = await errorOf(run(v, limited), 'VALIDATION_ERROR');
    expect(message).toStartWith('timeout: ');
  });

  test('is none in a text of the first rules that gives no duration', async () => {
    const definition = { inputs: { v: '' }, ...limited };
    const stored = { definition: definition as unknown as Definition, output_schema: null };
    const hash = definitionHashOf({ random: { uuid: () => '', sha256 } }, stored);
    harness.store.putDefinition(hash, { definition, output_schema: null });
    const pack = { ...template('old').pack, definition: definition as unknown as Definition };
    harness.store.define(template('old', { definitionHash: hash, pack, rules: 1 }));
    expect(await harness.ops.run(person, { template_name: 'old' })).toMatchObject({
      status: 'completed',
    });
  });
});

describe('a duration of a step', () => {
  const limited: JsonObject = {
    id: 'a',
    type: 'parallel',
    config: { branches: [[noop('b')]] as unknown as Json },
    timeout: '${{inputs.v}}',
  };
  const retried = { ...noop('a'), retry: { max: 1, delay: '${{inputs.v}}' } } as JsonObject;

  test.each([
    ['timeout', limited],
    ['delay of retries', retried],
  ])('%s: null is none', async (_name, step) => {
    expect(await run(null, { steps: [step] })).toMatchObject({ status: 'completed' });
  });

  test('an empty text fails', async () => {
    const result = await run('', { steps: [limited] });
    expect(result).toMatchObject({ status: 'failed', error: { code: 'VALIDATION_ERROR' } });
  });

  test('how long to wait must be there', async () => {
    const wait = { id: 'a', type: 'wait', config: { duration: '${{inputs.v}}' } };
    const result = await run(null, { steps: [wait] });
    expect(result.error?.message).toContain('`duration` must give how long to wait');
  });
});
