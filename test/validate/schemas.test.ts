// zone: the same in every time zone of the machine
import { describe, expect, test } from 'bun:test';
import type { Definition } from '../../src/model/definition.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { effectiveInputs } from '../../src/validate/inputs.ts';
import { checkAgainstSchema, describeSchemaProblems } from '../../src/validate/schema-check.ts';
import { lintSchema } from '../../src/validate/schema-lint.ts';

const lint = (schema: Json): string[] =>
  lintSchema(schema, ['input_schema']).map(
    (issue) => `${issue.path.slice('input_schema'.length)} ${issue.message} ${issue.hint ?? ''}`,
  );

describe('a schema is itself checked', () => {
  const bad: [Json, string, RegExp][] = [
    [5, '', /an object, true or false/],
    [{ type: 'int' }, '.type', /did you mean "integer"/],
    [{ type: ['string', 'nul'] }, '.type', /did you mean "null"/],
    [{ type: [] }, '.type', /empty/],
    [{ propertis: {} }, '.propertis', /did you mean "properties"/],
    [{ requierd: ['a'] }, '.requierd', /did you mean "required"/],
    [{ properties: { a: { required: true } } }, '.properties.a.required', /list of names/],
    [{ properties: [] }, '.properties', /object of schemas/],
    [{ properties: { a: 'string' } }, '.properties.a', /an object, true or false/],
    [{ items: [{}] }, '.items', /prefixItems/],
    [{ enum: 'a' }, '.enum', /must be a list/],
    [{ minLength: -1 }, '.minLength', /0 or more/],
    [{ minimum: '1' }, '.minimum', /must be a number/],
    [{ exclusiveMinimum: true }, '.exclusiveMinimum', /the bound itself/],
    [{ minimum: 3, maximum: 2 }, '.minimum', /above `maximum`/],
    [{ multipleOf: 0 }, '.multipleOf', /above 0/],
    [{ pattern: '(' }, '.pattern', /no regular expression/],
    [{ pattern: '(?=a)' }, '.pattern', /no regular expression/],
    [{ patternProperties: { '[': {} } }, '.patternProperties["["]', /no regular expression/],
    [{ allOf: {} }, '.allOf', /a list of schemas/],
    [{ $ref: '#/$defs/x' }, '.$ref', /leads to nothing/],
    [{ $ref: 'https://example.com/s.json' }, '.$ref', /only references into the same schema/],
    [{ nullable: true }, '.nullable', /\["string", "null"\]/],
    [{ additionalProperties: 'no' }, '.additionalProperties', /an object, true or false/],
    [{ anyOf: [{ type: 'strin' }] }, '.anyOf[0].type', /did you mean "string"/],
    [{ dependentRequired: { a: 'b' } }, '.dependentRequired.a', /list of texts/],
    [{ if: 1, then: {}, else: {} }, '.if', /an object, true or false/],
  ];
  test.each(bad)('%j', (schema, path, message) => {
    const problems = lint(schema);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toStartWith(`${path} `);
    expect(problems[0]).toMatch(message);
  });

  test('what is right is left alone, annotations too', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $defs: { 'a/b': { type: 'string', pattern: '^a+$' } },
      type: 'object',
      properties: { type: { $ref: '#/$defs/a~1b' }, pattern: { type: 'string' }, requierd: true },
      required: ['type'],
      additionalProperties: false,
      'x-order': 1,
      examples: [{}],
      markdownDescription: 'x',
    };
    expect(lint(schema)).toEqual([]);
  });
});

describe('a value against a schema', () => {
  const cases: [Json, Json, string[]][] = [
    [{ type: 'integer' }, 'x', ['must be integer, not string']],
    [{ type: ['integer', 'null'] }, 'x', ['must be integer or null, not string']],
    [{ properties: { a: { required: ['b'] } } }, { a: {} }, ['a.b: is missing']],
    [
      { items: { type: 'string' } },
      ['x', 1, 2],
      ['[1]: must be string, not number', '[2]: must be string, not number'],
    ],
    [{ properties: { a: {} }, additionalProperties: false }, { a: 1, b: 2 }, ['b: is not allowed']],
    [{ enum: [1, 'a'] }, 2, ['must be one of 1, "a"']],
    [{ const: 1 }, 2, ['must be 1']],
    [
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
      1,
      ['fits none of the alternatives (anyOf)'],
    ],
    [{ pattern: '^[a-z]+$' }, 'A', ['does not match the pattern ^[a-z]+$']],
    [
      { $defs: { s: { pattern: 'x' } }, properties: { a: { $ref: '#/$defs/s' } } },
      { a: 'y' },
      ['a: does not match the pattern x'],
    ],
    [
      { patternProperties: { '^n_': { type: 'number' } }, additionalProperties: false },
      { n_a: 'x', n_b: 1, c: 1 },
      ['c: is not allowed', 'n_a: must be number, not string'],
    ],
    [
      { properties: { n_a: { minimum: 2 } }, patternProperties: { '^n_': { type: 'number' } } },
      { n_a: 1 },
      ['n_a: the value 1 is less than 2'],
    ],
    [false, 1, ['is not allowed']],
    [true, 1, []],
    [{ pattern: 'x' }, 5, []],
  ];
  test.each(cases)('%j takes %j', (schema, value, problems) => {
    const found = describeSchemaProblems(schema, value).map((line) =>
      line.replace(/ \(.*less than/, ' is less than'),
    );
    expect(found.toSorted()).toEqual(problems.length === 0 ? [] : found.toSorted());
    expect(found).toHaveLength(problems.length);
    for (const problem of problems.filter((line) => !line.includes('less than')))
      expect(found).toContain(problem);
  });

  test('a pattern that stalls other engines is answered at once, and rightly', () => {
    const schema = { type: 'string', pattern: '^(?:(a+)+$|.*b)' };
    expect(checkAgainstSchema(schema, `${'a'.repeat(5000)}!`)).toHaveLength(1);
    expect(checkAgainstSchema(schema, `${'a'.repeat(50)}b`)).toEqual([]);
    const keys = { patternProperties: { '^(a+)+$': false } };
    expect(checkAgainstSchema(keys, { [`${'a'.repeat(5000)}!`]: 1 })).toEqual([]);
  });

  test('a schema without end or with a broken reference is a problem, not a crash', () => {
    expect(checkAgainstSchema({ $ref: '#' }, 1)[0]?.message).toContain('cannot be applied');
    expect(checkAgainstSchema({ $ref: '#/nope' }, 1)[0]?.message).toContain('cannot be applied');
    expect(checkAgainstSchema({ pattern: '(' }, 'x')[0]?.message).toContain('cannot be applied');
  });

  test('the schema is not touched', () => {
    const schema = Object.freeze({
      type: 'object',
      properties: Object.freeze({ a: Object.freeze({ pattern: 'x' }) }),
    });
    expect(checkAgainstSchema(schema, { a: 'x' })).toEqual([]);
  });
});

describe('effective inputs', () => {
  const pack = (
    inputs: JsonObject,
    inputSchema: Json | null,
  ): Parameters<typeof effectiveInputs>[0] => ({
    definition: { steps: [], inputs } as Definition,
    inputSchema,
  });
  const schema: Json = {
    properties: {
      a: { type: 'integer', default: 1 },
      b: { type: 'string' },
      o: { type: 'object', properties: { x: { default: 'deep' } } },
    },
    required: ['b'],
    additionalProperties: false,
  };

  test('the schema’s defaults, then the definition’s inputs, then the caller’s', () => {
    const own = pack({ b: 'own', o: { y: 1 } }, schema);
    expect(effectiveInputs(own, {}).inputs).toEqual({ a: 1, b: 'own', o: { x: 'deep', y: 1 } });
    expect(effectiveInputs(own, { b: 'mine', a: 2, o: {} }).inputs).toEqual({
      a: 2,
      b: 'mine',
      o: { x: 'deep' },
    });
    expect(effectiveInputs(pack({}, null), { any: 1 })).toEqual({ inputs: { any: 1 }, issues: [] });
  });

  test('what does not fit is told with its path', () => {
    const { issues } = effectiveInputs(pack({}, schema), { a: '1', c: 2 });
    expect(issues.map((issue) => `${issue.path} ${issue.message}`).sort()).toEqual([
      'params.a must be integer, not string',
      'params.b is missing',
      'params.c is not allowed',
    ]);
    expect(issues.every((issue) => issue.severity === 'error')).toBe(true);
  });

  test('the definition’s templates are checked when they are known, the caller’s text is text', () => {
    const own = pack({ a: '${{context.n}}', b: '${{secrets.T}}' }, schema);
    expect(effectiveInputs(own, {}).issues).toEqual([]);
    expect(effectiveInputs(own, { a: '${{context.n}}' }).issues).toMatchObject([
      { path: 'params.a' },
    ]);
  });

  test('prototype keys stay keys', () => {
    const params = JSON.parse('{"__proto__": {"x": 1}}') as JsonObject;
    const { inputs } = effectiveInputs(pack({}, null), params);
    expect(Object.keys(inputs)).toEqual(['__proto__']);
  });
});
