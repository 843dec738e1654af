/** Schemas and values that ask for more work than the main thread can give. */
import { describe, expect, test } from 'bun:test';
import { AppError } from '../../src/model/error.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { checkAgainstSchema, checkWithSchema } from '../../src/validate/schema-check.ts';
import { lintSchema } from '../../src/validate/schema-lint.ts';

function refusal(schema: Json, value: Json): AppError {
  try {
    checkWithSchema(schema, value);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

const many = <T>(n: number, make: (i: number) => T): T[] =>
  Array.from({ length: n }, (_, i) => make(i));
const objectOf = (n: number, key: string, value: Json): JsonObject =>
  Object.fromEntries(many(n, (i) => [`${key}${i}`, value]));

/** Definitions of which each uses the one before it as `use` says. */
function chain(depth: number, use: (before: JsonObject) => JsonObject): JsonObject {
  const definitions: Record<string, JsonObject> = { d0: { type: 'object' } };
  for (let i = 1; i <= depth; i++) definitions[`d${i}`] = use({ $ref: `#/$defs/d${i - 1}` });
  return { $defs: definitions, $ref: `#/$defs/d${depth}` };
}

function nested(depth: number, around: (inner: Json) => Json): Json {
  let value: Json = 1;
  for (let i = 0; i < depth; i++) value = around(value);
  return value;
}

describe('too many evaluations at one place', () => {
  const uses: [string, (before: JsonObject) => JsonObject][] = [
    ['allOf', (d) => ({ allOf: [d, d] })],
    ['anyOf', (d) => ({ anyOf: [d, d] })],
    ['oneOf', (d) => ({ oneOf: [d, d] })],
    ['not', (d) => ({ not: d, ...d })],
    ['if, then, else', (d) => ({ if: d, then: d, else: d })],
    ['dependentSchemas', (d) => ({ dependentSchemas: { a: d, b: d } })],
  ];
  test.each(uses)('%s', (_name, use) => {
    for (const depth of [20, 40, 2000]) {
      const schema = chain(depth, use);
      const error = refusal(schema, { a: 1, b: 1 });
      expect(error.code).toBe('LIMIT_EXCEEDED');
      expect(error.message).toMatch(/limit schema\.(?:evaluations|depth)/);
      const [issue] = lintSchema(schema, ['input_schema']);
      expect(issue).toMatchObject({ path: 'input_schema', code: 'LIMIT_EXCEEDED' });
      const [problem] = checkAgainstSchema(schema, { a: 1, b: 1 });
      expect(problem?.code).toBe('LIMIT_EXCEEDED');
    }
  });

  test('below the limit they are evaluated', () => {
    const schema = chain(8, (d) => ({ allOf: [d, d] }));
    expect(lintSchema(schema, [])).toEqual([]);
    expect(checkWithSchema(schema, {})).toEqual([]);
    expect(checkWithSchema(schema, 1)[0]?.message).toBe('must be object, not number');
  });
});

describe('recursion', () => {
  const endless: Json[] = [
    { $ref: '#' },
    { allOf: [{ type: 'object' }, { $ref: '#' }] },
    { if: { properties: {} }, then: { $ref: '#' } },
    { $defs: { a: { $ref: '#/$defs/b' }, b: { not: { $ref: '#/$defs/a' } } } },
    { properties: { default: { anyOf: [{ $ref: '#/properties/default' }] } } },
    { $defs: { a: { $anchor: 'x', oneOf: [{ $ref: '#x' }] } } },
  ];
  test.each(endless)('without end at one place is no schema: %j', (schema) => {
    expect(lintSchema(schema, [])[0]?.message).toContain('refers to itself without end');
    expect(refusal(schema, {}).code).toBe('VALIDATION_ERROR');
  });

  test('into the value is one', () => {
    const list = {
      $defs: { l: { properties: { next: { $ref: '#/$defs/l' } } } },
      $ref: '#/$defs/l',
    };
    expect(lintSchema(list, [])).toEqual([]);
    const tree = { type: ['array', 'number'], items: { $ref: '#' } };
    expect(checkWithSchema(tree, [[1, [2]], 3])).toEqual([]);
    expect(checkWithSchema(tree, [[1, ['x']]])).toMatchObject([{ path: '[0][1][0]' }]);
  });

  test('that branches at every level ends with the work it may do', () => {
    const down = { properties: { a: { $ref: '#' } } };
    const value = nested(40, (a) => ({ a }));
    expect(refusal({ allOf: [down, down] }, value).message).toContain('schema.work');
  });

  test('into a value nested very deeply is refused', () => {
    const value = nested(5000, (inner) => [inner]);
    expect(refusal({ items: { $ref: '#' } }, value).message).toContain('schema.depth');
    expect(refusal({ uniqueItems: true }, value).message).toContain('schema.depth');
  });
});

describe('work grows with schema and value, and ends', () => {
  const value = { n: 1, more: { of: 'the same' } };
  test('unique items of a long list are found in one pass', () => {
    const items = many(12_000, (n) => ({ ...value, n }));
    expect(checkWithSchema({ uniqueItems: true }, items)).toEqual([]);
    const again = [...items, { more: { of: 'the same' }, n: 7 }];
    expect(checkWithSchema({ uniqueItems: true }, again)).toHaveLength(1);
  });

  const costly: [string, Json, Json][] = [
    ['many items', { items: { type: 'integer' } }, many(200_000, (i) => i)],
    ['many alternatives', { items: { anyOf: many(500, () => ({ const: 1 })) } }, many(500, String)],
    ['long enums', { items: { enum: many(10_000, (i) => `e${i}`) } }, many(1000, String)],
    ['many patterns', { allOf: many(5000, (i) => ({ pattern: `\\pL${i}` })) }, 'a'],
    ['large patterns', { pattern: 'a{1000}'.repeat(400) }, 'a'],
    ['patterns on long texts', { pattern: '^(?:(a+)+$|.*b)' }, 'a'.repeat(3_000_000)],
    ['formats on long texts', { format: 'uri-reference' }, '"'.repeat(1_000_000)],
    ['many names', { allOf: many(100, () => ({ maxProperties: 1 })) }, objectOf(20_000, 'k', 1)],
    ['patterns of names', { patternProperties: { '^k': {}, k: {} } }, objectOf(100_000, 'k', 1)],
    ['a large schema', { properties: objectOf(100_000, 'p', {}) }, 1],
    ['identified schemas', nested(60, (s) => ({ $id: 'x', not: s === 1 ? {} : s })), 1],
  ];
  test.each(costly)('%s', (_name, schema, data) => {
    expect(refusal(schema, data).code).toBe('LIMIT_EXCEEDED');
  });

  test('patterns of names within each other do not multiply', () => {
    const schema = nested(20, (s) => ({ patternProperties: { '': s === 1 ? {} : s } }));
    expect(checkWithSchema(schema, objectOf(50, 'k', { a: { b: 1 } }))).toEqual([]);
  });

  test('data of everyday size is checked', () => {
    const row = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
    const rows = many(5000, (n) => ({ ...value, n }));
    expect(checkWithSchema({ items: row }, rows)).toEqual([]);
    expect(checkWithSchema({ items: row }, [...rows, { n: 'x' }])).toEqual([
      { path: '[5000].n', message: 'must be integer, not string' },
    ]);
  });
});
