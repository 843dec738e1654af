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
  /** First and last column of the horizontal part. */
  readonly from: number;
  readonly to: number;
  /** The row of the horizontal part; null when the strand is one straight line. */
  track: number | null;
}

export interface RoutedChannel {
  readonly strands: readonly Strand[];
  readonly trackCount: number;
}

/** Tracks for the nets of a channel, given the left column of every item. */
export function routeChannel(
  channel: readonly ChannelNet[],
  columns: readonly number[],
): RoutedChannel {
  const strands = channel.map((net) => {
    const tops = net.tops.map((pin) => (columns[pin.item] ?? 0) + pin.offset);
    const bottoms = net.bottoms.map((pin) => (columns[pin.item] ?? 0) + pin.offset);
    return makeStrand({ net, tops, bottoms, after: null, via: null });
  });
  const used = new Set(strands.flatMap((strand) => [...strand.tops, ...strand.bottoms]));
  const order = topologicalOrder(
    strands.filter((strand) => strand.from < strand.to),
    used,
  );
  const straight = strands.filter((strand) => strand.from === strand.to);
  return { strands: [...straight, ...order], trackCount: assignTracks(order) };
}

function makeStrand(parts: Omit<Strand, 'from' | 'to' | 'track'>): Strand {
  const all = [...parts.tops, ...parts.bottoms];
  if (parts.via !== null) all.push(parts.via);
  return { ...parts, from: Math.min(...all), to: Math.max(...all), track: null };
}

interface Open {
  readonly strand: Strand;
  /** Open strands that must turn above this one. */
  readonly above: Set<Strand>;
  /** How many crossings more it costs to turn above all others than below them. */
  cost: number;
}

/** Strands from the upper to the lower tracks; splits one where the demands form a circle. */
function topologicalOrder(strands: readonly Strand[], used: Set<number>): Strand[] {
  const order: Strand[] = [];
  let open = openAll(strands);
  while (open.length > 0) {
    const free = open.filter((each) => each.above.size === 0);
    const next = free.reduce<Open | null>(
      (best, each) => (best === null || each.cost < best.cost ? each : best),
      null,
    );
    if (next === null) {
      open = openAll(detour(open, used));
      continue;
    }
    order.push(next.strand);
    open = open.filter((each) => each !== next);
    for (const each of open) {
      each.above.delete(next.strand);
      each.cost -= costOf(each.strand, next.strand);
    }
  }
  return order;
}

/** Above this many strands crossings are not compared; the order as written has to do. */
const MAX_COMPARED = 120;

function openAll(strands: readonly Strand[]): Open[] {
  const leaving = new Map<number, Strand>();
  for (const strand of strands) for (const column of strand.tops) leaving.set(column, strand);
  const isCompared = strands.length <= MAX_COMPARED;
  return strands.map((strand) => {
    const above = new Set<Strand>();
    for (const column of strand.bottoms) {
      const other = leaving.get(column);
      if (other !== undefined && other !== strand) above.add(other);
    }
    if (strand.after !== null && strands.includes(strand.after)) above.add(strand.after);
    const cost = isCompared ? strands.reduce((sum, other) => sum + costOf(strand, other), 0) : 0;
    return { strand, above, cost };
  });
}

const costOf = (strand: Strand, other: Strand): number =>
  strand === other ? 0 : crossings(strand, other) - crossings(other, strand);

/** Crossings of two strands when the first turns above the second. */
function crossings(upper: Strand, lower: Strand): number {
  if (upper.to <= lower.from || lower.to <= upper.from) return 0;
  let count = 0;
  for (const column of upper.bottoms) if (column > lower.from && column < lower.to) count++;
  for (const column of lower.tops) if (column > upper.from && column < upper.to) count++;
  return count;
}

/**
 * The strands with one of them led over a column that nobody uses. Each split leaves fewer whole
 * strands, and only whole ones can stand in a circle, so this comes to an end.
 */
function detour(open: readonly Open[], used: Set<number>): Strand[] {
  const strands = open.map((each) => each.strand);
  const whole = strands.find((strand) => strand.via === null);
  if (whole === undefined) return [];
  const via = freeColumn(whole, used);
  used.add(via);
  const upper = makeStrand({ ...whole, bottoms: [], via });
  const lower = makeStrand({ ...whole, tops: [], after: upper, via });
  return strands.flatMap((strand) => (strand === whole ? [upper, lower] : [strand]));
}

function freeColumn(strand: Strand, used: ReadonlySet<number>): number {
  for (let distance = 1; ; distance++) {
    if (!used.has(strand.from + distance)) return strand.from + distance;
    if (strand.from >= distance && !used.has(strand.from - distance)) return strand.from - distance;
  }
}

/** Each strand on the highest track that keeps the order where two have columns in common. */
function assignTracks(order: readonly Strand[]): number {
  let count = 0;
  const placed: Strand[] = [];
  for (const strand of order) {
    let track = 0;
    for (const other of placed) {
      // One free column between two strands of a track, so that their ends do not look joined.
      const isApart = strand.from > other.to + 1 || other.from > strand.to + 1;
      if (!isApart) track = Math.max(track, (other.track ?? 0) + 1);
    }
    strand.track = track;
    count = Math.max(count, track + 1);
    placed.push(strand);
  }
  return count;
}
