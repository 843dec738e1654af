/**
 * Gives calls of CEL's extensions the form that the library can evaluate, in the parsed tree:
 * `cel.bind` becomes a fold, `math.greatest(a, b, …)` a call with one list.
 */
import { type CelNode, childrenOf } from './cel-ast.ts';

/** Rewrites every call of an extension in place. */
export function expandExtensions(node: CelNode): void {
  for (const child of childrenOf(node)) expandExtensions(child);
  expandExtension(node);
}

function expandExtension(node: CelNode): void {
  if (node.exprKind.case !== 'callExpr') return;
  const { target, function: name, args } = node.exprKind.value;
  if (target?.exprKind.case !== 'identExpr') return;
  const space = target.exprKind.value.name;
  if (space === 'cel' && name === 'bind') expandBind(node, args);
  const many = space === 'math' && (name === 'greatest' || name === 'least');
  const [only] = args;
  if (!many || (args.length === 1 && only?.exprKind.case === 'listExpr')) return;
  if (args.length === 1 && !isConstantNumber(only)) return;
  node.exprKind.value.args = [listNode(node.id, [...args])];
}

const isConstantNumber = (node: CelNode | undefined): boolean =>
  node?.exprKind.case === 'constExpr';

/** `cel.bind(x, value, body)` is a fold over nothing that begins with `value` and gives `body`. */
function expandBind(node: CelNode, args: readonly CelNode[]): void {
  const [variable, value, body] = args;
  if (variable?.exprKind.case !== 'identExpr' || value === undefined || body === undefined) return;
  const { name } = variable.exprKind.value;
  node.exprKind = {
    case: 'comprehensionExpr',
    value: {
      $typeName: 'cel.expr.Expr.Comprehension',
      iterVar: '#unused',
      iterVar2: '',
      iterRange: listNode(node.id, []),
      accuVar: name,
      accuInit: value,
      loopCondition: constantNode(node.id, false),
      loopStep: variable,
      result: body,
    },
  };
}

const constantNode = (id: bigint, value: boolean): CelNode => ({
  $typeName: 'cel.expr.Expr',
  id,
  exprKind: {
    case: 'constExpr',
    value: { $typeName: 'cel.expr.Constant', constantKind: { case: 'boolValue', value } },
  },
});

const listNode = (id: bigint, elements: CelNode[]): CelNode => ({
  $typeName: 'cel.expr.Expr',
  id,
  exprKind: {
    case: 'listExpr',
    value: { $typeName: 'cel.expr.Expr.CreateList', elements, optionalIndices: [] },
  },
});
