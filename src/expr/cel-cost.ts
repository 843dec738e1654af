/**
 * Estimates how much work evaluating a CEL tree is over the data at hand.
 *
 * The estimate is an upper bound in steps of roughly a microsecond: nodes evaluated, times the
 * sizes of the lists under the macros around them, plus the sizes of what is compared, joined or
 * matched. Expressions whose work does not depend on the data have no estimate.
 */
import type { Json } from '../model/json.ts';
import { APPEND, type CelNode, childrenOf, constantPath } from './cel-ast.ts';
import { MAX_RANGE } from './cel-extensions.ts';
import { MAX_KEPT_PATTERN_SIZE } from './cel-functions.ts';
import { MAX_PATTERN_SIZE } from './expr-lang/limits.ts';
import { compilePattern } from './expr-lang/pattern.ts';
import { itemOf, measureJson, SCALAR, type Size, textSize } from './measure.ts';

/** Estimated steps over data; `read` answers a constant path. Stops counting above `cap`. */
export type CelCost = (read: (path: readonly string[]) => Json | undefined, cap: number) => number;

interface Estimate {
  steps: number;
  readonly cap: number;
  readonly read: (path: readonly string[]) => Json | undefined;
  /** Sizes of constant patterns, found once. */
  readonly patterns: Map<CelNode, number>;
}

type Variables = ReadonlyMap<string, Size>;

const NOTHING: Size = { ...SCALAR, nodes: 0, chars: 0 };
const CHARS_PER_STEP = 100;
const STEPS_A_COMPILED_INSTRUCTION = 2.5;
/** Functions whose work is the same whatever the data. */
const CONSTANT_TIME: ReadonlySet<string> = new Set(
  (
    '_&&_ _||_ !_ _?_:_ -_ _[_] int uint double bool type dyn duration timestamp ' +
    'getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes ' +
    'getSeconds getMilliseconds @not_strictly_false'
  ).split(' '),
);
const COMPARISONS: ReadonlySet<string> = new Set(
  '_==_ _!=_ _<_ _<=_ _>_ _>=_ _-_ _*_ _/_ _%_'.split(' '),
);

/** The estimate of a tree, or null when its work is bounded by its source alone. */
export function celCostOf(tree: CelNode): CelCost | null {
  if (isScalar(tree) && isConstantWork(tree)) return null;
  const patterns = new Map<CelNode, number>();
  return (read, cap) => {
    const estimate: Estimate = { steps: 0, cap, read, patterns };
    const result = visit(tree, 1, new Map(), estimate);
    // The result is walked once more when it becomes JSON.
    charge(estimate, 1, result.nodes, result.chars);
    return estimate.steps;
  };
}

/** True when the result is a single value whatever the data. */
function isScalar(node: CelNode): boolean {
  const { exprKind } = node;
  if (exprKind.case === 'constExpr') return true;
  if (exprKind.case === 'selectExpr') return exprKind.value.testOnly;
  if (exprKind.case !== 'callExpr') return false;
  const { function: name, args } = exprKind.value;
  if (name === '_?_:_') return args.slice(1).every(isScalar);
  return name !== '_[_]' && (CONSTANT_TIME.has(name) || COMPARISONS.has(name));
}

function isConstantWork(node: CelNode): boolean {
  const { exprKind } = node;
  if (exprKind.case === 'comprehensionExpr') return false;
  if (exprKind.case === 'callExpr') {
    const name = exprKind.value.function;
    const literalSide = exprKind.value.args.some((arg) => arg.exprKind.case === 'constExpr');
    if (!CONSTANT_TIME.has(name) && !(COMPARISONS.has(name) && literalSide)) return false;
  }
  return childrenOf(node).every(isConstantWork);
}

function visit(node: CelNode, times: number, vars: Variables, estimate: Estimate): Size {
  if (estimate.steps > estimate.cap) return SCALAR;
  estimate.steps += times;
  const path = constantPath(node);
  if (path !== null) return pathSize(path.segments, vars, estimate);
  const { exprKind } = node;
  switch (exprKind.case) {
    case 'constExpr':
      return constantSize(node);
    case 'selectExpr': {
      const { operand } = exprKind.value;
      return operand === undefined ? SCALAR : visit(operand, times, vars, estimate);
    }
    case 'callExpr':
      return visitCall(node, times, vars, estimate);
    case 'comprehensionExpr':
      return visitMacro(node, times, vars, estimate);
    default: {
      const sizes = childrenOf(node).map((child) => visit(child, times, vars, estimate));
      return listOf(sizes);
    }
  }
}

function pathSize(segments: readonly string[], vars: Variables, estimate: Estimate): Size {
  const variable = vars.get(segments[0] as string);
  if (variable !== undefined) {
    return segments.length === 1 ? variable : partOf(variable);
  }
  const value = estimate.read(segments);
  return value === undefined ? SCALAR : measureJson(value, estimate.cap);
}

function constantSize(node: CelNode): Size {
  const text = node.exprKind.case === 'constExpr' ? node.exprKind.value.constantKind.value : null;
  return typeof text === 'string' ? textSize(text.length) : SCALAR;
}

function visitMacro(node: CelNode, times: number, vars: Variables, estimate: Estimate): Size {
  if (node.exprKind.case !== 'comprehensionExpr') return SCALAR;
  const { iterRange, iterVar, iterVar2, accuVar, accuInit, loopCondition, loopStep, result } =
    node.exprKind.value;
  if (iterRange === undefined || loopStep === undefined) return SCALAR;
  const range = visit(iterRange, times, vars, estimate);
  const inner = new Map(vars);
  inner.set(iterVar, itemOf(range));
  if (iterVar2) inner.set(iterVar2, itemOf(range));
  inner.set(accuVar, NOTHING);
  const turns = times * Math.max(1, range.length);
  const initial = accuInit === undefined ? SCALAR : visit(accuInit, times, vars, estimate);
  if (loopCondition !== undefined) visit(loopCondition, turns, inner, estimate);
  const step = visit(loopStep, turns, inner, estimate);
  const built: Size = {
    ...step,
    length: range.length * Math.max(1, step.length),
    nodes: 1 + range.length * step.nodes,
    chars: range.length * step.chars,
  };
  // Over nothing the result is made of what it began with: so is `cel.bind`.
  inner.set(accuVar, range.length === 0 ? initial : built);
  return result === undefined ? built : visit(result, times, inner, estimate);
}

function visitCall(node: CelNode, times: number, vars: Variables, estimate: Estimate): Size {
  if (node.exprKind.case !== 'callExpr') return SCALAR;
  const name = node.exprKind.value.function;
  const sizes = childrenOf(node).map((child) => visit(child, times, vars, estimate));
  if (name === '_?_:_') return largest(sizes.slice(1));
  if (name === '_[_]') return partOf(sizes[0] ?? SCALAR);
  if (CONSTANT_TIME.has(name)) return SCALAR;
  const all = sum(sizes);
  if (COMPARISONS.has(name)) {
    charge(estimate, times, least(sizes, 'nodes'), least(sizes, 'chars'));
    return SCALAR;
  }
  if ((name === '_+_' || name === APPEND) && all.length > 0) {
    estimate.steps += times * all.length;
    return all;
  }
  if (name === 'matches') {
    const pattern = childrenOf(node)[1];
    chargeMatch(
      pattern === undefined ? MAX_PATTERN_SIZE : patternSize(pattern, estimate),
      times,
      sizes,
      estimate,
    );
    return SCALAR;
  }
  if (name === 'range') return rangeSize(node, times, estimate);
  if (name === 'size') {
    charge(estimate, times, 1, all.length + all.chars);
    return SCALAR;
  }
  charge(estimate, times, all.nodes, all.chars);
  return resultSize(name, sizes, all, times, estimate);
}

/** Linear in the text, times the instructions of the pattern, which is compiled first. */
function chargeMatch(
  pattern: number,
  times: number,
  sizes: readonly Size[],
  estimate: Estimate,
): void {
  const chars = sizes[0]?.chars ?? 0;
  const compiled = pattern > MAX_KEPT_PATTERN_SIZE ? times : 1;
  estimate.steps += compiled * pattern * STEPS_A_COMPILED_INSTRUCTION;
  estimate.steps += times * chars * (0.2 + pattern / 40);
}

/** Instructions of a constant pattern; one only known later may be of any size. */
function patternSize(node: CelNode, { patterns }: Estimate): number {
  const known = patterns.get(node);
  if (known !== undefined) return known;
  const constant =
    node.exprKind.case === 'constExpr' ? node.exprKind.value.constantKind : undefined;
  if (constant?.case !== 'stringValue') return MAX_PATTERN_SIZE;
  const compiled = compilePattern(constant.value);
  const size = typeof compiled === 'string' ? 0 : compiled.size;
  patterns.set(node, size);
  return size;
}

/** `lists.range(n)`: of a constant length, or of any. */
function rangeSize(node: CelNode, times: number, estimate: Estimate): Size {
  const length = childrenOf(node).at(-1);
  const constant =
    length?.exprKind.case === 'constExpr' ? length.exprKind.value.constantKind : null;
  const known = constant?.case === 'int64Value' ? Math.max(0, Number(constant.value)) : MAX_RANGE;
  const items = Math.min(known, MAX_RANGE);
  charge(estimate, times, items, 0);
  return { ...SCALAR, length: items, nodes: items + 1, itemNodes: 1 };
}

function resultSize(
  name: string,
  sizes: readonly Size[],
  all: Size,
  times: number,
  estimate: Estimate,
): Size {
  const first = sizes[0] ?? SCALAR;
  const rest = sum(sizes.slice(1));
  switch (name) {
    case 'replace':
      return grown(first.chars * (1 + rest.chars), times, estimate);
    case 'join':
      return grown(first.chars + first.nodes * (1 + rest.chars), times, estimate);
    case 'format':
      return grown((first.chars + 1) * (1 + rest.chars + rest.nodes), times, estimate);
    case 'sort':
      charge(estimate, times, all.length * 10, 0);
      return all;
    case 'split':
      return listOf([textSize(first.chars)], first.chars + 1);
    default:
      return all;
  }
}

/** A text that a function may make longer than what it is given. */
function grown(chars: number, times: number, estimate: Estimate): Size {
  charge(estimate, times, 0, chars);
  return textSize(chars);
}

function charge(estimate: Estimate, times: number, nodes: number, chars: number): void {
  estimate.steps += times * (nodes + chars / CHARS_PER_STEP);
}

/** Any part of a value: at most everything in it. */
const partOf = (size: Size): Size => ({ ...size, length: size.widest });

/** A list or map of items; `length` when there are more than the given ones. */
function listOf(items: readonly Size[], length = items.length): Size {
  return {
    ...sum(items),
    length,
    nodes: Math.max(sum(items).nodes, length),
    itemNodes: most(items, 'nodes'),
    itemChars: most(items, 'chars'),
    widest: Math.max(most(items, 'length'), most(items, 'widest')),
  };
}

/** Sizes of values put together into one, such as two lists that are added. */
function sum(sizes: readonly Size[]): Size {
  let length = 0;
  let nodes = 1;
  let chars = 0;
  for (const size of sizes) {
    length += size.length;
    nodes += size.nodes;
    chars += size.chars;
  }
  return {
    length,
    nodes,
    chars,
    itemNodes: most(sizes, 'itemNodes'),
    itemChars: most(sizes, 'itemChars'),
    widest: most(sizes, 'widest'),
  };
}

const most = (sizes: readonly Size[], key: keyof Size): number =>
  sizes.reduce((max, size) => Math.max(max, size[key]), 0);

const least = (sizes: readonly Size[], key: keyof Size): number =>
  sizes.reduce((min, size) => Math.min(min, size[key]), Number.POSITIVE_INFINITY);

const largest = (sizes: readonly Size[]): Size => ({
  length: most(sizes, 'length'),
  nodes: most(sizes, 'nodes'),
  chars: most(sizes, 'chars'),
  itemNodes: most(sizes, 'itemNodes'),
  itemChars: most(sizes, 'itemChars'),
  widest: most(sizes, 'widest'),
});
