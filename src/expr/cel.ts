/**
 * CEL behind one small surface: compile once, evaluate over JSON, get JSON or a failure.
 *
 * Adapter over `@bufbuild/cel`: ints for whole numbers, dashed step ids and `loop` by stand-ins,
 * null-safe `has`, bounded source and nesting. Never throws. Does not know of scopes: it is given
 * a lookup of root names.
 */
import { type CelInput, type CelResult, celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import { messageOf } from '../model/error.ts';
import type { ExpressionProblem } from '../model/expression.ts';
import type { Json } from '../model/json.ts';
import {
  adaptTree,
  type CelNode,
  childrenOf,
  constantPath,
  findNode,
  isDeeperThan,
  type Reads,
  readsOf,
  restoreNames,
  selection,
} from './cel-ast.ts';
import { type CelCost, celCostOf } from './cel-cost.ts';
import { expandExtensions } from './cel-expand.ts';
import { celFunctions } from './cel-functions.ts';
import { maskCelSource } from './cel-source.ts';
import { CelResultError, jsonFromCel } from './cel-values.ts';
import { badEvaluation, failed, type Outcome, shortSource, valueOutcome } from './failures.ts';
import type { ExpressionLimits } from './limits.ts';
import { listNames, rootHint } from './names.ts';
import { pathText, rootName } from './path.ts';

export interface CelProgram {
  readonly source: string;
  /** Constant paths read, `iter` given as `loop`. */
  readonly references: readonly (readonly string[])[];
  /** Free names as bound, each once. */
  readonly roots: readonly string[];
  /** The path when the whole expression is one, else null. */
  readonly path: readonly string[] | null;
  /** The value when the expression is a literal, else undefined. */
  readonly constant: Json | undefined;
  /** Estimates the work over actual data; null when it is small whatever the data. */
  readonly cost: CelCost | null;
  evaluate(lookup: (root: string) => CelInput | undefined, explain: Explain): Outcome;
}

/** Why a constant path has no value, or null when that is not known. */
type Explain = (segments: readonly string[]) => string | null;

type CompiledCel =
  | { readonly ok: true; readonly program: CelProgram }
  | { readonly ok: false; readonly problem: Omit<ExpressionProblem, 'pointer'> };

export interface CelCompiler {
  /** Compiles a source; `roots` are the names that may be free in it. */
  compile(source: string, stepIds: ReadonlySet<string>, roots: ReadonlySet<string>): CompiledCel;
}

/** Names of types, which are values in CEL. */
const TYPE_NAMES: ReadonlySet<string> = new Set(
  'int uint double bool string bytes list map null_type type google'.split(' '),
);

type Env = ReturnType<typeof celEnv>;

/** A compiler with its own function table. */
export function createCelCompiler(limits: ExpressionLimits): CelCompiler {
  const env: Env = celEnv({ funcs: celFunctions() });
  return {
    compile(source, stepIds, roots) {
      try {
        const parsed = parseCel(source, stepIds, limits);
        const unknown = parsed.reads.freeNames.find(
          ({ name }) => !roots.has(name) && !TYPE_NAMES.has(name),
        );
        if (unknown !== undefined) {
          const offset = parsed.positions[String(unknown.id)] ?? null;
          return { ok: false, problem: unknownRoot(unknown.name, offset, roots) };
        }
        return { ok: true, program: programOf(source, parsed, env, roots, limits) };
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
  expandExtensions(expr);
  return { tree: expr, reads: readsOf(expr), positions: sourceInfo?.positions ?? {} };
}

function programOf(
  source: string,
  { tree, reads }: ParsedCel,
  env: Env,
  roots: ReadonlySet<string>,
  limits: ExpressionLimits,
): CelProgram {
  const paths = reads.paths.filter((path) => roots.has(path[0] as string));
  const used = [...new Set(paths.map((path) => path[0] as string))];
  const constant = literalOf(tree);
  const path = wholePath(tree);
  const cost = celCostOf(tree);
  adaptTree(tree);
  const evaluateTree = plan(env, tree);
  return {
    source,
    references: paths.map((path) => [rootName(path[0] as string), ...path.slice(1)]),
    roots: used,
    path: path !== null && roots.has(path[0] as string) ? path : null,
    constant,
    cost,
    evaluate(lookup, explain) {
      const bindings: Record<string, CelInput> = Object.create(null);
      for (const root of used) {
        const value = lookup(root);
        if (value !== undefined) bindings[root] = value;
      }
      try {
        const result = evaluateTree(bindings);
        if (isCelError(result)) {
          // A macro's variable is no name of the scope.
          const explainOwn: Explain = (path) =>
            used.includes(path[0] as string) ? explain(path) : null;
          return celFailure(result, source, tree, explainOwn);
        }
        return valueOutcome(jsonFromCel(result, limits.maxResultBytes));
      } catch (thrown) {
        if (thrown instanceof CelResultError && thrown.tooLarge) {
          return failed('OUTPUT_TOO_LARGE', `CEL "${shortSource(source)}": ${thrown.message}`);
        }
        return badEvaluation(`CEL "${shortSource(source)}": ${messageOf(thrown)}`);
      }
    },
  };
}

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

type CelFault = Extract<CelResult, Error>;
type Problem = Omit<ExpressionProblem, 'pointer'>;

/** Names the path that is missing and what is there instead, when the error is about a name. */
function celFailure(fault: CelFault, source: string, tree: CelNode, explain: Explain): Outcome {
  const where = `CEL "${shortSource(source)}"`;
  if (fault.message === 'unresolved attribute') {
    const node = fault.exprId === undefined ? null : findNode(tree, fault.exprId);
    const name = node === null ? null : constantPath(node)?.segments;
    const why = name == null ? null : explain(name);
    return badEvaluation(`${where}: ${why ?? 'a name is not available here'}`, true);
  }
  const key = missingKey(fault.message);
  if (key === null) return badEvaluation(`${where}: ${fault.message}`);
  const holders = fault.exprId === undefined ? [] : holdersOf(tree, fault.exprId, key);
  for (const holder of holders) {
    const why = explain([...holder, key]);
    if (why !== null) return badEvaluation(`${where}: ${why}`, true);
  }
  const [holder] = holders;
  const text = holder === undefined ? 'there is' : `${pathText(holder)} has`;
  return badEvaluation(`${where}: ${text} no "${key}"`, true);
}

/**
 * Paths of what was asked for `key` by the failed node. For `a.b` the library names that node, for
 * `a["b"]` and `a[0]` only the name the path begins with.
 */
function holdersOf(node: CelNode, id: bigint, key: string): (readonly string[])[] {
  const found: (readonly string[])[] = [];
  const step = selection(node);
  if (step !== null && step.key === key) {
    const path = constantPath(step.operand);
    if (path !== null && (node.id === id || path.rootId === id)) found.push(path.segments);
  }
  return [...found, ...childrenOf(node).flatMap((child) => holdersOf(child, id, key))];
}

function missingKey(message: string): string | null {
  const field = /^field not found: ([\s\S]*)$/.exec(message);
  if (field !== null) return field[1] ?? null;
  const index = /^index (-?[\d.e+]+) out of bounds/.exec(message);
  return index?.[1] ?? null;
}

function unknownRoot(name: string, offset: number | null, roots: ReadonlySet<string>): Problem {
  const names = [...roots];
  const hint = rootHint(name, names, 'iter');
  const message = `unknown name "${name}"; ${listNames(names)}`;
  return hint === undefined ? { offset, message } : { offset, message, hint };
}

function parseProblem(thrown: unknown): Problem {
  if (thrown instanceof CelSourceError) return { offset: null, message: thrown.message };
  if (thrown instanceof RangeError)
    return { offset: null, message: 'the expression nests too deep' };
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
