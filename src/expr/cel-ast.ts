/**
 * Walks and rewrites the tree of a parsed CEL expression.
 *
 * Finds the constant paths it reads, the free names, how deep it nests; puts real names back for
 * stand-ins; makes `has(a.b.c)` absorb a missing `a.b`; makes macros that build lists append.
 */
import type { parse } from '@bufbuild/cel';
import { FUNCTION_NAMESPACES } from './cel-extensions.ts';

export type CelNode = NonNullable<ReturnType<typeof parse>['expr']>;
type Comprehension = Extract<CelNode['exprKind'], { case: 'comprehensionExpr' }>['value'];

/** Name of the function that appends to a macro's own list in place. */
export const APPEND = '@append';
const ADD = '_+_';
const INDEX = '_[_]';
const AND = '_&&_';

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
    if (path !== null && !bound.has(path.segments[0] as string)) {
      paths.push(path.segments);
      freeNames.push({ name: path.segments[0] as string, id: path.rootId });
      return;
    }
    if (node.exprKind.case === 'comprehensionExpr') {
      visitComprehension(node.exprKind.value, bound, visit);
      return;
    }
    const namespace = namespaceOf(node);
    for (const child of childrenOf(node)) if (child !== namespace) visit(child, bound);
  };
  visit(root, new Set());
  return { paths, freeNames };
}

/** `math` in `math.abs(x)`: the beginning of a function's name, which reads nothing. */
function namespaceOf(node: CelNode): CelNode | null {
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
  readonly rootId: bigint;
}

/** The path of a chain of selects and constant indices on a name, or null. */
export function constantPath(node: CelNode): ConstantPath | null {
  const keys: string[] = [];
  let at: CelNode | undefined = node;
  while (at !== undefined) {
    if (at.exprKind.case === 'identExpr') {
      const name = at.exprKind.value.name;
      return { segments: [name.replace(/^\./, ''), ...keys.reverse()], rootId: at.id };
    }
    const step = selection(at);
    if (step === null) return null;
    keys.push(step.key);
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

/** The node with this id, or null. */
export function findNode(root: CelNode, id: bigint): CelNode | null {
  if (root.id === id) return root;
  for (const child of childrenOf(root)) {
    const found = findNode(child, id);
    if (found !== null) return found;
  }
  return null;
}

/** Rewrites the tree in place: `has` absorbs missing parents, macros append to their list. */
export function adaptTree(node: CelNode): void {
  for (const child of childrenOf(node)) adaptTree(child);
  const { exprKind } = node;
  if (exprKind.case === 'comprehensionExpr' && exprKind.value.loopStep !== undefined) {
    appendInPlace(exprKind.value.loopStep, exprKind.value.accuVar);
  }
  if (exprKind.case === 'selectExpr' && exprKind.value.testOnly) absorbMissing(node);
}

/** `accu + [x]` in a macro's step is quadratic when each sum is a new list. */
function appendInPlace(step: CelNode, accuVar: string): void {
  if (step.exprKind.case !== 'callExpr') return;
  const call = step.exprKind.value;
  const [first, added] = call.args;
  const isAccu = first?.exprKind.case === 'identExpr' && first.exprKind.value.name === accuVar;
  const appends = call.function === ADD && added?.exprKind.case === 'listExpr';
  if (appends && isAccu) call.function = APPEND;
  else if (call.function === '_?_:_') for (const arg of call.args) appendInPlace(arg, accuVar);
}

/** `has(a.b.c)` becomes `has(a.b) && has(a.b.c)`, for every parent that is itself a selection. */
function absorbMissing(node: CelNode): void {
  const args: CelNode[] = [];
  let parent = node.exprKind.case === 'selectExpr' ? node.exprKind.value.operand : undefined;
  while (parent !== undefined) {
    const step = selection(parent);
    if (step === null) break;
    if (!step.byIndex) args.unshift(selectNode(parent.id, step.operand, step.key));
    parent = step.operand;
  }
  if (args.length === 0 || node.exprKind.case !== 'selectExpr') return;
  const { operand, field } = node.exprKind.value;
  if (operand === undefined) return;
  args.push(selectNode(node.id, operand, field));
  node.exprKind = {
    case: 'callExpr',
    value: { $typeName: 'cel.expr.Expr.Call', function: AND, args },
  };
}

function selectNode(id: bigint, operand: CelNode, field: string): CelNode {
  return {
    $typeName: 'cel.expr.Expr',
    id,
    exprKind: {
      case: 'selectExpr',
      value: { $typeName: 'cel.expr.Expr.Select', operand, field, testOnly: true },
    },
  };
}
