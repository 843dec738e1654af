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
  const conversion: Conversion = { at, form: 'pretty', digitKeys: false };
  const plain = convert(rt, value, conversion, 0);
  if (!conversion.digitKeys) return JSON.stringify(plain, null, 2);
  // Objects of JavaScript have such keys first; only an own printer has them in their place.
  const out: string[] = [];
  print(rt, plain, { at, out }, 0);
  return out.join('');
}

/** Compact JSON with the keys in their own order: the text of a list or map. */
export function compactJson(rt: Runtime, value: unknown, at: number): string {
  return JSON.stringify(convert(rt, value, { at, form: 'compact', digitKeys: false }, 0));
}

/** A scalar as JSON has it; lists and maps as they are. */
function plainScalar(value: unknown): unknown {
  if (typeof value === 'bigint' || typeof value === 'number') return numberToJson(value);
  if (isDate(value)) return formatRfc3339(value);
  if (isDuration(value)) return formatDuration(value.ns);
  return isZone(value) ? value.name : (plainInt(value) ?? null);
}

/** A scalar for JSON text: all digits of an int; a duration in nanoseconds for `toJSON()`. */
function textScalar(value: unknown, form: Conversion['form']): unknown {
  if (typeof value === 'bigint') return rawNumber(value);
  return form === 'pretty' && isDuration(value) ? rawNumber(value.ns) : plainScalar(value);
}

/** The runtime has `JSON.rawJSON`; the types of this language version do not. */
const rawNumber = (value: bigint): unknown =>
  (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON(String(value));

/** The value as plain JSON data. @throws ExprError kind limit when it is too large or too deep. */
export function toResult(rt: Runtime, value: unknown): unknown {
  if (!Array.isArray(value) && !isMap(value) && !isTypedMap(value)) return plainScalar(value);
  const { maxMemoryBytes } = rt.limits;
  // Nothing was built: this is a part of what came in, and that is JSON.
  if (rt.bytesLeft === maxMemoryBytes) return value;
  const conversion: Conversion = { at: 0, form: 'result', digitKeys: false };
  return convert({ ...rt, bytesLeft: maxMemoryBytes }, value, conversion, 0);
}

interface Conversion {
  readonly at: number;
  /** `pretty` has its keys sorted. */
  readonly form: 'result' | 'pretty' | 'compact';
  /** Whether a key of a pretty text begins with a digit. */
  digitKeys: boolean;
}

/** Plain JSON data; the very same value when there was nothing to convert. Charges its text. */
function convert(rt: Runtime, value: unknown, how: Conversion, depth: number): unknown {
  spend(rt, 1, how.at);
  charge(rt, 16 + depth + (typeof value === 'string' ? jsonLength(value) : 0), how.at);
  if (depth > MAX_VALUE_DEPTH) return tooDeep(rt, how.at);
  if (Array.isArray(value)) return convertList(rt, value, how, depth);
  if (isMap(value)) return convertMap(rt, value, how, depth);
  if (isTypedMap(value)) return convertMap(rt, withTextKeys(rt, value, how.at), how, depth);
  return how.form === 'result' ? plainScalar(value) : textScalar(value, how.form);
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
  const moved = how.form === 'pretty' && sortKeys(keys, how);
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

const DIGIT = /^[0-9]/;

/** Sorts the keys; false when they were sorted already. */
function sortKeys(keys: string[], how: Conversion): boolean {
  how.digitKeys ||= keys.length > 1 && keys.some((key) => DIGIT.test(key));
  const sorted = keys.every((key, i) => i === 0 || compareText(keys[i - 1] ?? '', key) < 0);
  if (!sorted) keys.sort(compareText);
  return !sorted;
}

function copyOf(map: ValueMap, keys: readonly string[]): ValueMap {
  const copy: ValueMap = {};
  for (const key of keys) setOwn(copy, key, map[key]);
  return copy;
}

interface Printing {
  readonly at: number;
  readonly out: string[];
}

/** Prints plain data as `JSON.stringify` with two spaces does, with all keys sorted. */
function print(rt: Runtime, value: unknown, how: Printing, depth: number): void {
  spend(rt, 1, how.at);
  charge(rt, 24 + 2 * depth, how.at);
  if (Array.isArray(value)) printParts(rt, ['[', ']'], value.entries(), how, depth);
  else if (isMap(value) && !isRaw(value)) {
    const entries = Object.keys(value)
      .sort(compareText)
      .map((key) => [key, value[key]] as const);
    printParts(rt, ['{', '}'], entries, how, depth);
  } else how.out.push(JSON.stringify(value));
}

const isRaw = (value: unknown): boolean =>
  (JSON as typeof JSON & { isRawJSON(value: unknown): boolean }).isRawJSON(value);

function printParts(
  rt: Runtime,
  [open, close]: readonly [string, string],
  parts: Iterable<readonly [string | number, unknown]>,
  how: Printing,
  depth: number,
): void {
  const { out } = how;
  const indent = `\n${'  '.repeat(depth)}`;
  let before = open;
  for (const [key, item] of parts) {
    out.push(before, indent, '  ');
    if (typeof key === 'string') out.push(JSON.stringify(key), ': ');
    print(rt, item, how, depth + 1);
    before = ',';
  }
  out.push(before === open ? open : indent, close);
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
    return fail(rt, at, `fromJSON() cannot read the text: ${error.message}`);
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
