/** Whatever the source: a value, the same each time, or an ExprError; never anything else. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { builtinNames } from '../../../src/expr/expr-lang/builtins.ts';
import { compileExpr, ExprError } from '../../../src/expr/expr-lang/compile.ts';
import { DATA, envOf } from './rows.ts';

const LIMITS = { maxSteps: 100_000, maxMemoryBytes: 1_000_000 };
const STEP_IDS = new Set(['fetch-data', 'a']);

const WORDS = [
  ...builtinNames().map((name) => `${name}(`),
  ...['(', ')', '[', ']', '{', '}', ',', ';', ':', '?', '?.', '??', '.', '..', '|', '::'],
  ...['+', '-', '*', '/', '%', '**', '^', '==', '!=', '<', '<=', '>', '>=', '&&', '||', '!'],
  ...['and', 'or', 'not', 'in', 'contains', 'matches', 'startsWith', 'endsWith'],
  ...['let', 'if', 'else', 'x', '=', '#', '#acc', '#index', '.name', '$env', 'nil', 'true'],
  ...['inputs', 'steps', '.nums', '.items', '.Year(', '.Format(', '1', '0', '2.5', '"a"', '`b`'],
  ...['"2024-01-01"', '"1h"', '9007199254740993', '1e300', '[1, 2]', '{a: 1}', '/*', '//'],
];

type Outcome = { readonly value: unknown } | { readonly error: string };

function outcomeOf(source: string): Outcome {
  try {
    const program = compileExpr(source, { stepIds: STEP_IDS });
    return { value: program.run(envOf(DATA), LIMITS) };
  } catch (error) {
    if (error instanceof ExprError) return { error: error.message };
    throw error;
  }
}

function holds(source: string): void {
  const first = outcomeOf(source);
  expect(outcomeOf(source)).toEqual(first);
  if ('value' in first) {
    const text = JSON.stringify(first.value);
    expect(text).toBeString();
    expect(JSON.parse(text)).toEqual(first.value);
  }
}

/** Expressions that mostly parse and often evaluate. */
const { expression } = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie('expression');
  const leaf = fc.constantFrom(
    ...['1', '0', '-3', '2.5', '"a"', '"é😀"', '""', 'true', 'nil', '[]', '[3, 1, 2]', '{a: 1}'],
    ...['inputs', 'inputs.nums', 'inputs.items', 'inputs.user', 'inputs.none', 'now()', '1..4'],
    ...['steps.fetch-data', 'duration("90s")', '["b", "a"]', '9007199254740993', '$env'],
  );
  const operator = fc.constantFrom(
    ...['+', '-', '*', '/', '%', '**', '==', '!=', '<', '>=', 'and', 'or', 'in', 'not in', '??'],
    ...['contains', 'startsWith', 'matches', '..'],
  );
  return {
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.tuple(inner, operator, inner).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc
        .tuple(fc.constantFrom(...builtinNames()), fc.array(inner, { minLength: 1, maxLength: 3 }))
        .map(([name, args]) => `${name}(${args.join(', ')})`),
      fc
        .tuple(inner, fc.constantFrom('#', '# > 1', '.name', '{#index}', 'len(#)', 'true'))
        .map(([list, closure]) => `map(${list}, ${closure})`),
      fc.tuple(inner, inner).map(([a, b]) => `(let v = ${a}; [v, ${b}])`),
      fc.tuple(inner, inner).map(([a, b]) => `(${a})[${b}]`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a} == ${b} ? ${c} : ${a})`),
      inner.map((a) => `(${a})?.name`),
    ),
  };
});

describe('any source', () => {
  test('of arbitrary text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), holds), { numRuns: 300 });
  });

  test('of words of the language in any order', () => {
    const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 20 });
    fc.assert(
      fc.property(words, (parts) => holds(parts.join(' '))),
      { numRuns: 600 },
    );
  });

  test('of expressions put together at random', () => {
    fc.assert(fc.property(expression, holds), { numRuns: 600 });
  });
});

describe('any pattern', () => {
  test('is compiled or refused', () => {
    const pattern = fc.array(
      fc.constantFrom(
        ...[
          'a',
          '.',
          '*',
          '+',
          '?',
          '(',
          ')',
          '[',
          ']',
          '^',
          '$',
          '|',
          '\\',
          '{2}',
          '{9,}',
          '-',
          'é',
          '\\d',
          '\\b',
          '(?i)',
          '(?:',
        ],
      ),
      { maxLength: 12 },
    );
    const property = fc.property(pattern, fc.string({ maxLength: 30 }), (parts, text) => {
      holds(`${JSON.stringify(text)} matches \`${parts.join('')}\``);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
