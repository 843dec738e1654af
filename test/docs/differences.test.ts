/** The tables "What differs from …": each row's example gives what the row says. */
import { describe, expect, test } from 'bun:test';
import { CEL_ROWS } from '../../scripts/differential/cel-rows.ts';
import { compileExpr, type ExprEnv, ExprError } from '../../src/expr/expr-lang/compile.ts';
import { DEFAULT_EXPR_LIMITS } from '../../src/expr/expr-lang/limits.ts';
import { createJqEngine } from '../../src/expr/jq.ts';
import { parseJson } from '../../src/model/json-text.ts';
import { failureOf, resultOf } from '../expr/support.ts';
import { reference, rowsOf } from './markdown.ts';

const OPTIONS = {
  args: {},
  nowMs: 0,
  firstOnly: true,
  maxOutputBytes: 10_000,
  maxOutputs: 10,
};
const code = (cell: string): string => cell.replace(/^`|`$/g, '').replaceAll('\\|', '|');

describe('jq.md', () => {
  const engine = createJqEngine();
  const rows = rowsOf(reference('jq')).filter((cells) => cells.length === 6 && cells[0] !== 'what');

  test('has rows', () => expect(rows.length).toBeGreaterThan(10));

  test.each(rows)('%s: %s', async (_row, filter = '', input = '', _gojq, here = '') => {
    const answer = await engine.run(code(filter), parseJson(code(input)), OPTIONS);
    if (here === 'error') expect(answer.ok).toBe(false);
    else expect(answer).toEqual({ ok: true, results: [parseJson(code(here))] });
  });
});

describe('cel.md', () => {
  const rows = rowsOf(reference('cel')).filter(
    (cells) => cells.length === 5 && cells[0] !== 'what',
  );

  test('has a row for everything that the comparison explains', () => {
    expect(rows.map(([row]) => row).sort()).toEqual([...CEL_ROWS].sort());
  });

  test.each(rows)('%s: %s', (_row, expression = '', _original, here = '') => {
    const source = `cel: ${code(expression)}`;
    if (here === 'error') expect(failureOf(source)).toContain('INTERPOLATION_ERROR');
    else expect(resultOf(source)).toEqual(parseJson(code(here)));
  });
});

describe('expr-lang.md', () => {
  const rows = rowsOf(reference('expr-lang')).filter(
    (cells) => cells.length === 5 && cells[0] !== 'what',
  );
  const env: ExprEnv = {
    has: (name) => name === 'inputs',
    get: () => ({}),
    names: () => ['inputs'],
    nowMs: 0,
  };

  test('has rows', () => expect(rows.length).toBeGreaterThan(20));

  test.each(rows)('%s: %s', (_row, source = '', _original = '', here = '') => {
    const run = (): unknown => compileExpr(code(source)).run(env, DEFAULT_EXPR_LIMITS);
    if (here === 'error') expect(run).toThrow(ExprError);
    else expect(JSON.stringify(run())).toBe(JSON.stringify(JSON.parse(code(here))));
  });
});
