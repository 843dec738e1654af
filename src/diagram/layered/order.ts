/**
 * Left-to-right order of each layer, with few crossings.
 *
 * Barycentre sweeps down and up from the given start; the best order seen is kept, and the start is
 * one of them, so a good start is never spoilt. Ties keep their place: what was written first stands left.
 */
import { type ChannelNet, type Layers, placesOf } from './layers.ts';

const SWEEPS = 8;
/** Above this many lines the crossings are not counted and one sweep has to do. */
const MAX_COUNTED_LINES = 20_000;

/** Sorts the rows in place, from each item's position in `start`; answers how many lines cross. */
export function orderLayers(layers: Layers, start: readonly number[]): number {
  const rows = layers.rows;
  for (const row of rows) row.sort((a, b) => (start[a] ?? 0) - (start[b] ?? 0));
  const lines = layers.channels
    .flat()
    .reduce((n, net) => n + net.tops.length * net.bottoms.length, 0);
  if (lines > MAX_COUNTED_LINES) {
    sweep(layers, true);
    return Number.POSITIVE_INFINITY;
  }
  let best = rows.map((row) => [...row]);
  let fewest = countCrossings(layers);
  for (let i = 0; i < SWEEPS && fewest > 0; i++) {
    sweep(layers, i % 2 === 0);
    const crossings = countCrossings(layers);
    if (crossings >= fewest) continue;
    fewest = crossings;
    best = rows.map((row) => [...row]);
  }
  for (const [i, row] of best.entries()) rows[i]?.splice(0, row.length, ...row);
  return fewest;
}

function sweep(layers: Layers, down: boolean): void {
  const count = layers.rows.length;
  const places = placesOf(layers);
  for (let step = 1; step < count; step++) {
    const target = down ? step : count - 1 - step;
    const channel = layers.channels[down ? target - 1 : target] ?? [];
    const row = layers.rows[target] ?? [];
    sortRow(row, channel, places, down);
    for (const [i, item] of row.entries()) places[item] = i;
  }
}

function sortRow(
  row: number[],
  channel: readonly ChannelNet[],
  places: number[],
  down: boolean,
): void {
  const pull = new Map<number, { sum: number; count: number }>();
  for (const net of channel) {
    const fixed = down ? net.tops : net.bottoms;
    const moved = down ? net.bottoms : net.tops;
    const centre = fixed.reduce((sum, pin) => sum + (places[pin.item] ?? 0), 0) / fixed.length;
    for (const { item } of moved) {
      const entry = pull.get(item) ?? { sum: 0, count: 0 };
      pull.set(item, { sum: entry.sum + centre, count: entry.count + 1 });
    }
  }
  const value = new Map(
    row.map((item, i) => {
      const entry = pull.get(item);
      return [item, entry === undefined ? i : entry.sum / entry.count];
    }),
  );
  row.sort((a, b) => (value.get(a) ?? 0) - (value.get(b) ?? 0));
}

function countCrossings(layers: Layers): number {
  const places = placesOf(layers);
  let total = 0;
  for (const [i, channel] of layers.channels.entries()) {
    const lines = channel.flatMap((net) =>
      net.tops.flatMap((top) =>
        net.bottoms.map((bottom) => [places[top.item] ?? 0, places[bottom.item] ?? 0] as const),
      ),
    );
    lines.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const ends = lines.map((line) => line[1]);
    total += countInversions(ends, layers.rows[i + 1]?.length ?? 0);
  }
  return total;
}

/** Pairs that stand in the wrong order, by a Fenwick tree over the values below `size`. */
function countInversions(values: readonly number[], size: number): number {
  const tree = new Array<number>(size + 1).fill(0);
  let inversions = 0;
  for (const [seen, value] of values.entries()) {
    let notAbove = 0;
    for (let i = value + 1; i > 0; i -= i & -i) notAbove += tree[i] ?? 0;
    inversions += seen - notAbove;
    for (let i = value + 1; i <= size; i += i & -i) tree[i] = (tree[i] ?? 0) + 1;
  }
  return inversions;
}
