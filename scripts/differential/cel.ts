/** CEL as the product evaluates it beside cel-go with its extensions for texts, lists and numbers. */
import { join } from 'node:path';
import { parse } from '@bufbuild/cel';
import { restoreNames } from '../../src/expr/cel/ast.ts';
import { createMessageTypes } from '../../src/expr/cel/messages.ts';
import { createNames } from '../../src/expr/cel/names.ts';
import { compileTree, startCel } from '../../src/expr/cel/program.ts';
import { maskCelSource } from '../../src/expr/cel/source.ts';
import {
  doubleOf,
  entryOf,
  isBytes,
  isDuration,
  isInt,
  isMap,
  isTime,
  isType,
  isUint,
  keysOf,
} from '../../src/expr/cel/values.ts';
import { DEFAULT_EXPR_LIMITS } from '../../src/expr/expr-lang/limits.ts';
import { explainCel } from './cel-rows.ts';
import { celSource, FIXED, INPUTS } from './cel-sources.ts';
import type { Comparison } from './comparison.ts';
import { type Answer, buildGo } from './original.ts';

interface CelRequest {
  readonly source: string;
  readonly inputs: unknown;
}

const names = createNames(new Set(['inputs']), createMessageTypes());

function ours(request: unknown): Answer {
  const { source, inputs } = request as CelRequest;
  try {
    const masked = maskCelSource(source, new Set());
    const { expr } = parse(`${masked.text}\n`);
    if (expr === undefined) return { ok: false, error: 'empty' };
    restoreNames(expr, masked.names);
    const code = compileTree(expr, names);
    const root = (name: string): unknown => (name === 'inputs' ? inputs : undefined);
    return { ok: true, value: typed(code.run(startCel(code, source, DEFAULT_EXPR_LIMITS, root))) };
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    return { ok: false, error: thrown.message };
  }
}

/** A value with its type, as the original writes it. */
function typed(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (isInt(value)) return `i${value}`;
  if (typeof value === 'string') return `s${Buffer.from(value).toString('base64')}`;
  if (Array.isArray(value)) return `[${value.map(typed).join(',')}]`;
  if (isMap(value)) {
    const parts = keysOf(value).map((key) => `${typed(key)}:${typed(entryOf(value, key))}`);
    const bytes = parts.map((part) => Buffer.from(part));
    return `{${bytes.sort(Buffer.compare).join(',')}}`;
  }
  const double = doubleOf(value);
  if (double !== null) return `d${bitsOf(double)}`;
  return typedSpecial(value);
}

const bitsOf = (value: number): string =>
  (new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n).toString(16);

function typedSpecial(value: unknown): string {
  if (isUint(value)) return `u${value.value}`;
  if (isBytes(value)) return `b${Buffer.from(value.bytes).toString('base64')}`;
  if (isDuration(value)) return `p${value.ns}`;
  if (isType(value)) return `T${value.name}`;
  if (!isTime(value)) return 'X';
  const rest = ((value.ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return `t${(value.ns - rest) / 1_000_000_000n}.${String(rest).padStart(9, '0')}`;
}

/** NaN has many bit patterns. */
const plain = (value: unknown): string => String(value).replaceAll(/d[7f]ff8\d{12}\b/g, 'dNaN');

export const CEL: Comparison = {
  build: () =>
    buildGo({
      name: 'cel-go 0.33.2',
      source: join(import.meta.dir, 'originals/cel.go'),
      modules: ['cel.dev/cel-go/cel@v0.33.2', 'cel.dev/cel-go/ext@v0.33.2'],
    }),
  requests(random, count) {
    const sources = [...FIXED];
    while (sources.length < count) sources.push(celSource(random));
    return sources.slice(0, Math.max(count, 0)).map((source) => ({ source, inputs: INPUTS }));
  },
  ours,
  equal(mine, theirs) {
    if (!mine.ok || !theirs.ok) return mine.ok === theirs.ok;
    return plain(mine.value) === plain(theirs.value);
  },
  explain: (request, mine, theirs) => explainCel((request as CelRequest).source, mine, theirs),
  show: (request) => (request as CelRequest).source,
};
