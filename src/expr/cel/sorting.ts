/** Sorting by keys of one kind; equal keys keep their order. */
import { chargeList, spend } from '../expr-lang/runtime.ts';
import { order } from './compare.ts';
import { CelFault } from './fault.ts';
import type { CelRuntime } from './runtime.ts';
import { typeName } from './values.ts';

/** The list in the order of its keys. @throws CelFault when two keys have no order */
export function sortByKeys(
  rt: CelRuntime,
  list: readonly unknown[],
  keys: readonly unknown[],
): unknown[] {
  const { length } = list;
  chargeList(rt, 2 * length, 0);
  spend(rt, length * Math.ceil(Math.log2(length + 1)), 0);
  if (length === 1) orderOf(rt, keys[0], keys[0]);
  const positions = Array.from({ length }, (_, i) => i);
  positions.sort((a, b) => orderOf(rt, keys[a], keys[b]));
  return positions.map((position) => list[position]);
}

function orderOf(rt: CelRuntime, a: unknown, b: unknown): number {
  const value = order(rt, a, b);
  if (value !== null) return value;
  const types = `${typeName(a)} and ${typeName(b)}`;
  throw new CelFault(`sorting takes numbers, texts, bools or times, not ${types}`);
}
