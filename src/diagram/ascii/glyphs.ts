/**
 * Line art: which character shows which ends of lines in a cell.
 *
 * A cell's lines are four bits, one per side. `round` and `dashed` lines differ from `light` ones only
 * in corners and straight parts; a light line that leaves a heavy frame keeps its own weight.
 */

export const UP = 1;
export const DOWN = 2;
export const LEFT = 4;
export const RIGHT = 8;
export const HORIZONTAL = LEFT | RIGHT;
export const VERTICAL = UP | DOWN;

export type LineKind = 'light' | 'heavy' | 'round' | 'dashed';

/** Index: the bits of a cell. */
const LIGHT = ' ╵╷│╴┘┐┤╶└┌├─┴┬┼';
const HEAVY = ' ╹╻┃╸┛┓┫╺┗┏┣━┷┯┿';
const ROUND = ' ╵╷│╴╯╮┤╶╰╭├─┴┬┼';
const DASHED = ' ╵╷╎╴┘┐┤╶└┌├╌┴┬┼';

const BY_KIND: Readonly<Record<LineKind, string>> = {
  light: LIGHT,
  heavy: HEAVY,
  round: ROUND,
  dashed: DASHED,
};

/** The character for a cell's lines; `unicode: false` keeps to `- | +`. */
export function lineGlyph(bits: number, kind: LineKind, unicode: boolean): string {
  if (unicode) return BY_KIND[kind][bits] ?? ' ';
  if (bits === HORIZONTAL || bits === LEFT || bits === RIGHT) {
    return kind === 'heavy' ? '=' : '-';
  }
  if (bits === VERTICAL || bits === UP || bits === DOWN) return kind === 'dashed' ? ':' : '|';
  return bits === 0 ? ' ' : '+';
}

/** The head of an arrow that points down. */
export const arrowGlyph = (unicode: boolean): string => (unicode ? '▼' : 'v');
