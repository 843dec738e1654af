/**
 * A condition, loop or parallel step as a table: what it is on top, a compartment per list below.
 *
 * Compartments stand beside each other while the width allows it, else in rows.
 */

import { packRows } from '../layered/ranks.ts';
import type { DiagramCluster, DiagramNode } from '../model.ts';
import { cleanText, textWidth, truncate } from '../text.ts';
import { type Block, drawFrame, drawPost, drawRule, framePen } from './block.ts';
import type { Canvas, Pen } from './canvas.ts';
import {
  BOX_PADDING,
  type BoxLimits,
  drawLines,
  frameKind,
  frameStyle,
  stepLines,
  type TextLine,
  widestOf,
} from './step-block.ts';
import { BOLD, DIM } from './styles.ts';

const MAX_LABEL_COLUMNS = 32;
/** Columns beside a compartment's content: one on each side, without the border. */
const CELL_PADDING = 2;
/** Columns around a label in its border: a dash and a space on each side. */
const LABEL_PADDING = 4;

export interface Compartment {
  readonly cluster: DiagramCluster;
  /** Null when the list is empty. */
  readonly content: Block | null;
}

interface Cell {
  readonly label: string;
  readonly content: Block;
  readonly width: number;
}

/** A composite with its lists inside. */
export function compositeBlock(
  node: DiagramNode,
  compartments: readonly Compartment[],
  limits: BoxLimits,
): Block {
  const lines = stepLines(node, Math.max(limits.maxWidth - BOX_PADDING, 24), limits);
  const pen = (): Pen => framePen(frameKind(node), frameStyle(node));
  return tableBlock(lines, compartments, limits, pen);
}

/** The hooks of a workflow, each in a compartment of its own. */
export function hooksBlock(hooks: readonly Compartment[], limits: BoxLimits): Block {
  return tableBlock([], hooks, limits, () => framePen('dashed', DIM));
}

function tableBlock(
  lines: readonly TextLine[],
  compartments: readonly Compartment[],
  limits: BoxLimits,
  pen: () => Pen,
): Block {
  const cells = compartments.map((each) => cellOf(each, limits.unicode));
  const rows = packRows(cells, (cell) => cell.width, { gap: 1, maxWidth: limits.maxWidth - 2 });
  const inner = Math.max(
    limits.minWidth - 2,
    lines.length === 0 ? 0 : widestOf(lines) + BOX_PADDING - 2,
    ...rows.map((row) => row.reduce((sum, cell) => sum + cell.width, row.length - 1)),
  );
  const width = inner + 2;
  const heights = rows.map((row) => Math.max(...row.map((cell) => cell.content.height)) + 1);
  // Without lines the first row's border is the frame's own top.
  const top = lines.length === 0 ? 0 : lines.length + 1;
  const height = heights.reduce((sum, each) => sum + each, top) + 1;
  return {
    width,
    height,
    draw(canvas, x, y) {
      const ink = pen();
      drawFrame(canvas, { x, y }, { width, height }, ink);
      drawLines(canvas, x + 2, y + 1, lines);
      let rowY = y + top;
      for (const [i, row] of rows.entries()) {
        drawRow(canvas, { x, y: rowY, inner, height: heights[i] ?? 0 }, row, ink);
        rowY += heights[i] ?? 0;
      }
    },
  };
}

function cellOf({ cluster, content }: Compartment, unicode: boolean): Cell {
  const label = truncate(cleanText(cluster.label), MAX_LABEL_COLUMNS, unicode ? '…' : '~');
  const block = content ?? emptyBlock();
  const width = Math.max(block.width + CELL_PADDING, textWidth(label) + LABEL_PADDING);
  return { label, content: block, width };
}

function emptyBlock(): Block {
  const text = '(nothing)';
  return {
    width: text.length,
    height: 1,
    draw: (canvas, x, y) => canvas.text(x, y, text, DIM),
  };
}

interface RowPlace {
  readonly x: number;
  readonly y: number;
  readonly inner: number;
  readonly height: number;
}

function drawRow(canvas: Canvas, at: RowPlace, row: readonly Cell[], pen: Pen): void {
  drawRule(canvas, at.x, at.y, at.inner + 2, pen);
  const spare = at.inner - row.reduce((sum, cell) => sum + cell.width, row.length - 1);
  let x = at.x + 1;
  for (const [i, cell] of row.entries()) {
    const width =
      cell.width +
      Math.floor((spare * (i + 1)) / row.length) -
      Math.floor((spare * i) / row.length);
    cell.content.draw(canvas, x + Math.floor((width - cell.content.width) / 2), at.y + 1);
    if (i < row.length - 1) drawPost(canvas, x + width, at.y, at.height + 1, pen);
    canvas.text(x + 1, at.y, ` ${cell.label} `, BOLD);
    x += width + 1;
  }
}
