/** `math.*`: over ints, uints and doubles. Bits are those of 64-bit ints and of uints. */
import { spend } from '../expr-lang/runtime.ts';
import { toInt, toUint } from './arithmetic.ts';
import { order } from './compare.ts';
import { CelFault, NO_OVERLOAD } from './fault.ts';
import { type FunctionRow, global } from './function-row.ts';
import type { CelRuntime } from './runtime.ts';
import { doubleOf, isInt, isUint, makeDouble, makeUint, numberOf } from './values.ts';

const WORD = 64;

/** A function that gives a double from a double and leaves ints as they are. */
const rounding = (name: string, round: (value: number) => number): FunctionRow =>
  global(`math.${name}`, [1], (_rt, value) => {
    if (isInt(value)) return value;
    const double = doubleOf(value);
    return double === null ? NO_OVERLOAD : makeDouble(round(double));
  });

const halfAway = (value: number): number => {
  const size = Math.abs(value);
  const whole = Math.floor(size);
  return Math.sign(value) * (size - whole >= 0.5 ? whole + 1 : whole);
};

/** A question about a double; an int counts as one. */
const question = (name: string, holds: (value: number) => boolean): FunctionRow =>
  global(`math.${name}`, [1], (_rt, value) => {
    const double = isInt(value) ? Number(value) : doubleOf(value);
    return double === null ? NO_OVERLOAD : holds(double);
  });

function abs(_rt: CelRuntime, value: unknown): unknown {
  if (isUint(value)) return value;
  if (isInt(value)) return toInt(BigInt(value) < 0n ? -BigInt(value) : BigInt(value));
  const double = doubleOf(value);
  return double === null ? NO_OVERLOAD : makeDouble(Math.abs(double));
}

function sign(_rt: CelRuntime, value: unknown): unknown {
  if (isInt(value)) return value < 0 ? -1 : value > 0 ? 1 : 0;
  if (isUint(value)) return makeUint(value.value === 0n ? 0n : 1n);
  const double = doubleOf(value);
  return double === null ? NO_OVERLOAD : makeDouble(Math.sign(double) + 0);
}

function sqrt(_rt: CelRuntime, value: unknown): unknown {
  const number = numberOf(value);
  return number === null ? NO_OVERLOAD : makeDouble(Math.sqrt(Number(number)));
}

/** An operation on the bits of two ints or two uints. */
const bits = (name: string, apply: (a: bigint, b: bigint) => bigint): FunctionRow =>
  global(`math.${name}`, [2], (_rt, a, b) => {
    if (isInt(a) && isInt(b)) return toInt(apply(BigInt(a), BigInt(b)));
    const areUints = isUint(a) && isUint(b);
    return areUints ? makeUint(apply(a.value, b.value)) : NO_OVERLOAD;
  });

function bitNot(_rt: CelRuntime, value: unknown): unknown {
  if (isInt(value)) return toInt(~BigInt(value));
  return isUint(value) ? toUint(BigInt.asUintN(WORD, ~value.value)) : NO_OVERLOAD;
}

/** A shift of the 64 bits; over 63 places nothing is left. */
const shift = (name: string, apply: (bits: bigint, places: bigint) => bigint): FunctionRow =>
  global(`math.${name}`, [2], (_rt, value, places) => {
    if (!isInt(places) || !(isInt(value) || isUint(value))) return NO_OVERLOAD;
    if (places < 0) throw new CelFault(`math.${name}() negative offset: ${places}`);
    const word = BigInt.asUintN(WORD, isInt(value) ? BigInt(value) : value.value);
    const result = places >= WORD ? 0n : apply(word, BigInt(places));
    return isInt(value) ? toInt(BigInt.asIntN(WORD, result)) : toUint(BigInt.asUintN(WORD, result));
  });

/** The largest of some numbers. @throws CelFault when one is none, or there is none */
export const greatestOf = (rt: CelRuntime, values: readonly unknown[]): unknown =>
  extreme(rt, values, 1, 'greatest');

/** The smallest of some numbers. @throws CelFault when one is none, or there is none */
export const leastOf = (rt: CelRuntime, values: readonly unknown[]): unknown =>
  extreme(rt, values, -1, 'least');

function extreme(
  rt: CelRuntime,
  values: readonly unknown[],
  direction: 1 | -1,
  name: string,
): unknown {
  spend(rt, values.length, 0);
  let best: unknown;
  for (const value of values) {
    if (numberOf(value) === null) throw new CelFault(`math.${name} takes numbers`);
    const above = best === undefined ? 1 : direction * (order(rt, value, best) ?? 0);
    if (Number.isNaN(above)) throw new CelFault(`math.${name}: NaN has no order`);
    if (above > 0) best = value;
  }
  if (best === undefined) throw new CelFault(`math.${name} needs at least one number`);
  return best;
}

const ofOne = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

export const MATH_FUNCTIONS: readonly FunctionRow[] = [
  rounding('ceil', Math.ceil),
  rounding('floor', Math.floor),
  rounding('trunc', Math.trunc),
  rounding('round', halfAway),
  question('isNaN', Number.isNaN),
  question('isFinite', Number.isFinite),
  question('isInf', (value) => Math.abs(value) === Number.POSITIVE_INFINITY),
  global('math.abs', [1], abs),
  global('math.sign', [1], sign),
  global('math.sqrt', [1], sqrt),
  bits('bitAnd', (a, b) => a & b),
  bits('bitOr', (a, b) => a | b),
  bits('bitXor', (a, b) => a ^ b),
  global('math.bitNot', [1], bitNot),
  shift('bitShiftLeft', (word, places) => word << places),
  shift('bitShiftRight', (word, places) => word >> places),
  global('math.greatest', [1], (rt, value) => greatestOf(rt, ofOne(value))),
  global('math.least', [1], (rt, value) => leastOf(rt, ofOne(value))),
];
