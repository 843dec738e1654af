/**
 * Expr values → JSON: `toJSON()` and `string()` as text, and the result of an evaluation as plain
 * data.
 *
 * All count what they walk, because a small value can hold the same part a million times. In a
 * result dates become RFC 3339, durations Go's form, ints beyond ±(2^53 − 1) their digits as a
 * string; keys of any type become text.
 */
import { numberToJson, readNumber } from '../../model/json-text.ts';
import { formatDuration } from './durations.ts';
import { fitsInt, narrowInt } from './int64.ts';
import { formatRfc3339 } from './layout.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';
import { charge, fail, type Runtime, spend } from './runtime.ts';
import { compareText } from './text-order.ts';
import { withTextKeys } from './typed-map.ts';
import {
  isDate,
  isDuration,
  isMap,
  isTypedMap,
  isZone,
  plainInt,
  setOwn,
  tooDeep,
  type ValueMap,
} from './values.ts';

const ESCAPED = /["\\\p{Cc}\p{Cs}]/u;
const MAX_ESCAPE = 6;

/** Pretty JSON: two spaces, keys in the order of their code points, as the language's `toJSON()`. */
export function printJson(rt: Runtime, value: unknown, at: number): string {
  const printing: Printing = { at, pretty: true, out: [] };
  print(rt, value, printing, 0);
  return printing.out.join('');
}

/** Compact JSON with the keys in their own order: the text of a list or map. */
export function compactJson(rt: Runtime, value: unknown, at: number): string {
  const printing: Printing = { at, pretty: false, out: [] };
  print(rt, value, printing, 0);
  return printing.out.join('');
}

interface Printing {
  readonly at: number;
  /** Over several lines, with sorted keys. */
  readonly pretty: boolean;
  readonly out: string[];
}

function print(rt: Runtime, value: unknown, how: Printing, depth: number): void {
  spend(rt, 1, how.at);
  charge(rt, 24 + 2 * depth + (typeof value === 'string' ? jsonLength(value) : 0), how.at);
  if (depth > MAX_VALUE_DEPTH) tooDeep(rt, how.at);
  const map = isTypedMap(value) ? withTextKeys(rt, value, how.at) : value;
  if (Array.isArray(map)) printList(rt, map, how, depth);
  else if (isMap(map)) printMap(rt, map, how, depth);
  else how.out.push(printScalar(value, how.pretty));
}

function printList(rt: Runtime, list: readonly unknown[], how: Printing, depth: number): void {
  const { out, pretty } = how;
  const indent = pretty && list.length > 0 ? `\n${'  '.repeat(depth)}` : '';
  out.push('[');
  for (const [i, item] of list.entries()) {
    out.push(i === 0 ? '' : ',', pretty ? `${indent}  ` : '');
    print(rt, item, how, depth + 1);
  }
  out.push(indent, ']');
}

function printMap(rt: Runtime, map: ValueMap, how: Printing, depth: number): void {
  const { out, pretty } = how;
  const keys = Object.keys(map);
  if (pretty) {
    spend(rt, keys.length * Math.ceil(Math.log2(keys.length + 1)), how.at);
    keys.sort(compareText);
  }
  const indent = pretty && keys.length > 0 ? `\n${'  '.repeat(depth)}` : '';
  out.push('{');
  for (const [i, key] of keys.entries()) {
    charge(rt, 24 + jsonLength(key), how.at);
    out.push(i === 0 ? '' : ',', pretty ? `${indent}  ` : '', JSON.stringify(key));
    out.push(pretty ? ': ' : ':');
    print(rt, map[key], how, depth + 1);
  }
  out.push(indent, '}');
}

/** A scalar as JSON text: all digits of an int; a duration in nanoseconds for `toJSON()`. */
function printScalar(value: unknown, nanoseconds: boolean): string {
  if (typeof value === 'bigint') return String(value);
  if (nanoseconds && isDuration(value)) return String(value.ns);
  return JSON.stringify(plainScalar(value));
}

/** A scalar as JSON has it; lists and maps as they are. */
function plainScalar(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number') return numberToJson(value);
  if (isDate(value)) return formatRfc3339(value);
  if (isDuration(value)) return formatDuration(value.ns);
  return isZone(value) ? value.name : (plainInt(value) ?? null);
}

/** The value as plain JSON data. @throws ExprError kind limit when it is too large or too deep. */
export function toResult(rt: Runtime, value: unknown): unknown {
  if (!Array.isArray(value) && !isMap(value) && !isTypedMap(value)) return plainScalar(value);
  const { maxMemoryBytes } = rt.limits;
  // Nothing was built: this is a part of what came in, and that is JSON.
  if (rt.bytesLeft === maxMemoryBytes) return value;
  return convert({ ...rt, bytesLeft: maxMemoryBytes }, value, 0);
}

/** Plain JSON data; the very same value when there was nothing to convert. Charges its text. */
function convert(rt: Runtime, value: unknown, depth: number): unknown {
  spend(rt, 1, 0);
  charge(rt, 16 + depth + (typeof value === 'string' ? jsonLength(value) : 0), 0);
  if (depth > MAX_VALUE_DEPTH) return tooDeep(rt, 0);
  if (Array.isArray(value)) return convertList(rt, value, depth);
  if (isMap(value)) return convertMap(rt, value, depth);
  return isTypedMap(value) ? convertMap(rt, withTextKeys(rt, value, 0), depth) : plainScalar(value);
}

/** At most how long a string is as JSON, without its quotes. */
function jsonLength(text: string): number {
  return ESCAPED.test(text) ? MAX_ESCAPE * text.length : text.length;
}

function convertList(rt: Runtime, list: unknown[], depth: number): unknown {
  let result = list;
  for (let i = 0; i < list.length; i += 1) {
    const item = convert(rt, list[i], depth + 1);
    if (item === list[i]) continue;
    if (result === list) result = list.slice();
    result[i] = item;
  }
  return result;
}

function convertMap(rt: Runtime, map: ValueMap, depth: number): unknown {
  const keys = Object.keys(map);
  let result = map;
  for (const key of keys) {
    charge(rt, 16 + key.length, 0);
    const before = map[key];
    const item = convert(rt, before, depth + 1);
    if (item === before) continue;
    if (result === map) result = copyOf(map, keys);
    setOwn(result, key, item);
  }
  return result;
}

function copyOf(map: ValueMap, keys: readonly string[]): ValueMap {
  const copy: ValueMap = {};
  for (const key of keys) setOwn(copy, key, map[key]);
  return copy;
}

/** Only texts that match can hold a number that needs more than `JSON.parse`. */
const MAY_NEED_CARE = /[0-9]{16}|[eE][-+]?[0-9]{2}|(?:^|[\s,:[])-0/;

/**
 * Parses JSON text. Whole numbers stay exact over 64 bits, beyond that they are text of their
 * digits. @throws ExprError kind eval, also for a number that no double can hold.
 */
export function readJson(rt: Runtime, text: string, at: number): unknown {
  charge(rt, 64 + 8 * text.length, at);
  spend(rt, text.length >> 3, at);
  try {
    return MAY_NEED_CARE.test(text) ? JSON.parse(text, keepNumber) : JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    return fail(rt, at, `fromJSON() got a text that is not JSON: ${error.message}`);
  }
}

function keepNumber(this: unknown, _key: string, value: unknown, context?: unknown): unknown {
  if (typeof value !== 'number') return value;
  const written = typeof context === 'object' && context !== null && 'source' in context;
  const number = readNumber(written ? String(context.source) : String(value));
  if (typeof number === 'number') return number;
  const exact = BigInt(number);
  return fitsInt(exact) ? narrowInt(exact) : number;
}
