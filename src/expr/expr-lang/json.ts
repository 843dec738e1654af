/**
 * Expr values → JSON: `toJSON()` as text, and the result of an evaluation as plain data.
 *
 * Both count what they walk, because a small value can hold the same part a million times. Dates
 * become RFC 3339, durations Go's form, ints beyond ±2^53 their digits as a string; the text is
 * the platform's, so integer-like keys come first.
 */
import { formatDuration } from './durations.ts';
import { fitsInt, narrowInt } from './int64.ts';
import { formatRfc3339 } from './layout.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';
import { charge, fail, type Runtime, spend } from './runtime.ts';
import { isDate, isDuration, isMap, isZone, setOwn, tooDeep, type ValueMap } from './values.ts';

const ESCAPED = /["\\\p{Cc}\p{Cs}]/u;
const MAX_ESCAPE = 6;

/** Pretty JSON: two spaces, keys sorted, as the language's `toJSON()` prints. */
export function printJson(rt: Runtime, value: unknown, at: number): string {
  return JSON.stringify(convert(rt, value, { at, sorted: true }, 0), null, 2);
}

/** Compact JSON with the keys in their own order: the text of a list or map. */
export function compactJson(rt: Runtime, value: unknown, at: number): string {
  return JSON.stringify(convert(rt, value, { at, sorted: false }, 0));
}

/** A scalar as JSON has it; lists and maps as they are. */
function plainScalar(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (isDate(value)) return formatRfc3339(value);
  if (isDuration(value)) return formatDuration(value.ns);
  if (isZone(value)) return value.name;
  return value ?? null;
}

/** The value as plain JSON data. @throws ExprError kind limit when it is too large or too deep. */
export function toResult(rt: Runtime, value: unknown): unknown {
  if (!Array.isArray(value) && !isMap(value)) return plainScalar(value);
  const { maxMemoryBytes } = rt.limits;
  // Nothing was built: this is a part of what came in, and that is JSON.
  if (rt.bytesLeft === maxMemoryBytes) return value;
  return convert({ ...rt, bytesLeft: maxMemoryBytes }, value, { at: 0, sorted: false }, 0);
}

interface Conversion {
  readonly at: number;
  readonly sorted: boolean;
}

/** Plain JSON data; the very same value when there was nothing to convert. Charges its text. */
function convert(rt: Runtime, value: unknown, how: Conversion, depth: number): unknown {
  spend(rt, 1, how.at);
  charge(rt, 16 + depth + (typeof value === 'string' ? jsonLength(value) : 0), how.at);
  if (depth > MAX_VALUE_DEPTH) return tooDeep(rt, how.at);
  if (Array.isArray(value)) return convertList(rt, value, how, depth);
  return isMap(value) ? convertMap(rt, value, how, depth) : plainScalar(value);
}

/** At most how long a string is as JSON, without its quotes. */
function jsonLength(text: string): number {
  return ESCAPED.test(text) ? MAX_ESCAPE * text.length : text.length;
}

function convertList(rt: Runtime, list: unknown[], how: Conversion, depth: number): unknown {
  let result = list;
  for (let i = 0; i < list.length; i += 1) {
    const item = convert(rt, list[i], how, depth + 1);
    if (item === list[i]) continue;
    if (result === list) result = list.slice();
    result[i] = item;
  }
  return result;
}

function convertMap(rt: Runtime, map: ValueMap, how: Conversion, depth: number): unknown {
  const keys = Object.keys(map);
  const moved = how.sorted && sortKeys(keys);
  let result = moved ? copyOf(map, keys) : map;
  for (const key of keys) {
    charge(rt, 16 + key.length, how.at);
    const before = map[key];
    const item = convert(rt, before, how, depth + 1);
    if (item === before) continue;
    if (result === map) result = copyOf(map, keys);
    setOwn(result, key, item);
  }
  return result;
}

/** Sorts the keys; false when they were sorted already. */
function sortKeys(keys: string[]): boolean {
  const sorted = keys.every((key, i) => i === 0 || (keys[i - 1] ?? '') <= key);
  if (!sorted) keys.sort();
  return !sorted;
}

function copyOf(map: ValueMap, keys: readonly string[]): ValueMap {
  const copy: ValueMap = {};
  for (const key of keys) setOwn(copy, key, map[key]);
  return copy;
}

/** Parses JSON text; whole numbers stay exact over 64 bits. @throws ExprError kind eval. */
export function readJson(rt: Runtime, text: string, at: number): unknown {
  charge(rt, 64 + 8 * text.length, at);
  spend(rt, text.length >> 3, at);
  try {
    return /[0-9]{16}/.test(text) ? JSON.parse(text, exactInts) : JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    return fail(rt, at, `fromJSON() got a text that is not JSON: ${error.message}`);
  }
}

function exactInts(this: unknown, _key: string, value: unknown, context?: unknown): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = typeof context === 'object' && context !== null && 'source' in context;
  const digits = source ? String(context.source) : '';
  if (!/^-?[0-9]{1,19}$/.test(digits)) return value;
  const exact = BigInt(digits);
  return fitsInt(exact) ? narrowInt(exact) : value;
}
