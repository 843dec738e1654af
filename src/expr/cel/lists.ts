/** Functions of lists: `lists.range`, `distinct`, `flatten`, `slice`, `sort`, `first`, `last`. */
import { narrowInt } from '../expr-lang/int64.ts';
import { chargeList, spend } from '../expr-lang/runtime.ts';
import { equal } from './compare.ts';
import { CelFault, NO_OVERLOAD } from './fault.ts';
import { type CelFunction, type FunctionRow, global, method } from './function-row.ts';
import type { CelRuntime } from './runtime.ts';
import { sortByKeys } from './sorting.ts';
import { isInt, numberOf } from './values.ts';

/** Longest list that `lists.range` makes. */
const MAX_RANGE = 1_000_000;
const MAX_FLATTEN_DEPTH = 100;

function range(rt: CelRuntime, size: unknown): unknown {
  if (!isInt(size)) return NO_OVERLOAD;
  if (size > MAX_RANGE) throw new CelFault(`a range has at most ${MAX_RANGE} elements`);
  const length = Math.max(0, Number(size));
  chargeList(rt, length, 0);
  return Array.from({ length }, (_, i) => i);
}

/** A method of a list without arguments. */
const ofList = (
  name: string,
  run: (rt: CelRuntime, list: readonly unknown[]) => unknown,
): FunctionRow =>
  method(name, [1], (rt, list) => (Array.isArray(list) ? run(rt, list) : NO_OVERLOAD));

/** Each value once, the first of equal ones. */
function distinct(rt: CelRuntime, list: readonly unknown[]): unknown[] {
  chargeList(rt, 2 * list.length, 0);
  const seen = new Set<unknown>();
  const others: unknown[] = [];
  return list.filter((item) => {
    const number = numberOf(item);
    if (number !== null || item === null || typeof item !== 'object') {
      const key = number === null ? item : numberKey(number);
      if (seen.has(key) && !Number.isNaN(number)) return false;
      seen.add(key);
      return true;
    }
    spend(rt, others.length, 0);
    if (others.some((other) => equal(rt, other, item))) return false;
    others.push(item);
    return true;
  });
}

/** Equal numbers of all types have one key. */
function numberKey(value: number | bigint): unknown {
  if (typeof value === 'bigint') return narrowInt(value);
  return Number.isInteger(value) ? narrowInt(BigInt(value)) : value;
}

const flattenTo: CelFunction = (rt, list, depth = 1) => {
  if (!Array.isArray(list) || !isInt(depth)) return NO_OVERLOAD;
  if (depth < 0) throw new CelFault('flatten takes a depth of 0 or more');
  return flatten(rt, list, Math.min(Number(depth), MAX_FLATTEN_DEPTH));
};

function flatten(rt: CelRuntime, list: readonly unknown[], depth: number): unknown[] {
  chargeList(rt, list.length, 0);
  if (depth === 0) return list.slice();
  const flat: unknown[] = [];
  for (const item of list) {
    if (!Array.isArray(item)) flat.push(item);
    else for (const inner of flatten(rt, item, depth - 1)) flat.push(inner);
  }
  return flat;
}

const slice: CelFunction = (rt, list, from, to) => {
  if (!Array.isArray(list) || !isInt(from) || !isInt(to)) return NO_OVERLOAD;
  if (from < 0 || to < from || to > list.length) {
    throw new CelFault(`slice(${from}, ${to}) is not within the list of ${list.length} elements`);
  }
  chargeList(rt, Number(to) - Number(from), 0);
  return list.slice(Number(from), Number(to));
};

/** The element at a place of `at(-1)`'s kind. */
function elementAt(list: readonly unknown[], place: number, name: string): unknown {
  if (list.length === 0) throw new CelFault(`${name} of an empty list`);
  return list.at(place);
}

export const LIST_FUNCTIONS: readonly FunctionRow[] = [
  global('lists.range', [1], range),
  ofList('distinct', distinct),
  method('flatten', [1, 2], flattenTo),
  method('slice', [3], slice),
  ofList('sort', (rt, list) => sortByKeys(rt, list, list)),
  ofList('first', (_rt, list) => elementAt(list, 0, 'first')),
  ofList('last', (_rt, list) => elementAt(list, -1, 'last')),
];
