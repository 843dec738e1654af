/**
 * `+ - * / %` and the minus sign over ints, uints and doubles.
 *
 * Ints have 64 bits and never wrap. Whole JSON numbers are ints, so an int beside a double counts as
 * a double.
 */
import { fitsInt, narrowInt } from '../expr-lang/int64.ts';
import { CelFault, NO_OVERLOAD } from './fault.ts';
import { type CelUint, doubleOf, isInt, isUint, makeDouble, makeUint } from './values.ts';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

const MAX_UINT = 2n ** 64n - 1n;
const NAMES = { '+': 'addition', '-': 'subtraction', '*': 'multiplication' } as const;

const ON_DOUBLES: Readonly<Record<ArithmeticOperator, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => {
    if (b === 0) throw new CelFault('modulus by zero');
    return a % b;
  },
};

/** The result over numbers, or NO_OVERLOAD for anything else. @throws CelFault */
export function calculate(op: ArithmeticOperator, left: unknown, right: unknown): unknown {
  if (isInt(left) && isInt(right)) {
    return intOf(op, integer(op, 'int', BigInt(left), BigInt(right)));
  }
  if (isUint(left) && isUint(right)) {
    return uintOf(op, integer(op, 'uint', left.value, right.value));
  }
  const a = doubleOf(left) ?? (isInt(left) ? Number(left) : null);
  const b = doubleOf(right) ?? (isInt(right) ? Number(right) : null);
  return a === null || b === null ? NO_OVERLOAD : makeDouble(ON_DOUBLES[op](a, b));
}

function integer(op: ArithmeticOperator, type: string, a: bigint, b: bigint): bigint {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      if (b === 0n) throw new CelFault(`${type} divide by zero`);
      return a / b;
    case '%':
      if (b === 0n) throw new CelFault(`${type} modulus by zero`);
      // The quotient does not fit, and neither specification nor cel-go gives the rest of it.
      if (b === -1n && !fitsInt(-a)) throw new CelFault('int overflow during division');
      return a % b;
  }
}

function intOf(op: ArithmeticOperator, value: bigint): number | bigint {
  if (fitsInt(value)) return narrowInt(value);
  throw new CelFault(`int overflow during ${nameOf(op)}`);
}

function uintOf(op: ArithmeticOperator, value: bigint): CelUint {
  if (value >= 0n && value <= MAX_UINT) return makeUint(value);
  throw new CelFault(`uint overflow during ${nameOf(op)}`);
}

const nameOf = (op: ArithmeticOperator): string =>
  op === '/' || op === '%' ? 'division' : NAMES[op];

/** The number with the other sign, or NO_OVERLOAD. @throws CelFault */
export function negate(value: unknown): unknown {
  if (isInt(value)) return intOf('-', -BigInt(value));
  const double = doubleOf(value);
  return double === null ? NO_OVERLOAD : makeDouble(-double);
}

/** An int from any whole value. @throws CelFault beyond 64 bits */
export function toInt(value: bigint): number | bigint {
  if (fitsInt(value)) return narrowInt(value);
  throw new CelFault('int overflow during conversion');
}

/** A uint from any whole value. @throws CelFault beyond 64 bits and below zero */
export function toUint(value: bigint): CelUint {
  if (value >= 0n && value <= MAX_UINT) return makeUint(value);
  throw new CelFault('uint overflow during conversion');
}
