/** The environment of a command: defaults, and the step's own over them, by the rules of its time. */
import { describe, expect, test } from 'bun:test';
import { compilePlan } from '../../src/core/graph.ts';
import { asDefinitionHash } from '../../src/model/ids.ts';
import type { Json } from '../../src/model/json.ts';
import { rulesOf } from '../../src/model/rules.ts';
import { validateDeps } from '../validate/support.ts';

function paramsOf(defaults: object, params: object, version = 2): Record<string, Json> {
  const definition = { defaults: { params: defaults }, steps: [{ id: 'a', run: 'true', params }] };
  const { plan } = compilePlan(definition as Parameters<typeof compilePlan>[0], {
    ...validateDeps,
    hash: asDefinitionHash('0'.repeat(64)),
    outputSchema: null,
    rules: rulesOf(version),
  });
  const body = plan?.top.steps[0]?.body;
  if (body?.type !== 'action') throw new Error('no action');
  return body.params.raw as Record<string, Json>;
}
const envOf = (...given: Parameters<typeof paramsOf>): Json | undefined => paramsOf(...given).env;

describe('env of a step', () => {
  const defaults = {
    shell: { env: { A: '1', B: '1' } },
    'shell.exec': { env: { B: '2', C: '2' } },
  };

  test('is merged by name over that of the defaults, the most general first', () => {
    expect(envOf(defaults, { env: { C: '3', D: '3' } })).toEqual({
      A: '1',
      B: '2',
      C: '3',
      D: '3',
    });
    expect(envOf(defaults, {})).toEqual({ A: '1', B: '2', C: '2' });
  });

  test('takes names away with null, and all with "*": null', () => {
    expect(envOf(defaults, { env: { A: null } })).toEqual({ A: null, B: '2', C: '2' });
    expect(envOf(defaults, { env: { '*': null, D: '3' } })).toEqual({ '*': null, D: '3' });
  });

  test('replaces it under the first rules', () => {
    expect(envOf(defaults, { env: { D: '3' } }, 1)).toEqual({ D: '3' });
    expect(envOf(defaults, {}, 1)).toEqual({ B: '2', C: '2' });
    expect(paramsOf({}, { env: { '${{inputs.k}}': 'x' } }, 1)).not.toHaveProperty('env_names');
  });

  test('says which names are written, where data gives others', () => {
    expect(paramsOf({}, { env: { A: 'x' } })).not.toHaveProperty('env_names');
    expect(paramsOf({}, { env: { A: 'x', '${{inputs.k}}': 'y' } }).env_names).toEqual(['A']);
    expect(paramsOf({}, { env: '${{inputs.env}}' }).env_names).toEqual([]);
  });
});
