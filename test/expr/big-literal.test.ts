/** Whole numbers in expressions that are larger than those of JSON. */
import { describe, expect, test } from 'bun:test';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';

const compiler = createExpressionCompiler();
const options = { stepIds: new Set<string>() };

function remarks(source: string) {
  const compiled = compiler.expression(source, options);
  if (!compiled.ok) throw new Error(compiled.problems[0]?.message);
  return compiled.value.remarks.filter(({ kind }) => 'check' in kind);
}

describe('are told of', () => {
  test.each([
    ['inputs.id == 1234567890123456789', '1234567890123456789'],
    ['inputs.id == -9007199254740992', '9007199254740992'],
    ['inputs.id == 9007199254740992u', '9007199254740992'],
    ['inputs.id in [1, 0x20000000000000]', '9007199254740992'],
    ['1234567890123456789', '1234567890123456789'],
    ['inputs.id ?? 1234567890123456789', '1234567890123456789'],
    ['${{inputs.id == 1234567890123456789}}', '1234567890123456789'],
    ['expr: inputs.id == 1234567890123456789', '1234567890123456789'],
    ['expr: filter(inputs.ids, # != 1_234_567_890_123_456_789)', '1234567890123456789'],
    ['expr: inputs.id > 0x20000000000000', '9007199254740992'],
    ['expr: {a: -9007199254740992}', '9007199254740992'],
    ['jq: .inputs.id == 1234567890123456789', '1234567890123456789'],
    ['jq: "\\(.inputs.id - 9007199254740992)"', '9007199254740992'],
  ])('%s', (source, digits) => {
    const found = remarks(source);
    expect(found.map(({ kind }) => kind)).toEqual([{ check: 'BIG_LITERAL' }]);
    expect(found[0]?.hint).toContain(`${digits}"`);
    expect(found[0]?.message).toContain('more digits than a number');
  });

  test('inside a template, with the place', () => {
    const value = { a: ['x', 'is ${{inputs.id == 1234567890123456789}}'] };
    const compiled = compiler.template(value, options);
    if (!compiled.ok) throw new Error('it compiles');
    expect(compiled.value.remarks).toMatchObject([
      { pointer: ['a', 1], kind: { check: 'BIG_LITERAL' } },
    ]);
  });
});

describe('are fine', () => {
  test.each([
    'inputs.id == 9007199254740991',
    'inputs.id == -9007199254740991',
    'inputs.id == "1234567890123456789"',
    'inputs.n > 1.0e19',
    'inputs.n > 12345678901234567890.0',
    'expr: inputs.n > 1e19',
    'expr: inputs.id == "1234567890123456789"',
    'jq: .inputs.n > 1e19',
    'jq: .inputs.id == "1234567890123456789"',
    'jq: .inputs.n # 1234567890123456789',
    'jq: .inputs.a1234567890123456789',
  ])('%s', (source) => {
    expect(remarks(source)).toEqual([]);
  });
});
