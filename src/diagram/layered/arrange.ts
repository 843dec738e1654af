/**
 * The best arrangement of ranked vertices: order and columns together.
 *
 * Several starts are tried, with long lines where they come, all at the left, and all at the right. Of
 * those with the fewest crossings the one whose lines run straightest wins.
 */
import { assignColumns } from './columns.ts';
import { buildLayers, countItems, type Item, type Layers, rowWidth } from './layers.ts';
import type { Net } from './nets.ts';
import { orderLayers } from './order.ts';

export interface Arranged {
  readonly layers: Layers;
  /** Left column per item. */
  readonly columns: readonly number[];
  readonly width: number;
}

export interface ArrangeInput {
  /** Columns and wished place per vertex. */
  readonly widths: readonly number[];
  readonly positions: readonly number[];
  readonly nets: readonly Net[];
}

/** Above this many items (boxes, and passing lines in every layer) one start has to do. */
const MAX_ITEMS_TRIED = 400;
/** Above this many nobody could follow the lines any more. */
export const MAX_ITEMS = 4000;

/** Orders the vertices of each rank and gives every item its column; null for too many items. */
export function arrangeLayers(ranks: readonly number[], input: ArrangeInput): Arranged | null {
  if (countItems(ranks, input.nets) > MAX_ITEMS) return null;
  return arrangeFrom(ranks, input, meanPlace);
}

/** The same with all starts; never worse than `arrangeLayers`. */
export function arrangeWell(ranks: readonly number[], input: ArrangeInput): Arranged | null {
  const count = countItems(ranks, input.nets);
  if (count > MAX_ITEMS) return null;
  let best = arrangeFrom(ranks, input, meanPlace);
  // Without passing lines all starts are the same.
  if (count > MAX_ITEMS_TRIED || count === ranks.length) return best;
  for (const place of [atLeft, atRight]) {
    const other = arrangeFrom(ranks, input, place);
    if (isBetter(other, best)) best = other;
  }
  return best;
}

interface Candidate extends Arranged {
  readonly crossings: number;
  readonly bend: number;
}

const isBetter = (a: Candidate, b: Candidate): boolean =>
  a.crossings !== b.crossings ? a.crossings < b.crossings : a.bend < b.bend;

type LinePlace = (net: Net, positions: readonly number[]) => number;

const meanPlace: LinePlace = (net, positions) => {
  const ends = [...net.sources, ...net.targets];
  return ends.reduce((sum, vertex) => sum + (positions[vertex] ?? 0), 0) / ends.length;
};
const atLeft: LinePlace = () => Number.NEGATIVE_INFINITY;
const atRight: LinePlace = () => Number.POSITIVE_INFINITY;

function arrangeFrom(ranks: readonly number[], input: ArrangeInput, place: LinePlace): Candidate {
  const layers = buildLayers(ranks, input.widths, input.nets);
  const startOf = (item: Item): number =>
    item.net === null ? (input.positions[item.vertex ?? 0] ?? 0) : place(item.net, input.positions);
  const crossings = orderLayers(layers, layers.items.map(startOf));
  const columns = assignColumns(layers);
  const width = layers.rows.reduce((most, row) => Math.max(most, rowWidth(layers, row)), 0);
  return { layers, columns, width, crossings, bend: bendOf(layers, columns) };
}

/** Columns that lines run sideways, those of passing lines counted twice. */
function bendOf(layers: Layers, columns: readonly number[]): number {
  let total = 0;
  for (const { tops, bottoms } of layers.channels.flat()) {
    const ends = [...tops, ...bottoms].map((pin) => (columns[pin.item] ?? 0) + pin.offset);
    const passes = [...tops, ...bottoms].filter((pin) => layers.items[pin.item]?.vertex === null);
    total += (Math.max(...ends) - Math.min(...ends)) * (1 + passes.length);
  }
  return total;
}
