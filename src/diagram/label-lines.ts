/**
 * The lines of a node's label in formats that size their boxes themselves (Mermaid, DOT).
 */

import type { DiagramNode } from './model.ts';
import { cleanText, wrapText } from './text.ts';
import { foldedText, statusWords } from './words.ts';

const MAX_LINE_COLUMNS = 40;
const MAX_WRAPPED_LINES = 2;

/** What a node says, name first, status last; no line is empty or wider than 40 columns. */
export function labelLines(node: DiagramNode): string[] {
  const notes = (kind: string): string[] =>
    node.notes.filter((note) => note.kind === kind).map((note) => note.text);
  const texts = [
    node.label,
    node.summary,
    node.description ?? '',
    node.folded === undefined ? '' : foldedText(node.folded),
    ...notes('guard'),
    notes('choice').join(' | '),
    notes('policy').join(', '),
    statusWords(node) ?? '',
  ];
  return texts
    .map(cleanText)
    .filter((text) => text !== '')
    .flatMap((text) => wrapText(text, MAX_LINE_COLUMNS, MAX_WRAPPED_LINES));
}
