/**
 * Sorting a list by keys of one kind; equal keys keep their order.
 */
import { chargeList, fail, type Runtime, spend } from './runtime.ts';
import { compare, describe } from './values.ts';

/** The list in the order of its keys. `order` is "asc" or "desc". @throws ExprError for others. */
export function sortBy(
  rt: Runtime,
  list: readonly unknown[],
  keys: readonly unknown[],
  order: unknown,
  what: string,
  at: number,
): unknown[] {
  if (order !== 'asc' && order !== 'desc') {
    fail(rt, at, `${what} sorts "asc" or "desc", not ${describe(order)}`);
  }
  const { length } = list;
  chargeList(rt, 2 * length, at);
  spend(rt, length * Math.ceil(Math.log2(length + 1)), at);
  const sign = order === 'asc' ? 1 : -1;
  const positions = Array.from({ length }, (_, i) => i);
  positions.sort((a, b) => sign * compare(rt, keys[a], keys[b], what, at));
  return positions.map((position) => list[position]);
}
