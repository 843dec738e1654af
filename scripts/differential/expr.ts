/** Expr as the product runs it beside expr-lang, the Go library of the same language. */
import { join } from 'node:path';
import { compileExpr, ExprError } from '../../src/expr/expr-lang/compile.ts';
import { DEFAULT_EXPR_LIMITS } from '../../src/expr/expr-lang/limits.ts';
import type { Comparison } from './comparison.ts';
import { exprData, SOURCES } from './expr-data.ts';
import { type ExprRequest, explainExpr } from './expr-differences.ts';
import { exprSource } from './expr-sources.ts';
import { type Answer, buildGo } from './original.ts';

function ours(request: unknown): Answer {
  const { source, data } = request as ExprRequest;
  try {
    const env = {
      has: (name: string) => Object.hasOwn(data, name),
      get: (name: string) => data[name],
      names: () => Object.keys(data),
      nowMs: 0,
    };
    return { ok: true, value: compileExpr(source).run(env, DEFAULT_EXPR_LIMITS) };
  } catch (error) {
    if (!(error instanceof ExprError)) throw error;
    return { ok: false, error: `${error.kind}: ${error.message}` };
  }
}

/** Two doubles that calculate the same in another order. */
const CLOSE = 1e-14;

/** Equal as JSON; digits as text are the number they say, and maps have no order. */
function same(mine: unknown, theirs: unknown): boolean {
  if (typeof theirs === 'number') {
    const number = typeof mine === 'string' && /^-?\d{16,}$/.test(mine) ? Number(mine) : mine;
    if (typeof number !== 'number') return false;
    return number === theirs || Math.abs(number - theirs) <= CLOSE * Math.abs(theirs);
  }
  if (typeof mine !== 'object' || typeof theirs !== 'object') return mine === theirs;
  if (mine === null || theirs === null) return mine === theirs;
  if (Array.isArray(mine) !== Array.isArray(theirs)) return false;
  const [left, right] = [mine as Record<string, unknown>, theirs as Record<string, unknown>];
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]))
  );
}

export const EXPR: Comparison = {
  build: () =>
    buildGo({
      name: 'expr-lang 1.17.8',
      source: join(import.meta.dir, 'originals/expr.go'),
      modules: ['github.com/expr-lang/expr@v1.17.8'],
    }),
  requests(random, count) {
    const fixed = SOURCES.map((source) => ({ source, data: exprData(random) }));
    const other = Array.from({ length: Math.max(0, count - fixed.length) }, () => ({
      source: exprSource(random),
      data: exprData(random),
    }));
    return [...fixed, ...other].slice(0, Math.max(count, 0));
  },
  ours,
  equal: (mine, theirs) =>
    mine.ok && theirs.ok ? same(mine.value, theirs.value) : mine.ok === theirs.ok,
  explain: (request, mine, theirs) => explainExpr(request as ExprRequest, mine, theirs),
  show(request) {
    const { source, data } = request as ExprRequest;
    return `${source}  on ${JSON.stringify(data)}`;
  },
};
