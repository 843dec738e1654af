/**
 * Where its lines would have an item stand.
 *
 * A box is drawn to the middle of what it is joined with; a passing line is drawn to the rest of itself
 * far more than to what it leads to, so that long lines stay straight.
 */
import type { ChannelNet, Layers, Pin } from './layers.ts';

/** How much more a line follows itself than a box. */
const SELF_WEIGHT = 1000;

interface Tie {
  readonly pin: Pin;
  readonly ends: readonly Pin[];
  readonly weight: number;
}

/** The left column an item is drawn to, or null when no line draws it. */
export type Pull = (item: number, columns: readonly number[]) => number | null;

interface Pulls {
  readonly none: Pull;
  readonly up: Pull;
  readonly down: Pull;
  readonly both: Pull;
}

/** The pulls of the lines above an item, below it, and of all of them. */
export function pullsOf(layers: Layers): Pulls {
  const above = layers.items.map((): Tie[] => []);
  const below = layers.items.map((): Tie[] => []);
  const isPassing = (pin: Pin): boolean => layers.items[pin.item]?.vertex === null;
  const tie = (ties: Tie[][], pin: Pin, ends: readonly Pin[]): void => {
    const self = isPassing(pin) ? ends.find(isPassing) : undefined;
    const entry: Tie =
      self === undefined ? { pin, ends, weight: 1 } : { pin, ends: [self], weight: SELF_WEIGHT };
    ties[pin.item]?.push(entry);
  };
  for (const net of layers.channels.flat())
    tieNet(net, (pin, ends) => tie(above, pin, ends), 'bottoms');
  for (const net of layers.channels.flat())
    tieNet(net, (pin, ends) => tie(below, pin, ends), 'tops');
  const pull =
    (...sides: Tie[][][]): Pull =>
    (item, columns) =>
      weightedMean(
        sides.flatMap((ties) => ties[item] ?? []),
        columns,
      );
  return { none: () => null, up: pull(above), down: pull(below), both: pull(above, below) };
}

function tieNet(
  net: ChannelNet,
  tie: (pin: Pin, ends: readonly Pin[]) => void,
  side: 'tops' | 'bottoms',
): void {
  for (const pin of net[side]) tie(pin, side === 'tops' ? net.bottoms : net.tops);
}

function weightedMean(ties: readonly Tie[], columns: readonly number[]): number | null {
  let sum = 0;
  let weight = 0;
  for (const tie of ties) {
    let ends = 0;
    for (const end of tie.ends) ends += (columns[end.item] ?? 0) + end.offset;
    sum += (ends / tie.ends.length - tie.pin.offset) * tie.weight;
    weight += tie.weight;
  }
  return weight === 0 ? null : sum / weight;
}
