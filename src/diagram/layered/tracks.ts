/**
 * Rows for the horizontal parts of the lines in one channel.
 *
 * Every net gets one track. Two nets never share a cell except where a vertical crosses a horizontal:
 * where one leaves a column downwards in which another arrives, it turns on a higher track. When such
 * demands run in a circle, a net is led over a free column on two tracks.
 */
import type { ChannelNet } from './layers.ts';

export interface Strand {
  readonly net: ChannelNet;
  /** Columns where the strand comes from above, and where it goes on below. */
  readonly tops: readonly number[];
  readonly bottoms: readonly number[];
  /** The upper part of a net that is led over two tracks, for its lower part; else null. */
  readonly after: Strand | null;
  /** The column that joins such parts, else null. */
  readonly via: number | null;
  /** The row of the horizontal part; null when the strand is one straight line. */
  track: number | null;
}

export interface RoutedChannel {
  readonly strands: readonly Strand[];
  readonly trackCount: number;
}

/** Tracks for the nets of a channel, given the column of every pin. */
export function routeChannel(
  channel: readonly ChannelNet[],
  columns: readonly number[],
): RoutedChannel {
  const strands = channel.map((net): Strand => {
    const tops = net.tops.map((pin) => (columns[pin.item] ?? 0) + pin.offset);
    const bottoms = net.bottoms.map((pin) => (columns[pin.item] ?? 0) + pin.offset);
    return { net, tops, bottoms, after: null, via: null, track: null };
  });
  const bent = strands.filter((strand) => new Set([...strand.tops, ...strand.bottoms]).size > 1);
  const straight = strands.filter((strand) => !bent.includes(strand));
  const used = new Set(strands.flatMap((strand) => [...strand.tops, ...strand.bottoms]));
  const order = topologicalOrder(bent, used);
  return { strands: [...straight, ...order], trackCount: assignTracks(order) };
}

/** Strands from the upper to the lower tracks; splits one where the demands form a circle. */
function topologicalOrder(strands: readonly Strand[], used: Set<number>): Strand[] {
  const open = new Set(strands);
  const order: Strand[] = [];
  while (open.size > 0) {
    const free = [...open].filter((strand) => !hasAbove(strand, open));
    const [first] = open;
    if (first === undefined) break;
    if (free.length > 0) {
      const next = cheapest(free, open);
      open.delete(next);
      order.push(next);
      continue;
    }
    // Every strand waits for another: lead one of them over a column that nobody uses.
    const via = freeColumn(first, used);
    used.add(via);
    const upper: Strand = { ...first, bottoms: [], via };
    const lower: Strand = { ...first, tops: [], after: upper, via };
    open.delete(first);
    open.add(upper);
    open.add(lower);
  }
  return order;
}

/** True when another open strand leaves a column from above in which this one arrives below. */
function hasAbove(strand: Strand, open: ReadonlySet<Strand>): boolean {
  if (strand.after !== null && open.has(strand.after)) return true;
  for (const other of open) {
    if (other !== strand && other.tops.some((column) => strand.bottoms.includes(column)))
      return true;
  }
  return false;
}

function freeColumn(strand: Strand, used: ReadonlySet<number>): number {
  const from = Math.min(...strand.tops, ...strand.bottoms);
  for (let distance = 1; ; distance++) {
    if (!used.has(from + distance)) return from + distance;
    if (from - distance >= 0 && !used.has(from - distance)) return from - distance;
  }
}

/** Above this many open strands the order as written has to do. */
const MAX_COMPARED = 80;

/** The strand that crosses the fewest others when it turns above all of them. */
function cheapest(free: readonly Strand[], open: ReadonlySet<Strand>): Strand {
  let best = free[0] as Strand;
  if (open.size > MAX_COMPARED || free.length === 1) return best;
  let least = Number.POSITIVE_INFINITY;
  for (const strand of free) {
    let cost = 0;
    for (const other of open) {
      if (other !== strand) cost += crossings(strand, other) - crossings(other, strand);
    }
    if (cost >= least) continue;
    least = cost;
    best = strand;
  }
  return best;
}

/** Crossings of two strands when the first turns above the second. */
function crossings(upper: Strand, lower: Strand): number {
  const [lowerFrom, lowerTo] = extent(lower);
  const [upperFrom, upperTo] = extent(upper);
  const down = upper.bottoms.filter((column) => column > lowerFrom && column < lowerTo);
  const through = lower.tops.filter((column) => column > upperFrom && column < upperTo);
  return down.length + through.length;
}

/** First and last column of a strand's horizontal part. */
export function extent(strand: Strand): readonly [number, number] {
  const all = [...strand.tops, ...strand.bottoms];
  if (strand.via !== null) all.push(strand.via);
  return [Math.min(...all), Math.max(...all)];
}

/** Each strand on the highest track that keeps the order where two have columns in common. */
function assignTracks(order: readonly Strand[]): number {
  let count = 0;
  for (const [i, strand] of order.entries()) {
    const [from, to] = extent(strand);
    let track = 0;
    for (const other of order.slice(0, i)) {
      const [otherFrom, otherTo] = extent(other);
      // One free column between two strands of a track, so that their ends do not look joined.
      if (from <= otherTo + 1 && otherFrom <= to + 1)
        track = Math.max(track, (other.track ?? 0) + 1);
    }
    strand.track = track;
    count = Math.max(count, track + 1);
  }
  return count;
}
