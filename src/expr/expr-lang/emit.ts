/**
 * Syntax tree → closures: every node becomes one function of the runtime. Operators are in
 * emit-operators.ts, members and slices in emit-access.ts.
 *
 * Work is paid for by node counts: a program's nodes before it runs, a closure's before each call.
 */
import { type BuiltinNode, childrenOf, type Node, type SequenceItem } from './ast.ts';
import type { Builtin, LoopBuiltin, PlainBuiltin } from './builtin-kinds.ts';
import { builtinOf } from './builtins.ts';
import { emitAccess, emitChain, emitEnv, emitRoot } from './emit-access.ts';
import { emitBinary, emitComparison, emitUnary } from './emit-operators.ts';
import { isNumeric } from './int64.ts';
import {
  type Closure,
  chargeList,
  chargeMap,
  type Evaluate,
  fail,
  type Runtime,
} from './runtime.ts';
import { isStaticFloat } from './static-float.ts';
import { keyOf, needBool, needList, setOwn, type ValueMap } from './values.ts';

/** The function that evaluates `node`. @throws ExprError for a constant pattern that is wrong. */
export function emit(node: Node, source: string): Evaluate {
  switch (node.t) {
    case 'const': {
      const { value } = node;
      return () => value;
    }
    case 'root':
      return emitRoot(node.name, node.at);
    case 'env':
      return emitEnv(node.at);
    case 'var': {
      const { slot } = node;
      return (rt) => rt.slots[slot];
    }
    case 'pointer':
      return emitPointer(node.what);
    case 'chain':
      return emitChain(node.body, source, emit);
    case 'member':
    case 'slice':
    case 'method':
      return emitAccess(node, source, emit, false);
    case 'unary':
      return emitUnary(node.op, emit(node.operand, source), node.at);
    case 'binary':
      return emitBinary(node, source, emit);
    case 'compare':
      return emitComparison(node, source, emit);
    case 'cond':
      return emitConditional(node, source);
    case 'seq':
      return emitSequence(node.items, source);
    case 'list':
      return emitList(node.items, node.at, source);
    case 'map':
      return emitMap(node.entries, node.at, source);
    case 'builtin':
      return emitBuiltin(node, source);
  }
}

/** How many nodes a tree has, closures included once. */
export function countNodes(root: Node): number {
  let count = 0;
  const open: Node[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    count += 1;
    for (const child of childrenOf(node)) open.push(child);
  }
  return count;
}

function emitPointer(what: 'item' | 'index' | 'acc'): Evaluate {
  if (what === 'item') return (rt) => rt.item;
  return what === 'index' ? (rt) => rt.index : (rt) => rt.acc;
}

function emitConditional(node: Extract<Node, { t: 'cond' }>, source: string): Evaluate {
  const test = emit(node.test, source);
  const yes = emit(node.yes, source);
  const no = emit(node.no, source);
  const { at } = node;
  return (rt) => (needBool(rt, test(rt), 'a condition', at) ? yes(rt) : no(rt));
}

function emitSequence(items: readonly SequenceItem[], source: string): Evaluate {
  const steps = items.map(({ slot, value }) => ({ slot, run: emit(value, source) }));
  return (rt) => {
    let last: unknown = null;
    for (const { slot, run } of steps) {
      last = run(rt);
      if (slot >= 0) rt.slots[slot] = last;
    }
    return last;
  };
}

function emitList(items: readonly Node[], at: number, source: string): Evaluate {
  const parts = items.map((item) => emit(item, source));
  return (rt) => {
    chargeList(rt, parts.length, at);
    return parts.map((part) => part(rt));
  };
}

function emitMap(
  entries: readonly (readonly [Node, Node])[],
  at: number,
  source: string,
): Evaluate {
  const parts = entries.map(([key, value]) => [emit(key, source), emit(value, source)] as const);
  return (rt) => {
    chargeMap(rt, parts.length, at);
    const map: ValueMap = {};
    for (const [key, value] of parts) setOwn(map, literalKey(rt, key(rt), at), value(rt));
    return map;
  };
}

/** A key that was calculated and is nil is a mistake, most often a name that is not there. */
function literalKey(rt: Runtime, key: unknown, at: number): string {
  if (key !== null && key !== undefined) return keyOf(rt, key, at);
  return fail(rt, at, 'the key of a map is nil; write `key ?? "text"` when it may be');
}

function emitBuiltin(node: BuiltinNode, source: string): Evaluate {
  const builtin: Builtin = builtinOf(node.name);
  if (builtin.kind === 'loop') return emitLoop(node, builtin, source);
  const [first] = node.args;
  const call = emitPlain(node, builtin, source);
  if (node.name !== 'type' || first === undefined || !isStaticFloat(first)) return call;
  const value = emit(first, source);
  return (rt) => (isNumeric(value(rt)) ? 'float' : call(rt));
}

function emitPlain(node: BuiltinNode, builtin: PlainBuiltin, source: string): Evaluate {
  const { at } = node;
  const { run } = builtin;
  const args = node.args.map((arg) => emit(arg, source));
  const [first, second] = args;
  if (args.length === 1 && first !== undefined) return (rt) => run(rt, [first(rt)], at);
  if (args.length === 2 && first !== undefined && second !== undefined) {
    return (rt) => run(rt, [first(rt), second(rt)], at);
  }
  return (rt) =>
    run(
      rt,
      args.map((arg) => arg(rt)),
      at,
    );
}

function emitLoop(node: BuiltinNode, builtin: LoopBuiltin, source: string): Evaluate {
  const { at, name } = node;
  const what = `${name}()`;
  const [list, ...extra] = node.args.map((arg) => emit(arg, source));
  if (list === undefined) throw new Error('the parser has counted the arguments');
  const closure: Closure | null =
    node.closure === null
      ? null
      : { run: emit(node.closure, source), cost: countNodes(node.closure) };
  return (rt) => {
    const items = needList(rt, list(rt), what, at);
    return builtin.run(
      rt,
      items,
      closure,
      extra.map((arg) => arg(rt)),
      at,
    );
  };
}
