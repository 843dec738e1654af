/**
 * A grid of terminal cells that grows as it is drawn on.
 *
 * Lines of one owner that meet in a cell are joined; where lines of two owners meet, the vertical one
 * passes over the horizontal one, so that what looks joined is joined. A wide character takes
 * several cells. Colours are SGR parameters such as `1;32`, written only when the canvas is coloured.
 */
import { graphemes } from '../text.ts';
import { HORIZONTAL, type LineKind, lineGlyph, VERTICAL } from './glyphs.ts';

interface LineCell {
  readonly owner: object;
  readonly kind: LineKind;
  bits: number;
  readonly style: string;
}

interface TextCell {
  /** Empty for the further cells of a wide character. */
  readonly text: string;
  readonly style: string;
}

type Cell = LineCell | TextCell;

export interface Pen {
  readonly owner: object;
  readonly kind: LineKind;
  readonly style: string;
}

export interface Canvas {
  readonly unicode: boolean;
  /** Writes one line of text over what is there; characters without a width are dropped. */
  readonly text: (x: number, y: number, text: string, style?: string) => void;
  /** Adds line ends to a cell. */
  readonly line: (x: number, y: number, bits: number, pen: Pen) => void;
  /** Adds line ends to whatever line is in the cell, as part of it. */
  readonly join: (x: number, y: number, bits: number) => void;
  readonly isFree: (x: number, y: number) => boolean;
  readonly rows: () => string[];
}

/** An empty canvas. */
export function createCanvas(options: {
  readonly color: boolean;
  readonly unicode: boolean;
}): Canvas {
  const cells: (Cell | undefined)[][] = [];
  const put = (x: number, y: number, cell: Cell): void => {
    while (cells.length <= y) cells.push([]);
    const row = cells[y];
    if (row !== undefined) row[x] = cell;
  };
  return {
    unicode: options.unicode,
    text(x, y, text, style = '') {
      let column = x;
      for (const char of graphemes(text)) {
        put(column, y, { text: char.text, style });
        for (let i = 1; i < char.width; i++) put(column + i, y, { text: '', style });
        column += char.width;
      }
    },
    line(x, y, bits, pen) {
      const cell = cells[y]?.[x];
      if (cell === undefined || 'text' in cell) put(x, y, { ...pen, bits });
      else if (cell.owner === pen.owner) cell.bits |= bits;
      else if (cell.bits === HORIZONTAL && bits === VERTICAL) put(x, y, { ...pen, bits });
      else if (cell.bits !== VERTICAL || bits !== HORIZONTAL) cell.bits |= bits;
    },
    join(x, y, bits) {
      const cell = cells[y]?.[x];
      if (cell !== undefined && 'bits' in cell) cell.bits |= bits;
    },
    isFree: (x, y) => cells[y]?.[x] === undefined,
    rows: () => cells.map((row) => renderRow(row, options)),
  };
}

function renderRow(
  row: readonly (Cell | undefined)[],
  options: { readonly color: boolean; readonly unicode: boolean },
): string {
  let out = '';
  let current = '';
  for (let x = 0; x < row.length; x++) {
    const cell = row[x];
    const style = cell === undefined || !options.color ? '' : cell.style;
    out += styleChange(current, style) + cellText(cell, options.unicode);
    current = style;
  }
  return (out + styleChange(current, '')).trimEnd();
}

function cellText(cell: Cell | undefined, unicode: boolean): string {
  if (cell === undefined) return ' ';
  return 'text' in cell ? cell.text : lineGlyph(cell.bits, cell.kind, unicode);
}

function styleChange(from: string, to: string): string {
  if (from === to) return '';
  return (from === '' ? '' : '\x1b[0m') + (to === '' ? '' : `\x1b[${to}m`);
}
