/**
 * Secrets travel beside the data, reach only places that take them, and never enter an engine.
 */
import { describe, expect, test } from 'bun:test';
import type { SecretRef } from '../../src/model/expression.ts';
import type { Json } from '../../src/model/json.ts';
import { evaluate, fill, type ScopeData, templateProblems } from './support.ts';

const everywhere = { secrets: () => true };
const TOKEN: SecretRef = { at: '/token', parts: [{ secret: 'API_KEY' }] };
const data: ScopeData = {
  values: {
    inputs: { token: '', auth: { header: '', user: 'ada' }, 'a/b': [''], n: 1, list: ['', 'x'] },
  },
  secrets: [
    TOKEN,
    { at: '/auth/header', parts: ['Bearer ', { secret: 'API_KEY' }] },
    { at: '/a~1b/0', parts: [{ secret: 'SLASH' }] },
    { at: '/list/0', parts: [{ secret: 'FIRST' }] },
  ],
};

const filledWith = (template: Json, options = everywhere) => {
  const result = fill(template, data, options);
  if (result.kind !== 'value') throw new Error(JSON.stringify(result));
  return result;
};

describe('secrets.NAME where a parameter takes it', () => {
  test('alone it replaces the whole value, in text it is a part of it', () => {
    expect(
      filledWith({
        headers: { Authorization: 'Bearer ${{secrets.API_KEY}}!' },
        'b/c': ['${{secrets.B}}'],
      }),
    ).toEqual({
      kind: 'value',
      value: { headers: { Authorization: '' }, 'b/c': [''] },
      secretRefs: [
        { at: '/headers/Authorization', parts: ['Bearer ', { secret: 'API_KEY' }, '!'] },
        { at: '/b~1c/0', parts: [{ secret: 'B' }] },
      ],
    });
  });

  test('the whole template may be one', () => {
    expect(filledWith('${{secrets.A}}')).toEqual({
      kind: 'value',
      value: '',
      secretRefs: [{ at: '', parts: [{ secret: 'A' }] }],
    });
  });

  test('several in one text, with data between them', () => {
    expect(filledWith('${{secrets.A}}:${{inputs.n}}:${{secrets.B}}').secretRefs).toEqual([
      { at: '', parts: [{ secret: 'A' }, ':1:', { secret: 'B' }] },
    ]);
  });

  test('the pointer decides', () => {
    const onlyUrl = { secrets: (pointer: readonly (string | number)[]) => pointer[0] === 'url' };
    expect(templateProblems({ url: '${{secrets.A}}' }, onlyUrl)).toEqual([]);
    const [problem] = templateProblems({ url: 'x', args: ['a', '${{secrets.A}}'] }, onlyUrl);
    expect(problem?.pointer).toEqual(['args', 1]);
    expect(problem?.message).toContain('secrets are not allowed here');
  });

  const refused: readonly Json[] = [
    { '${{secrets.A}}': 1 },
    "${{ secrets.A + 'x' }}",
    '${{ size(secrets.A) }}',
    '${{secrets}}',
    '${{secrets.A.b}}',
    'cel: secrets.A',
    'jq: .secrets.A',
    'expr: secrets.A',
  ];
  for (const template of refused) {
    test(`never: ${JSON.stringify(template)}`, () => {
      expect(templateProblems(template, { ...everywhere, prefixes: true })).toHaveLength(1);
    });
  }
});

describe('inputs that carry a secret', () => {
  test('pass the reference on, its pointer moved', () => {
    expect(filledWith({ a: ['${{inputs.token}}'], b: '${{inputs.auth}}' })).toEqual({
      kind: 'value',
      value: { a: [''], b: { header: '', user: 'ada' } },
      secretRefs: [
        { at: '/a/0', parts: [{ secret: 'API_KEY' }] },
        { at: '/b/header', parts: ['Bearer ', { secret: 'API_KEY' }] },
      ],
    });
    expect(filledWith("${{inputs['a/b'][0]}}").secretRefs).toEqual([
      { at: '', parts: [{ secret: 'SLASH' }] },
    ]);
    expect(filledWith('${{inputs}}').secretRefs).toHaveLength(4);
  });

  test('inside text their parts are joined', () => {
    expect(filledWith('<${{inputs.auth.header}}>').secretRefs).toEqual([
      { at: '', parts: ['<Bearer ', { secret: 'API_KEY' }, '>'] },
    ]);
  });

  test('as an alternative', () => {
    expect(filledWith('${{ inputs.nope ?? inputs.token }}').secretRefs).toEqual([
      { at: '', parts: [{ secret: 'API_KEY' }] },
    ]);
  });

  test('what carries none is read as ever', () => {
    expect(filledWith({ a: '${{inputs.n}}', b: '${{inputs.auth.user}}' })).toEqual({
      kind: 'value',
      value: { a: 1, b: 'ada' },
    });
  });

  test('an object that carries one cannot become text', () => {
    const result = fill('x ${{inputs.auth}}', data, everywhere);
    expect(result).toMatchObject({ kind: 'failure', error: { code: 'VALIDATION_ERROR' } });
  });

  const places: readonly Json[] = [
    '${{inputs.token}}',
    'x${{inputs.auth.header}}',
    '${{inputs}}',
    { '${{inputs.token}}': 1 },
    '${{ inputs.token + "x" }}',
    '${{ inputs.auth.map(k, k) }}',
    'expr: inputs.token',
    'expr: $env',
    'jq: .inputs.token',
    'jq: .',
  ];
  for (const template of places) {
    test(`refused where none may stand: ${JSON.stringify(template)}`, () => {
      const result = fill(template, data, { prefixes: true });
      if (result.kind !== 'failure') throw new Error(JSON.stringify(result));
      expect(result.error.code).toBe('VALIDATION_ERROR');
      expect(result.error.message).toContain('carries a secret');
    });
  }

  test('refused in guards, also as a plain path', () => {
    for (const source of ['inputs.token', "inputs.token == ''", 'inputs.auth.header == "x"']) {
      expect(evaluate(source, data)).toMatchObject({
        kind: 'failure',
        error: { code: 'VALIDATION_ERROR' },
      });
    }
    expect(evaluate('inputs.n == 1', data)).toEqual({ kind: 'value', value: true });
    expect(evaluate('inputs.list[1] == "x"', data)).toEqual({ kind: 'value', value: true });
  });

  test('an input whose name only begins the same is another input', () => {
    const other: ScopeData = {
      values: { inputs: { token: '', token2: 'open' } },
      secrets: [TOKEN],
    };
    expect(fill('${{inputs.token2}}', other)).toEqual({ kind: 'value', value: 'open' });
  });
});

test('data that looks like a reference stays text', () => {
  const looks: ScopeData = {
    values: { inputs: { v: '${{secrets.A}}', r: { at: '', parts: [{ secret: 'A' }] } } },
  };
  expect(
    fill({ a: '${{inputs.v}}', b: 'x ${{inputs.v}}', c: '${{inputs.r}}' }, looks, everywhere),
  ).toEqual({
    kind: 'value',
    value: {
      a: '${{secrets.A}}',
      b: 'x ${{secrets.A}}',
      c: { at: '', parts: [{ secret: 'A' }] },
    },
  });
});
