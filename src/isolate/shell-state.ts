/** What the reader of shell text is inside of, and what it has found out. */
import type { Pipes } from './shell-pipes.ts';
import type { Text } from './shell-word.ts';
import type { WordWatch } from './shell-words.ts';

/** Where no value can stand, whatever it is part of. */
export type HolePlace =
  | 'backtick'
  | 'comment'
  | 'heredoc'
  | 'ansi-quote'
  | 'braces'
  | 'arithmetic'
  | 'test'
  | 'escape'
  | 'dollar'
  | 'evaluated'
  | 'unclear';

/** A value and what it would be. */
export interface ScannedHole {
  /** How it is quoted where it stands. */
  readonly quoting: 'bare' | 'double' | 'single';
  /** Why no quoting is safe there, or null. */
  readonly place: HolePlace | null;
  /** Which texts it would be part of. */
  readonly texts: Text[];
}

interface Heredoc {
  readonly word: string;
  readonly stripsTabs: boolean;
}

/** A list of commands. */
export interface CommandFrame {
  readonly in: 'command';
  /** The whole text, `$( … )`, `<( … )` or `>( … )`. */
  readonly kind: 'text' | 'value' | 'input' | 'output';
  /** What it prints is read as shell text. */
  readonly isText: boolean;
  parens: number;
  readonly words: WordWatch;
  readonly pipes: Pipes;
  /** Here-documents whose text begins with the next line. */
  readonly due: Heredoc[];
  /** Values that the current command reads from `<<<` or `< <( … )`. */
  fed: number[];
  /** The operator before was `|`: a line break does not end the pipeline. */
  isPiping: boolean;
}

export type HeredocFrame = { readonly in: 'heredoc'; readonly doc: Heredoc; line: string };

export type Frame =
  | CommandFrame
  | { readonly in: 'double' | 'single' | 'ansi-quote' | 'backtick' | 'comment' }
  | { readonly in: 'braces'; readonly quoted: boolean }
  | { readonly in: 'arithmetic'; readonly open: '(' | '['; depth: number }
  | HeredocFrame;

export interface ScanState {
  readonly frames: Frame[];
  readonly holes: ScannedHole[];
  /** A `\` or `$` at the very end of what was read: a value must not follow it. */
  tail: 'escape' | 'dollar' | null;
  /** The end word of a here-document goes on, or has not begun, at the very end of what was read. */
  isAtHeredocWord: boolean;
  unclear: boolean;
  /** What reads the standard input of the whole text, when that is program text. */
  stdin: Text | null;
}

export const newState = (): ScanState => ({
  frames: [],
  holes: [],
  tail: null,
  isAtHeredocWord: false,
  unclear: false,
  stdin: null,
});

export function top(state: ScanState): Frame {
  const frame = state.frames.at(-1);
  if (frame === undefined) throw new RangeError('the shell text has ended');
  return frame;
}

/** Where the next character is that is no backslash before a line break. */
export function skipBreaks(text: string, at: number): number {
  let here = at;
  while (text[here] === '\\' && text[here + 1] === '\n') here += 2;
  return here;
}
