/**
 * The box of one step: name, what it does, guard, choices, policies, status.
 *
 * A decision has a heavy frame, because a run stops there; a fallback a dashed one, because it is not
 * part of the normal order; a composite a round one (its lists are drawn by `composite-block.ts`).
 */
import type { DiagramNode, DiagramNote } from '../model.ts';
import { shownText, textWidth, wrapText } from '../text.ts';
import { foldedText, statusWords } from '../words.ts';
import { type Block, drawFrame, framePen } from './block.ts';
import type { Canvas } from './canvas.ts';
import type { LineKind } from './glyphs.ts';
import { boldColor, DIM, markedLabel, statusColor } from './styles.ts';

/** Columns of text a box grows to before its lines are wrapped. */
const MAX_TEXT_COLUMNS = 36;
const MIN_TEXT_COLUMNS = 8;
/** Lines that one note or description may take. */
const MAX_WRAPPED_LINES = 2;
/** Columns that a box has around its text. */
export const BOX_PADDING = 4;

export interface TextLine {
  readonly text: string;
  readonly style: string;
}

/** `all` that a step says; in `brief` what it does and its status; or its `name` and mark only. */
export type BoxDetail = 'all' | 'brief' | 'name';

export interface BoxLimits {
  readonly detail: BoxDetail;
  readonly minWidth: number;
  readonly maxWidth: number;
  readonly unicode: boolean;
}

/** A step as a box with a frame of its own. */
export function stepBlock(node: DiagramNode, limits: BoxLimits): Block {
  const most = Math.min(MAX_TEXT_COLUMNS, limits.maxWidth - BOX_PADDING);
  const lines = stepLines(node, Math.max(MIN_TEXT_COLUMNS, most), limits);
  const width = Math.max(limits.minWidth, widestOf(lines) + BOX_PADDING);
  const height = lines.length + 2;
  return {
    width,
    height,
    draw(canvas, x, y) {
      drawFrame(canvas, { x, y }, { width, height }, framePen(frameKind(node), frameStyle(node)));
      drawLines(canvas, x + 2, y + 1, lines);
    },
  };
}

/** The lines of text that describe a step, none wider than `columns`. */
export function stepLines(
  node: DiagramNode,
  columns: number,
  { detail, unicode }: Pick<BoxLimits, 'detail' | 'unicode'>,
): TextLine[] {
  const ellipsis = unicode ? '…' : '~';
  const lines: TextLine[] = [];
  const add = (text: string, style: string, maxLines: number): void => {
    const clean = shownText(text, unicode);
    if (clean === '') return;
    for (const line of wrapText(clean, columns, maxLines, ellipsis))
      lines.push({ text: line, style });
  };
  add(markedLabel(node, node.label, unicode), boldColor(node.status), MAX_WRAPPED_LINES);
  if (detail === 'name') return lines;
  add(node.summary, '', MAX_WRAPPED_LINES);
  if (node.folded !== undefined) add(foldedText(node.folded), DIM, 1);
  if (detail === 'all') {
    for (const text of extraTexts(node)) add(text, DIM, MAX_WRAPPED_LINES);
  }
  add(statusWords(node) ?? '', statusColor(node.status), 1);
  return lines;
}

/** What a reader needs only when there is room: description, guard, choices, policies. */
function extraTexts(node: DiagramNode): string[] {
  const texts = (kind: DiagramNote['kind']): string[] =>
    node.notes.filter((note) => note.kind === kind).map((note) => note.text);
  return [
    node.description ?? '',
    ...texts('guard'),
    texts('choice').join(' | '),
    texts('policy').join(', '),
  ];
}

/** Columns of the widest line. */
export const widestOf = (lines: readonly TextLine[]): number =>
  lines.reduce((width, line) => Math.max(width, textWidth(line.text)), 0);

/** Writes lines below each other. */
export function drawLines(canvas: Canvas, x: number, y: number, lines: readonly TextLine[]): void {
  for (const [i, line] of lines.entries()) canvas.text(x, y + i, line.text, line.style);
}

/** The kind of line around a step. */
export function frameKind(node: DiagramNode): LineKind {
  if (node.isFallback) return 'dashed';
  switch (node.kind) {
    case 'reasoning':
      return 'heavy';
    case 'condition':
    case 'loop':
    case 'parallel':
      return 'round';
    default:
      return 'light';
  }
}

/** The colour of a step's frame: its status's, dim when it has none. */
export const frameStyle = (node: DiagramNode): string => statusColor(node.status) || DIM;
