/**
 * Runs tables of Expr sources: each row is a source with the value it must give, or with the kind
 * and the words of the error it must end in. One data set is in scope of every row.
 */
import { expect, test } from 'bun:test';
import { compileExpr, type ExprEnv, ExprError } from '../../../src/expr/expr-lang/compile.ts';
import type { ExprErrorKind } from '../../../src/expr/expr-lang/error.ts';
import { DEFAULT_EXPR_LIMITS, type ExprLimits } from '../../../src/expr/expr-lang/limits.ts';

/** 2024-03-05T06:07:08.009Z */
const NOW_MS = 1_709_618_828_009;

export const DATA: Readonly<Record<string, unknown>> = {
  inputs: {
    n: 7,
    half: 0.5,
    name: 'Ada',
    text: 'héllo 😀 world',
    ok: true,
    none: null,
    nums: [4, 8, 15],
    empty: [],
    user: { name: 'Ada', tags: ['a', 'b'], address: null },
    items: [
      { name: 'pen', qty: 2, ok: true },
      { name: 'ink', qty: 5, ok: false },
      { name: 'cap', qty: 1, ok: true },
    ],
    'x-y': 3,
  },
  steps: { 'fetch-data': { body: { id: 9 } }, fetch: 10, data: 4, a: { output: { x: 1 } } },
};

export const envOf = (data: Readonly<Record<string, unknown>>): ExprEnv => ({
  has: (name) => Object.hasOwn(data, name),
  get: (name) => data[name],
  names: () => Object.keys(data),
  nowMs: NOW_MS,
});

export const evaluate = (
  source: string,
  data: Readonly<Record<string, unknown>> = DATA,
  limits: ExprLimits = DEFAULT_EXPR_LIMITS,
): unknown => compileExpr(source).run(envOf(data), limits);

export type Row = readonly [source: string, value: unknown];
export type ErrorRow = readonly [source: string, kind: ExprErrorKind, words: RegExp];

export function valueTable(rows: readonly Row[]): void {
  for (const [source, value] of rows) {
    test(`${source} → ${JSON.stringify(value)}`, () => {
      expect(evaluate(source)).toEqual(value);
    });
  }
}

export function failureOf(run: () => unknown): ExprError {
  try {
    run();
  } catch (error) {
    if (error instanceof ExprError) return error;
    throw error;
  }
  throw new Error('it gave a value, not an error');
}

export function errorTable(rows: readonly ErrorRow[]): void {
  for (const [source, kind, words] of rows) {
    test(`${source.slice(0, 100)} → ${kind} error`, () => {
      const error = failureOf(() => evaluate(source));
      expect({ kind: error.kind, message: error.message }).toEqual({
        kind,
        message: expect.stringMatching(words),
      });
    });
  }
}
