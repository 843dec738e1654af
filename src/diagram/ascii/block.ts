/**
 * What can be placed in a drawing: a rectangle that knows its size and draws itself.
 *
 * Also the frame around boxes and compartments. Text in blocks is clean and already cut to size.
 */
import type { Canvas, Pen } from './canvas.ts';
import { DOWN, HORIZONTAL, LEFT, type LineKind, RIGHT, UP, VERTICAL } from './glyphs.ts';

export interface Block {
  readonly width: number;
  readonly height: number;
  readonly draw: (canvas: Canvas, x: number, y: number) => void;
}

/** A frame's line that other lines can join. */
export const framePen = (kind: LineKind, style: string): Pen => ({ owner: {}, kind, style });

/** A horizontal line from `x` to `x + width - 1`, its ends open to the inside only. */
export function drawRule(canvas: Canvas, x: number, y: number, width: number, pen: Pen): void {
  canvas.line(x, y, RIGHT, pen);
  for (let i = 1; i < width - 1; i++) canvas.line(x + i, y, HORIZONTAL, pen);
  canvas.line(x + width - 1, y, LEFT, pen);
}

/** A vertical line from `y` down to `y + height - 1`, its ends open to the inside only. */
export function drawPost(canvas: Canvas, x: number, y: number, height: number, pen: Pen): void {
  canvas.line(x, y, DOWN, pen);
  for (let i = 1; i < height - 1; i++) canvas.line(x, y + i, VERTICAL, pen);
  canvas.line(x, y + height - 1, UP, pen);
}

/** A rectangle of lines. */
export function drawFrame(
  canvas: Canvas,
  at: { readonly x: number; readonly y: number },
  size: { readonly width: number; readonly height: number },
  pen: Pen,
): void {
  drawRule(canvas, at.x, at.y, size.width, pen);
  drawRule(canvas, at.x, at.y + size.height - 1, size.width, pen);
  drawPost(canvas, at.x, at.y, size.height, pen);
  drawPost(canvas, at.x + size.width - 1, at.y, size.height, pen);
}

/** Blocks below each other, with one free row between them. */
export function stackBlocks(blocks: readonly Block[]): Block {
  return {
    width: blocks.reduce((most, block) => Math.max(most, block.width), 0),
    height: blocks.reduce((sum, block) => sum + block.height, Math.max(0, blocks.length - 1)),
    draw(canvas, x, y) {
      let top = y;
      for (const block of blocks) {
        block.draw(canvas, x, top);
        top += block.height + 1;
      }
    },
  };
}
