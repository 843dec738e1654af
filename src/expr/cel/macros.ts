/**
 * Macros as loops: what the parser spelt out as folds (`all`, `exists`, `exists_one`, `map`,
 * `filter`) is recognised and run over the list in place; `cel.bind` and `sortBy` are our own.
 */
import { charge, chargeList, spend } from '../expr-lang/runtime.ts';
import { type CelNode, type Comprehension, callOf, countNodes } from './ast.ts';
import { CelFault, noOverload } from './fault.ts';
import { bind, type CelContext, type CelRuntime, type Evaluate } from './runtime.ts';
import { sortByKeys } from './sorting.ts';
import { isMap, keysOf, typeName } from './values.ts';

type MacroKind = 'all' | 'exists' | 'exists_one' | 'map' | 'filter';

interface Macro {
  readonly kind: MacroKind;
  readonly test: CelNode | null;
  readonly value: CelNode | null;
}

/** A fold as the loop it stands for. */
export function emitComprehension(fold: Comprehension, context: CelContext): Evaluate {
  const macro = macroOf(fold);
  if (macro === null || fold.iterRange === undefined) {
    throw new CelFault('a fold is none of the macros');
  }
  const range = context.emit(fold.iterRange, context);
  const { slot, inner } = bind(context, fold.iterVar);
  const test = macro.test && context.emit(macro.test, inner);
  const value = macro.value && context.emit(macro.value, inner);
  const cost =
    2 + (macro.test ? countNodes(macro.test) : 0) + (macro.value ? countNodes(macro.value) : 0);
  const loop = { range, slot, cost };
  switch (macro.kind) {
    case 'all':
      return emitQuantifier(loop, test as Evaluate, false);
    case 'exists':
      return emitQuantifier(loop, test as Evaluate, true);
    case 'exists_one':
      return emitExistsOne(loop, test as Evaluate);
    case 'filter':
      return emitCollect(loop, test, null);
    case 'map':
      return emitCollect(loop, test, value);
  }
}

/** Which macro the parser made the fold from, by the shape of its step. */
function macroOf({ accuInit, loopStep }: Comprehension): Macro | null {
  const step = callOf(loopStep);
  if (step === null) return null;
  const [first = null, second] = step.args;
  if (step.function === '_&&_') return { kind: 'all', test: second ?? null, value: null };
  if (step.function === '_||_') return { kind: 'exists', test: second ?? null, value: null };
  if (step.function === '_+_') return { kind: 'map', test: null, value: elementOf(second) };
  if (accuInit?.exprKind.case === 'constExpr') {
    return { kind: 'exists_one', test: first, value: null };
  }
  return { kind: 'map', test: first, value: elementOf(callOf(second)?.args[1]) };
}

const elementOf = (node: CelNode | undefined): CelNode | null =>
  node?.exprKind.case === 'listExpr' ? (node.exprKind.value.elements[0] ?? null) : null;

interface Loop {
  readonly range: Evaluate;
  readonly slot: number;
  /** Steps that one turn takes. */
  readonly cost: number;
}

/** The elements of a list or the keys of a map. */
function itemsOf(range: unknown): readonly unknown[] {
  if (Array.isArray(range)) return range;
  if (isMap(range)) return keysOf(range);
  throw new CelFault(`type mismatch: iterable vs ${typeName(range)}`);
}

/** `all` and `exists`: the deciding value ends the loop and wins over faults before it. */
function emitQuantifier({ range, slot, cost }: Loop, test: Evaluate, decides: boolean): Evaluate {
  return (rt) => {
    const items = itemsOf(range(rt));
    let fault: CelFault | null = null;
    for (let i = 0; i < items.length; i += 1) {
      spend(rt, cost, 0);
      rt.slots[slot] = items[i];
      const value = verdict(rt, test, !decides);
      if (value === decides) return decides;
      if (value instanceof CelFault) fault ??= value;
    }
    if (fault !== null) throw fault;
    return !decides;
  };
}

/** A bool, or the fault there is instead of one. */
function verdict(rt: CelRuntime, test: Evaluate, before: boolean): boolean | CelFault {
  try {
    const value = test(rt);
    if (typeof value === 'boolean') return value;
    return noOverload(before ? '_&&_' : '_||_', [before, value]);
  } catch (thrown) {
    if (thrown instanceof CelFault) return thrown;
    throw thrown;
  }
}

function emitExistsOne({ range, slot, cost }: Loop, test: Evaluate): Evaluate {
  return (rt) => {
    let count = 0;
    for (const item of itemsOf(range(rt))) {
      spend(rt, cost, 0);
      rt.slots[slot] = item;
      if (isTrue(test(rt))) count += 1;
    }
    return count === 1;
  };
}

function isTrue(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw noOverload('_?_:_', [value]);
}

const ELEMENT_BYTES = 8;

/** `filter` and `map`, with a test or without; without a value the element itself. */
function emitCollect(
  { range, slot, cost }: Loop,
  test: Evaluate | null,
  value: Evaluate | null,
): Evaluate {
  return (rt) => {
    const result: unknown[] = [];
    chargeList(rt, 0, 0);
    for (const item of itemsOf(range(rt))) {
      spend(rt, cost, 0);
      rt.slots[slot] = item;
      if (test !== null && !isTrue(test(rt))) continue;
      charge(rt, ELEMENT_BYTES, 0);
      result.push(value === null ? item : value(rt));
    }
    return result;
  };
}

/** Reads a variable of `cel.bind`: evaluated when it is first read, at most once. */
type Lazy = (rt: CelRuntime) => unknown;

function makeLazy(evaluate: Evaluate): Lazy {
  let read: Lazy | null = null;
  return (rt) => {
    read ??= settled(rt, evaluate);
    return read(rt);
  };
}

/** What an evaluation came to, value or fault. */
function settled(rt: CelRuntime, evaluate: Evaluate): Lazy {
  try {
    const value = evaluate(rt);
    return () => value;
  } catch (thrown) {
    if (!(thrown instanceof CelFault)) throw thrown;
    return () => {
      throw thrown;
    };
  }
}

/** Reads the variable of a macro. */
export function emitVariable(name: string, context: CelContext): Evaluate | null {
  const variable = context.variables.get(name);
  if (variable === undefined) return null;
  const { slot, lazy } = variable;
  if (lazy) return (rt) => (rt.slots[slot] as Lazy)(rt);
  return (rt) => rt.slots[slot];
}

/** `cel.bind(name, value, body)`. */
export function emitBind(
  name: string,
  valueNode: CelNode,
  bodyNode: CelNode,
  context: CelContext,
): Evaluate {
  const value = context.emit(valueNode, context);
  const { slot, inner } = bind(context, name, true);
  const body = context.emit(bodyNode, inner);
  return (rt) => {
    rt.slots[slot] = makeLazy(value);
    return body(rt);
  };
}

/** `list.sortBy(name, key)`. */
export function emitSortBy(
  listNode: CelNode,
  name: string,
  keyNode: CelNode,
  context: CelContext,
): Evaluate {
  const range = context.emit(listNode, context);
  const { slot, inner } = bind(context, name);
  const key = context.emit(keyNode, inner);
  const cost = 2 + countNodes(keyNode);
  return (rt) => {
    const list = range(rt);
    if (!Array.isArray(list)) throw noOverload('sortBy', [list], true);
    chargeList(rt, list.length, 0);
    const keys = list.map((item: unknown) => {
      spend(rt, cost, 0);
      rt.slots[slot] = item;
      return key(rt);
    });
    return sortByKeys(rt, list, keys);
  };
}
