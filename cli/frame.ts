/**
 * Code frames: the lines around a place in a file, with the place marked.
 *
 * Line and column are 1-based; a column counts UTF-16 units. Long lines are shown around the column,
 * wide characters and tabs keep the mark under what it means.
 */
import type { Style } from './print/style.ts';
import { printable, widthOf } from './print/text.ts';

const LINES_BEFORE = 2;
const LINES_AFTER = 1;
const TAB = '  ';

export interface FramePlace {
  readonly line: number;
  readonly column?: number;
}

export interface FrameOptions {
  readonly style: Style;
  /** Columns that a line of code may take. */
  readonly width: number;
}

/** Lines of a frame; [] when the text has no such line. */
export function codeFrame(text: string, place: FramePlace, options: FrameOptions): string[] {
  const lines = text.trimEnd().split(/\r\n|\n|\r/);
  const marked = lines[place.line - 1];
  if (marked === undefined) return [];
  const { style } = options;
  const first = Math.max(1, place.line - LINES_BEFORE);
  const last = Math.min(lines.length, place.line + LINES_AFTER);
  const gutter = String(last).length;
  const bar = style.unicode ? '│' : '|';
  const column = place.column ?? 1;
  const from = windowStart(marked, column, options.width);
  const shown: string[] = [];
  for (let number = first; number <= last; number++) {
    const isMarked = number === place.line;
    const code = visible(lines[number - 1] ?? '', from, options.width);
    const lead = `${isMarked ? '>' : ' '} ${String(number).padStart(gutter)} ${bar}`;
    const line = `${isMarked ? style.red(lead) : style.dim(lead)} ${code}`;
    shown.push(line.trimEnd());
    if (!isMarked || place.column === undefined) continue;
    const before = widthOf(visible(marked.slice(0, column - 1), from, Number.MAX_SAFE_INTEGER));
    const carets = '^'.repeat(markWidth(marked, column, options.width - before));
    const space = `  ${' '.repeat(gutter)} ${bar}`;
    shown.push(`${style.dim(space)} ${' '.repeat(before)}${style.red(carets)}`);
  }
  return shown;
}

/** Where a line that is too long begins to be shown. */
const windowStart = (line: string, column: number, width: number): number =>
  line.length <= width ? 0 : Math.max(0, column - 1 - Math.floor(width / 2));

const visible = (line: string, from: number, width: number): string =>
  printable(line.slice(from, from + width)).replaceAll('\t', TAB);

/** The mark covers the word or the quoted text that begins at the place. */
function markWidth(line: string, column: number, most: number): number {
  const rest = line.slice(column - 1);
  const token =
    /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_@$.-]+)/.exec(rest)?.[0] ?? rest.slice(0, 1);
  return Math.max(1, Math.min(widthOf(printable(token)), most));
}
