/** Defaults of an input schema: wherever a schema can say one, the one at the place of use first. */
import { describe, expect, test } from 'bun:test';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { effectiveInputs } from '../../src/validate/inputs.ts';

const inputsOf = (schema: Json, params: JsonObject) =>
  effectiveInputs(
    { definition: { steps: [] } as never, inputSchema: schema as JsonObject },
    params,
  );

const of = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties,
  ...more,
});

/** An object with a key of this name looks like a promise to the linter. */
const THEN = 'then';
const PORT = { port: { type: 'integer', default: 80 } };

describe('defaults are filled in', () => {
  const cases: readonly (readonly [string, Json, JsonObject, JsonObject])[] = [
    [
      'beside $ref before behind it',
      of({ a: { $ref: '#/$defs/port', default: 8443 } }, { $defs: PORT }),
      {},
      { a: 8443 },
    ],
    ['behind $ref', of({ a: { $ref: '#/$defs/port' } }, { $defs: PORT }), {}, { a: 80 }],
    [
      'behind two hops',
      of({ a: { $ref: '#/$defs/b' } }, { $defs: { b: { $ref: '#/$defs/port' }, ...PORT } }),
      {},
      { a: 80 },
    ],
    [
      'behind an anchor',
      of({ a: { $ref: '#p' } }, { $defs: { x: { $anchor: 'p', default: 7 } } }),
      {},
      { a: 7 },
    ],
    [
      'inside a default',
      of({ cfg: { default: {}, properties: { retries: { default: 3 } }, required: ['retries'] } }),
      {},
      { cfg: { retries: 3 } },
    ],
    [
      'inside a default with a part of it',
      of({ cfg: { default: { a: 1 }, properties: { a: { default: 9 }, b: { default: 2 } } } }),
      {},
      { cfg: { a: 1, b: 2 } },
    ],
    [
      'in the objects of a list',
      of({ hosts: { items: { properties: { port: { default: 22 } }, required: ['port'] } } }),
      { hosts: [{}, { port: 1 }, { name: 'x' }] },
      { hosts: [{ port: 22 }, { port: 1 }, { name: 'x', port: 22 }] },
    ],
    [
      'in the objects of a list that is itself a default',
      of({ hosts: { default: [{}], items: { properties: { port: { default: 22 } } } } }),
      {},
      { hosts: [{ port: 22 }] },
    ],
    [
      'at the places of a tuple, without gaps',
      of({ t: { prefixItems: [{}, { default: 2 }, { default: 3 }, {}, { default: 5 }] } }),
      { t: [1] },
      { t: [1, 2, 3] },
    ],
    [
      'in values of additional properties',
      of({ m: { additionalProperties: { properties: { on: { default: true } } } } }),
      { m: { x: {}, y: { on: false } } },
      { m: { x: { on: true }, y: { on: false } } },
    ],
    [
      'in members of allOf, the nearest first',
      of({ a: { default: 1 } }, { allOf: [of({ a: { default: 2 }, b: { default: 3 } })] }),
      {},
      { a: 1, b: 3 },
    ],
    [
      'by a member of allOf at the place',
      of({ a: { allOf: [{ type: 'integer' }, { default: 5 }] } }),
      {},
      { a: 5 },
    ],
    [
      'by the branch of if that applies to what was filled',
      of(
        { kind: { default: 'tcp' } },
        {
          if: { properties: { kind: { const: 'tcp' } } },
          [THEN]: of({ port: { default: 1 } }),
          else: of({ path: { default: '/' } }),
        },
      ),
      {},
      { kind: 'tcp', port: 1 },
    ],
    [
      'by else, whose test refers to the whole',
      of(
        { kind: {} },
        {
          $defs: { tcp: { const: 'tcp' } },
          if: { properties: { kind: { $ref: '#/$defs/tcp' } } },
          else: of({ path: { $ref: '#/properties/root' } }),
          properties: { kind: {}, root: { default: '/' } },
        },
      ),
      { kind: 'unix' },
      { kind: 'unix', root: '/', path: '/' },
    ],
    [
      'by what depends on a property that is there',
      of({}, { dependentSchemas: { card: of({ currency: { default: 'EUR' } }) } }),
      { card: 1 },
      { card: 1, currency: 'EUR' },
    ],
    ['null is a default', of({ a: { default: null } }), {}, { a: null }],
    ['and null is a value', of({ a: { default: 1 } }), { a: null }, { a: null }],
    [
      'a default inside itself ends',
      of(
        { tree: { $ref: '#/$defs/node', default: {} } },
        {
          $defs: { node: of({ value: { default: 0 }, next: { $ref: '#/$defs/node' } }) },
        },
      ),
      {},
      { tree: { value: 0 } },
    ],
    [
      'also one that asks for itself again',
      of(
        { tree: { $ref: '#/$defs/node' } },
        { $defs: { node: { default: {}, properties: { next: { $ref: '#/$defs/node' } } } } },
      ),
      {},
      { tree: {} },
    ],
    [
      'not under anyOf, oneOf and not',
      of({}, { anyOf: [of({ a: { default: 1 } })], oneOf: [of({ b: { default: 1 } })] }),
      {},
      {},
    ],
    [
      'a default named __proto__',
      of(JSON.parse('{"__proto__":{"default":1}}') as JsonObject),
      {},
      JSON.parse('{"__proto__":1}') as JsonObject,
    ],
  ];
  test.each(cases)('%s', (_name, schema, params, expected) => {
    const { inputs, issues } = inputsOf(schema, params);
    expect(issues).toEqual([]);
    expect(JSON.stringify(inputs)).toBe(JSON.stringify(expected));
  });
});

test('what is given stays as it is, and the schema too', () => {
  const schema = of({ list: { default: [1] }, cfg: of({ a: { default: {} } }) });
  const before = JSON.stringify(schema);
  const params = { cfg: { x: [1] } };
  const { inputs } = inputsOf(schema, params);
  expect(params).toEqual({ cfg: { x: [1] } });
  expect(JSON.stringify(schema)).toBe(before);
  expect(inputs).toEqual({ list: [1], cfg: { x: [1], a: {} } });
});

test('more defaults than the limit are an error that names it', () => {
  const levels = 14;
  const $defs = Object.fromEntries(
    Array.from({ length: levels }, (_, i): [string, Json] => {
      const below = i + 1 < levels ? { $ref: `#/$defs/l${i + 1}` } : { default: 1 };
      return [`l${i}`, { default: {}, properties: { a: below, b: below } }];
    }),
  );
  const [issue] = inputsOf(of({ top: { $ref: '#/$defs/l0' } }, { $defs }), {}).issues;
  expect(issue).toMatchObject({ code: 'LIMIT_EXCEEDED', path: 'params' });
  expect(issue?.message).toContain('more than 10000 defaults');
  expect(issue?.hint).toContain('defaults.filled');
});
