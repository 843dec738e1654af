/**
 * Functions over lists without a closure. Lists are never changed, always built anew.
 */
import { plain } from './builtin-kinds.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';
import { charge, chargeList, fail, type Runtime, spend } from './runtime.ts';
import { sortBy } from './sorting.ts';
import { equal, needCount, needList, tooDeep } from './values.ts';

function concat(rt: Runtime, args: readonly unknown[], at: number): unknown[] {
  const lists = args.map((arg) => needList(rt, arg, 'concat()', at));
  chargeList(
    rt,
    lists.reduce((total, list) => total + list.length, 0),
    at,
  );
  return lists.flat(1);
}

function flattenInto(
  rt: Runtime,
  list: readonly unknown[],
  into: unknown[],
  at: number,
  depth: number,
): unknown[] {
  if (depth > MAX_VALUE_DEPTH) tooDeep(rt, at);
  chargeList(rt, list.length, at);
  for (const item of list) {
    if (Array.isArray(item)) flattenInto(rt, item, into, at, depth + 1);
    else into.push(item);
  }
  return into;
}

/** Each value once, where it came first. */
function uniq(rt: Runtime, list: readonly unknown[], at: number): unknown[] {
  chargeList(rt, 3 * list.length, at);
  const scalars = new Set<unknown>();
  const objects: unknown[] = [];
  return list.filter((item) => {
    if (typeof item !== 'object' || item === null) {
      const before = scalars.size;
      scalars.add(item);
      return scalars.size > before;
    }
    spend(rt, objects.length, at);
    if (objects.some((other) => equal(rt, other, item, at))) return false;
    objects.push(item);
    return true;
  });
}

function take(rt: Runtime, value: unknown, count: unknown, at: number): unknown[] {
  const list = needList(rt, value, 'take()', at);
  const wanted = needCount(rt, count, 'take()', at);
  if (wanted < 0) return fail(rt, at, `take() cannot take ${wanted} elements`);
  chargeList(rt, Math.min(wanted, list.length), at);
  return list.slice(0, wanted);
}

function reverse(rt: Runtime, value: unknown, at: number): unknown[] {
  const list = needList(rt, value, 'reverse()', at);
  chargeList(rt, list.length, at);
  return list.toReversed();
}

export const LIST_BUILTINS = {
  concat: plain(1, Number.POSITIVE_INFINITY, concat),
  flatten: plain(
    1,
    1,
    (rt, [list], at) => flattenInto(rt, needList(rt, list, 'flatten()', at), [], at, 0),
    true,
  ),
  uniq: plain(1, 1, (rt, [list], at) => uniq(rt, needList(rt, list, 'uniq()', at), at), true),
  first: plain(1, 1, (rt, [list], at) => needList(rt, list ?? [], 'first()', at)[0] ?? null),
  last: plain(1, 1, (rt, [list], at) => needList(rt, list ?? [], 'last()', at).at(-1) ?? null),
  take: plain(2, 2, (rt, [list, count], at) => take(rt, list, count, at)),
  reverse: plain(1, 1, (rt, [list], at) => reverse(rt, list, at)),
  sort: plain(
    1,
    2,
    (rt, [value, order = 'asc'], at) => {
      const list = needList(rt, value, 'sort()', at);
      charge(rt, 16, at);
      return sortBy(rt, list, list, order, 'sort()', at);
    },
    true,
  ),
};
