/** Merge keys and aliases of YAML. */
import { describe, expect, test } from 'bun:test';
import { readDefinition } from '../../src/validate/read-definition.ts';

const read = (text: string) => readDefinition(text, { format: 'yaml' });

describe('a merge key', () => {
  test('takes what is not written beside it', () => {
    const text = [
      'base: &base {timeout: 5s, retry: {max: 2}}',
      'a: {<<: *base, timeout: 9s}',
      'b: {timeout: 9s, <<: *base}',
    ].join('\n');
    const { raw, issues } = read(text);
    expect(issues).toEqual([]);
    const merged = { timeout: '9s', retry: { max: 2 } };
    expect(raw).toMatchObject({ a: merged, b: merged });
  });

  test('takes several maps, of which the first wins, also merged ones', () => {
    const text = [
      'one: &one {a: 1, b: 1}',
      'two: &two {<<: *one, b: 2, c: 2}',
      'both: {<<: [*two, {d: 3}, *one]}',
    ].join('\n');
    expect(read(text)).toMatchObject({ issues: [], raw: { both: { a: 1, b: 2, c: 2, d: 3 } } });
  });

  test('is a key like any other in quotes', () => {
    expect(read('a: {"<<": 1}').raw).toEqual({ a: { '<<': 1 } });
  });

  test('of something that is no map is refused', () => {
    expect(read('a: {<<: [1]}').issues[0]?.message).toContain('takes a map');
    expect(read('a: {<<: text}').issues[0]?.message).toContain('takes a map');
  });

  test('gives no own prototype', () => {
    const { raw } = read('base: &b {__proto__: {x: 1}}\na: {<<: *b}');
    expect(Object.getPrototypeOf((raw as { a: object }).a)).toBe(Object.prototype);
  });
});

describe('aliases', () => {
  const uses = (count: number): string =>
    `base: &b {x: 1}\nlist: [${Array.from({ length: count }, () => '*b').join(', ')}]`;

  test('are at most 100, merge keys and what they stand for included', () => {
    expect(read(uses(100)).issues).toEqual([]);
    expect(read(uses(101)).issues[0]).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const merges = Array.from({ length: 101 }, (_, i) => `m${i}: {<<: *b}`).join('\n');
    expect(read(`base: &b {x: 1}\n${merges}`).issues[0]).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    const nested = `a: &a {x: 1}\nb: &b [${Array.from({ length: 20 }, () => '*a').join()}]\nc: [*b, *b, *b, *b]`;
    expect(read(nested).issues[0]).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
