/**
 * Maps whose keys keep their own type: what groupBy() and fromPairs() make of keys that are not all
 * strings. Maps with only strings as keys are plain objects.
 *
 * A key that is not there by its own type is found by its text, so that `groups["true"]` and
 * `groups[true]` mean the same where only one of them can be meant.
 */
import { formatDuration } from './durations.ts';
import { isNumeric } from './int64.ts';
import { formatRfc3339 } from './layout.ts';
import { fail, type Runtime } from './runtime.ts';
import { type ExprDate, type ExprDuration, KIND } from './time-values.ts';
import {
  describe,
  isDate,
  isDuration,
  plainInt,
  setOwn,
  type TypedMap,
  type ValueMap,
} from './values.ts';

/** Makes a map without entries, to be filled and finished. */
export const newMap = (): TypedMap => ({
  [KIND]: 'map',
  entries: new Map(),
  times: new Map(),
  byText: null,
});

/** Returns the value under a key of just that type; undefined when there is none. */
export function exactPart(rt: Runtime, map: TypedMap, key: unknown, at: number): unknown {
  return map.entries.get(handleOf(rt, map, key, at))?.value;
}

/** Sets the value under a key. @throws ExprError for a list or a map as key. */
export function setPart(
  rt: Runtime,
  map: TypedMap,
  key: unknown,
  value: unknown,
  at: number,
): void {
  const handle = handleOf(rt, map, key, at);
  const before = map.entries.get(handle);
  map.entries.set(handle, { key: before === undefined ? (key ?? null) : before.key, value });
}

/** Returns the filled map: a plain one when all keys are strings. */
export function finishMap(map: TypedMap): ValueMap | TypedMap {
  const plain: ValueMap = {};
  for (const { key, value } of map.entries.values()) {
    if (typeof key !== 'string') return map;
    setOwn(plain, key, value);
  }
  return plain;
}

/** What the entries are kept under: the key itself, of a time one symbol for each moment. */
function handleOf(rt: Runtime, map: TypedMap, key: unknown, at: number): unknown {
  if (typeof key !== 'object' || key === null) return key ?? null;
  const int = plainInt(key);
  if (int !== key) return int;
  if (!isDate(key) && !isDuration(key)) {
    return fail(rt, at, `a map key is a string, number, bool or time, not ${describe(key)}`);
  }
  const moment = momentOf(key);
  const known = map.times.get(moment);
  if (known !== undefined) return known;
  const handle = Symbol(moment);
  map.times.set(moment, handle);
  return handle;
}

const momentOf = (key: ExprDate | ExprDuration): string => `${key[KIND]} ${key.ns}`;

/** Returns the value under a key; undefined when there is none. */
export function typedPart(rt: Runtime, map: TypedMap, key: unknown, at: number): unknown {
  const found = map.entries.get(handleOf(rt, map, key, at));
  if (found !== undefined) return found.value;
  const text = keyText(key);
  map.byText ??= new Map(
    [...map.entries.values()].map((entry) => [keyText(entry.key), entry.value]),
  );
  return map.byText.get(text);
}

/** The text that a key becomes in a result. */
function keyText(key: unknown): string {
  const plain = plainInt(key);
  if (typeof plain === 'string') return plain;
  if (isDate(plain)) return formatRfc3339(plain);
  if (isDuration(plain)) return formatDuration(plain.ns);
  return plain === null || plain === undefined || !isScalar(plain) ? 'nil' : String(plain);
}

const isScalar = (value: unknown): boolean => typeof value === 'boolean' || isNumeric(value);

/** The map with its keys as text. @throws ExprError when two keys become the same text. */
export function withTextKeys(rt: Runtime, map: TypedMap, at: number): ValueMap {
  const plain: ValueMap = {};
  for (const { key, value } of map.entries.values()) {
    const text = keyText(key);
    if (Object.hasOwn(plain, text)) {
      const pair = JSON.stringify(text);
      fail(rt, at, `the keys of a map become text here, and two of them are both ${pair}`);
    }
    setOwn(plain, text, value);
  }
  return plain;
}
