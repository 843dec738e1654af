/**
 * CEL behind one small surface: compile once, evaluate over a scope, get JSON or a failure.
 *
 * The library parses; everything else is ours: closures over the data in place, ints for whole
 * numbers, dashed step ids and `loop` by stand-ins, null-safe `has`, bounded source, nesting and
 * work. Never throws.
 */
import { parse } from '@bufbuild/cel';
import { messageOf } from '../../model/error.ts';
import type { ExpressionProblem, ExpressionRemark } from '../../model/expression.ts';
import type { Json } from '../../model/json.ts';
import type { LiteralText } from '../big-literal.ts';
import { ExprError } from '../expr-lang/error.ts';
import type { ExprLimits } from '../expr-lang/limits.ts';
import { spend } from '../expr-lang/runtime.ts';
import { badEvaluation, failed, type Outcome, shortSource, valueOutcome } from '../failures.ts';
import type { ExpressionLimits } from '../limits.ts';
import { listNames, rootHint } from '../names.ts';
import { pathText, rootName } from '../path.ts';
import {
  type CelNode,
  constantPath,
  countNodes,
  isDeeperThan,
  type Reads,
  readsOf,
  restoreNames,
} from './ast.ts';
import { emit } from './emit.ts';
import { CelFault, type Missing } from './fault.ts';
import { createMessageTypes } from './messages.ts';
import { createNames, TYPE_ROOTS } from './names.ts';
import { findBigLiteral, remarksOf } from './remarks.ts';
import { ResultTooLarge, resultOf } from './result.ts';
import type { CelNames, CelRuntime, Evaluate } from './runtime.ts';
import { maskCelSource } from './source.ts';

export interface CelProgram {
  readonly source: string;
  /** Constant paths read, `iter` given as `loop`. */
  readonly references: readonly (readonly string[])[];
  /** The path when the whole expression is one, else null. */
  readonly path: readonly string[] | null;
  /** The value when the expression is a literal, else undefined. */
  readonly constant: Json | undefined;
  readonly remarks: readonly ExpressionRemark[];
  /** The first int literal beyond ±(2^53 − 1), null when there is none. */
  readonly bigLiteral: LiteralText | null;
  /** The outcome over the values of root names, or what `overLimit` gives within fewer limits. */
  evaluate<T>(
    reading: CelReading,
    limits: ExprLimits,
    overLimit: (message: string) => T,
  ): Outcome | T;
}

/** What a program reads, and why a path of it has no value. */
export interface CelReading {
  /** The value of a root name, undefined when it is not here. */
  readonly root: (name: string) => unknown;
  /** Why a constant path has no value, null when that is not known. */
  readonly explain: (segments: readonly string[]) => string | null;
}

type Problem = Omit<ExpressionProblem, 'pointer'>;

type CompiledCel =
  | { readonly ok: true; readonly program: CelProgram }
  | { readonly ok: false; readonly problem: Problem };

export interface CelCompiler {
  /** Compiles a source; `roots` are the names that may be free in it. */
  compile(source: string, stepIds: ReadonlySet<string>, roots: ReadonlySet<string>): CompiledCel;
}

const messages = createMessageTypes();

/** A compiler within limits. */
export function createCelCompiler(limits: ExpressionLimits): CelCompiler {
  return {
    compile(source, stepIds, roots) {
      try {
        const parsed = parseCel(source, stepIds, limits);
        const unknown = parsed.reads.freeNames.find(
          ({ name }) => !roots.has(name) && !TYPE_ROOTS.has(name),
        );
        if (unknown !== undefined) {
          const offset = parsed.positions[String(unknown.id)] ?? null;
          return { ok: false, problem: unknownRoot(unknown.name, offset, roots) };
        }
        return { ok: true, program: programOf(source, parsed, roots, limits) };
      } catch (thrown) {
        return { ok: false, problem: parseProblem(thrown) };
      }
    },
  };
}

interface ParsedCel {
  readonly tree: CelNode;
  readonly reads: Reads;
  /** Offset in the source by node id. */
  readonly positions: Readonly<Record<string, number>>;
}

class CelSourceError extends Error {}

/** @throws CelSourceError or the library's syntax error. */
function parseCel(
  source: string,
  stepIds: ReadonlySet<string>,
  limits: ExpressionLimits,
): ParsedCel {
  const masked = maskCelSource(source, stepIds);
  // Without the newline a comment at the end is a syntax error.
  const { expr, sourceInfo } = parse(`${masked.text}\n`);
  if (expr === undefined) throw new CelSourceError('the expression is empty');
  if (isDeeperThan(expr, limits.maxNesting)) {
    throw new CelSourceError(`the expression nests deeper than ${limits.maxNesting} levels`);
  }
  restoreNames(expr, masked.names);
  return { tree: expr, reads: readsOf(expr), positions: sourceInfo?.positions ?? {} };
}

function programOf(
  source: string,
  { tree, reads, positions }: ParsedCel,
  roots: ReadonlySet<string>,
  limits: ExpressionLimits,
): CelProgram {
  const paths = reads.paths.filter((path) => roots.has(path[0] as string));
  const path = wholePath(tree);
  const code = compileTree(tree, createNames(roots, messages));
  const where = `CEL "${shortSource(source)}"`;
  return {
    source,
    references: paths.map((path) => [rootName(path[0] as string), ...path.slice(1)]),
    path: path !== null && roots.has(path[0] as string) ? path : null,
    constant: literalOf(tree),
    remarks: remarksOf(source, tree),
    bigLiteral: findBigLiteral(source, tree, positions),
    evaluate(reading, bounds, overLimit) {
      try {
        const rt = startCel(code, source, bounds, reading.root);
        return valueOutcome(resultOf(rt, code.run(rt), limits.maxResultBytes));
      } catch (thrown) {
        if (thrown instanceof CelFault) return celFailure(thrown, where, reading.explain, roots);
        if (thrown instanceof ExprError) return overLimit(`${where}: ${thrown.reason}`);
        if (thrown instanceof ResultTooLarge) {
          return failed('OUTPUT_TOO_LARGE', `${where}: ${thrown.message}`);
        }
        const deep = thrown instanceof RangeError;
        return badEvaluation(`${where}: ${deep ? 'the values nest too deep' : messageOf(thrown)}`);
      }
    },
  };
}

/** A compiled tree. */
export interface CelCode {
  readonly run: Evaluate;
  /** How many nodes are evaluated at most outside of macros' loops. */
  readonly cost: number;
  /** How many variables macros bind. */
  readonly slots: number;
}

export function compileTree(tree: CelNode, names: CelNames): CelCode {
  const slots = { count: 0 };
  const run = emit(tree, { emit, variables: new Map(), slots, names });
  return { run, cost: countNodes(tree), slots: slots.count };
}

/** Begins an evaluation. @throws ExprError when the limits are below what the source needs */
export function startCel(
  { cost, slots }: CelCode,
  source: string,
  limits: ExprLimits,
  root: (name: string) => unknown,
): CelRuntime {
  const rt: CelRuntime = {
    source,
    limits,
    stepsLeft: limits.maxSteps,
    bytesLeft: limits.maxMemoryBytes,
    root,
    slots: slots === 0 ? NO_SLOTS : new Array<unknown>(slots).fill(null),
  };
  spend(rt, cost, 0);
  return rt;
}

const NO_SLOTS: unknown[] = [];

function wholePath(tree: CelNode): readonly string[] | null {
  if (tree.exprKind.case === 'selectExpr' && tree.exprKind.value.testOnly) return null;
  return constantPath(tree)?.segments ?? null;
}

function literalOf(tree: CelNode): Json | undefined {
  if (tree.exprKind.case !== 'constExpr') return undefined;
  const { constantKind } = tree.exprKind.value;
  switch (constantKind.case) {
    case 'nullValue':
      return null;
    case 'boolValue':
    case 'stringValue':
      return constantKind.value;
    case 'doubleValue':
      return Number.isFinite(constantKind.value) ? constantKind.value || 0 : undefined;
    case 'int64Value': {
      const number = Number(constantKind.value);
      return Number.isSafeInteger(number) ? number : undefined;
    }
    default:
      return undefined;
  }
}

/** Names the path that is missing and what is there instead, when the fault is about a name. */
function celFailure(
  fault: CelFault,
  where: string,
  explain: CelReading['explain'],
  roots: ReadonlySet<string>,
): Outcome {
  if (fault.missing === null) return badEvaluation(`${where}: ${fault.message}`);
  return badEvaluation(`${where}: ${missingText(fault.missing, explain, roots)}`, true);
}

function missingText(
  { holder, key }: Missing,
  explain: CelReading['explain'],
  roots: ReadonlySet<string>,
): string {
  const path = holder === null ? [key] : [...holder, key];
  // A macro's variable is no name of the scope.
  const why = roots.has(path[0] as string) ? explain(path) : null;
  if (why !== null) return why;
  if (holder === null) return `there is no "${key}"`;
  return `${pathText(holder)} has no "${key}"`;
}

function unknownRoot(name: string, offset: number | null, roots: ReadonlySet<string>): Problem {
  const names = [...roots];
  const hint = rootHint(name, names, 'iter');
  const message = `unknown name "${name}"; ${listNames(names)}`;
  return hint === undefined ? { offset, message } : { offset, message, hint };
}

function parseProblem(thrown: unknown): Problem {
  if (thrown instanceof CelSourceError) return { offset: null, message: thrown.message };
  if (thrown instanceof RangeError) {
    const isDeep = /stack/i.test(thrown.message);
    const message = isDeep
      ? 'the expression nests too deep'
      : 'not valid CEL: an escape stands for no character';
    return { offset: null, message };
  }
  const text = messageOf(thrown)
    .replace(/^syntax error: /, '')
    .replace(/^<input>:\d+:\d+: /, '');
  return { offset: offsetOf(thrown), message: `not valid CEL: ${text}` };
}

function offsetOf(thrown: unknown): number | null {
  const { location } = Object(thrown) as { location?: { start?: { offset?: unknown } } };
  const offset = location?.start?.offset;
  return typeof offset === 'number' ? offset : null;
}
