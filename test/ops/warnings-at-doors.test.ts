/** A warning about a definition is told at every door that takes one, in the same words. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type ApiWorld, openApi } from '../http/api-world.ts';

let world: ApiWorld;
beforeAll(() => {
  world = openApi();
});
afterAll(() => world.close());

const noop = (id: string, value: string, more: object = {}): object => ({
  id,
  action: 'test.noop',
  params: { value },
  ...more,
});
const definition = {
  steps: [
    noop('a', '${{inputs.undeclared}}', { retry: { max: 20, delay: '0s' } }),
    noop('b', '{{inputs.undeclared}}'),
  ],
};

test('validate, define and a dry run warn alike, of a value and of a file', async () => {
  const source = { text: JSON.stringify(definition) };
  const codes = async (operation: string, input: object, field: string): Promise<string[]> => {
    const { body } = await world.post(operation, input);
    expect(JSON.stringify(body)).toContain(`"${field}"`);
    const found = body[field] as { path: string; code: string; message: string }[];
    return found.map(({ path, code, message }) => `${path} ${code} ${message}`).sort();
  };
  const expected = await codes('validate', { definition }, 'issues');
  expect(expected.length).toBeGreaterThan(1);
  expect(await codes('validate', { source }, 'issues')).toEqual(expected);
  for (const given of [{ definition }, { source }]) {
    const define = { name: 'x', validate_only: true, ...given };
    expect(await codes('define', define, 'warnings')).toEqual(expected);
    expect(
      await codes('run', { dry_run: true, params: { undeclared: 'x' }, ...given }, 'warnings'),
    ).toEqual(expected);
  }
});
