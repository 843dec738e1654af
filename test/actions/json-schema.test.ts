import { describe, expect, test } from 'bun:test';
import { compileSchema } from '../../src/actions/json-schema.ts';
import type { Json } from '../../src/model/json.ts';

const valid = (schema: Json, value: Json): boolean =>
  compileSchema(schema).validate(value).length === 0;

describe('patterns in schemas', () => {
  test.each([
    [{ pattern: '^a+$' }, 'aaa', true],
    [{ pattern: '^a+$' }, 'ab', false],
    [{ pattern: '^a+$' }, 5, true],
    [{ type: 'string', pattern: 'b', allOf: [{ pattern: 'a' }] }, 'ab', true],
    [{ type: 'string', pattern: 'b', allOf: [{ pattern: 'a' }] }, 'b', false],
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

  test.each([
    [1, 'it must be an object or a bool'],
    [{ type: 'intt' }, '/type "intt" is no type'],
    [{ properties: { a: { type: ['string', 'list'] } } }, '/properties/a/type "list" is no type'],
    [{ required: 'a' }, '/required must be a list of texts'],
    [{ items: [] }, '/items must be an object or a bool'],
    [{ anyOf: [{ minLength: -1 }] }, '/anyOf/0/minLength must be a whole number'],
    [{ $ref: '#/$defs/none' }, 'Unresolved'],
  ] as [Json, string][])('%j is no schema', (schema, message) => {
    expect(() => compileSchema(schema).validate(1)).toThrow(message);
  });

  test('the schema that was given stays as it is', () => {
    const schema = { properties: { a: { $ref: '#/$defs/x' } }, $defs: { x: { type: 'string' } } };
    const before = JSON.stringify(schema);
    compileSchema(schema).validate({ a: 1 });
    expect(JSON.stringify(schema)).toBe(before);
  });

  test('a problem names its place', () => {
    const schema = { properties: { a: { items: { pattern: '^x' } } } };
    const [problem] = compileSchema(schema).validate({ a: ['x', 'y'] });
    expect(problem?.path).toBe('/a/1');
  });
});
