/**
 * Columns for the items of ordered layers.
 *
 * Each item is drawn to the lines it hangs on; where neighbours want the same place, the row is solved
 * exactly (isotonic regression), so boxes never overlap and never change order. All results are whole
 * columns, and no row is wider than the widest must be.
 */
import {
  type ChannelNet,
  gapBetween,
  type Layers,
  type Pin,
  placesOf,
  rowWidth,
} from './layers.ts';
import { type Pull, pullsOf } from './pulls.ts';

const SWEEPS = 4;
/** A bend in a passing line looks worse than a box that stands aside. */
const LINE_WEIGHT = 3;

/** Left column per item; also sets every pin's offset. Row widths are within the widest row's. */
export function assignColumns(layers: Layers): number[] {
  spreadPins(layers);
  const width = layers.rows.reduce((max, row) => Math.max(max, rowWidth(layers, row)), 0);
  const columns = layers.items.map(() => 0);
  const pulls = pullsOf(layers);
  for (const row of layers.rows) placeRow(layers, row, columns, pulls.none, 0);
  for (let i = 0; i < SWEEPS; i++) {
    for (const row of layers.rows) placeRow(layers, row, columns, pulls.up, width);
    for (const row of layers.rows.toReversed()) placeRow(layers, row, columns, pulls.down, width);
  }
  for (const row of layers.rows) placeRow(layers, row, columns, pulls.both, width);
  settleChains(layers, columns, width);
  straighten(layers, columns);
  return columns;
}

/** Pins of one side of a box stand evenly, in the order of what they lead to. */
function spreadPins(layers: Layers): void {
  const places = placesOf(layers);
  for (const channel of layers.channels) {
    spreadSide(layers, channel, places, (net) => [net.tops, net.bottoms]);
    spreadSide(layers, channel, places, (net) => [net.bottoms, net.tops]);
  }
}

function spreadSide(
  layers: Layers,
  channel: readonly ChannelNet[],
  places: readonly number[],
  sides: (net: ChannelNet) => readonly [own: Pin[], opposite: Pin[]],
): void {
  const byItem = new Map<number, { pin: Pin; place: number }[]>();
  for (const net of channel) {
    const [own, opposite] = sides(net);
    const place = mean(opposite.map((pin) => relativePlace(layers, places, pin.item)));
    for (const pin of own) {
      const list = byItem.get(pin.item);
      if (list === undefined) byItem.set(pin.item, [{ pin, place }]);
      else list.push({ pin, place });
    }
  }
  for (const [item, list] of byItem) {
    const width = layers.items[item]?.width ?? 1;
    list.sort((a, b) => a.place - b.place);
    for (const [i, { pin }] of list.entries()) {
      pin.offset = Math.floor(((i + 1) * width) / (list.length + 1));
    }
  }
}

function relativePlace(layers: Layers, places: readonly number[], item: number): number {
  const row = layers.rows[layers.items[item]?.layer ?? 0];
  return ((places[item] ?? 0) + 0.5) / Math.max(1, row?.length ?? 1);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Puts a row's items as near as possible (least squares) to where they are pulled. */
function placeRow(
  layers: Layers,
  row: readonly number[],
  columns: number[],
  pull: Pull,
  width: number,
): void {
  const lefts: number[] = [];
  const blocks: { value: number; weight: number; count: number }[] = [];
  let left = 0;
  for (const [i, number] of row.entries()) {
    const item = layers.items[number];
    const before = layers.items[row[i - 1] ?? -1];
    if (item === undefined) continue;
    if (before !== undefined) left += before.width + gapBetween(before, item);
    lefts.push(left);
    const wish = pull(number, columns) ?? columns[number] ?? 0;
    blocks.push({ value: wish - left, weight: item.vertex === null ? LINE_WEIGHT : 1, count: 1 });
    mergeBlocks(blocks);
  }
  const slack = Math.max(0, width - rowWidth(layers, row));
  let index = 0;
  for (const block of blocks) {
    const shift = Math.round(Math.min(Math.max(block.value, 0), slack));
    for (let i = 0; i < block.count; i++, index++) {
      columns[row[index] ?? 0] = (lefts[index] ?? 0) + shift;
    }
  }
}

/** Joins the last blocks while an earlier one wants to stand right of a later one. */
function mergeBlocks(blocks: { value: number; weight: number; count: number }[]): void {
  for (;;) {
    const last = blocks.at(-1);
    const before = blocks.at(-2);
    if (last === undefined || before === undefined || before.value <= last.value) return;
    const weight = before.weight + last.weight;
    before.value = (before.value * before.weight + last.value * last.weight) / weight;
    before.weight = weight;
    before.count += last.count;
    blocks.pop();
  }
}

/** Columns by which a box may stand aside from the only one above it before it is moved under it. */
const DRIFT_COLUMNS = 3;

/** Puts boxes of a chain right below each other where rounding let them drift. */
function settleChains(layers: Layers, columns: number[], width: number): void {
  const places = placesOf(layers);
  const isBox = (pin: Pin): boolean => layers.items[pin.item]?.vertex !== null;
  for (const { tops, bottoms } of layers.channels.flat()) {
    const [top, bottom] = [tops[0], bottoms[0]];
    if (top === undefined || bottom === undefined || tops.length + bottoms.length > 2) continue;
    if (!isBox(top) || !isBox(bottom)) continue;
    const drift = columnOf(columns, top) - columnOf(columns, bottom);
    const [least, most] = freedomOf(layers, places, columns, bottom.item, width);
    const left = (columns[bottom.item] ?? 0) + drift;
    if (Math.abs(drift) <= DRIFT_COLUMNS && left >= least && left <= most) {
      columns[bottom.item] = left;
    }
  }
}

/** The left columns an item can take while its neighbours stay where they are. */
function freedomOf(
  layers: Layers,
  places: readonly number[],
  columns: readonly number[],
  number: number,
  width: number,
): Range {
  const item = layers.items[number];
  if (item === undefined) return [0, 0];
  const row = layers.rows[item.layer] ?? [];
  const place = places[number] ?? 0;
  const [left, right] = [row[place - 1], row[place + 1]];
  const before = left === undefined ? undefined : layers.items[left];
  const after = right === undefined ? undefined : layers.items[right];
  const least =
    before === undefined ? 0 : (columns[left ?? 0] ?? 0) + before.width + gapBetween(before, item);
  const end = after === undefined ? width : (columns[right ?? 0] ?? 0) - gapBetween(item, after);
  return [least, end - item.width];
}

/** Moves single pins along their box where that makes a line straight. */
function straighten(layers: Layers, columns: readonly number[]): void {
  for (const channel of layers.channels) {
    const tops = channel.flatMap((net) => net.tops);
    const bottoms = channel.flatMap((net) => net.bottoms);
    const rangeOfTop = rangesOf(layers, columns, tops);
    const rangeOfBottom = rangesOf(layers, columns, bottoms);
    for (const net of channel) {
      const movable = {
        tops: net.tops.map((pin) => ({ pin, range: rangeOfTop(pin) })),
        bottoms: net.bottoms.map((pin) => ({ pin, range: rangeOfBottom(pin) })),
      };
      straightenNet(columns, movable.tops, movable.bottoms);
    }
  }
}

function straightenNet(
  columns: readonly number[],
  tops: readonly Movable[],
  bottoms: readonly Movable[],
): void {
  const [top, bottom] = [tops[0], bottoms[0]];
  if (top === undefined || bottom === undefined) return;
  if (tops.length === 1 && bottoms.length === 1) alignPair(columns, top, bottom);
  else if (tops.length === 1) snapFan(columns, top, bottoms);
  else if (bottoms.length === 1) snapFan(columns, bottom, tops);
}

type Range = readonly [from: number, to: number];

interface Movable {
  readonly pin: Pin;
  readonly range: Range;
}

const columnOf = (columns: readonly number[], pin: Pin): number =>
  (columns[pin.item] ?? 0) + pin.offset;

function moveTo(columns: readonly number[], pin: Pin, column: number): void {
  pin.offset = column - (columns[pin.item] ?? 0);
}

/** The columns a pin may take: any inside its box when it is alone on that side. */
function rangesOf(
  layers: Layers,
  columns: readonly number[],
  pins: readonly Pin[],
): (pin: Pin) => Range {
  const counts = new Map<number, number>();
  for (const pin of pins) counts.set(pin.item, (counts.get(pin.item) ?? 0) + 1);
  return (pin) => {
    const left = columns[pin.item] ?? 0;
    const own = left + pin.offset;
    const item = layers.items[pin.item];
    if (item === undefined || item.vertex === null || counts.get(pin.item) !== 1) return [own, own];
    return [Math.min(own, left + 2), Math.max(own, left + item.width - 3)];
  };
}

function alignPair(columns: readonly number[], top: Movable, bottom: Movable): void {
  const from = Math.max(top.range[0], bottom.range[0]);
  const to = Math.min(top.range[1], bottom.range[1]);
  if (from > to) return;
  const middle = Math.round((columnOf(columns, top.pin) + columnOf(columns, bottom.pin)) / 2);
  const column = Math.min(Math.max(middle, from), to);
  moveTo(columns, top.pin, column);
  moveTo(columns, bottom.pin, column);
}

/** Columns within which the stem of a fan and one of its ends snap together. */
const SNAP_COLUMNS = 2;

const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= SNAP_COLUMNS;

/** Moves the stem of a fan over an end that is near, then the near ends under the stem. */
function snapFan(columns: readonly number[], stem: Movable, ends: readonly Movable[]): void {
  const start = columnOf(columns, stem.pin);
  const near = ends.map(({ pin }) => columnOf(columns, pin)).filter((each) => isNear(each, start));
  const target = near.find((each) => isWithin(each, stem.range));
  if (target !== undefined) moveTo(columns, stem.pin, target);
  const column = columnOf(columns, stem.pin);
  for (const { pin, range } of ends) {
    if (isNear(columnOf(columns, pin), column) && isWithin(column, range)) {
      moveTo(columns, pin, column);
    }
  }
}

const isWithin = (column: number, [from, to]: Range): boolean => from <= column && column <= to;
