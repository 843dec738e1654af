/** Sources and data made to hurt end by a named limit, quickly, and as an ExprError. */
import { describe, expect, test } from 'bun:test';
import { compileExpr } from '../../../src/expr/expr-lang/compile.ts';
import {
  DEFAULT_EXPR_LIMITS,
  type ExprLimits,
  MAX_SOURCE_BYTES,
} from '../../../src/expr/expr-lang/limits.ts';
import { envOf, evaluate, failureOf } from './rows.ts';

/** A fortieth of the default: the same answers in a fortieth of the time. */
const LIMITS = { maxSteps: 250_000, maxMemoryBytes: 3_300_000 };

const BIG = {
  inputs: {
    xs: Array.from({ length: 100_000 }, (_, i) => ({ a: i, b: `x${i}` })),
    text: 'a'.repeat(200_000),
    long: `${'a'.repeat(1_000_000)}!`,
  },
};

function endsByLimit(source: string, words: RegExp, limits: ExprLimits): void {
  const error = failureOf(() => evaluate(source, BIG, limits));
  expect([error.kind, error.message]).toEqual(['limit', expect.stringMatching(words)]);
}

describe('work and memory', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['1..1000000000000', /maxMemoryBytes|maxSteps/],
    ['len(1..1000000000)', /maxMemoryBytes|maxSteps/],
    ['0..9223372036854775807', /maxMemoryBytes|maxSteps/],
    ['repeat("x", 1000000000000)', /maxMemoryBytes|maxSteps/],
    ['repeat(repeat("x", 10000), 10000000)', /maxMemoryBytes|maxSteps/],
    ['map(1..10000, map(1..10000, #))', /maxSteps|maxMemoryBytes/],
    ['filter(inputs.xs, any(inputs.xs, .a == -1))', /maxMemoryBytes|maxSteps/],
    ['filter(inputs.xs, {a: 1} in inputs.xs)', /maxMemoryBytes|maxSteps/],
    ['reduce(1..60, #acc + #acc, "ab")', /maxMemoryBytes|maxSteps/],
    ['reduce(1..60, concat(#acc, #acc), [1])', /maxMemoryBytes|maxSteps/],
    ['reduce(1..60, replace(#acc, "a", "aaaa"), "a")', /maxMemoryBytes|maxSteps/],
    ['reduce(1..60, replace(#acc, "", "a"), "a")', /maxMemoryBytes|maxSteps/],
    ['reduce(1..60, join([#acc, #acc], "-"), "a")', /maxMemoryBytes|maxSteps/],
    ['reduce(1..60, toJSON(#acc), "\\"")', /maxMemoryBytes|maxSteps/],
    ['reduce(1..200, toBase64(#acc), "abc")', /maxMemoryBytes|maxSteps/],
    ['map(1..100000, inputs.text + string(#))', /maxMemoryBytes|maxSteps/],
    ['map(1..100000, upper(inputs.text))', /maxMemoryBytes|maxSteps/],
    ['map(1..100000, split(inputs.text, ""))', /maxMemoryBytes|maxSteps/],
    ['map(1..100000, inputs.xs[1:])', /maxMemoryBytes|maxSteps/],
    ['all(1..1000000, inputs.text not contains "b")', /maxMemoryBytes|maxSteps/],
    ['all(1..1000000, inputs.text + "" == inputs.text)', /maxMemoryBytes|maxSteps/],
    ['uniq(map(1..20000, [#]))', /maxMemoryBytes|maxSteps/],
    ['reduce(1..60, [#acc, #acc])', /maxMemoryBytes|maxSteps/],
    ['toJSON(reduce(1..60, [#acc, #acc]))', /maxMemoryBytes|maxSteps/],
    ['string(reduce(1..60, {a: #acc, b: #acc}))', /maxMemoryBytes|maxSteps/],
    ['flatten(reduce(1..60, [#acc, #acc]))', /maxMemoryBytes|maxSteps/],
    ['max(reduce(1..60, [#acc, #acc]))', /maxMemoryBytes|maxSteps/],
    ['reduce(1..60, [#acc, #acc]) == reduce(1..60, [#acc, #acc])', /maxMemoryBytes|maxSteps/],
    ['reduce(1..1000, [#acc])', /500 levels/],
    ['flatten(reduce(1..1000, [#acc]))', /500 levels/],
    ['toJSON(reduce(1..1000, {a: #acc}))', /500 levels/],
    ['reduce(1..1000, [#acc]) == reduce(1..1000, [#acc])', /500 levels/],
    ['max(reduce(1..1000, [#acc]))', /500 levels/],
    ['map(1..100000, "abc" matches string(#) + "[a-z]{50}")', /maxMemoryBytes|maxSteps/],
    ['map(1..100, inputs.long matches "(a+)+$")', /maxMemoryBytes|maxSteps/],
  ];
  for (const [source, words] of rows) {
    test(source, () => {
      endsByLimit(source, words, LIMITS);
    });
  }

  test('the default limits end the worst of them', () => {
    for (const source of ['map(1..10000, map(1..10000, #))', 'uniq(map(1..20000, [#]))']) {
      endsByLimit(source, /maxSteps/, DEFAULT_EXPR_LIMITS);
    }
  });

  test('a pattern that backtracks elsewhere is linear here', () => {
    expect(evaluate('inputs.text matches "^(a+)+$"', BIG)).toBe(true);
    expect(evaluate('inputs.text + "!" matches "^(a|aa)+$"', BIG)).toBe(false);
  });

  test('a pattern that is short but huge is refused when it is written', () => {
    for (const pattern of [
      '(a{1000}){1000}',
      '((a{100}){100}){100}',
      'a{0,1000}'.repeat(900),
      '(?:a{99}b{99}){99}',
    ]) {
      const error = failureOf(() => compileExpr(`x matches "${pattern}"`));
      expect([error.kind, error.message]).toEqual(['syntax', expect.stringMatching(/pattern/)]);
    }
  });

  test('limits given are the ones that hold', () => {
    const run = (source: string, maxSteps: number, maxMemoryBytes: number) => () =>
      evaluate(source, BIG, { maxSteps, maxMemoryBytes });
    expect(run('sum(1..100)', 1_000, 1_000)()).toBe(5050);
    expect(failureOf(run('sum(1..100)', 100, 1_000)).message).toMatch(/100 steps/);
    expect(failureOf(run('sum(1..100)', 1_000, 100)).message).toMatch(/100 bytes/);
    expect(failureOf(run('1 + 1', 2, 0)).kind).toBe('limit');
    expect(run('1 + 1', 3, 0)()).toBe(2);
  });
});

describe('sources', () => {
  const nested: readonly (readonly [string, string])[] = [
    ['brackets', `${'('.repeat(4_000)}1${')'.repeat(4_000)}`],
    ['lists', '['.repeat(9_000)],
    ['maps', '{a:'.repeat(3_000)],
    ['negations', `${'!'.repeat(9_000)}true`],
    ['minuses', `${'- '.repeat(4_000)}1`],
    ['calls', 'len('.repeat(2_000)],
    ['closures', 'map(x,'.repeat(1_500)],
    ['powers', `1${'**1'.repeat(3_000)}`],
    ['conditions', `${'true ? '.repeat(1_000)}1${': 2'.repeat(500)}`],
    ['ifs', 'if true {'.repeat(1_000)],
    ['indexes', 'a['.repeat(4_000)],
  ];
  for (const [name, source] of nested) {
    test(`nested ${name} are refused by depth`, () => {
      const error = failureOf(() => compileExpr(source));
      expect([error.kind, error.message]).toEqual(['limit', expect.stringMatching(/250 levels/)]);
    });
  }

  const chains: readonly (readonly [string, string, unknown])[] = [
    ['sums', `1${'+1'.repeat(4_900)}`, 4_901],
    ['ors', `false${' or false'.repeat(1_000)}`, false],
    ['members', `inputs${'?.a'.repeat(3_000)}`, null],
    ['comparisons', `1${'<=9>=1'.repeat(1_600)}`, true],
    ['pipes', `1${' | string() | int()'.repeat(500)}`, 1],
    ['variables', `${Array.from({ length: 900 }, (_, i) => `let a${i}=1;`).join('')}a1`, 1],
    ['sequences', `${'1;'.repeat(4_900)}2`, 2],
    ['coalescings', `nil${'??nil'.repeat(1_900)}??3`, 3],
  ];
  for (const [name, source, value] of chains) {
    test(`a chain of ${name} may fill the whole source`, () => {
      expect(source.length).toBeLessThanOrEqual(MAX_SOURCE_BYTES);
      expect(evaluate(source)).toEqual(value);
    });
  }

  test('a source over its limit is refused, counted in bytes', () => {
    expect(compileExpr(`"${'a'.repeat(MAX_SOURCE_BYTES - 2)}"`).costly).toBe(false);
    for (const source of [`"${'a'.repeat(MAX_SOURCE_BYTES - 1)}"`, `"${'é'.repeat(5_000)}"`]) {
      const error = failureOf(() => compileExpr(source));
      expect([error.kind, error.message]).toEqual(['limit', expect.stringMatching(/10000 bytes/)]);
    }
  });
});

describe('data', () => {
  test('prototype names are ordinary missing keys, own ones ordinary keys', () => {
    const data = { inputs: JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}') };
    const run = (source: string) => compileExpr(source).run(envOf(data), DEFAULT_EXPR_LIMITS);
    expect(run('inputs.__proto__.x')).toBe(1);
    expect(run('inputs.constructor')).toBe(2);
    expect(run('inputs.hasOwnProperty')).toBeNull();
    expect(run('{}.__proto__')).toBeNull();
    expect(run('keys(inputs)')).toEqual(['__proto__', 'constructor']);
    expect(run('{}.constructor ?? 1')).toBe(1);
    const copied = run('map([inputs], {v: #, t: now()})') as { v: object }[];
    expect(Object.keys(copied[0]?.v ?? {})).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test('data that is deeper than values may be is refused, not a crash', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 20_000; i += 1) deep = [deep];
    const data = { inputs: { deep } };
    for (const source of [
      'toJSON(inputs.deep)',
      '[inputs.deep]',
      'flatten(inputs.deep)',
      'max(inputs.deep)',
      'string(inputs)',
    ]) {
      const error = failureOf(() => compileExpr(source).run(envOf(data), DEFAULT_EXPR_LIMITS));
      expect([source, error.kind]).toEqual([source, 'limit']);
    }
  });

  test('a text nested deeply is parsed or refused by fromJSON, never a crash', () => {
    const data = { inputs: { text: '['.repeat(400_000) } };
    const error = failureOf(() =>
      compileExpr('fromJSON(inputs.text)').run(envOf(data), DEFAULT_EXPR_LIMITS),
    );
    expect(error.kind).toBe('eval');
  });
});
