/**
 * Numbers where JSON enters the product: exact, or their digits as text, or refused.
 */
// zone: the same in every time zone of the machine
import { describe, expect, test } from 'bun:test';
import { numberToJson, parseJson, printJson, readNumber } from '../../src/model/json-text.ts';

describe('parsing', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740992', '9007199254740992'],
    ['-9007199254740992', '-9007199254740992'],
    ['{"id":1234567890123456789,"n":1}', { id: '1234567890123456789', n: 1 }],
    ['[12345678901234567890123]', ['12345678901234567890123']],
    ['1e20', 1e20],
    ['1.0e16', 1e16],
    ['12345678901234567.5', 12_345_678_901_234_568],
    ['"12345678901234567890"', '12345678901234567890'],
    ['1e-400', 0],
    ['{"1234567890123456789":1}', { '1234567890123456789': 1 }],
  ];
  for (const [text, value] of cases) {
    test(text, () => expect(parseJson(text)).toEqual(value as never));
  }

  test.each(['-0', '[-0]', '{"a":-0}', ' -0.0', '-0e5', '[1,-0]', '-1e-400'])('%s is 0', (text) => {
    const value = parseJson(text);
    const [number] = typeof value === 'object' ? Object.values(value as object) : [value];
    expect(Object.is([value, number].flat().at(-1), -0)).toBe(false);
  });

  test.each(['1e999', '[-1e400]', '{"a":[1.5e309]}'])('%s is refused', (text) => {
    expect(() => parseJson(text)).toThrow(/is larger than any number can be/);
  });

  test('a number with many digits is shown short', () => {
    expect(() => parseJson(`${'9'.repeat(400)}.5`)).toThrow(/^the number 9{40}… is larger/);
  });

  test('text that is no JSON stays a syntax error', () => {
    expect(() => parseJson('{"id":1234567890123456789')).toThrow(SyntaxError);
  });
});

test('printing keeps a large double a double for the next reader', () => {
  const value = { a: 1e20, b: 2 ** 53, c: 1.5, d: '12345678901234567890', e: [-1e17], f: 1e21 };
  expect(parseJson(printJson(value))).toEqual(value);
});

test('numbers from elsewhere follow the same bound', () => {
  expect(numberToJson(2n ** 60n)).toBe('1152921504606846976');
  expect(numberToJson(12n)).toBe(12);
  expect(numberToJson(1e20)).toBe(1e20);
  expect(Object.is(numberToJson(-0), -0)).toBe(false);
  expect(readNumber('1234567890123456789')).toBe('1234567890123456789');
  expect(readNumber('1.5')).toBe(1.5);
});
