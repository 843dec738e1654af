/**
 * Left-to-right order of each layer, with few crossings.
 *
 * Barycentre sweeps down and up from the given start; the best order seen is kept, and the start is
 * one of them, so a good start is never spoilt. Ties keep their place: what was written first stands left.
 */
import { type ChannelNet, type Layers, placesOf } from './layers.ts';

const MAX_SWEEPS = 8;
/** Sweeps without an improvement after which no more is expected. */
const MAX_IDLE_SWEEPS = 2;
/** Above this many lines the crossings are not counted and one sweep has to do. */
const MAX_COUNTED_LINES = 20_000;

/** Sorts the rows in place, from each item's position in `start`; answers how many lines cross. */
export function orderLayers(layers: Layers, start: readonly number[]): number {
  const rows = layers.rows;
  for (const row of rows) row.sort((a, b) => (start[a] ?? 0) - (start[b] ?? 0));
  const places = placesOf(layers);
  if (countLines(layers) > MAX_COUNTED_LINES) {
    sweep(layers, places, true);
    return Number.POSITIVE_INFINITY;
  }
  const below = lowerEnds(layers);
  let best = rows.map((row) => [...row]);
  let fewest = countCrossings(layers, below, places);
  let idle = 0;
  for (let i = 0; i < MAX_SWEEPS && fewest > 0 && idle < MAX_IDLE_SWEEPS; i++) {
    sweep(layers, places, i % 2 === 0);
    const crossings = countCrossings(layers, below, places);
    idle = crossings < fewest ? 0 : idle + 1;
    if (idle > 0) continue;
    fewest = crossings;
    best = rows.map((row) => [...row]);
  }
  for (const [i, row] of best.entries()) rows[i]?.splice(0, row.length, ...row);
  return fewest;
}

const countLines = (layers: Layers): number =>
  layers.channels.flat().reduce((n, net) => n + net.tops.length * net.bottoms.length, 0);

/** For each item the items right below that its lines lead to. */
function lowerEnds(layers: Layers): number[][] {
  const ends = layers.items.map((): number[] => []);
  for (const net of layers.channels.flat()) {
    for (const top of net.tops) for (const bottom of net.bottoms) ends[top.item]?.push(bottom.item);
  }
  return ends;
}

function sweep(layers: Layers, places: number[], down: boolean): void {
  const count = layers.rows.length;
  for (let step = 1; step < count; step++) {
    const target = down ? step : count - 1 - step;
    const channel = layers.channels[down ? target - 1 : target] ?? [];
    sortRow(layers.rows[target] ?? [], channel, places, down);
  }
}

/** Sorts a row by the mean place of what each item hangs on; `places` follows. */
function sortRow(
  row: number[],
  channel: readonly ChannelNet[],
  places: number[],
  down: boolean,
): void {
  const sums = row.map(() => 0);
  const counts = row.map(() => 0);
  for (const net of channel) {
    const fixed = down ? net.tops : net.bottoms;
    let centre = 0;
    for (const pin of fixed) centre += places[pin.item] ?? 0;
    centre /= fixed.length;
    for (const pin of down ? net.bottoms : net.tops) {
      const at = places[pin.item] ?? 0;
      sums[at] = (sums[at] ?? 0) + centre;
      counts[at] = (counts[at] ?? 0) + 1;
    }
  }
  const wished = sums.map((sum, i) => (counts[i] === 0 ? i : sum / (counts[i] ?? 1)));
  row.sort((a, b) => (wished[places[a] ?? 0] ?? 0) - (wished[places[b] ?? 0] ?? 0));
  for (const [i, item] of row.entries()) places[item] = i;
}

function countCrossings(
  layers: Layers,
  below: readonly (readonly number[])[],
  places: readonly number[],
): number {
  let total = 0;
  for (const [i, row] of layers.rows.entries()) {
    const ends: number[] = [];
    for (const item of row) {
      const own = (below[item] ?? []).map((end) => places[end] ?? 0);
      ends.push(...own.sort((a, b) => a - b));
    }
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
