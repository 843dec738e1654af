/**
 * Draws the lines of a placed list: out of boxes, through channels, past boxes, into arrow heads.
 */
import type { Layers } from '../layered/layers.ts';
import type { Net } from '../layered/nets.ts';
import type { RoutedChannel, Strand } from '../layered/tracks.ts';
import type { Block } from './block.ts';
import type { Canvas, Pen } from './canvas.ts';
import { arrowGlyph, DOWN, HORIZONTAL, LEFT, RIGHT, UP, VERTICAL } from './glyphs.ts';
import { DIM } from './styles.ts';

/** A list on the canvas: where its corner is, and where its rows begin below that. */
export interface LinePlace {
  readonly layers: Layers;
  readonly columns: readonly number[];
  readonly blocks: readonly Block[];
  readonly heights: readonly number[];
  readonly tops: readonly number[];
  readonly x: number;
  readonly y: number;
}

/** A net is the owner of its lines, so all of its parts join. */
const penOf = (net: Net): Pen => ({
  owner: net,
  kind: net.dashed ? 'dashed' : 'light',
  style: DIM,
});

/** Lines that pass through a row of boxes. */
export function drawPassing(canvas: Canvas, place: LinePlace): void {
  for (const [i, item] of place.layers.items.entries()) {
    if (item.net === null) continue;
    const top = place.y + (place.tops[item.layer] ?? 0);
    const bottom = top + (place.heights[item.layer] ?? 0);
    for (let y = top; y < bottom; y++) {
      canvas.line(place.x + (place.columns[i] ?? 0), y, VERTICAL, penOf(item.net));
    }
  }
}

/** Everything between row `index` and the next one. */
export function drawChannel(
  canvas: Canvas,
  place: LinePlace,
  channel: RoutedChannel,
  index: number,
): void {
  const firstY = place.y + (place.tops[index] ?? 0) + (place.heights[index] ?? 0);
  const lastY = firstY + channel.trackCount;
  for (const strand of channel.strands) {
    drawStems(canvas, place, strand, firstY);
    drawStrand(canvas, place.x, strand, firstY, lastY);
  }
  for (const strand of channel.strands) drawHeads(canvas, place, strand, lastY);
}

/** From the bottom of each box down to the end of its row. */
function drawStems(canvas: Canvas, place: LinePlace, strand: Strand, endY: number): void {
  if (strand.after !== null) return;
  for (const pin of strand.net.tops) {
    const block = place.blocks[pin.item];
    if (block === undefined) continue;
    const x = place.x + (place.columns[pin.item] ?? 0) + pin.offset;
    const layer = place.layers.items[pin.item]?.layer ?? 0;
    const bottom = place.y + (place.tops[layer] ?? 0) + block.height;
    canvas.join(x, bottom - 1, DOWN);
    for (let y = bottom; y < endY; y++) canvas.line(x, y, VERTICAL, penOf(strand.net.net));
  }
}

function drawStrand(
  canvas: Canvas,
  left: number,
  strand: Strand,
  firstY: number,
  lastY: number,
): void {
  const pen = penOf(strand.net.net);
  const vertical = (column: number, fromY: number, toY: number): void => {
    for (let y = fromY; y <= toY; y++) canvas.line(left + column, y, VERTICAL, pen);
  };
  if (strand.track === null) {
    vertical(strand.tops[0] ?? 0, firstY, lastY);
    return;
  }
  const trackY = firstY + strand.track;
  const { from, to } = strand;
  canvas.line(left + from, trackY, RIGHT, pen);
  for (let column = from + 1; column < to; column++)
    canvas.line(left + column, trackY, HORIZONTAL, pen);
  canvas.line(left + to, trackY, LEFT, pen);
  for (const column of strand.tops) {
    vertical(column, firstY, trackY - 1);
    canvas.line(left + column, trackY, UP, pen);
  }
  for (const column of strand.bottoms) {
    canvas.line(left + column, trackY, DOWN, pen);
    vertical(column, trackY + 1, lastY);
  }
  if (strand.via === null) return;
  if (strand.after === null) {
    canvas.line(left + strand.via, trackY, DOWN, pen);
    return;
  }
  vertical(strand.via, firstY + (strand.after.track ?? 0) + 1, trackY - 1);
  canvas.line(left + strand.via, trackY, UP, pen);
}

/** Arrow heads above the boxes a strand leads to; a dashed one says when it is taken. */
function drawHeads(canvas: Canvas, place: LinePlace, strand: Strand, y: number): void {
  for (const [i, pin] of strand.net.bottoms.entries()) {
    const column = strand.bottoms[i];
    if (place.blocks[pin.item] === undefined || column === undefined) continue;
    canvas.text(place.x + column, y, arrowGlyph(canvas.unicode), DIM);
    if (strand.net.net.dashed) drawCaption(canvas, place.x + column + 1, y, ' on error');
  }
}

/** Text beside a line, only where nothing else is drawn. */
function drawCaption(canvas: Canvas, x: number, y: number, text: string): void {
  for (let i = 0; i <= text.length; i++) if (!canvas.isFree(x + i, y)) return;
  canvas.text(x, y, text, DIM);
}
