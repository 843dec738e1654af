/**
 * Parsed tree → closures: every node becomes one function of the runtime. Operators, access and
 * macros have files of their own.
 *
 * Work is paid for by node counts: a program's nodes before it runs, a macro's before each turn.
 */
import { chargeList, chargeMap } from '../expr-lang/runtime.ts';
import { nearestName, shortName } from '../names.ts';
import { emitField, emitHas, emitIndex, emitPath } from './access.ts';
import { toInt, toUint } from './arithmetic.ts';
import { type CelNode, callOf, constantPath, namespaceOf, ownMacro, selection } from './ast.ts';
import { CelFault, NO_OVERLOAD, noOverload } from './fault.ts';
import type { CelFunction } from './function-row.ts';
import { functionNames, functionOf } from './functions.ts';
import { emitBind, emitComprehension, emitSortBy, emitVariable } from './macros.ts';
import { emitBinary, emitConditional, emitUnary } from './operators.ts';
import type { CelContext, CelRuntime, Evaluate } from './runtime.ts';
import { createLiteralMap, doubleOf, isInt, isUint, makeBytes, makeDouble } from './values.ts';

/** The function that evaluates a node. */
export function emit(node: CelNode, context: CelContext): Evaluate {
  const { exprKind } = node;
  switch (exprKind.case) {
    case 'constExpr':
      return emitConstant(exprKind.value);
    case 'identExpr':
      return (
        emitVariable(exprKind.value.name, context) ?? emitPath(node, context) ?? unresolved(node)
      );
    case 'selectExpr': {
      const { operand, field, testOnly } = exprKind.value;
      if (operand === undefined) return unresolved(node);
      if (testOnly) return emitHas(operand, field, context);
      return emitPath(node, context) ?? emitField({ operand, key: field, byIndex: false }, context);
    }
    case 'callExpr':
      return emitCall(node, context);
    case 'listExpr':
      return emitList(exprKind.value.elements, context);
    case 'structExpr':
      return exprKind.value.messageName === ''
        ? emitMap(exprKind.value, context)
        : emitMessage(exprKind.value, context);
    case 'comprehensionExpr':
      return emitComprehension(exprKind.value, context);
    default:
      return unresolved(node);
  }
}

const unresolved = (node: CelNode): Evaluate => {
  const key = constantPath(node)?.segments[0] ?? '';
  return () => {
    throw new CelFault('unresolved attribute', { holder: null, key });
  };
};

type Kind<K extends NonNullable<CelNode['exprKind']['case']>> = Extract<
  CelNode['exprKind'],
  { case: K }
>['value'];

function emitConstant({ constantKind }: Kind<'constExpr'>): Evaluate {
  switch (constantKind.case) {
    case 'int64Value':
      return literal(() => toInt(constantKind.value));
    case 'uint64Value':
      return literal(() => toUint(constantKind.value));
    case 'doubleValue':
      return literal(() => finiteDouble(constantKind.value));
    case 'bytesValue':
      return literal(() => makeBytes(constantKind.value));
    case 'stringValue':
    case 'boolValue': {
      const { value } = constantKind;
      return () => value;
    }
    default:
      return () => null;
  }
}

function finiteDouble(value: number): unknown {
  if (Number.isFinite(value)) return makeDouble(value);
  throw new CelFault('a number literal is larger than any double');
}

/** A literal out of its range is a fault when it is evaluated. */
function literal(make: () => unknown): Evaluate {
  try {
    const value = make();
    return () => value;
  } catch (thrown) {
    return () => {
      throw thrown;
    };
  }
}

function emitList(elements: readonly CelNode[], context: CelContext): Evaluate {
  const items = elements.map((element) => context.emit(element, context));
  return (rt) => {
    chargeList(rt, items.length, 0);
    return items.map((item) => item(rt));
  };
}

function emitMap({ entries }: Kind<'structExpr'>, context: CelContext): Evaluate {
  const pairs = entries.flatMap(({ keyKind, value }) =>
    keyKind.case === 'mapKey' && value !== undefined
      ? [[context.emit(keyKind.value, context), context.emit(value, context)] as const]
      : [],
  );
  return (rt) => {
    chargeMap(rt, pairs.length, 0);
    const map = createLiteralMap();
    for (const [emitKey, emitValue] of pairs) {
      const key = mapKey(emitKey(rt));
      if (!map.add(key, emitValue(rt))) {
        throw new CelFault(`map key conflict: ${isUint(key) ? key.value : key}`);
      }
    }
    return map;
  };
}

function mapKey(key: unknown): unknown {
  const isKey = typeof key === 'string' || typeof key === 'boolean' || isInt(key);
  if (isKey || isUint(key)) return key;
  throw new CelFault(doubleOf(key) === null ? 'unsupported key type' : 'a double is no map key');
}

function emitMessage({ messageName, entries }: Kind<'structExpr'>, context: CelContext): Evaluate {
  const fields = entries.flatMap(({ keyKind, value }) =>
    keyKind.case === 'fieldKey' && value !== undefined
      ? [[keyKind.value, context.emit(value, context)] as const]
      : [],
  );
  return (rt) => {
    const values = new Map(fields.map(([name, value]) => [name, value(rt)] as const));
    return context.names.message(messageName, values);
  };
}

function emitCall(node: CelNode, context: CelContext): Evaluate {
  const path = emitPath(node, context);
  if (path !== null) return path;
  const macro = ownMacro(node);
  if (macro?.kind === 'bind') return emitBind(macro.variable, macro.outer, macro.inner, context);
  if (macro !== null) return emitSortBy(macro.outer, macro.variable, macro.inner, context);
  const call = callOf(node);
  if (call === null) return unresolved(node);
  const [first, second] = call.args;
  if (call.function === '_[_]' && first !== undefined && second !== undefined) {
    const step = selection(node);
    return step !== null && !step.byIndex
      ? emitField(step, context)
      : emitIndex(first, second, context);
  }
  const args = call.args.map((arg) => context.emit(arg, context));
  const operator = call.target === undefined ? emitOperator(call.function, args) : null;
  return operator ?? emitFunction(node, call.function, call.target, args, context);
}

function emitOperator(name: string, [left, right, other]: readonly Evaluate[]): Evaluate | null {
  if (left === undefined) return null;
  if (name === '!_' || name === '-_') return emitUnary(name, left);
  if (right === undefined) return null;
  if (name === '_?_:_' && other !== undefined) return emitConditional(left, right, other);
  return emitBinary(name, left, right);
}

function emitFunction(
  node: CelNode,
  name: string,
  target: CelNode | undefined,
  args: readonly Evaluate[],
  context: CelContext,
): Evaluate {
  const space = qualifierOf(node, target, context);
  const qualified = space === null ? name : `${space}.${name}`;
  const method = target !== undefined && space === null;
  const values = method ? [context.emit(target, context), ...args] : args;
  const run = functionOf(qualified, method, values.length);
  if (run === null) return emitUnknown(qualified, values, method);
  return emitApplied(qualified, run, values, method);
}

/** `math` of `math.abs`, null when the target is a value. */
function qualifierOf(
  node: CelNode,
  target: CelNode | undefined,
  context: CelContext,
): string | null {
  if (target?.exprKind.case !== 'identExpr' || namespaceOf(node) === null) return null;
  const { name } = target.exprKind.value;
  return context.variables.has(name) ? null : name;
}

/** A call of what is no function, or none of so many arguments; those are evaluated first. */
function emitUnknown(name: string, values: readonly Evaluate[], method: boolean): Evaluate {
  const names = functionNames(method);
  const reason = names.includes(name) ? null : unknownFunction(name, names);
  return (rt) => {
    const args = values.map((value) => value(rt));
    throw reason === null ? noOverload(name, args, method) : new CelFault(reason);
  };
}

function unknownFunction(name: string, names: readonly string[]): string {
  if (name === 'has') return 'has() takes a field, as in has(a.b)';
  const near = nearestName(name, names);
  return `there is no function "${shortName(name)}"${near === null ? '' : `; did you mean "${near}"?`}`;
}

function emitApplied(
  name: string,
  run: CelFunction,
  values: readonly Evaluate[],
  method: boolean,
): Evaluate {
  const checked = (result: unknown, args: readonly unknown[]): unknown => {
    if (result === NO_OVERLOAD) throw noOverload(name, args, method);
    return result;
  };
  const [first, second] = values;
  if (values.length === 1 && first !== undefined) {
    return (rt: CelRuntime) => {
      const a = first(rt);
      const result = run(rt, a);
      return result === NO_OVERLOAD ? checked(result, [a]) : result;
    };
  }
  if (values.length === 2 && first !== undefined && second !== undefined) {
    return (rt: CelRuntime) => {
      const a = first(rt);
      const b = second(rt);
      const result = run(rt, a, b);
      return result === NO_OVERLOAD ? checked(result, [a, b]) : result;
    };
  }
  return (rt: CelRuntime) => {
    const args = values.map((value) => value(rt));
    return checked(run(rt, ...args), args);
  };
}
