/** Schemas that are known only when a step runs: patterns, what is no schema, unique items. */
import { describe, expect, test } from 'bun:test';
import type { Json } from '../../src/model/json.ts';
import { checkAgainstSchema, checkWithSchema } from '../../src/validate/schema-check.ts';

const valid = (schema: Json, value: Json): boolean => checkWithSchema(schema, value).length === 0;

describe('patterns in schemas', () => {
  test.each([
    [{ pattern: '^a+$' }, 'aaa', true],
    [{ pattern: '^a+$' }, 'ab', false],
    [{ pattern: '^a+$' }, 5, true],
    [{ pattern: '^a+$', format: 'date' }, 'aaa', false],
    [{ pattern: 'b', allOf: [{ pattern: 'a' }] }, 'ab', true],
    [{ pattern: 'b', allOf: [{ pattern: 'a' }] }, 'b', false],
    [{ not: { pattern: 'x' } }, 'y', true],
    [{ propertyNames: { pattern: '^[a-z]+$' } }, { ab: 1 }, true],
    [{ propertyNames: { pattern: '^[a-z]+$' } }, { A: 1 }, false],
    [{ patternProperties: { '^s_': { type: 'string' } } }, { s_a: 'x', n: 1 }, true],
    [{ patternProperties: { '^s_': { type: 'string' } } }, { s_a: 1 }, false],
    [{ patternProperties: { '^s_': {} }, additionalProperties: false }, { s_a: 1 }, true],
    [{ patternProperties: { '^s_': {} }, additionalProperties: false }, { t_a: 1 }, false],
    [{ patternProperties: { a: { type: 'string' }, '[a]': { minLength: 3 } } }, { a: 'xy' }, false],
    [{ patternProperties: { '^\\$.*\\[x\\]$': { type: 'number' } } }, { '$a[x]': 's' }, false],
    [{ properties: { pattern: { type: 'string' } } }, { pattern: 1 }, false],
    [{ const: { pattern: '(' } }, { pattern: '(' }, true],
    [{ dependentRequired: { pattern: ['a'] } }, { pattern: 1 }, false],
    [{ $defs: { s: { pattern: '^x' } }, items: { $ref: '#/$defs/s' } }, ['x', 'y'], false],
    [true, 1, true],
    [false, 1, false],
  ] as [Json, Json, boolean][])('%j with %j: %p', (schema, value, expected) => {
    expect(valid(schema, value)).toBe(expected);
  });

  test('cannot stall: a pattern made to backtrack is answered at once, and rightly', () => {
    const value = `${'a'.repeat(40)}!`;
    expect(valid({ pattern: '^(?:(a+)+$|.*b)' }, value)).toBe(false);
    expect(valid({ patternProperties: { '^(a+)+$': false } }, { [value]: 1 })).toBe(true);
  });

  test('what does not fit below a matching name is told there', () => {
    const inner = { type: 'object', patternProperties: { '^b': { pattern: 'x' } } };
    expect(
      checkWithSchema({ patternProperties: { '^a': inner } }, { a1: { b1: 'y' }, a2: 1 }),
    ).toEqual([
      { path: 'a1.b1', message: 'does not match the pattern x' },
      { path: 'a2', message: 'must be object, not number' },
    ]);
  });

  test('a pattern of one schema means nothing to the next', () => {
    expect(valid({ pattern: '^a$' }, 'b')).toBe(false);
    expect(valid({ format: 're2 ^a$' }, 'b')).toBe(true);
  });
});

describe('formats', () => {
  test.each(['__proto__', 'constructor', 'hasOwnProperty', '__defineGetter__', 'no-such'])(
    '%s is an annotation',
    (format) => {
      expect(valid({ format }, 'x')).toBe(true);
    },
  );
});

describe('unique items', () => {
  test.each([
    [[1, 2], true],
    [[1, 1.0], false],
    [[1, '1'], true],
    [[1, true], true],
    [[0, false, null, '', [], {}], true],
    [
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
      false,
    ],
    [
      [
        { a: 1, b: 2 },
        { a: 2, b: 1 },
      ],
      true,
    ],
    [[[1], ['1']], true],
    [[['1,1'], ['1', '1']], true],
    ['aa', true],
    [{ a: 1, b: 1 }, true],
  ] as [Json, boolean][])('%j: %p', (value, expected) => {
    expect(valid({ uniqueItems: true }, value)).toBe(expected);
    expect(valid({ uniqueItems: false }, value)).toBe(true);
    expect(valid({ not: { uniqueItems: true } }, value)).toBe(!expected);
  });

  test('hold where they are asked for, and are told there', () => {
    const schema = { properties: { a: { items: { uniqueItems: true } } } };
    expect(valid(schema, { a: [[1], [2]], b: [1, 1] })).toBe(true);
    expect(checkAgainstSchema(schema, { a: [[1], [2, 2]] })).toEqual([
      { path: ['a', 1], message: 'holds the same item twice' },
    ]);
  });
});

describe('what is no schema is said to be none', () => {
  test.each([
    [1, 'a JSON Schema is an object'],
    [{ type: 'intt' }, 'type: a type is one of'],
    [{ properties: { a: { type: ['string', 'list'] } } }, 'properties.a.type: a type is one of'],
    [{ required: 'a' }, 'required: this must be a list of texts'],
    [{ items: [] }, 'items: `items` is one schema for all'],
    [{ anyOf: [{ minLength: -1 }] }, 'anyOf[0].minLength: this must be a whole number'],
    [{ nullable: true }, '["string", "null"]'],
    [{ $ref: '#/$defs/none' }, 'leads to nothing'],
    [{ $ref: '#none' }, 'leads to nothing'],
    [{ pattern: '(?=a)' }, 'no regular expression'],
  ] as [Json, string][])('%j', (schema, message) => {
    expect(() => checkWithSchema(schema, 1)).toThrow(message);
  });

  test('annotations may have any name', () => {
    expect(valid({ example: 1, titel: 'x', minimun: 3 }, 1)).toBe(true);
  });

  test('the schema that was given stays as it is', () => {
    const schema = { properties: { a: { $ref: '#/$defs/x' } }, $defs: { x: { type: 'string' } } };
    const before = JSON.stringify(schema);
    checkWithSchema(schema, { a: 1 });
    expect(JSON.stringify(schema)).toBe(before);
    expect(Object.getOwnPropertyNames(schema.properties.a)).toEqual(['$ref']);
  });
});
