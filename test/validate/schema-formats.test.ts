import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { checkWithSchema } from '../../src/validate/schema-check.ts';

const fits = (format: string, value: string): boolean =>
  checkWithSchema({ type: 'string', format }, value).length === 0;

/** Name, texts of the format, texts that are not. */
const CHECKED: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    'date-time',
    ['2024-02-29T01:02:03Z', '2024-02-29t01:02:03.5z', '2024-01-01T00:00:00+05:30'],
    [
      '2024-01-01 00:00:00Z',
      '2024-01-01\t00:00:00Z',
      '2023-02-29T00:00:00Z',
      '2024-01-01T00:00:00',
    ],
  ],
  ['date', ['2024-02-29'], ['2023-02-29', '2024-13-01', '2024-1-1']],
  ['time', ['01:02:03Z', '23:59:60Z'], ['01:02:03', '24:00:00Z', '01:02:60Z']],
  ['duration', ['P1DT2H', 'P3W'], ['5m', 'P', 'PT']],
  ['email', ['a@example.com'], ['a', 'a..b@example.com']],
  ['hostname', ['a.example'], ['-a.example', 'a_b']],
  [
    'ipv4',
    ['192.0.2.1', '0.0.0.0', '255.255.255.255'],
    ['192.0.02.1', '256.0.0.1', '00.0.0.0', '1.2.3'],
  ],
  ['ipv6', ['::1', '2001:db8::1'], ['1::2::3', '::g']],
  ['uri', ['https://example.com/a'], ['/a', 'a b']],
  ['uri-reference', ['/a'], ['a b']],
  ['uri-template', ['/a/{id}'], ['/a/{id']],
  ['uuid', ['123e4567-e89b-12d3-a456-426614174000'], ['123e4567e89b12d3a456426614174000']],
  ['json-pointer', ['', '/a~1b'], ['a', '/~2']],
  ['relative-json-pointer', ['0#', '1/a'], ['/a', '01']],
  ['json-pointer-uri-fragment', ['#/a'], ['/a']],
  ['regex', ['^a+$'], ['(', '[b-a]']],
];

describe('formats', () => {
  for (const [format, good, bad] of CHECKED) {
    test(`${format} is checked`, () => {
      expect(good.filter((text) => !fits(format, text))).toEqual([]);
      expect(bad.filter((text) => fits(format, text))).toEqual([]);
    });
  }

  test('other names check nothing', () => {
    for (const name of ['idn-email', 'idn-hostname', 'iri', 'iri-reference', 'url', 'semver']) {
      expect(fits(name, ' no such thing ')).toBe(true);
    }
  });

  test('values that are no texts pass', () => {
    expect(checkWithSchema({ format: 'ipv4' }, 7)).toEqual([]);
  });

  test('the page names every one that is checked', () => {
    const page = readFileSync('skills/opcode/references/json-schema.md', 'utf8');
    for (const [format] of CHECKED) expect(page).toContain(`\`${format}\``);
  });

  test('what is not supported is refused, not ignored', () => {
    expect(() => checkWithSchema({ $dynamicRef: '#a' }, 1)).toThrow();
    expect(() => checkWithSchema({ $ref: 'https://example.com/other.json' }, 1)).toThrow();
  });

  test('a schema known only at run time may have bounds that nothing fits', () => {
    const schema = { anyOf: [{ minItems: 2, maxItems: 0 }, { minItems: 1 }] };
    expect(checkWithSchema(schema, [1])).toEqual([]);
    for (const name of ['Items', 'Length', 'Properties']) {
      const value = name === 'Items' ? [1] : name === 'Length' ? 'a' : { a: 1 };
      const none = { [`min${name}`]: 2, [`max${name}`]: 0 };
      expect(checkWithSchema(none, value).length).toBeGreaterThan(0);
    }
    expect(checkWithSchema({ minimum: 2, maximum: 1 }, 1).length).toBe(1);
  });
});
