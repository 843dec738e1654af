/**
 * Columns of text under headings, as wide as they must be.
 *
 * The last column is words about the rest: it takes what is left of the terminal and is cropped.
 * The others are what a person types elsewhere (ids, names) and are never cropped: what does not fit
 * beside them goes on in a further line of the same row. Cells may be coloured.
 */
import type { Style } from './style.ts';
import { crop, padTo, widthOf } from './text.ts';

const GAP = '  ';
const INDENT = '    ';
/** With less room than this the last column gets a line of its own. */
const LEAST_LAST = 20;

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
  const groups = options.width === null ? [widths.map((_, i) => i)] : fitted(widths, options.width);
  const linesOf = (cells: readonly string[]): string[] =>
    groups
      .map((columns, at) => {
        const line = columns
          .map((i) => padTo(crop(cells[i] ?? '', widths[i] ?? 0), widths[i] ?? 0))
          .join(GAP)
          .trimEnd();
        return at === 0 || line === '' ? line : `${INDENT}${line}`;
      })
      .filter((line, at) => at === 0 || line !== '');
  const head = linesOf(headings.map((each) => each.toUpperCase()));
  return [...head.map(options.style.dim), ...rows.flatMap(linesOf)];
}

/** Which columns stand in which line of a row; takes from the last column what is too wide. */
function fitted(widths: number[], width: number): number[][] {
  const groups: number[][] = [[]];
  let used = 0;
  for (const [i, each] of widths.entries()) {
    const group = groups.at(-1) ?? [];
    const before = used + (group.length === 0 ? 0 : GAP.length);
    const least = i === widths.length - 1 ? Math.min(each, LEAST_LAST) : each;
    if (group.length > 0 && before + least > width) {
      groups.push([i]);
      used = INDENT.length + each;
    } else {
      group.push(i);
      used = before + each;
    }
  }
  const last = widths.length - 1;
  widths[last] = Math.max(1, (widths[last] ?? 0) - Math.max(0, used - width));
  return groups;
}
