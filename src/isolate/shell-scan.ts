/**
 * Reading shell text far enough to know, at any point, what a value standing there would be.
 *
 * Follows the token recognition of POSIX sh, with what bash adds where that could make a value run
 * (`[[ ]]`, `(( ))`, `$[ ]`, `$' '`). What two shells read differently makes every later place
 * `unclear`.
 */
import { createWordWatch, type WordWatch } from './shell-words.ts';

export type HolePlace =
  | 'bare'
  | 'double'
  | 'single'
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

export interface ShellScan {
  /** Reads on through literal text. */
  read(text: string): void;
  /** What a value would be that stands here; reads on behind it. */
  hole(): HolePlace;
}

interface Heredoc {
  readonly word: string;
  readonly stripsTabs: boolean;
}

/** What the reader is inside of; `command` is the whole text or a `$( … )`. */
type Frame =
  | { readonly in: 'command'; parens: number; readonly words: WordWatch; readonly due: Heredoc[] }
  | { readonly in: 'double' | 'single' | 'ansi-quote' | 'backtick' | 'comment' }
  | { readonly in: 'braces'; readonly quoted: boolean }
  | { readonly in: 'arithmetic'; readonly open: '(' | '['; depth: number }
  | { readonly in: 'heredoc'; readonly doc: Heredoc; line: string };

interface State {
  readonly frames: Frame[];
  /** A `\` or `$` at the very end of what was read: a value must not follow it. */
  tail: 'escape' | 'dollar' | null;
  /** The end word of a here-document goes on, or has not begun, at the very end of what was read. */
  isAtHeredocWord: boolean;
  unclear: boolean;
}

const newCommand = (): Frame => ({ in: 'command', parens: 0, words: createWordWatch(), due: [] });

/** A reader at the beginning of a shell text. */
export function createShellScan(): ShellScan {
  const state: State = {
    frames: [newCommand()],
    tail: null,
    isAtHeredocWord: false,
    unclear: false,
  };
  return {
    read(text) {
      let at = 0;
      while (at < text.length) at += step(state, text, at);
    },
    hole() {
      const place = placeOf(state);
      if (state.isAtHeredocWord) state.unclear = true;
      const frame = top(state);
      if (frame.in === 'command') frame.words.value();
      if (frame.in === 'heredoc') frame.line += '\0';
      state.tail = null;
      return place;
    },
  };
}

const top = (state: State): Frame => state.frames.at(-1) ?? newCommand();

function placeOf(state: State): HolePlace {
  if (state.isAtHeredocWord) return 'heredoc';
  if (state.unclear) return 'unclear';
  for (const frame of state.frames) {
    const reason = closedBy(frame);
    if (reason !== null) return reason;
  }
  if (state.tail !== null) return state.tail;
  const { in: inside } = top(state);
  return inside === 'command' ? 'bare' : inside;
}

/** Why no value can stand anywhere inside of this, or null. */
function closedBy(frame: Frame): HolePlace | null {
  if (frame.in === 'double' || frame.in === 'single') return null;
  if (frame.in !== 'command') return frame.in;
  if (frame.words.inTest()) return 'test';
  return frame.words.isEvaluated() ? 'evaluated' : null;
}

/** Reads on by at least one character; answers how many. */
function step(state: State, text: string, at: number): number {
  state.tail = null;
  state.isAtHeredocWord = false;
  const frame = top(state);
  switch (frame.in) {
    case 'command':
      return stepCommand(state, frame, text, at);
    case 'single':
    case 'ansi-quote':
      return stepSingle(state, frame.in, text, at);
    case 'double':
    case 'backtick':
      return stepQuoted(state, frame.in === 'double' ? '"' : '`', text, at);
    case 'comment':
      if (text[at] !== '\n') return 1;
      state.frames.pop();
      return step(state, text, at);
    case 'braces':
      return stepBraces(state, frame.quoted, text, at);
    case 'arithmetic':
      return stepArithmetic(state, frame, text, at);
    case 'heredoc':
      return stepHeredoc(state, frame, text, at);
  }
}

type CommandFrame = Extract<Frame, { in: 'command' }>;

function stepCommand(state: State, frame: CommandFrame, text: string, at: number): number {
  const character = text[at] ?? '';
  const { words } = frame;
  switch (character) {
    case '\\':
      words.add(text[at + 1] ?? '', true);
      return skipEscaped(state, text, at);
    case "'":
    case '"':
    case '`':
      words.value();
      return enterQuote(state, character);
    case '$':
      words.value();
      return dollar(state, text, at, false);
    case '#':
      if (words.atWordStart()) state.frames.push({ in: 'comment' });
      else words.add(character, false);
      return 1;
    case ' ':
    case '\t':
      words.blank();
      return 1;
    case '\n':
      return newLine(state, frame);
    case '<':
      return less(state, frame, text, at);
    default:
      return operatorOrLetter(state, frame, text, at);
  }
}

function enterQuote(state: State, quote: string): number {
  const kind = quote === "'" ? 'single' : quote === '"' ? 'double' : 'backtick';
  state.frames.push({ in: kind });
  return 1;
}

/** A backslash and what follows it; at the end of the text a value must not follow. */
function skipEscaped(state: State, text: string, at: number): number {
  if (at + 1 >= text.length) state.tail = 'escape';
  return 2;
}

function operatorOrLetter(state: State, frame: CommandFrame, text: string, at: number): number {
  const { words } = frame;
  const character = text[at] ?? '';
  if (character === '(') {
    if (text[at + 1] === '(' && words.atCommand()) {
      state.frames.push({ in: 'arithmetic', open: '(', depth: 2 });
      return 2;
    }
    frame.parens += 1;
    words.operator();
  } else if (character === ')') {
    words.operator();
    closeParen(state, frame);
  } else if (character === ';' || character === '&' || character === '|') words.operator();
  else if (character === '>') words.blank();
  else words.add(character, false);
  return 1;
}

function closeParen(state: State, frame: CommandFrame): void {
  if (frame.parens > 0) frame.parens -= 1;
  else if (!frame.words.inCase() && state.frames.length > 1) {
    if (frame.due.length > 0) state.unclear = true;
    state.frames.pop();
  }
}

function newLine(state: State, frame: CommandFrame): number {
  frame.words.operator();
  for (const doc of frame.due.splice(0).reverse()) {
    state.frames.push({ in: 'heredoc', doc, line: '' });
  }
  return 1;
}

const HEREDOC = /<<(-?)[ \t]*((?:'[^']*'|"[^"]*"|\\[\s\S]|[^\s;&|<>()'"\\])*)/y;

/** `<`, `<<<`, or the operator of a here-document with its end word. */
function less(state: State, frame: CommandFrame, text: string, at: number): number {
  frame.words.blank();
  if (text.startsWith('<<<', at)) return 3;
  HEREDOC.lastIndex = at;
  const match = HEREDOC.exec(text);
  if (match === null) return 1;
  const [whole, dash, word = ''] = match;
  state.isAtHeredocWord = at + whole.length >= text.length;
  // An expansion in the end word is taken literally by some shells.
  if (word === '' || /[$`]/.test(word)) state.unclear = true;
  frame.due.push({ word: word.replace(/['"\\]/g, ''), stripsTabs: dash === '-' });
  return whole.length;
}

/** Behind a `$`: what it opens. Answers how much was read. */
function dollar(state: State, text: string, at: number, quoted: boolean): number {
  const next = text[at + 1];
  if (next === undefined) {
    state.tail = 'dollar';
    return 1;
  }
  if (next === '(') {
    const isSum = text[at + 2] === '(';
    state.frames.push(isSum ? { in: 'arithmetic', open: '(', depth: 2 } : newCommand());
    return isSum ? 3 : 2;
  }
  if (next === '{') state.frames.push({ in: 'braces', quoted });
  else if (next === '[') state.frames.push({ in: 'arithmetic', open: '[', depth: 1 });
  else if (next === "'" && !quoted) state.frames.push({ in: 'ansi-quote' });
  else return 1;
  return 2;
}

function stepSingle(state: State, kind: 'single' | 'ansi-quote', text: string, at: number): number {
  if (text[at] === "'") state.frames.pop();
  // Only some shells let a backslash keep the quote from ending.
  else if (text[at] === '\\' && kind === 'ansi-quote') state.unclear = true;
  else if (kind === 'single') addToWord(state, text[at] ?? '');
  return 1;
}

function stepQuoted(state: State, end: '"' | '`', text: string, at: number): number {
  const character = text[at] ?? '';
  if (character === '\\') return skipEscaped(state, text, at);
  if (character === end) {
    state.frames.pop();
    return 1;
  }
  if (end === '`') return 1;
  if (character === '`') return enterQuote(state, character);
  if (character === '$') return dollar(state, text, at, true);
  addToWord(state, character);
  return 1;
}

/** A quoted character of a word of the command right around the quotes. */
function addToWord(state: State, character: string): void {
  const around = state.frames.at(-2);
  if (around?.in === 'command') around.words.add(character, true);
}

function stepBraces(state: State, quoted: boolean, text: string, at: number): number {
  const character = text[at] ?? '';
  switch (character) {
    case '}':
      state.frames.pop();
      return 1;
    case '\\':
      return skipEscaped(state, text, at);
    case '$':
      return dollar(state, text, at, quoted);
    case '`':
      return enterQuote(state, character);
    case "'":
    case '"':
      // Inside double quotes the shells do not agree on what these mean.
      if (quoted) state.unclear = true;
      return enterQuote(state, character);
    default:
      return 1;
  }
}

function stepArithmetic(
  state: State,
  frame: Extract<Frame, { in: 'arithmetic' }>,
  text: string,
  at: number,
): number {
  const character = text[at] ?? '';
  if (character === '\\') return skipEscaped(state, text, at);
  if (character === '$') return dollar(state, text, at, true);
  if (character === frame.open) frame.depth += 1;
  else if (character === (frame.open === '(' ? ')' : ']')) frame.depth -= 1;
  else if (character === "'" || character === '"' || character === '`') state.unclear = true;
  if (frame.depth === 0) state.frames.pop();
  return 1;
}

function stepHeredoc(
  state: State,
  frame: Extract<Frame, { in: 'heredoc' }>,
  text: string,
  at: number,
): number {
  const character = text[at] ?? '';
  if (character !== '\n') {
    frame.line += character;
    return 1;
  }
  const line = frame.doc.stripsTabs ? frame.line.replace(/^\t+/, '') : frame.line;
  if (line === frame.doc.word) state.frames.pop();
  // Where the end word is not quoted the next line belongs to this one.
  if (line.endsWith('\\')) state.unclear = true;
  frame.line = '';
  return 1;
}
