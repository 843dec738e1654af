/**
 * The engines behind one compile cache each, keyed by source and the step ids that matter to it.
 */
import type { ExpressionProblem } from '../model/expression.ts';
import { type CelProgram, createCelCompiler } from './cel/program.ts';
import { shortened } from './cel/source.ts';
import { compileExprUnit, type ExprUnit } from './expr-unit.ts';
import { checkJqFilter, type JqFilter } from './jq-filter.ts';
import type { ExpressionLimits } from './limits.ts';
import { createLruCache } from './lru.ts';

type Problem = Omit<ExpressionProblem, 'pointer'>;
type Bad = { readonly ok: false; readonly problem: Problem };

interface CelUnit {
  readonly ok: true;
  readonly program: CelProgram;
  /** The step ids with dashes that its source was read with. */
  readonly stepIds: readonly string[];
}

export interface CelCache {
  compile(source: string, stepIds: ReadonlySet<string>, roots: ReadonlySet<string>): CelUnit | Bad;
}

export interface Engines {
  readonly cel: CelCache;
  expr(
    source: string,
    stepIds: ReadonlySet<string>,
    roots: ReadonlySet<string>,
  ): { readonly ok: true; readonly unit: ExprUnit; readonly stepIds: readonly string[] } | Bad;
  jq(
    source: string,
    stepIds: ReadonlySet<string>,
  ): { readonly ok: true; readonly filter: JqFilter } | Bad;
}

/** Engines with bounded caches of what they compiled. */
export function createEngines(limits: ExpressionLimits): Engines {
  const compiler = createCelCompiler(limits);
  const celCache = createLruCache<CelUnit | Bad>(limits.maxCached);
  const exprCache = createLruCache<ReturnType<Engines['expr']>>(limits.maxCached);
  const jqCache = createLruCache<ReturnType<Engines['jq']>>(limits.maxCached);
  return {
    cel: {
      compile: (source, stepIds, roots) =>
        cached(celCache, source, stepIds, roots, (dashed) => {
          const compiled = compiler.compile(source, new Set(dashed), roots);
          return compiled.ok ? { ...compiled, stepIds: dashed } : compiled;
        }),
    },
    expr: (source, stepIds, roots) =>
      cached(exprCache, source, stepIds, roots, (dashed) => {
        const compiled = compileExprUnit(source, new Set(dashed), roots);
        return compiled.ok ? { ...compiled, stepIds: dashed } : compiled;
      }),
    jq: (source, stepIds) =>
      cached(jqCache, source, stepIds, NO_ROOTS, (dashed) => {
        const checked = checkJqFilter(source, new Set(dashed));
        if (checked.ok) return checked;
        const { ok: _, ...problem } = checked;
        return { ok: false, problem };
      }),
  };
}

const NO_ROOTS: ReadonlySet<string> = new Set();

function cached<T>(
  cache: { get(key: string): T | undefined; set(key: string, value: T): void },
  source: string,
  stepIds: ReadonlySet<string>,
  roots: ReadonlySet<string>,
  compile: (dashed: readonly string[]) => T,
): T {
  const dashed = dashedIdsIn(source, stepIds);
  // Few sets of roots exist, all of different sizes: templates', whole expressions', notices'.
  const key = `${roots.size}\n${dashed.join(',')}\n${source}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = compile(dashed);
  cache.set(key, made);
  return made;
}

/** The visible step ids with dashes that occur in the source at all. */
function dashedIdsIn(source: string, stepIds: ReadonlySet<string>): string[] {
  if (!source.includes('-')) return [];
  const found = new Set<string>();
  for (const match of source.matchAll(/[A-Za-z_][A-Za-z0-9_-]*/g)) {
    let text = shortened(match[0]);
    while (text.includes('-')) {
      if (stepIds.has(text)) found.add(text);
      text = text.slice(0, text.lastIndexOf('-'));
    }
  }
  return [...found].sort();
}
