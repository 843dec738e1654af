/**
 * Which row a vertex stands in.
 *
 * A vertex stands below everything it depends on (longest path). Rows that are too wide are folded
 * into several. Links that close a cycle are ignored; a valid definition has none.
 */
import type { Link } from './nets.ts';

/** Rank per vertex, from 0; every link that closes no cycle goes to a higher rank. */
export function longestPathRanks(count: number, links: readonly Link[]): number[] {
  const ranks = new Array<number>(count).fill(0);
  const waiting = new Array<number>(count).fill(0);
  for (const { to } of links) waiting[to] = (waiting[to] ?? 0) + 1;
  const after = Map.groupBy(links, (link) => link.from);
  const done = new Set<number>();
  const ready = waiting.flatMap((n, vertex) => (n === 0 ? [vertex] : []));
  const release = (to: number, rank: number): void => {
    if (done.has(to)) return;
    ranks[to] = Math.max(ranks[to] ?? 0, rank);
    waiting[to] = (waiting[to] ?? 0) - 1;
    if (waiting[to] === 0) ready.push(to);
  };
  for (let next = 0; done.size < count; ) {
    // Only a cycle leaves nothing ready: its first vertex goes first.
    while (ready.length === 0 && done.has(next)) next++;
    const vertex = ready.shift() ?? next;
    if (done.has(vertex)) continue;
    done.add(vertex);
    for (const { to } of after.get(vertex) ?? []) release(to, (ranks[vertex] ?? 0) + 1);
  }
  return ranks;
}

interface RowLimits {
  readonly widths: readonly number[];
  readonly gap: number;
  readonly maxWidth: number;
}

/**
 * Ranks in which no row of boxes is wider than the limit, where single boxes allow it. Rows of one
 * rank are filled evenly, in the order of `position`.
 */
export function foldWideRanks(
  ranks: readonly number[],
  position: readonly number[],
  limits: RowLimits,
): number[] {
  const folded = [...ranks];
  const rows = Map.groupBy(ranks.keys(), (vertex) => ranks[vertex] ?? 0);
  let next = 0;
  for (const rank of [...rows.keys()].sort((a, b) => a - b)) {
    const row = [...(rows.get(rank) ?? [])].sort((a, b) => (position[a] ?? 0) - (position[b] ?? 0));
    for (const part of packRows(row, (vertex) => limits.widths[vertex] ?? 0, limits)) {
      for (const vertex of part) folded[vertex] = next;
      next++;
    }
  }
  return folded;
}

/** Cuts a sequence into as few rows as the width allows, then evens them out. */
export function packRows<T>(
  items: readonly T[],
  widthOf: (item: T) => number,
  limits: { readonly gap: number; readonly maxWidth: number },
): T[][] {
  const least = pack(items, widthOf, limits.gap, limits.maxWidth, items.length);
  const even = Math.ceil(items.length / Math.max(1, least.length));
  const evened = pack(items, widthOf, limits.gap, limits.maxWidth, even);
  return evened.length === least.length ? evened : least;
}

function pack<T>(
  items: readonly T[],
  widthOf: (item: T) => number,
  gap: number,
  maxWidth: number,
  maxCount: number,
): T[][] {
  const rows: T[][] = [];
  let row: T[] = [];
  let used = 0;
  for (const item of items) {
    const width = widthOf(item);
    const full = used + gap + width > maxWidth || row.length >= maxCount;
    if (row.length > 0 && full) {
      rows.push(row);
      row = [];
    }
    used = row.length === 0 ? width : used + gap + width;
    row.push(item);
  }
  if (row.length > 0) rows.push(row);
  return rows;
}
