import { describe, expect, test } from 'bun:test';
import { check, errorsOf } from './support.ts';

const inputs = { token: '${{secrets.TOKEN}}', plain: 'x' };
const pathsOf = (steps: readonly object[]): string[] =>
  errorsOf(check({ inputs, steps })).map((issue) => issue.path);

describe('an input whose default is a secret', () => {
  test('may stand where a secret may', () => {
    const params = { url: 'http://x/', headers: { authorization: 'Bearer ${{inputs.token}}' } };
    expect(pathsOf([{ id: 'a', action: 'http.get', params }])).toEqual([]);
  });

  test('is refused elsewhere, at its place', () => {
    const params = { url: 'http://x/' };
    expect(
      pathsOf([
        { id: 'a', action: 'http.get', params, condition: "inputs.token == 'x'" },
        { id: 'b', type: 'wait', config: { signal: 'for ${{inputs.token}}' } },
        { id: 'c', action: 'http.get', params, condition: "inputs.plain == 'x'" },
      ]),
    ).toEqual(['steps[0].condition', 'steps[1].config.signal']);
  });
});
