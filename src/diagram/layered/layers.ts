/**
 * A list as layers of items with channels between them.
 *
 * An item is a box, or the place where a long net passes a layer. A channel lists, for every net that
 * crosses it, where the net comes in (pins below the upper items) and where it goes on (pins above the
 * lower ones). A pin's offset counts columns from its item's left edge.
 */
import type { Net } from './nets.ts';

export interface Item {
  /** The vertex this item shows, or null for a net that passes. */
  readonly vertex: number | null;
  readonly net: Net | null;
  readonly layer: number;
  readonly width: number;
}

export interface Pin {
  readonly item: number;
  offset: number;
}

export interface ChannelNet {
  readonly net: Net;
  readonly tops: Pin[];
  readonly bottoms: Pin[];
}

export interface Layers {
  readonly items: readonly Item[];
  /** Item numbers per layer, left to right; sorting them is what ordering does. */
  readonly rows: number[][];
  /** `channels[i]` lies between `rows[i]` and `rows[i + 1]`. */
  readonly channels: readonly ChannelNet[][];
}

/** Layers for ranked vertices; each net has one passing item in every layer strictly inside it. */
export function buildLayers(
  ranks: readonly number[],
  widths: readonly number[],
  nets: readonly Net[],
): Layers {
  const count = ranks.reduce((max, rank) => Math.max(max, rank + 1), 0);
  const items: Item[] = [];
  const rows = Array.from({ length: count }, (): number[] => []);
  const channels = Array.from({ length: Math.max(0, count - 1) }, (): ChannelNet[] => []);
  const add = (item: Item): number => {
    rows[item.layer]?.push(items.length);
    return items.push(item) - 1;
  };
  for (const [vertex, rank] of ranks.entries()) {
    add({ vertex, net: null, layer: rank, width: widths[vertex] ?? 1 });
  }
  const rankOf = (vertex: number): number => ranks[vertex] ?? 0;
  for (const net of nets) {
    const [first, last] = span(ranks, net);
    let passing: number | null = null;
    for (let layer = first; layer < last; layer++) {
      const tops = net.sources.filter((vertex) => rankOf(vertex) === layer);
      const bottoms = net.targets.filter((vertex) => rankOf(vertex) === layer + 1);
      if (passing !== null) tops.push(passing);
      passing = layer + 1 < last ? add({ vertex: null, net, layer: layer + 1, width: 1 }) : null;
      if (passing !== null) bottoms.push(passing);
      channels[layer]?.push({ net, tops: tops.map(pinAt), bottoms: bottoms.map(pinAt) });
    }
  }
  return { items, rows, channels };
}

/** The number of items that `buildLayers` makes of this. */
export function countItems(ranks: readonly number[], nets: readonly Net[]): number {
  let count = ranks.length;
  for (const net of nets) {
    const [first, last] = span(ranks, net);
    count += last - first - 1;
  }
  return count;
}

/** First and last layer of a net. */
function span(ranks: readonly number[], net: Net): readonly [number, number] {
  const rankOf = (vertex: number): number => ranks[vertex] ?? 0;
  return [Math.min(...net.sources.map(rankOf)), Math.max(...net.targets.map(rankOf))];
}

/** The first items are the vertices, so that a vertex's number is also its item's. */
const pinAt = (item: number): Pin => ({ item, offset: 0 });

/** Each item's place in its row, 0 at the left. */
export function placesOf(layers: Layers): number[] {
  const places: number[] = [];
  for (const row of layers.rows) for (const [i, item] of row.entries()) places[item] = i;
  return places;
}

/** Columns that must stay free between two neighbours of a row. */
export function gapBetween(left: Item, right: Item): number {
  return left.vertex !== null && right.vertex !== null ? 2 : 1;
}

/** Columns a row needs at least. */
export function rowWidth(layers: Layers, row: readonly number[]): number {
  let width = 0;
  for (const [i, number] of row.entries()) {
    const item = layers.items[number];
    const left = layers.items[row[i - 1] ?? -1];
    if (item === undefined) continue;
    width += item.width + (left === undefined ? 0 : gapBetween(left, item));
  }
  return width;
}
