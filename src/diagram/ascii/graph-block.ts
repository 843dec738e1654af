/**
 * Connected steps as a block: boxes in layers, lines between them.
 *
 * Lines run only in the channels between layers and in the columns left free for them, so that they
 * never touch a box they do not belong to.
 */
import {
  type Arranged,
  type ArrangeInput,
  arrangeLayers,
  arrangeWell,
} from '../layered/arrange.ts';
import { placesOf } from '../layered/layers.ts';
import { groupNets, type Link, type Net } from '../layered/nets.ts';
import { foldWideRanks, longestPathRanks } from '../layered/ranks.ts';
import { type RoutedChannel, routeChannel } from '../layered/tracks.ts';
import type { Block } from './block.ts';
import type { Canvas } from './canvas.ts';
import { drawChannel, drawPassing, type LinePlace } from './lines.ts';

/** A step: its box for a least width (null when that cannot be drawn), and its wished place. */
export interface Member {
  readonly block: (minWidth: number) => Block | null;
  readonly position: number;
}

/** Columns between two boxes of a row. */
export const BOX_GAP = 2;
/** How often rows are folded further when passing lines made them too wide. */
const MAX_FOLDS = 4;

/** The block of steps and their links (by index); null when it is too much to be drawn. */
export function graphBlock(
  members: readonly Member[],
  links: readonly Link[],
  maxWidth: number,
): Block | null {
  const ranks = longestPathRanks(members.length, links);
  const forward = links.filter((link) => (ranks[link.from] ?? 0) < (ranks[link.to] ?? 0));
  const nets = groupNets(forward);
  const blocks: Block[] = [];
  for (const [i, member] of members.entries()) {
    const block = member.block(widthForPins(i, nets));
    if (block === null) return null;
    blocks.push(block);
  }
  const widths = blocks.map((block) => block.width);
  const positions = members.map((member) => member.position);
  const arranged = fitWidth(ranks, { widths, nets, positions }, maxWidth);
  if (arranged === null) return null;
  const channels = arranged.layers.channels.map((each) => routeChannel(each, arranged.columns));
  return placedBlock(arranged, blocks, channels);
}

/** Every line that ends at a box needs a column of its own, and one to the next. */
function widthForPins(member: number, nets: readonly Net[]): number {
  const count = (side: 'sources' | 'targets'): number =>
    nets.filter((net) => net[side].includes(member)).length;
  return 2 * Math.max(count('sources'), count('targets')) + 3;
}

/** The arrangement with its rows folded so that it fits, or as nearly as it goes. */
function fitWidth(
  ranks: readonly number[],
  input: ArrangeInput,
  maxWidth: number,
): Arranged | null {
  const unfolded = arrangeLayers(ranks, input);
  if (unfolded === null) return null;
  const places = placesOf(unfolded.layers);
  let best = { ranks, width: unfolded.width };
  let room = maxWidth;
  for (let i = 0; i < MAX_FOLDS && best.width > maxWidth; i++) {
    const limits = { widths: input.widths, gap: BOX_GAP, maxWidth: room };
    const folded = foldWideRanks(ranks, places, limits);
    const width = arrangeLayers(folded, input)?.width ?? Number.POSITIVE_INFINITY;
    if (width < best.width) best = { ranks: folded, width };
    if (width <= maxWidth || width === Number.POSITIVE_INFINITY) break;
    room -= width - maxWidth;
  }
  return arrangeWell(best.ranks, input);
}

function placedBlock(
  { layers, columns }: Arranged,
  blocks: readonly Block[],
  channels: readonly RoutedChannel[],
): Block {
  const heights = layers.rows.map((row) =>
    row.reduce((height, item) => Math.max(height, blocks[item]?.height ?? 1), 1),
  );
  const tops: number[] = [];
  let y = 0;
  for (const [i, height] of heights.entries()) {
    tops.push(y);
    const channel = channels[i];
    // One row for the arrow heads below the rows in which lines turn.
    y += height + (channel === undefined ? 0 : channel.trackCount + 1);
  }
  let width = 0;
  for (const [i, item] of layers.items.entries()) {
    width = Math.max(width, (columns[i] ?? 0) + item.width);
  }
  for (const strand of channels.flatMap((channel) => channel.strands)) {
    if (strand.via !== null) width = Math.max(width, strand.via + 1);
  }
  return {
    width,
    height: y,
    draw(canvas, x, top) {
      const place: LinePlace = { layers, columns, blocks, heights, tops, x, y: top };
      drawBoxes(canvas, place);
      drawPassing(canvas, place);
      for (const [i, channel] of channels.entries()) drawChannel(canvas, place, channel, i);
    },
  };
}

function drawBoxes(canvas: Canvas, place: LinePlace): void {
  for (const [i, block] of place.blocks.entries()) {
    const layer = place.layers.items[i]?.layer ?? 0;
    block.draw(canvas, place.x + (place.columns[i] ?? 0), place.y + (place.tops[layer] ?? 0));
  }
}
