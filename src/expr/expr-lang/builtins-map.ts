/**
 * Functions over maps: `keys values toPairs fromPairs`, and `get` and `len` over what has parts.
 */
import { plain } from './builtin-kinds.ts';
import { isInt } from './int64.ts';
import { chargeList, chargeMap, fail, type Runtime } from './runtime.ts';
import { sliceText, textLength } from './text.ts';
import { finishMap, newMap, setPart, typedPart } from './typed-map.ts';
import {
  describe,
  isMap,
  isTypedMap,
  keyOf,
  needList,
  needMap,
  ownOf,
  plainInt,
  type TypedMap,
  type ValueMap,
} from './values.ts';

function keysOf(rt: Runtime, value: unknown, at: number): unknown[] {
  const map = isTypedMap(value) ? value : needMap(rt, value, 'keys()', at);
  const keys = isTypedMap(map) ? [...map.entries.values()].map(({ key }) => key) : Object.keys(map);
  chargeList(rt, keys.length, at);
  return keys;
}

function valuesOf(rt: Runtime, value: unknown, at: number): unknown[] {
  if (!isTypedMap(value)) {
    const map = needMap(rt, value, 'values()', at);
    const keys = Object.keys(map);
    chargeList(rt, keys.length, at);
    return keys.map((key) => ownOf(map, key));
  }
  chargeList(rt, value.entries.size, at);
  return [...value.entries.values()].map((entry) => entry.value);
}

function toPairs(rt: Runtime, value: unknown, at: number): unknown[][] {
  if (!isTypedMap(value)) {
    const map = needMap(rt, value, 'toPairs()', at);
    const keys = Object.keys(map);
    chargeList(rt, 4 * keys.length, at);
    return keys.map((key) => [key, ownOf(map, key)]);
  }
  chargeList(rt, 4 * value.entries.size, at);
  return [...value.entries.values()].map((entry) => [entry.key, entry.value]);
}

function fromPairs(rt: Runtime, value: unknown, at: number): ValueMap | TypedMap {
  const pairs = needList(rt, value, 'fromPairs()', at);
  chargeMap(rt, pairs.length, at);
  const map = newMap();
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      fail(rt, at, `fromPairs() needs pairs [key, value], got ${describe(pair)}`);
    }
    setPart(rt, map, pair[0], pair[1], at);
  }
  return finishMap(map);
}

/** The part under a key or position; nil when it is not there, also of nil. */
function get(rt: Runtime, from: unknown, key: unknown, at: number): unknown {
  if (from === null || from === undefined) return null;
  if (isMap(from)) return ownOf(from, keyOf(rt, key, at));
  if (isTypedMap(from)) return typedPart(rt, from, key, at) ?? null;
  if (typeof from !== 'string' && !Array.isArray(from)) {
    return fail(rt, at, `get() cannot read a part of ${describe(from)}`);
  }
  const position = plainInt(key);
  if (!isInt(position)) {
    return fail(rt, at, `get() needs an int as position, got ${describe(key)}`);
  }
  if (typeof from !== 'string') return from.at(Number(position)) ?? null;
  const size = textLength(rt, from, at);
  const index = Number(position) < 0 ? size + Number(position) : Number(position);
  return index >= 0 && index < size ? sliceText(rt, from, index, index + 1, at) : null;
}

function length(rt: Runtime, value: unknown, at: number): number {
  if (typeof value === 'string') return textLength(rt, value, at);
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  if (isTypedMap(value)) return value.entries.size;
  return fail(rt, at, `len() needs a string, array or map, got ${describe(value)}`);
}

export const MAP_BUILTINS = {
  keys: plain(1, 1, (rt, [map], at) => keysOf(rt, map, at)),
  values: plain(1, 1, (rt, [map], at) => valuesOf(rt, map, at)),
  toPairs: plain(1, 1, (rt, [map], at) => toPairs(rt, map, at)),
  fromPairs: plain(1, 1, (rt, [pairs], at) => fromPairs(rt, pairs, at)),
  get: plain(2, 2, (rt, [from, key], at) => get(rt, from, key, at)),
  len: plain(1, 1, (rt, [value], at) => length(rt, value, at)),
};
