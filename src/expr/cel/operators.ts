/**
 * Unary and binary operators, `&&`, `||` and `?:` as closures. Ints that stay within JavaScript's
 * exact range are calculated in place.
 */
import { chargeList, chargeText, spend } from '../expr-lang/runtime.ts';
import { type ArithmeticOperator, calculate, negate } from './arithmetic.ts';
import { equal, order } from './compare.ts';
import { CelFault, NO_OVERLOAD, noOverload } from './fault.ts';
import type { CelRuntime, Evaluate } from './runtime.ts';
import { addTimes, subtractTimes } from './time-arithmetic.ts';
import { entryOf, isBytes, isMap, makeBytes } from './values.ts';

/** `!x` and `-x`. */
export function emitUnary(name: '!_' | '-_', operand: Evaluate): Evaluate {
  if (name === '!_') {
    return (rt) => {
      const value = operand(rt);
      if (typeof value === 'boolean') return !value;
      throw noOverload('!_', [value]);
    };
  }
  return (rt) => {
    const value = operand(rt);
    const result = negate(value);
    if (result === NO_OVERLOAD) throw noOverload('-_', [value]);
    return result;
  };
}

/** The closure of a binary operator, null when the name is none. */
export function emitBinary(name: string, left: Evaluate, right: Evaluate): Evaluate | null {
  switch (name) {
    case '_&&_':
      return emitLogic(left, right, false, name);
    case '_||_':
      return emitLogic(left, right, true, name);
    case '_==_':
      return emitEquality(left, right, true);
    case '_!=_':
      return emitEquality(left, right, false);
    case '_+_':
      return emitAdd(left, right);
    case '_-_':
      return emitSubtract(left, right);
    case '_*_':
    case '_/_':
    case '_%_':
      return emitArithmetic(name, name[1] as ArithmeticOperator, left, right);
    case '@in':
      return (rt) => isIn(rt, left(rt), right(rt));
    default:
      return emitOrder(name, left, right);
  }
}

/** `&&` and `||`: the deciding value wins over a fault on the other side. */
function emitLogic(left: Evaluate, right: Evaluate, decides: boolean, name: string): Evaluate {
  return (rt) => {
    let first: unknown;
    try {
      first = left(rt);
    } catch (thrown) {
      if (!(thrown instanceof CelFault)) throw thrown;
      return afterFault(rt, thrown, right, decides);
    }
    if (first === decides) return decides;
    const second = right(rt);
    if (second === decides) return decides;
    if (typeof first === 'boolean' && typeof second === 'boolean') return second;
    throw noOverload(name, [first, second]);
  };
}

/** The deciding value of the other side, else the first fault. */
function afterFault(rt: CelRuntime, fault: CelFault, right: Evaluate, decides: boolean): boolean {
  try {
    if (right(rt) === decides) return decides;
  } catch (thrown) {
    if (!(thrown instanceof CelFault)) throw thrown;
  }
  throw fault;
}

/** `a ? b : c`. */
export function emitConditional(test: Evaluate, yes: Evaluate, no: Evaluate): Evaluate {
  return (rt) => {
    const value = test(rt);
    if (value === true) return yes(rt);
    if (value === false) return no(rt);
    throw noOverload('_?_:_', [value]);
  };
}

function emitEquality(left: Evaluate, right: Evaluate, wanted: boolean): Evaluate {
  return (rt) => {
    const a = left(rt);
    const b = right(rt);
    if (typeof a === 'number' && typeof b === 'number') return (a === b) === wanted;
    return equal(rt, a, b) === wanted;
  };
}

const HOLDS: Readonly<Record<string, (order: number) => boolean>> = {
  '_<_': (value) => value < 0,
  '_<=_': (value) => value <= 0,
  '_>_': (value) => value > 0,
  '_>=_': (value) => value >= 0,
};

const ON_NUMBERS: Readonly<Record<string, (left: Evaluate, right: Evaluate) => Evaluate>> = {
  '_<_': (left, right) => (rt) => {
    const a = left(rt);
    const b = right(rt);
    return typeof a === 'number' && typeof b === 'number' ? a < b : holds(rt, '_<_', a, b);
  },
  '_<=_': (left, right) => (rt) => {
    const a = left(rt);
    const b = right(rt);
    return typeof a === 'number' && typeof b === 'number' ? a <= b : holds(rt, '_<=_', a, b);
  },
  '_>_': (left, right) => (rt) => {
    const a = left(rt);
    const b = right(rt);
    return typeof a === 'number' && typeof b === 'number' ? a > b : holds(rt, '_>_', a, b);
  },
  '_>=_': (left, right) => (rt) => {
    const a = left(rt);
    const b = right(rt);
    return typeof a === 'number' && typeof b === 'number' ? a >= b : holds(rt, '_>=_', a, b);
  },
};

function holds(rt: CelRuntime, name: string, a: unknown, b: unknown): boolean {
  const value = order(rt, a, b);
  if (value === null) throw noOverload(name, [a, b]);
  return HOLDS[name]?.(value) ?? false;
}

const emitOrder = (name: string, left: Evaluate, right: Evaluate): Evaluate | null =>
  ON_NUMBERS[name]?.(left, right) ?? null;

function emitAdd(left: Evaluate, right: Evaluate): Evaluate {
  return (rt) => {
    const a = left(rt);
    const b = right(rt);
    if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
      const sum = (a as number) + (b as number);
      if (Number.isSafeInteger(sum)) return sum;
    }
    if (typeof a === 'string' && typeof b === 'string') {
      chargeText(rt, a.length + b.length, 0);
      return a + b;
    }
    return addOthers(rt, a, b);
  };
}

function addOthers(rt: CelRuntime, a: unknown, b: unknown): unknown {
  const sum = calculate('+', a, b);
  if (sum !== NO_OVERLOAD) return sum;
  if (Array.isArray(a) && Array.isArray(b)) {
    chargeList(rt, a.length + b.length, 0);
    return a.concat(b);
  }
  if (isBytes(a) && isBytes(b)) {
    chargeText(rt, a.bytes.length + b.bytes.length, 0);
    return makeBytes(Buffer.concat([a.bytes, b.bytes]));
  }
  const time = addTimes(a, b);
  if (time === NO_OVERLOAD) throw noOverload('_+_', [a, b]);
  return time;
}

function emitSubtract(left: Evaluate, right: Evaluate): Evaluate {
  return (rt) => {
    const a = left(rt);
    const b = right(rt);
    if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
      const difference = (a as number) - (b as number);
      if (Number.isSafeInteger(difference)) return difference;
    }
    let result = calculate('-', a, b);
    if (result === NO_OVERLOAD) result = subtractTimes(a, b);
    if (result === NO_OVERLOAD) throw noOverload('_-_', [a, b]);
    return result;
  };
}

function emitArithmetic(
  name: string,
  op: ArithmeticOperator,
  left: Evaluate,
  right: Evaluate,
): Evaluate {
  return (rt) => {
    const a = left(rt);
    const b = right(rt);
    if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
      const result = exact(op, a as number, b as number);
      // -0 is the int 0.
      if (Number.isSafeInteger(result)) return result + 0;
    }
    const result = calculate(op, a, b);
    if (result === NO_OVERLOAD) throw noOverload(name, [a, b]);
    return result;
  };
}

/** The result over exact ints, NaN where it is not exact or there is none. */
function exact(op: ArithmeticOperator, a: number, b: number): number {
  if (op === '*') return a * b;
  if (b === 0) return Number.NaN;
  return op === '/' ? Math.trunc(a / b) : a % b;
}

function isIn(rt: CelRuntime, item: unknown, container: unknown): boolean {
  if (Array.isArray(container)) {
    spend(rt, container.length, 0);
    return container.some((element) => equal(rt, element, item));
  }
  if (isMap(container)) return entryOf(container, item) !== undefined;
  throw noOverload('@in', [item, container]);
}
