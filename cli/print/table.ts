/**
 * Columns of text under headings, as wide as they must be and never wider than the terminal.
 *
 * The last column takes what is left and is cropped; the others are cropped only when even that is
 * not enough. Cells may be coloured.
 */
import type { Style } from './style.ts';
import { crop, padTo, widthOf } from './text.ts';

const GAP = '  ';
const LEAST_LAST = 12;

export interface TableOptions {
  readonly style: Style;
  /** Columns of the terminal, or null for as wide as it gets. */
  readonly width: number | null;
}

/** Lines of a table; [] when there are no rows. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string[] {
  if (rows.length === 0) return [];
  const widths = headings.map((heading, i) =>
    Math.max(widthOf(heading), ...rows.map((row) => widthOf(row[i] ?? ''))),
  );
  if (options.width !== null) narrow(widths, options.width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => padTo(crop(cell, widths[i] ?? 0), widths[i] ?? 0))
      .join(GAP)
      .trimEnd();
  return [options.style.dim(line(headings.map((each) => each.toUpperCase()))), ...rows.map(line)];
}

/** Takes columns from the last one first, then from the widest. */
function narrow(widths: number[], width: number): void {
  const total = (): number =>
    widths.reduce((sum, each) => sum + each, 0) + GAP.length * (widths.length - 1);
  const last = widths.length - 1;
  const over = total() - width;
  if (over <= 0) return;
  widths[last] = Math.max(Math.min(LEAST_LAST, widths[last] ?? 0), (widths[last] ?? 0) - over);
  for (let left = total() - width; left > 0; left--) {
    const widest = widths.indexOf(Math.max(...widths));
    if ((widths[widest] ?? 0) <= LEAST_LAST) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
