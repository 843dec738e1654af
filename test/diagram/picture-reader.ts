/**
 * Reads a text drawing back: where the boxes are, and which box each line leads to.
 *
 * Knows only what a reader knows: a label stands in a box, a line leaves a box below, passes straight
 * over lines it crosses, and ends at an arrow head above a box.
 */
import stringWidth from 'string-width';

const UP = 1;
const DOWN = 2;
const LEFT = 4;
const RIGHT = 8;
const GLYPHS = new Map<string, number>();
for (const row of [
  ' ╵╷│╴┘┐┤╶└┌├─┴┬┼',
  ' ╹╻┃╸┛┓┫╺┗┏┣━┷┯┿',
  ' ╵╷│╴╯╮┤╶╰╭├─┴┬┼',
  ' ╵╷╎╴┘┐┤╶└┌├╌┴┬┼',
]) {
  for (const [bits, glyph] of [...row].entries()) if (glyph !== ' ') GLYPHS.set(glyph, bits);
}

export interface PictureBox {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Picture {
  readonly boxes: readonly PictureBox[];
  /** `a>b` for every line from box a to box b, sorted. */
  readonly edges: readonly string[];
}

/** The terminal cells of a drawing; the further cells of a wide character are empty text. */
export function cellsOf(drawing: string): string[][] {
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
  return drawing.split('\n').map((line) => {
    // Line art and plain text: one cell a character.
    if (/^[\x20-\x7e\u2500-\u25bf]*$/.test(line)) return [...line];
    const cells: string[] = [];
    for (const { segment } of segmenter.segment(line)) {
      cells.push(segment);
      for (let i = 1; i < stringWidth(segment); i++) cells.push('');
    }
    return cells;
  });
}

const bitsAt = (cells: string[][], x: number, y: number): number =>
  GLYPHS.get(cells[y]?.[x] ?? ' ') ?? 0;

/** The box whose first line of text begins with the label; throws when its frame is broken. */
export function boxOf(drawing: string | string[][], label: string): PictureBox {
  const cells = typeof drawing === 'string' ? cellsOf(drawing) : drawing;
  for (const [y, row] of cells.entries()) {
    for (let x = 2; x < row.length; x++) {
      if (row[x] !== label[0] || row[x - 1] !== ' ') continue;
      const text = row.slice(x, x + label.length + 1).join('');
      const isTop = (bitsAt(cells, x - 2, y - 1) & (DOWN | RIGHT)) === (DOWN | RIGHT);
      if (text !== `${label} ` || !isTop) continue;
      return frameAt(cells, x - 2, y - 1, label);
    }
  }
  throw new Error(`no box of "${label}" in\n${cells.map((row) => row.join('')).join('\n')}`);
}

function frameAt(cells: string[][], x: number, y: number, label: string): PictureBox {
  let right = x + 1;
  while ((bitsAt(cells, right, y) & DOWN) === 0 && right < 5000) right++;
  let bottom = y + 1;
  while ((bitsAt(cells, x, bottom) & DOWN) !== 0) bottom++;
  for (let row = y + 1; row < bottom; row++) {
    for (const column of [x, right]) {
      const bits = bitsAt(cells, column, row);
      if ((bits & (UP | DOWN)) !== (UP | DOWN))
        throw new Error(`box of ${label} is open at ${row}`);
    }
  }
  for (let column = x + 1; column < right; column++) {
    if ((bitsAt(cells, column, bottom) & (LEFT | RIGHT)) !== (LEFT | RIGHT)) {
      throw new Error(`box of ${label} is open below at ${column}`);
    }
  }
  return { label, x, y, width: right - x + 1, height: bottom - y + 1 };
}

/** Boxes and edges of a drawing without nested lists. */
export function readPicture(drawing: string, labels: readonly string[]): Picture {
  const cells = cellsOf(drawing);
  const boxes = labels.map((label) => boxOf(cells, label));
  const edges = new Set<string>();
  for (const box of boxes) {
    const bottom = box.y + box.height - 1;
    for (let x = box.x + 1; x < box.x + box.width - 1; x++) {
      if ((bitsAt(cells, x, bottom) & DOWN) === 0) continue;
      for (const target of follow(cells, boxes, x, bottom)) edges.add(`${box.label}>${target}`);
    }
  }
  return { boxes, edges: [...edges].sort() };
}

/** Labels of the boxes that the line leaving a box at this cell leads to. */
function follow(cells: string[][], boxes: readonly PictureBox[], x: number, y: number): string[] {
  const targets: string[] = [];
  const open: [number, number, number][] = [[x, y + 1, DOWN]];
  const seen = new Set<string>();
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [cx, cy, direction] = at;
    if (seen.has(at.join(' '))) continue;
    seen.add(at.join(' '));
    const glyph = cells[cy]?.[cx] ?? ' ';
    if (glyph === '▼') {
      const box = boxes.find(
        (each) => each.y === cy + 1 && cx > each.x && cx < each.x + each.width,
      );
      if (box === undefined) throw new Error(`an arrow at ${cx},${cy} points at nothing`);
      targets.push(box.label);
      continue;
    }
    for (const [dx, dy, next] of exits(bitsAt(cells, cx, cy), direction, `${cx},${cy} ${glyph}`)) {
      const inBox = boxes.some(
        (each) =>
          each.y + each.height - 1 === cy + dy &&
          next === UP &&
          cx > each.x &&
          cx < each.x + each.width,
      );
      if (!inBox) open.push([cx + dx, cy + dy, next]);
    }
  }
  return targets;
}

function exits(bits: number, direction: number, where: string): [number, number, number][] {
  const horizontal = direction === LEFT || direction === RIGHT;
  if (horizontal && bits === (UP | DOWN)) {
    // The other line passes over this one.
    return [[direction === LEFT ? -1 : 1, 0, direction]];
  }
  const entry = { [UP]: DOWN, [DOWN]: UP, [LEFT]: RIGHT, [RIGHT]: LEFT }[direction] ?? 0;
  if ((bits & entry) === 0) throw new Error(`a line is cut at ${where}`);
  const list: [number, number, number][] = [];
  if (bits & UP && entry !== UP) list.push([0, -1, UP]);
  if (bits & DOWN && entry !== DOWN) list.push([0, 1, DOWN]);
  if (bits & LEFT && entry !== LEFT) list.push([-1, 0, LEFT]);
  if (bits & RIGHT && entry !== RIGHT) list.push([1, 0, RIGHT]);
  return list;
}
