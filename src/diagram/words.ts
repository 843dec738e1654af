/**
 * The few words that every format says in the same way.
 */
import { type DiagramNode, STATUS_MARKS } from './model.ts';

/** `completed 2.1s`, or null when the step has neither status nor detail. */
export function statusWords(node: DiagramNode): string | null {
  const word = node.status === undefined ? '' : STATUS_MARKS[node.status].word;
  return [word, node.detail ?? ''].filter((part) => part !== '').join(' ') || null;
}

/** How a folded composite says what is inside it. */
export const foldedText = (count: number): string =>
  `${count} ${count === 1 ? 'step' : 'steps'} inside`;
