/**
 * Functions that call a closure for the elements of a list: `#` is the element, `#index` its
 * position, `#acc` what reduce() has so far.
 *
 * Invariant: each call of a closure is paid for before it runs; what `#` meant outside is restored.
 */
import { add } from './arithmetic.ts';
import { loop } from './builtin-kinds.ts';
import {
  type Closure,
  charge,
  chargeList,
  chargeMap,
  fail,
  type Runtime,
  spend,
} from './runtime.ts';
import { sortBy } from './sorting.ts';
import { exactPart, finishMap, newMap, setPart } from './typed-map.ts';
import { needBool, needNumber } from './values.ts';

/** A list of its own and a key of the map that holds it. */
const NEW_GROUP_BYTES = 150;
const NEW_GROUP_STEPS = 10;

type Visit = (result: unknown, item: unknown, index: number) => boolean;

/** Calls the closure for one element after the other until `visit` answers true. */
function walk(
  rt: Runtime,
  list: readonly unknown[],
  closure: Closure | null,
  at: number,
  visit: Visit,
  backwards = false,
): void {
  const { item: outerItem, index: outerIndex } = rt;
  const { length } = list;
  for (let i = 0; i < length; i += 1) {
    const index = backwards ? length - 1 - i : i;
    const item = list[index] ?? null;
    spend(rt, closure === null ? 1 : closure.cost, at);
    rt.item = item;
    rt.index = index;
    if (visit(closure === null ? item : closure.run(rt), item, index)) break;
  }
  rt.item = outerItem;
  rt.index = outerIndex;
}

const isTrue = (rt: Runtime, name: string, result: unknown, at: number): boolean =>
  typeof result === 'boolean' ? result : needBool(rt, result, `the closure of ${name}()`, at);

/** Stops at the first element for which the closure is `wanted`. */
const quantifier = (name: string, wanted: boolean, whenFound: boolean) =>
  loop('required', (rt, list, closure, _extra, at) => {
    let found = false;
    walk(rt, list, closure, at, (result) => {
      found = isTrue(rt, name, result, at) === wanted;
      return found;
    });
    return found === whenFound;
  });

const finder = (
  name: string,
  backwards: boolean,
  pick: (item: unknown, index: number) => unknown,
) =>
  loop('required', (rt, list, closure, _extra, at) => {
    let found: unknown = null;
    const visit: Visit = (result, item, index) => {
      const here = isTrue(rt, name, result, at);
      if (here) found = pick(item, index);
      return here;
    };
    walk(rt, list, closure, at, visit, backwards);
    return found;
  });

function countTrue(
  rt: Runtime,
  list: readonly unknown[],
  closure: Closure | null,
  name: string,
  at: number,
): number {
  let count = 0;
  walk(rt, list, closure, at, (result) => {
    if (isTrue(rt, name, result, at)) count += 1;
    return name === 'one' && count > 1;
  });
  return count;
}

function map(rt: Runtime, list: readonly unknown[], closure: Closure | null, at: number) {
  chargeList(rt, list.length, at);
  const results: unknown[] = [];
  walk(rt, list, closure, at, (result) => {
    results.push(result);
    return false;
  });
  return results;
}

function filter(rt: Runtime, list: readonly unknown[], closure: Closure | null, at: number) {
  charge(rt, 16, at);
  const kept: unknown[] = [];
  walk(rt, list, closure, at, (result, item) => {
    if (isTrue(rt, 'filter', result, at)) {
      charge(rt, 8, at);
      kept.push(item);
    }
    return false;
  });
  return kept;
}

function sum(rt: Runtime, list: readonly unknown[], closure: Closure | null, at: number): unknown {
  let total: unknown = 0;
  walk(rt, list, closure, at, (result) => {
    total = add(rt, total, needNumber(rt, result, 'sum()', at), at);
    return false;
  });
  return total;
}

function groupBy(rt: Runtime, list: readonly unknown[], closure: Closure | null, at: number) {
  chargeMap(rt, 0, at);
  const groups = newMap();
  walk(rt, list, closure, at, (result, item) => {
    const group = exactPart(rt, groups, result, at);
    charge(rt, 8, at);
    if (Array.isArray(group)) group.push(item);
    else {
      charge(rt, NEW_GROUP_BYTES, at);
      spend(rt, NEW_GROUP_STEPS, at);
      setPart(rt, groups, result, [item], at);
    }
    return false;
  });
  return finishMap(groups);
}

function reduce(
  rt: Runtime,
  list: readonly unknown[],
  closure: Closure | null,
  initial: readonly unknown[],
  at: number,
): unknown {
  if (list.length === 0 && initial.length === 0) {
    return fail(rt, at, 'reduce() of an empty array needs an initial value as third argument');
  }
  const outer = [rt.item, rt.index, rt.acc] as const;
  const first = 1 - initial.length;
  rt.acc = initial.length === 0 ? (list[0] ?? null) : initial[0];
  for (let i = first; i < list.length; i += 1) {
    spend(rt, closure?.cost ?? 1, at);
    rt.item = list[i] ?? null;
    rt.index = i;
    rt.acc = closure?.run(rt);
  }
  const { acc } = rt;
  [rt.item, rt.index, rt.acc] = outer;
  return acc;
}

export const LOOP_BUILTINS = {
  all: quantifier('all', false, false),
  any: quantifier('any', true, true),
  none: quantifier('none', true, false),
  one: loop(
    'required',
    (rt, list, closure, _extra, at) => countTrue(rt, list, closure, 'one', at) === 1,
  ),
  count: loop('optional', (rt, list, closure, _extra, at) =>
    countTrue(rt, list, closure, 'count', at),
  ),
  map: loop('required', (rt, list, closure, _extra, at) => map(rt, list, closure, at)),
  filter: loop('required', (rt, list, closure, _extra, at) => filter(rt, list, closure, at)),
  find: finder('find', false, (item) => item),
  findIndex: finder('findIndex', false, (_item, index) => index),
  findLast: finder('findLast', true, (item) => item),
  findLastIndex: finder('findLastIndex', true, (_item, index) => index),
  sum: loop('optional', (rt, list, closure, _extra, at) => sum(rt, list, closure, at)),
  groupBy: loop('required', (rt, list, closure, _extra, at) => groupBy(rt, list, closure, at)),
  reduce: loop('required', reduce, 1),
  sortBy: loop(
    'optional',
    (rt, list, closure, [order = 'asc'], at) => {
      const keys = closure === null ? list : map(rt, list, closure, at);
      return sortBy(rt, list, keys, order, 'sortBy()', at);
    },
    1,
  ),
};
