/**
 * Functions over maps: `keys values toPairs fromPairs`, and `get` and `len` over what has parts.
 */
import { plain } from './builtin-kinds.ts';
import { isInt } from './int64.ts';
import { chargeList, chargeMap, fail, type Runtime } from './runtime.ts';
import { textLength } from './text.ts';
import {
  describe,
  isMap,
  keyOf,
  needList,
  needMap,
  ownOf,
  setOwn,
  type ValueMap,
} from './values.ts';

function entriesOf(rt: Runtime, value: unknown, name: string, at: number): [ValueMap, string[]] {
  const map = needMap(rt, value, `${name}()`, at);
  const keys = Object.keys(map);
  chargeList(rt, keys.length, at);
  return [map, keys];
}

function toPairs(rt: Runtime, value: unknown, at: number): unknown[][] {
  const [map, keys] = entriesOf(rt, value, 'toPairs', at);
  return keys.map((key) => {
    chargeList(rt, 2, at);
    return [key, ownOf(map, key)];
  });
}

function fromPairs(rt: Runtime, value: unknown, at: number): ValueMap {
  const pairs = needList(rt, value, 'fromPairs()', at);
  chargeMap(rt, pairs.length, at);
  const map: ValueMap = {};
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      fail(rt, at, `fromPairs() needs pairs [key, value], got ${describe(pair)}`);
    }
    setOwn(map, keyOf(rt, pair[0], at), pair[1]);
  }
  return map;
}

/** The part under a key or position; nil when it is not there, also of nil. */
function get(rt: Runtime, from: unknown, key: unknown, at: number): unknown {
  if (from === null || from === undefined) return null;
  if (isMap(from)) return ownOf(from, keyOf(rt, key, at));
  if (!Array.isArray(from)) return fail(rt, at, `get() cannot read a part of ${describe(from)}`);
  if (!isInt(key)) return fail(rt, at, `get() needs an int as position, got ${describe(key)}`);
  return from.at(Number(key)) ?? null;
}

function length(rt: Runtime, value: unknown, at: number): number {
  if (typeof value === 'string') return textLength(rt, value, at);
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  return fail(rt, at, `len() needs a string, array or map, got ${describe(value)}`);
}

export const MAP_BUILTINS = {
  keys: plain(1, 1, (rt, [map], at) => entriesOf(rt, map, 'keys', at)[1]),
  values: plain(1, 1, (rt, [value], at) => {
    const [map, keys] = entriesOf(rt, value, 'values', at);
    return keys.map((key) => ownOf(map, key));
  }),
  toPairs: plain(1, 1, (rt, [map], at) => toPairs(rt, map, at)),
  fromPairs: plain(1, 1, (rt, [pairs], at) => fromPairs(rt, pairs, at)),
  get: plain(2, 2, (rt, [from, key], at) => get(rt, from, key, at)),
  len: plain(1, 1, (rt, [value], at) => length(rt, value, at)),
};
