/** Rerun: the same inputs, overridable; the same definition unless another is asked for. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { errorOf, type Harness, noop, openHarness, person, runOf, steps } from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = openHarness();
});
afterEach(() => harness.close());

const rerun = (workflow_id: string, more = {}) =>
  harness.ops.rerun(person, { workflow_id, ...more });

describe('rerun', () => {
  test('starts a new run with the same inputs and context', async () => {
    const definition = { ...steps(noop('a', '${{inputs.x}}/${{context.c}}')), context: { c: 1 } };
    const first = await runOf(harness.ops, definition, { params: { x: 5 }, context: { c: 2 } });
    const again = await rerun(first.workflow_id);
    expect(again).toMatchObject({
      rerun_of: first.workflow_id,
      status: 'completed',
      output: { a: { value: '5/2' } },
      kept: [],
      again: ['a'],
      changed_definition: false,
    });
    expect(again.workflow_id).not.toBe(first.workflow_id);
  });

  test('does not say that the losers of a kept race run again, nor runs them', async () => {
    const race = {
      id: 'r',
      type: 'parallel',
      config: {
        mode: 'race',
        branches: [
          [noop('won', 1)],
          [{ id: 'late', type: 'wait', config: { duration: '1h' } }, noop('never', 2)],
        ],
      },
    };
    const definition = steps(noop('a', 1), race, { ...noop('b', 2), depends_on: ['a'] });
    const first = await runOf(harness.ops, definition);
    const again = await rerun(first.workflow_id, { from_step: 'b' });
    expect(again).toMatchObject({ status: 'completed', again: ['b'] });
    expect(again.kept).toEqual(expect.arrayContaining(['a', 'r', 'r.branch_0.won']));
  });

  test('takes other params and context', async () => {
    const definition = steps(noop('a', '${{inputs}} ${{context}}'));
    const first = await runOf(harness.ops, definition, { params: { x: 5, y: 1 } });
    const again = await rerun(first.workflow_id, {
      params: { x: 6 },
      param_texts: ['z=1'],
      context: { k: 1 },
    });
    expect(again.output).toEqual({ a: { value: '{"x":6,"y":1,"z":"1"} {"k":1}' } });
  });

  test('keeps the version that ran, or takes another', async () => {
    const define = (value: number) =>
      harness.ops.define(person, { name: 't', definition: steps(noop('a', value)) });
    await define(1);
    const ran = await harness.ops.run(person, { template_name: 't' });
    await define(2);
    const id = 'workflow_id' in ran ? ran.workflow_id : '';
    expect(await rerun(id)).toMatchObject({
      output: { a: { value: 1 } },
      changed_definition: false,
    });
    expect(await rerun(id, { version: 2 })).toMatchObject({
      output: { a: { value: 2 } },
      changed_definition: true,
    });
    const { workflows } = await harness.ops.query(person, {
      resource: 'workflows',
      filter: { template_name: 't' },
    });
    expect(workflows?.map((run) => run.version)).toEqual([2, 1, 1]);
  });

  test('checks overrides against the input schema of the template', async () => {
    const input_schema = { type: 'object', properties: { n: { type: 'integer' } } };
    await harness.ops.define(person, { name: 't', definition: steps(noop('a')), input_schema });
    const ran = await harness.ops.run(person, { template_name: 't', params: { n: 1 } });
    const id = 'workflow_id' in ran ? ran.workflow_id : '';
    await errorOf(rerun(id, { params: { n: 'x' } }), 'VALIDATION_ERROR');
    expect(await rerun(id, { param_texts: ['n=2'] })).toMatchObject({ status: 'completed' });
  });

  test('of a file takes its present text', async () => {
    const source = (value: number) => ({
      text: JSON.stringify(steps(noop('a', value))),
      file: '/f/x.json',
    });
    const first = await harness.ops.run(person, { source: source(1) });
    const id = 'workflow_id' in first ? first.workflow_id : '';
    expect(await rerun(id, { source: source(2) })).toMatchObject({
      output: { a: { value: 2 } },
      changed_definition: true,
    });
    await errorOf(rerun(id, { version: 1 }), 'VALIDATION_ERROR');
  });

  test('keeps the secrets of inputs beside the data', async () => {
    const definition = { ...steps(noop('a')), inputs: { token: '${{secrets.TOKEN}}' } };
    const first = await runOf(harness.ops, definition);
    const again = await rerun(first.workflow_id);
    const status = await harness.ops.status(person, { workflow_id: again.workflow_id });
    expect(status.input).toEqual({ token: '${{secrets.TOKEN}}' });
  });

  test('is also `run` with rerun_of', async () => {
    const first = await runOf(harness.ops, steps(noop('a')), { params: { x: 5 } });
    const again = await harness.ops.run(person, { rerun_of: first.workflow_id });
    expect(again).toMatchObject({ rerun_of: first.workflow_id, again: ['a'] });
    await errorOf(
      harness.ops.run(person, { rerun_of: first.workflow_id, template_name: 'b' }),
      'VALIDATION_ERROR',
    );
  });

  test('takes a corrected definition in place of the one that ran', async () => {
    const first = await runOf(harness.ops, steps(noop('a')), { params: { x: 5 } });
    const definition = steps(noop('a'), noop('b'));
    const again = await harness.ops.run(person, { rerun_of: first.workflow_id, definition });
    expect(again).toMatchObject({ again: ['a', 'b'], changed_definition: true });
    const both = { rerun_of: first.workflow_id, definition, version: 1 };
    await errorOf(harness.ops.run(person, both), 'VALIDATION_ERROR');
  });

  test('of an unknown run is NOT_FOUND', async () => {
    await errorOf(rerun('nope'), 'NOT_FOUND');
  });
});
