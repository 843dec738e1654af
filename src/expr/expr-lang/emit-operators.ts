/**
 * Unary and binary operators as closures.
 */
import { add, divide, multiply, negate, power, remainder, subtract } from './arithmetic.ts';
import type { BinaryNode, BinaryOperator, CompareNode, UnaryOperator } from './ast.ts';
import { ExprError } from './error.ts';
import { compilePattern, matchPattern, patternOf } from './pattern.ts';
import {
  chargeList,
  type Emit,
  type Evaluate,
  fail,
  type Runtime,
  scan,
  spend,
} from './runtime.ts';
import { typedPart } from './typed-map.ts';
import { compare, describe, equal, isMap, isTypedMap, keyOf, needBool, needInt } from './values.ts';

type Apply = (rt: Runtime, left: unknown, right: unknown, at: number) => unknown;

const TEXT_TESTS: Readonly<Record<'contains' | 'startsWith' | 'endsWith', Apply>> = {
  contains: textTest('contains', (text, part) => text.includes(part)),
  startsWith: textTest('startsWith', (text, part) => text.startsWith(part)),
  endsWith: textTest('endsWith', (text, part) => text.endsWith(part)),
};

const APPLY: ReadonlyMap<BinaryOperator, Apply> = new Map<BinaryOperator, Apply>([
  ['==', equal],
  ['!=', (rt, left, right, at) => !equal(rt, left, right, at)],
  ['in', isIn],
  ['contains', TEXT_TESTS.contains],
  ['startsWith', TEXT_TESTS.startsWith],
  ['endsWith', TEXT_TESTS.endsWith],
  ['..', range],
  ['+', add],
  ['-', subtract],
  ['*', multiply],
  ['/', divide],
  ['%', remainder],
  ['**', power],
]);

export function emitUnary(op: UnaryOperator, operand: Evaluate, at: number): Evaluate {
  if (op === '!') return (rt) => !needBool(rt, operand(rt), '`not`', at);
  if (op === '-') return (rt) => negate(rt, operand(rt), at);
  return operand;
}

export function emitBinary(node: BinaryNode, source: string, emit: Emit): Evaluate {
  const { at, op } = node;
  if (op === 'matches') return emitMatches(node, source, emit);
  const left = emit(node.left, source);
  const right = emit(node.right, source);
  if (op === '&&') {
    return (rt) => needBool(rt, left(rt), '`and`', at) && needBool(rt, right(rt), '`and`', at);
  }
  if (op === '||') {
    return (rt) => needBool(rt, left(rt), '`or`', at) || needBool(rt, right(rt), '`or`', at);
  }
  if (op === '??') return (rt) => left(rt) ?? right(rt);
  const apply = APPLY.get(op);
  if (apply === undefined) throw new Error(`comparisons are not binary nodes: ${op}`);
  return (rt) => apply(rt, left(rt), right(rt), at);
}

const HOLDS: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

export function emitComparison(node: CompareNode, source: string, emit: Emit): Evaluate {
  const { at } = node;
  const first = emit(node.first, source);
  const rest = node.rest.map(({ op, right }) => ({
    what: `\`${op}\``,
    holds: HOLDS[op] ?? (() => false),
    right: emit(right, source),
  }));
  const [only] = rest;
  if (rest.length === 1 && only !== undefined) {
    const { holds, right, what } = only;
    return (rt) => holds(compare(rt, first(rt), right(rt), what, at));
  }
  return (rt) => {
    let left = first(rt);
    for (const { holds, right, what } of rest) {
      const value = right(rt);
      if (!holds(compare(rt, left, value, what, at))) return false;
      left = value;
    }
    return true;
  };
}

function emitMatches(node: BinaryNode, source: string, emit: Emit): Evaluate {
  const { at } = node;
  const left = emit(node.left, source);
  const { right } = node;
  if (right.t === 'const' && typeof right.value === 'string') {
    const pattern = compilePattern(right.value);
    if (typeof pattern === 'string') throw new ExprError('syntax', pattern, source, right.at);
    return (rt) => {
      const text = left(rt);
      if (typeof text === 'string') return matchPattern(rt, pattern, text, at);
      return text === null || text === undefined ? false : notText(rt, 'matches', text, at);
    };
  }
  const pattern = emit(right, source);
  return (rt) => {
    const text = left(rt) ?? null;
    const given = pattern(rt) ?? null;
    if (text === null || given === null) return false;
    if (typeof text !== 'string') return notText(rt, 'matches', text, at);
    if (typeof given !== 'string') return notText(rt, 'matches', given, at);
    return matchPattern(rt, patternOf(rt, given, at), text, at);
  };
}

/** Of nil nothing is a part and it is part of nothing. */
function textTest(name: string, test: (text: string, part: string) => boolean): Apply {
  return (rt, left, right, at) => {
    if (typeof left === 'string' && typeof right === 'string') {
      scan(rt, left.length, at);
      return test(left, right);
    }
    const absent = (left ?? null) === null || (right ?? null) === null;
    if (absent) return false;
    return notText(rt, name, typeof left === 'string' ? right : left, at);
  };
}

function notText(rt: Runtime, name: string, value: unknown, at: number): never {
  const hint = Array.isArray(value) ? '; for an element of an array write `x in list`' : '';
  return fail(rt, at, `\`${name}\` needs strings, got ${describe(value)}${hint}`);
}

function isIn(rt: Runtime, item: unknown, container: unknown, at: number): boolean {
  if (Array.isArray(container)) {
    spend(rt, container.length, at);
    return container.some((element) => equal(rt, element, item, at));
  }
  if (container === null || container === undefined) return false;
  if (isMap(container)) {
    return item !== null && Object.hasOwn(container, keyOf(rt, item, at));
  }
  if (isTypedMap(container)) return typedPart(rt, container, item, at) !== undefined;
  const hint =
    typeof container === 'string' ? '; for a part of a string write `text contains x`' : '';
  return fail(rt, at, `\`in\` needs an array or a map, got ${describe(container)}${hint}`);
}

/** Both ends are in it; empty when the first is the larger. */
function range(rt: Runtime, from: unknown, to: unknown, at: number): number[] {
  const first = Number(needInt(rt, from, '`..`', at));
  const length = Math.max(0, Number(needInt(rt, to, '`..`', at)) - first + 1);
  chargeList(rt, length, at);
  return Array.from({ length }, (_, i) => first + i);
}
