/** Numbers in YAML: read as YAML 1.2 says, and by the rule that every door has for large ones. */
import { expect, test } from 'bun:test';
import { DEFAULT_DEFINITION_LIMITS } from '../../src/validate/limits.ts';
import { readYaml } from '../../src/validate/read-yaml.ts';

const read = (written: string) => readYaml(`x: ${written}\n`, DEFAULT_DEFINITION_LIMITS);

test.each([
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', '9007199254740992'],
  ['-1234567890123456789', '-1234567890123456789'],
  ['+1234567890123456789', '1234567890123456789'],
  ['0001234567890123456789', '1234567890123456789'],
  ['010', 10],
  ['0o17', 15],
  ['0x1F', 31],
  ['0x20000000000000', '9007199254740992'],
  ['0o400000000000000000', '9007199254740992'],
  ['0b11', '0b11'],
  ['1_000', '1_000'],
  ['-0', 0],
  ['1e20', 1e20],
  ['1.0e16', 1e16],
  ['.5', 0.5],
  ['5.', 5],
  ['12345678901234567890.', 12345678901234567000],
  ['"1234567890123456789"', '1234567890123456789'],
  ['!!int 1234567890123456789', '1234567890123456789'],
  ['!!str 12', '12'],
  ['|\n  1234567890123456789', '1234567890123456789\n'],
  ['>-\n  1234567890123456789', '1234567890123456789'],
  [
    '\n  - 1234567890123456789\n  - y: -1234567890123456789',
    ['1234567890123456789', { y: '-1234567890123456789' }],
  ],
])('%s', (written, value) => {
  const { issues, value: found } = read(written);
  expect(issues).toEqual([]);
  expect(found).toEqual({ x: value });
});

test('a key is a text as it is written', () => {
  const { value } = readYaml('1234567890123456789: a\n', DEFAULT_DEFINITION_LIMITS);
  expect(value).toEqual({ '1234567890123456789': 'a' });
});

test.each([
  ['1e999', /1e999 is larger than any number/],
  [`0x${'F'.repeat(300)}`, /0xF+… is larger than any number/],
  ['.inf', /cannot be written as JSON/],
  ['.nan', /cannot be written as JSON/],
])('%s is refused', (written, why) => {
  expect(read(written).issues.map(({ message }) => message)).toEqual([expect.stringMatching(why)]);
});
