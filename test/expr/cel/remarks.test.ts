/** What whoever writes a CEL expression is told of although it compiles. */
import { describe, expect, test } from 'bun:test';
import { createCelCompiler } from '../../../src/expr/cel/program.ts';
import { DEFAULT_EXPRESSION_LIMITS } from '../../../src/expr/limits.ts';

const compiler = createCelCompiler(DEFAULT_EXPRESSION_LIMITS);
const ROOTS = new Set(['inputs', 'steps', 'loop', 'iter']);

function compiled(source: string) {
  const result = compiler.compile(source, new Set(), ROOTS);
  if (!result.ok) throw new Error(result.problem.message);
  return result.program;
}

const kinds = (source: string): unknown[] =>
  compiled(source).remarks.map(({ kind }) => ('check' in kind ? kind.check : kind.warning));

describe('a division of data by data', () => {
  const told = [
    'inputs.used / inputs.total > 0.8',
    'inputs.a[0] / inputs.b[inputs.i]',
    '(inputs.a + 1) / inputs.b',
    'inputs.sum / size(inputs.items)',
    'inputs.rows.map(r, r.used / r.total)',
    '(inputs.x ? inputs.a : 1.0) / inputs.b',
    'cel.bind(t, inputs.total, inputs.used / t)',
    'int(inputs.a) > 1 && inputs.a / inputs.b > 0.5',
  ];
  test.each(told)('%s is told of', (source) => {
    expect(kinds(source)).toEqual(['WHOLE_DIVISION']);
  });

  const fine = [
    'double(inputs.used) / inputs.total > 0.8',
    'inputs.used / double(inputs.total) > 0.8',
    'inputs.used * 1.0 / inputs.total > 0.8',
    'inputs.used / 2 > 4',
    '100 / inputs.total',
    'int(inputs.used / inputs.total) == 0',
    '1 / 2',
  ];
  test.each(fine)('%s is left alone', (source) => {
    expect(kinds(source)).toEqual([]);
  });

  test('says what to write instead', () => {
    expect(compiled('inputs.used / inputs.total > 0.8').remarks[0]).toMatchObject({
      message: '`inputs.used / inputs.total` is a whole number when both are: 9 / 10 is 0',
      hint: 'write `double(inputs.used) / inputs.total`, or `int(inputs.used / inputs.total)` when the whole number is meant',
    });
  });
});

describe('escapes', () => {
  const wrong: readonly (readonly [string, string, number])[] = [
    ['"\\q" == "q"', '\\q', 1],
    ["'a' == 'b\\d+'", '\\d', 9],
    ['b"\\u00e9" == b"a"', '\\u', 2],
    ['"\\8"', '\\8', 1],
    ['"\\400"', '\\4', 1],
    ['inputs.x == 1 // "\n || "\\z" == ""', '\\z', 24],
  ];
  test.each(wrong)('%s has none', (source, text, offset) => {
    const { remarks } = compiled(source);
    expect(remarks[0]?.kind).toEqual({ check: 'CEL_ESCAPE' });
    expect(remarks[0]?.message).toContain(text);
    expect(remarks[0]?.offset).toBe(offset);
  });

  const right = [
    '"\\a\\b\\f\\n\\r\\t\\v\\\\\\?\\"\\\'\\`"',
    '"\\x41\\X41\\u0041\\U00000041\\101"',
    'b"\\x41\\101\\\\"',
    'r"\\d+\\q"',
    "'''it's \\n'''",
    'inputs.x == 1 // "\\q"',
  ];
  test.each(right)('%s', (source) => {
    expect(kinds(source)).toEqual([]);
  });
});

describe('ints beyond the whole numbers of JSON', () => {
  const found: readonly (readonly [string, string, number])[] = [
    ['inputs.id == 1234567890123456789', '1234567890123456789', 13],
    ['inputs.id == -9007199254740992', '-9007199254740992', 13],
    ['[1, 0xFFFFFFFFFFFFFFFF]', '0xFFFFFFFFFFFFFFFF', 4],
    ['18446744073709551615u in [1]', '18446744073709551615u', 0],
  ];
  test.each(found)('%s', (source, text, offset) => {
    expect(compiled(source).bigLiteral).toEqual({ text, offset });
  });

  const none = ['9007199254740991', '-9007199254740991', '1e20 > 1.0e16', "'12345678901234567890'"];
  test.each(none)('%s has none', (source) => {
    expect(compiled(source).bigLiteral).toBeNull();
  });
});
