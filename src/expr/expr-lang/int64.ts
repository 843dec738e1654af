/**
 * 64-bit ints on JavaScript numbers: a number while exact, a bigint beyond ±2^53.
 *
 * Invariant: a bigint is never within the safe range, so each int has one form. A number outside
 * the safe range is a float, also when it is whole.
 */

export const MAX_INT = 9_223_372_036_854_775_807n;
const MIN_INT = -9_223_372_036_854_775_808n;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const DIGITS = /^[+-]?[0-9]{1,19}$/;

export type Numeric = number | bigint;

/** The one form of an int: a number when it is exact, else the bigint. */
export function narrowInt(value: bigint): Numeric {
  return value <= MAX_SAFE && value >= -MAX_SAFE ? Number(value) : value;
}

/** True for a 64-bit int in either form. */
export function isInt(value: unknown): value is Numeric {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/** True for any number of the language. */
export function isNumeric(value: unknown): value is Numeric {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** True when the value fits into 64 bits. */
export function fitsInt(value: bigint): boolean {
  return value <= MAX_INT && value >= MIN_INT;
}

/** Reads decimal digits with an optional sign; null when it is no 64-bit int. */
export function parseInt64(text: string): Numeric | null {
  if (!DIGITS.test(text)) return null;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return fitsInt(value) ? narrowInt(value) : null;
}

/** -1, 0 or 1, by value over both forms. */
export function compareNumeric(left: Numeric, right: Numeric): number {
  if (left < right) return -1;
  return left > right ? 1 : 0;
}
