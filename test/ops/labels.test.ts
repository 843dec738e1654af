/** Labels of workflows: kept with the template and its runs, and found by them. */
import { afterAll, describe, expect, test } from 'bun:test';
import { errorOf, noop, openHarness, person, steps } from './harness.ts';

const harness = openHarness();
const { ops } = harness;
afterAll(() => harness.close());

const names = async (resource: 'workflows' | 'templates', label: string | string[]) => {
  const answer = await ops.query(person, { resource, filter: { label } });
  return (answer[resource] ?? []).map(({ name }) => name).sort();
};

describe('labels', () => {
  test('of a definition, a package, or both are kept with the template and its runs', async () => {
    const definition = { ...steps(noop('a')), labels: { team: 'ops', tier: 1 } };
    await ops.define(person, { name: 'bare', definition });
    await ops.define(person, {
      name: 'packed',
      definition: { labels: { team: 'data', live: true, gone: null }, definition },
    });
    await ops.define(person, { name: 'plain', definition: steps(noop('a')) });
    const run = await ops.run(person, { template_name: 'packed' });
    const { workflow_id } = run as { workflow_id: string };
    const labels = { team: 'data', tier: 1, live: true };
    expect(await ops.status(person, { workflow_id })).toMatchObject({ labels });
    await ops.run(person, { template_name: 'bare' });
    await ops.run(person, { template_name: 'plain' });
    await ops.run(person, { definition: { ...definition, name: 'inline' } });
    const { templates } = await ops.query(person, { resource: 'templates' });
    expect(templates?.find(({ name }) => name === 'packed')).toMatchObject({ labels });
    expect(templates?.find(({ name }) => name === 'plain')).not.toHaveProperty('labels');
  });

  test('find templates and runs', async () => {
    expect(await names('templates', 'team=ops')).toEqual(['bare']);
    expect(await names('templates', 'team')).toEqual(['bare', 'packed']);
    expect(await names('templates', 'tier=1,live=true')).toEqual(['packed']);
    expect(await names('workflows', 'team=ops')).toEqual(['bare', 'inline']);
    expect(await names('workflows', ['team=data', 'live=true'])).toEqual(['packed']);
    expect(await names('workflows', 'team=none')).toEqual([]);
    await errorOf(names('workflows', '=x'), 'VALIDATION_ERROR');
  });

  test('are texts, numbers and booleans', async () => {
    const definition = { ...steps(noop('a')), labels: { a: [1] } };
    const error = await errorOf(ops.define(person, { name: 'x', definition }), 'VALIDATION_ERROR');
    expect(error.message).toContain('labels.a');
  });
});
