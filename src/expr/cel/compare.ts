/**
 * Equality and order of CEL values. Numbers compare by value over all their types; texts by code
 * points.
 */
import { type Budget, scan, spend } from '../expr-lang/runtime.ts';
import { compareText } from '../expr-lang/text-order.ts';
import {
  type CelMap,
  entryOf,
  isBytes,
  isDuration,
  isMap,
  isMessage,
  isSpecial,
  isTime,
  isType,
  keysOf,
  numberOf,
  type PlainObject,
  type Special,
  sizeOf,
} from './values.ts';

/** Equality of any two values; those of different types are not equal. */
export function equal(rt: Budget, a: unknown, b: unknown): boolean {
  if (typeof a === 'string') return typeof b === 'string' && equalTexts(rt, a, b);
  if (a === null || typeof a === 'boolean') return a === b;
  const left = numberOf(a);
  if (left !== null) {
    const right = numberOf(b);
    return right !== null && orderNumbers(left, right) === 0;
  }
  if (typeof b !== 'object' || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(rt, a, b);
  if (isMap(a)) return isMap(b) && equalMaps(rt, a, b);
  return isSpecial(a) && isSpecial(b) && equalSpecials(rt, a, b);
}

function equalTexts(rt: Budget, a: string, b: string): boolean {
  if (a.length > 64) scan(rt, a.length, 0);
  return a === b;
}

function equalLists(rt: Budget, a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  spend(rt, a.length, 0);
  return a.every((item, i) => equal(rt, item, b[i]));
}

function equalMaps(rt: Budget, a: PlainObject | CelMap, b: PlainObject | CelMap): boolean {
  const keys = keysOf(a);
  spend(rt, 2 * keys.length, 0);
  if (keys.length !== sizeOf(b)) return false;
  return keys.every((key) => {
    const other = entryOf(b, key);
    return other !== undefined && equal(rt, entryOf(a, key), other);
  });
}

function equalSpecials(rt: Budget, a: Special, b: Special): boolean {
  if (isBytes(a) && isBytes(b)) {
    scan(rt, a.bytes.length, 0);
    return Buffer.compare(a.bytes, b.bytes) === 0;
  }
  if (isTime(a) && isTime(b)) return a.ns === b.ns;
  if (isDuration(a) && isDuration(b)) return a.ns === b.ns;
  if (isType(a) && isType(b)) return a.name === b.name;
  return isMessage(a) && isMessage(b) && a.equals(b);
}

/** Below, at or above zero; NaN beside a NaN; null when the two have no order. */
export function order(rt: Budget, a: unknown, b: unknown): number | null {
  if (typeof a === 'string' && typeof b === 'string') {
    scan(rt, Math.min(a.length, b.length), 0);
    return compareText(a, b);
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  const left = numberOf(a);
  const right = numberOf(b);
  if (left !== null && right !== null) return orderNumbers(left, right);
  if (isTime(a) && isTime(b)) return orderNumbers(a.ns, b.ns);
  if (isDuration(a) && isDuration(b)) return orderNumbers(a.ns, b.ns);
  if (isBytes(a) && isBytes(b)) {
    scan(rt, Math.min(a.bytes.length, b.bytes.length), 0);
    return Buffer.compare(a.bytes, b.bytes);
  }
  return null;
}

/** An int or uint beside a double counts as the nearest double. */
function orderNumbers(a: number | bigint, b: number | bigint): number {
  if (typeof a !== typeof b) return orderNumbers(Number(a), Number(b));
  if (a < b) return -1;
  if (a > b) return 1;
  return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : 0;
}
