/**
 * How a status looks in lists: a mark, a word, a colour. Drawings use the same marks and words.
 */
import type { RunStatus, StepStatus } from '../../src/model/run-status.ts';
import type { Style, StyleName } from './style.ts';

interface StatusLook {
  readonly mark: string;
  readonly plain: string;
  readonly word: string;
  readonly color: StyleName;
}

const look = (mark: string, plain: string, word: string, color: StyleName): StatusLook => ({
  mark,
  plain,
  word,
  color,
});

const LOOKS: Readonly<Record<StepStatus | RunStatus, StatusLook>> = {
  pending: look('○', '.', 'pending', 'dim'),
  scheduled: look('○', '.', 'scheduled', 'cyan'),
  running: look('▶', '>', 'running', 'cyan'),
  active: look('▶', '>', 'active', 'cyan'),
  retrying: look('▶', '>', 'retrying', 'yellow'),
  suspended: look('⏸', '!', 'waiting', 'magenta'),
  completed: look('✓', '+', 'completed', 'green'),
  failed: look('✗', 'x', 'failed', 'red'),
  skipped: look('↷', '-', 'skipped', 'dim'),
  cancelled: look('✗', 'x', 'cancelled', 'yellow'),
};

/** The longest status word; lists pad to it. */
export const STATUS_WIDTH = Math.max(...Object.values(LOOKS).map((each) => each.word.length));

/** The mark of a status in its colour. */
export function markOf(status: StepStatus | RunStatus, style: Style): string {
  const { mark, plain, color } = LOOKS[status];
  return style[color](style.unicode ? mark : plain);
}

/** The word of a status in its colour. */
export function wordOf(status: StepStatus | RunStatus, style: Style): string {
  const { word, color } = LOOKS[status];
  return style[color](word);
}

/** Mark and word. */
export const tagOf = (status: StepStatus | RunStatus, style: Style): string =>
  `${markOf(status, style)} ${wordOf(status, style)}`;
