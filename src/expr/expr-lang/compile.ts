/**
 * The Expr language (expr-lang): compiles a source once, evaluates it often. Pure: no clock, no
 * randomness, no I/O; `now()` is the time it is given.
 *
 * Invariants: everything that goes wrong is an `ExprError`; an evaluation ends by its limits; only
 * own properties are read. The accepted language: strings are counted in code points, ints have 64
 * bits, a whole float is an int except where `isStaticFloat` sees it, map keys become strings.
 */
import { findBigLiteral, type LiteralText } from './big-literal.ts';
import { countNodes, emit } from './emit.ts';
import { ExprError } from './error.ts';
import { toResult } from './json.ts';
import { type ExprLimits, MAX_SOURCE_BYTES } from './limits.ts';
import { parseSource } from './parser.ts';
import { referencesOf } from './references.ts';
import { type Evaluate, type ExprEnv, type Runtime, spend } from './runtime.ts';

export interface ExprProgram {
  readonly source: string;
  /** Names of the environment it reads; `$env` when it reads names through that. */
  readonly roots: readonly string[];
  /** Constant member paths at each read, e.g. `[["steps","a","output"],["inputs","n"]]`. */
  readonly stepRefs: readonly string[][];
  /** True when its work may grow faster than the data it reads: loops, ranges, patterns. */
  readonly costly: boolean;
  /** The first int that is larger than the whole numbers of JSON. */
  readonly bigLiteral: LiteralText | null;
  /** The value as JSON data. @throws ExprError kind eval or limit. */
  run(env: ExprEnv, limits: ExprLimits): unknown;
}

interface ExprCompileOptions {
  /** Step ids that may be written plainly after `steps.` although they hold dashes. */
  readonly stepIds?: ReadonlySet<string>;
}

/** A program that always evaluates the same source. @throws ExprError kind syntax or limit. */
export function compileExpr(source: string, options: ExprCompileOptions = {}): ExprProgram {
  if (source.length > MAX_SOURCE_BYTES || Buffer.byteLength(source) > MAX_SOURCE_BYTES) {
    const reason = `the expression is longer than ${MAX_SOURCE_BYTES} bytes`;
    throw new ExprError('limit', reason, source, 0);
  }
  return withinStack(source, () => build(source, options.stepIds ?? new Set()));
}

function build(source: string, stepIds: ReadonlySet<string>): ExprProgram {
  const { root, slots } = parseSource(source, stepIds);
  const { roots, paths, costly } = referencesOf(root);
  const evaluate = emit(root, source);
  const cost = countNodes(root);
  return {
    source,
    roots,
    stepRefs: paths,
    costly,
    bigLiteral: findBigLiteral(source, root),
    run: (env, limits) =>
      withinStack(source, () => evaluateOnce(evaluate, cost, source, slots, env, limits)),
  };
}

function evaluateOnce(
  evaluate: Evaluate,
  cost: number,
  source: string,
  slots: number,
  env: ExprEnv,
  limits: ExprLimits,
): unknown {
  const rt: Runtime = {
    source,
    env,
    limits,
    stepsLeft: limits.maxSteps,
    bytesLeft: limits.maxMemoryBytes,
    slots: slots === 0 ? [] : new Array<unknown>(slots).fill(null),
    item: null,
    index: 0,
    acc: null,
    zones: null,
    patterns: null,
  };
  spend(rt, cost, 0);
  return toResult(rt, evaluate(rt));
}

/** Chains of thousands of operators stay within the stack of a main thread; elsewhere they may not. */
function withinStack<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ExprError('limit', `the expression is too large: ${error.message}`, source, 0);
  }
}

export type { ExprLimits } from './limits.ts';
export type { ExprEnv } from './runtime.ts';
export { ExprError };
