/**
 * `+ - * / % **`, negation and the bit functions over numbers, strings, dates and durations.
 *
 * Ints are exact over 64 bits and leaving them is an error, as is any result that is not a finite
 * number; there is no -0. `/` and `**` always calculate in floats.
 */
import { fitsInt, isInt, isNumeric, type Numeric, narrowInt } from './int64.ts';
import { chargeText, fail, type Runtime } from './runtime.ts';
import { addTimes, divideTimes, multiplyTimes, subtractTimes } from './time-arithmetic.ts';
import { KIND } from './time-values.ts';
import { describe, isDuration, plainInt } from './values.ts';

type Operator = '+' | '-' | '*' | '/' | '%' | '**';

export function add(rt: Runtime, left: unknown, right: unknown, at: number): unknown {
  if (typeof left === 'number' && typeof right === 'number') {
    const result = left + right;
    return Number.isSafeInteger(result) ? result : settle(rt, '+', left, right, result, at);
  }
  if (typeof left === 'string' && typeof right === 'string') {
    chargeText(rt, left.length + right.length, at);
    return left + right;
  }
  return addTimes(rt, left, right, at) ?? wide(rt, '+', left, right, at);
}

export function subtract(rt: Runtime, left: unknown, right: unknown, at: number): unknown {
  if (typeof left === 'number' && typeof right === 'number') {
    const result = left - right;
    return Number.isSafeInteger(result) ? result : settle(rt, '-', left, right, result, at);
  }
  return subtractTimes(rt, left, right, at) ?? wide(rt, '-', left, right, at);
}

export function multiply(rt: Runtime, left: unknown, right: unknown, at: number): unknown {
  if (typeof left === 'number' && typeof right === 'number') {
    const result = left * right;
    if (result === 0) return 0;
    return Number.isSafeInteger(result) ? result : settle(rt, '*', left, right, result, at);
  }
  return multiplyTimes(rt, left, right, at) ?? wide(rt, '*', left, right, at);
}

export function divide(rt: Runtime, left: unknown, right: unknown, at: number): unknown {
  if (isDuration(left)) return divideTimes(rt, left, plainInt(right), at);
  if (!isNumeric(left) || !isNumeric(right)) return named(rt, '/', left, right, at);
  if (Number(right) === 0) return fail(rt, at, 'division by zero');
  return finite(rt, Number(left) / Number(right), at);
}

/** The remainder with the sign of the dividend. */
export function remainder(rt: Runtime, left: unknown, right: unknown, at: number): unknown {
  if (!isInt(left) || !isInt(right)) {
    const hint = isNumeric(left) && isNumeric(right) ? '; write int(…) around a float' : '';
    return named(rt, '%', left, right, at, hint);
  }
  if (Number(right) === 0) return fail(rt, at, 'division by zero');
  if (typeof left === 'number' && typeof right === 'number') return (left % right) + 0;
  return narrowInt(BigInt(left) % BigInt(right));
}

export function power(rt: Runtime, left: unknown, right: unknown, at: number): unknown {
  if (!isNumeric(left) || !isNumeric(right)) return named(rt, '**', left, right, at);
  return finite(rt, Number(left) ** Number(right), at);
}

export function negate(rt: Runtime, value: unknown, at: number): unknown {
  if (typeof value === 'number') return 0 - value;
  if (typeof value === 'bigint') return exactInt(rt, -value, at);
  if (isDuration(value)) return { [KIND]: 'duration', ns: -value.ns };
  const plain = plainInt(value);
  if (plain !== value) return negate(rt, plain, at);
  return fail(rt, at, `\`-\` needs a number, got ${describe(value)}`);
}

/** The result when it is a finite number, without a sign on zero. @throws ExprError else. */
export function finite(rt: Runtime, result: number, at: number): number {
  if (Number.isFinite(result)) return result + 0;
  return fail(rt, at, 'the result is not a finite number');
}

/** The int in its one form. @throws ExprError when it leaves 64 bits. */
function exactInt(rt: Runtime, value: bigint, at: number): Numeric {
  if (fitsInt(value)) return narrowInt(value);
  return fail(rt, at, 'the result does not fit into a 64-bit int');
}

/** What the sum of two JavaScript numbers is when it is no safe integer. */
function settle(
  rt: Runtime,
  op: Operator,
  left: number,
  right: number,
  result: number,
  at: number,
): Numeric {
  const ints = Number.isSafeInteger(left) && Number.isSafeInteger(right);
  return ints ? calculateInts(rt, op, BigInt(left), BigInt(right), at) : finite(rt, result, at);
}

/** Arithmetic where a bigint takes part. */
function wide(rt: Runtime, op: Operator, left: unknown, right: unknown, at: number): unknown {
  if (!isNumeric(left) || !isNumeric(right)) return named(rt, op, left, right, at);
  if (isInt(left) && isInt(right)) {
    return calculateInts(rt, op, BigInt(left), BigInt(right), at);
  }
  const [a, b] = [Number(left), Number(right)];
  if (op === '+') return finite(rt, a + b, at);
  return finite(rt, op === '-' ? a - b : a * b, at);
}

function calculateInts(rt: Runtime, op: Operator, a: bigint, b: bigint, at: number): Numeric {
  if (op === '+') return exactInt(rt, a + b, at);
  return exactInt(rt, op === '-' ? a - b : a * b, at);
}

const APPLY: Readonly<Record<Operator, typeof add>> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '%': remainder,
  '**': power,
};

/** Months and weekdays count as their ints. @throws ExprError when neither side is one. */
function named(
  rt: Runtime,
  op: Operator,
  left: unknown,
  right: unknown,
  at: number,
  hint = '',
): unknown {
  const [first, second] = [plainInt(left), plainInt(right)];
  if (first === left && second === right) return mismatch(rt, op, left, right, at, hint);
  return APPLY[op](rt, first, second, at);
}

function mismatch(
  rt: Runtime,
  op: Operator,
  left: unknown,
  right: unknown,
  at: number,
  hint: string,
): never {
  const text = op === '+' && (typeof left === 'string' || typeof right === 'string');
  const advice = text ? '; write string(…) around the other value' : hint;
  const pair = `${describe(left)} and ${describe(right)}`;
  return fail(rt, at, `\`${op}\` cannot be applied to ${pair}${advice}`);
}
