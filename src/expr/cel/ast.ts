/**
 * Walks the tree of a parsed CEL expression.
 *
 * Finds the constant paths it reads, the free names, how deep it nests; puts real names back for
 * stand-ins.
 */
import type { parse } from '@bufbuild/cel';

export type CelNode = NonNullable<ReturnType<typeof parse>['expr']>;
export type Comprehension = Extract<CelNode['exprKind'], { case: 'comprehensionExpr' }>['value'];

type Call = Extract<CelNode['exprKind'], { case: 'callExpr' }>['value'];

const INDEX = '_[_]';

/** First names of qualified functions; alone they mean nothing. */
const FUNCTION_NAMESPACES: ReadonlySet<string> = new Set([
  'base64',
  'cel',
  'lists',
  'math',
  'strings',
]);

/** The call that a node is, or null. */
export function callOf(node: CelNode | undefined): Call | null {
  return node?.exprKind.case === 'callExpr' ? node.exprKind.value : null;
}

/** How many nodes the tree has: at most so many are evaluated without a loop. */
export function countNodes(node: CelNode): number {
  let count = 1;
  for (const child of childrenOf(node)) count += countNodes(child);
  return count;
}

/** The direct sub-expressions of a node, in order of evaluation. */
export function childrenOf(node: CelNode): CelNode[] {
  const { exprKind } = node;
  switch (exprKind.case) {
    case 'selectExpr':
      return present([exprKind.value.operand]);
    case 'callExpr':
      return present([exprKind.value.target, ...exprKind.value.args]);
    case 'listExpr':
      return exprKind.value.elements;
    case 'structExpr':
      return exprKind.value.entries.flatMap((entry) =>
        present([entry.keyKind.case === 'mapKey' ? entry.keyKind.value : undefined, entry.value]),
      );
    case 'comprehensionExpr':
      return comprehensionParts(exprKind.value);
    default:
      return [];
  }
}

function comprehensionParts(value: Comprehension): CelNode[] {
  return present([
    value.iterRange,
    value.accuInit,
    value.loopCondition,
    value.loopStep,
    value.result,
  ]);
}

const present = (nodes: readonly (CelNode | undefined)[]): CelNode[] =>
  nodes.filter((node) => node !== undefined);

/** True when the tree is deeper than `max`; never recurses deeper than that. */
export function isDeeperThan(node: CelNode, max: number): boolean {
  if (max <= 0) return true;
  return childrenOf(node).some((child) => isDeeperThan(child, max - 1));
}

/** Puts real names back for stand-ins, in place. */
export function restoreNames(node: CelNode, names: ReadonlyMap<string, string>): void {
  if (names.size === 0) return;
  const { exprKind } = node;
  const real = (name: string): string => names.get(name) ?? name;
  if (exprKind.case === 'identExpr') exprKind.value.name = real(exprKind.value.name);
  if (exprKind.case === 'selectExpr') exprKind.value.field = real(exprKind.value.field);
  if (exprKind.case === 'comprehensionExpr') {
    exprKind.value.iterVar = real(exprKind.value.iterVar);
    exprKind.value.iterVar2 = real(exprKind.value.iterVar2 ?? '');
  }
  if (exprKind.case === 'structExpr') {
    for (const { keyKind } of exprKind.value.entries) {
      if (keyKind.case === 'fieldKey') keyKind.value = real(keyKind.value);
    }
  }
  for (const child of childrenOf(node)) restoreNames(child, names);
}

interface FreeName {
  readonly name: string;
  readonly id: bigint;
}

export interface Reads {
  /** Longest constant paths from free names, e.g. `["inputs","user","name"]`. */
  readonly paths: readonly (readonly string[])[];
  readonly freeNames: readonly FreeName[];
}

/** Everything the tree reads from outside itself. */
export function readsOf(root: CelNode): Reads {
  const paths: string[][] = [];
  const freeNames: FreeName[] = [];
  const visit = (node: CelNode, bound: ReadonlySet<string>): void => {
    const path = constantPath(node);
    if (path !== null && (path.absolute || !bound.has(path.segments[0] as string))) {
      paths.push(path.segments);
      freeNames.push({ name: path.segments[0] as string, id: path.rootId });
      return;
    }
    if (node.exprKind.case === 'comprehensionExpr') {
      visitComprehension(node.exprKind.value, bound, visit);
      return;
    }
    const macro = ownMacro(node);
    if (macro !== null) {
      visit(macro.outer, bound);
      visit(macro.inner, new Set([...bound, macro.variable]));
      return;
    }
    const namespace = namespaceOf(node);
    for (const child of childrenOf(node)) if (child !== namespace) visit(child, bound);
  };
  visit(root, new Set());
  return { paths, freeNames };
}

export interface OwnMacro {
  readonly kind: 'bind' | 'sortBy';
  readonly variable: string;
  /** What is evaluated without the variable: the bound value, the list. */
  readonly outer: CelNode;
  /** What the variable is read in. */
  readonly inner: CelNode;
}

/** `cel.bind(x, outer, inner)` and `outer.sortBy(x, inner)`, which the parser leaves as calls. */
export function ownMacro(node: CelNode): OwnMacro | null {
  const call = callOf(node);
  const [first, second, third] = call?.args ?? [];
  if (call?.target === undefined || first?.exprKind.case !== 'identExpr' || second === undefined) {
    return null;
  }
  const variable = first.exprKind.value.name;
  if (call.function === 'sortBy' && third === undefined) {
    return { kind: 'sortBy', variable, outer: call.target, inner: second };
  }
  const isBind = call.function === 'bind' && third !== undefined && isName(call.target, 'cel');
  return isBind ? { kind: 'bind', variable, outer: second, inner: third } : null;
}

const isName = (node: CelNode, name: string): boolean =>
  node.exprKind.case === 'identExpr' && node.exprKind.value.name === name;

/** `math` in `math.abs(x)`: the beginning of a function's name, which reads nothing. */
export function namespaceOf(node: CelNode): CelNode | null {
  if (node.exprKind.case !== 'callExpr') return null;
  const { target } = node.exprKind.value;
  if (target?.exprKind.case !== 'identExpr') return null;
  return FUNCTION_NAMESPACES.has(target.exprKind.value.name) ? target : null;
}

function visitComprehension(
  value: Comprehension,
  bound: ReadonlySet<string>,
  visit: (node: CelNode, bound: ReadonlySet<string>) => void,
): void {
  const accu = new Set([...bound, value.accuVar]);
  const inner = new Set([...accu, value.iterVar, value.iterVar2 ?? '']);
  for (const node of present([value.iterRange, value.accuInit])) visit(node, bound);
  for (const node of present([value.loopCondition, value.loopStep])) visit(node, inner);
  for (const node of present([value.result])) visit(node, accu);
}

export interface ConstantPath {
  readonly segments: string[];
  /** True when it began with a dot: it is then no variable of a macro. */
  readonly absolute: boolean;
  /** The selections behind the first name, outermost last. */
  readonly steps: readonly Selection[];
  readonly rootId: bigint;
}

/** The path of a chain of selects and constant indices on a name, or null. */
export function constantPath(node: CelNode): ConstantPath | null {
  const steps: Selection[] = [];
  let at: CelNode | undefined = node;
  while (at !== undefined) {
    if (at.exprKind.case === 'identExpr') {
      const name = at.exprKind.value.name;
      steps.reverse();
      const absolute = name.startsWith('.');
      const segments = [absolute ? name.slice(1) : name, ...steps.map(({ key }) => key)];
      return { segments, absolute, steps, rootId: at.id };
    }
    const step = selection(at);
    if (step === null) return null;
    steps.push(step);
    at = step.operand;
  }
  return null;
}

export interface Selection {
  readonly operand: CelNode;
  readonly key: string;
  /** True for `a[0]`. */
  readonly byIndex: boolean;
}

/** Operand and key of `a.b`, `a["b"]`, `a[0]`; null for anything else. */
export function selection(node: CelNode): Selection | null {
  const { exprKind } = node;
  if (exprKind.case === 'selectExpr' && exprKind.value.operand !== undefined) {
    return { operand: exprKind.value.operand, key: exprKind.value.field, byIndex: false };
  }
  if (exprKind.case !== 'callExpr' || exprKind.value.function !== INDEX) return null;
  const [operand, index] = exprKind.value.args;
  if (operand === undefined || index?.exprKind.case !== 'constExpr') return null;
  const { constantKind } = index.exprKind.value;
  if (constantKind.case === 'stringValue') {
    return { operand, key: constantKind.value, byIndex: false };
  }
  if (constantKind.case !== 'int64Value' || constantKind.value < 0n) return null;
  return { operand, key: String(constantKind.value), byIndex: true };
}
