/**
 * One list of steps as a block: boxes in layers, lines between them.
 *
 * A list is drawn by itself, since dependencies never leave it; a composite in it is a box that holds
 * further lists. Lines run only in the channels between layers and in the columns left free for them,
 * so that they never touch a box they do not belong to.
 */
import { type Arranged, arrangeLayers } from '../layered/arrange.ts';
import { placesOf } from '../layered/layers.ts';
import { groupNets, type Link, type Net } from '../layered/nets.ts';
import { foldWideRanks, longestPathRanks } from '../layered/ranks.ts';
import { type RoutedChannel, routeChannel } from '../layered/tracks.ts';
import type { Block } from './block.ts';
import type { Canvas } from './canvas.ts';
import { drawChannel, drawPassing, type LinePlace } from './lines.ts';

/** A step of a list: its box for a least width, and where it would like to stand. */
export interface Member {
  readonly block: (minWidth: number) => Block;
  readonly position: number;
}

/** Columns between two boxes of a row. */
const BOX_GAP = 2;
/** How often rows are folded further when passing lines made them too wide. */
const MAX_FOLDS = 4;

/** The block of a list; links are by member index. */
export function listBlock(
  members: readonly Member[],
  links: readonly Link[],
  maxWidth: number,
): Block {
  const ranks = longestPathRanks(members.length, links);
  const forward = links.filter((link) => (ranks[link.from] ?? 0) < (ranks[link.to] ?? 0));
  const nets = groupNets(forward);
  const blocks = members.map((member, i) => member.block(widthForPins(i, nets)));
  const arranged = fitWidth(members, ranks, nets, blocks, maxWidth);
  const { layers, columns } = arranged;
  const channels = layers.channels.map((channel) => routeChannel(channel, columns));
  return placedBlock(arranged, blocks, channels);
}

/** Every line that ends at a box needs a column of its own, and one to the next. */
function widthForPins(member: number, nets: readonly Net[]): number {
  const count = (side: 'sources' | 'targets'): number =>
    nets.filter((net) => net[side].includes(member)).length;
  return 2 * Math.max(count('sources'), count('targets')) + 3;
}

function fitWidth(
  members: readonly Member[],
  ranks: readonly number[],
  nets: readonly Net[],
  blocks: readonly Block[],
  maxWidth: number,
): Arranged {
  const widths = blocks.map((block) => block.width);
  const positions = members.map((member) => member.position);
  const unfolded = arrangeLayers(ranks, { widths, nets, positions });
  const places = placesOf(unfolded.layers);
  let best = unfolded;
  let room = maxWidth;
  for (let i = 0; i < MAX_FOLDS && best.width > maxWidth; i++) {
    const folded = foldWideRanks(ranks, places, { widths, gap: BOX_GAP, maxWidth: room });
    const arranged = arrangeLayers(folded, { widths, nets, positions });
    if (arranged.width < best.width) best = arranged;
    room -= Math.max(0, arranged.width - maxWidth);
  }
  return best;
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
