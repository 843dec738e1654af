/**
 * Reading shell text far enough to know what a value standing anywhere in it would be.
 *
 * Follows the token recognition of POSIX sh, with what bash adds where that could make a value run
 * (`[[ ]]`, `(( ))`, `$[ ]`, `$' '`, `<( )`, `<<<`). A backslash before a line break is dropped
 * before anything else is recognised, as the shell does it. What two shells read differently makes
 * every later place `unclear`.
 */
import { closeParen, enterFrame, finishCommand, newCommand, operator } from './shell-commands.ts';
import { stepHeredoc, stepNewLine, stepRedirect } from './shell-redirects.ts';
import {
  type CommandFrame,
  type Frame,
  type HolePlace,
  newState,
  type ScannedHole,
  type ScanState,
  skipBreaks,
  top,
} from './shell-state.ts';
import { SHELL_TEXT, type Text } from './shell-word.ts';

export interface ShellScan {
  /** Reads on through literal text. */
  read(text: string): void;
  /** A value stands here; reads on behind it. */
  hole(): void;
  /** Everything is read: what each value would be, and whether standard input is read as text. */
  end(): { readonly holes: readonly ScannedHole[]; readonly stdin: Text | null };
}

/** A reader at the beginning of a shell text. */
export function createShellScan(): ShellScan {
  const state = newState();
  enterFrame(state, newCommand('text', null));
  return {
    read(text) {
      let at = 0;
      while (at < text.length) at += step(state, text, at);
    },
    hole: () => hole(state),
    end() {
      while (state.frames.length > 0) {
        const frame = top(state);
        if (frame.in === 'command') finishCommand(state, frame);
        state.frames.pop();
      }
      return { holes: state.holes, stdin: state.stdin };
    },
  };
}

function hole(state: ScanState): void {
  const id = state.holes.length;
  const texts: Text[] = [];
  for (const frame of state.frames) {
    if (frame.in !== 'command') continue;
    const text = frame.words.textHere();
    if (text !== null) texts.push(text);
    if (frame.pipes.isFeeding()) texts.push(SHELL_TEXT);
    frame.pipes.value(id);
    feed(state, frame, id, texts);
  }
  const { in: inside } = top(state);
  const quoting = inside === 'double' || inside === 'single' ? inside : 'bare';
  state.holes.push({ quoting, place: placeOf(state), texts });
  if (state.isAtHeredocWord) state.unclear = true;
  const frame = top(state);
  if (frame.in === 'command') frame.words.value();
  else if (inside === 'double' || inside === 'single') commandAround(state)?.words.value();
  if (frame.in === 'heredoc') frame.line += '\0';
  state.tail = null;
}

/** A value in `<<< …` or `< <( … )`, which the command that it belongs to reads. */
function feed(state: ScanState, frame: CommandFrame, id: number, texts: Text[]): void {
  const above = state.frames[state.frames.indexOf(frame) + 1];
  const isInput = above?.in === 'command' && above.kind === 'input';
  const target = frame.words.target();
  if (target !== 'string' && !(target === 'file' && isInput)) return;
  frame.fed.push(id);
  if (frame.pipes.isRead()) texts.push(SHELL_TEXT);
}

/** The command whose word the quotes on top belong to. */
function commandAround(state: ScanState): CommandFrame | null {
  const around = state.frames.at(-2);
  return around?.in === 'command' ? around : null;
}

function placeOf(state: ScanState): HolePlace | null {
  if (state.isAtHeredocWord) return 'heredoc';
  if (state.unclear) return 'unclear';
  for (const frame of state.frames) {
    if (frame.in === 'double' || frame.in === 'single') continue;
    if (frame.in !== 'command') return frame.in;
    if (frame.words.inTest()) return 'test';
    if (frame.isText) return 'evaluated';
  }
  return state.tail;
}

/** Reads on by at least one character; answers how many. */
function step(state: ScanState, text: string, at: number): number {
  const frame = top(state);
  if (breaksLine(frame, text, at)) return 2;
  state.tail = null;
  state.isAtHeredocWord = false;
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

/** A backslash before a line break, where the shell drops both. */
const breaksLine = (frame: Frame, text: string, at: number): boolean =>
  text[at] === '\\' &&
  text[at + 1] === '\n' &&
  !['single', 'ansi-quote', 'comment', 'heredoc'].includes(frame.in);

function stepCommand(state: ScanState, frame: CommandFrame, text: string, at: number): number {
  const character = text[at] ?? '';
  const { words } = frame;
  switch (character) {
    case '\\':
      words.add(text[at + 1] ?? '', true);
      return skipEscaped(state, text, at);
    case "'":
    case '"':
      words.quote();
      return enterQuote(state, character);
    case '`':
      words.expansion(null);
      return enterQuote(state, character);
    case '$':
      return dollar(state, frame, text, at, false);
    case '#':
      if (words.atWordStart()) state.frames.push({ in: 'comment' });
      else words.add(character, false);
      return 1;
    case ' ':
    case '\t':
      words.blank();
      return 1;
    case '\n':
      return stepNewLine(state, frame);
    case '<':
    case '>':
      return stepRedirect(state, frame, text, at);
    default:
      return operatorOrLetter(state, frame, text, at);
  }
}

function enterQuote(state: ScanState, quote: string): number {
  const kind = quote === "'" ? 'single' : quote === '"' ? 'double' : 'backtick';
  state.frames.push({ in: kind });
  return 1;
}

/** A backslash and what follows it; at the end of the text a value must not follow. */
function skipEscaped(state: ScanState, text: string, at: number): number {
  if (at + 1 >= text.length) state.tail = 'escape';
  return 2;
}

function operatorOrLetter(state: ScanState, frame: CommandFrame, text: string, at: number): number {
  const { words } = frame;
  const character = text[at] ?? '';
  const second = skipBreaks(text, at + 1);
  if (character === '(') {
    if (text[second] === '(' && (words.atCommand() || words.atFor())) {
      state.frames.push({ in: 'arithmetic', open: '(', depth: 2 });
      return second + 1 - at;
    }
    frame.parens += 1;
    finishCommand(state, frame);
    frame.pipes.open();
    return 1;
  }
  if (character === ')') return closeParen(state, frame);
  if (character === ';' || character === '&' || character === '|') {
    return operator(state, frame, character, text, at);
  }
  words.add(character, false);
  return 1;
}

/** Behind a `$`: what it opens. Answers how much was read. */
function dollar(
  state: ScanState,
  command: CommandFrame | null,
  text: string,
  at: number,
  quoted: boolean,
): number {
  const second = skipBreaks(text, at + 1);
  const next = text[second];
  const read = second + 1 - at;
  if (next === undefined) {
    command?.words.expansion(null);
    state.tail = 'dollar';
    return second - at;
  }
  const name = nameAt(text, second);
  if (name !== null) {
    command?.words.expansion(name);
    return second + name.length - at;
  }
  if (!quoted && next === "'") {
    command?.words.quote();
    state.frames.push({ in: 'ansi-quote' });
    return read;
  }
  if (next === '(') {
    command?.words.expansion(null);
    const third = skipBreaks(text, second + 1);
    if (text[third] === '(') {
      state.frames.push({ in: 'arithmetic', open: '(', depth: 2 });
      return third + 1 - at;
    }
    enterFrame(state, newCommand('value', command));
    return read;
  }
  if (next === '{') {
    command?.words.expansion(nameAt(text, second + 1));
    state.frames.push({ in: 'braces', quoted });
    return read;
  }
  if (next === '[') {
    command?.words.expansion(null);
    state.frames.push({ in: 'arithmetic', open: '[', depth: 1 });
    return read;
  }
  // In front of double quotes bash leaves it out.
  if (next !== '"' || quoted) command?.words.add('$', quoted);
  return second - at;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!$-]/y;

function nameAt(text: string, at: number): string | null {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0] ?? null;
}

function stepSingle(
  state: ScanState,
  kind: 'single' | 'ansi-quote',
  text: string,
  at: number,
): number {
  if (text[at] === "'") state.frames.pop();
  // Only some shells let a backslash keep the quote from ending.
  else if (text[at] === '\\' && kind === 'ansi-quote') state.unclear = true;
  else commandAround(state)?.words.add(text[at] ?? '', true);
  return 1;
}

function stepQuoted(state: ScanState, end: '"' | '`', text: string, at: number): number {
  const character = text[at] ?? '';
  const command = end === '"' ? commandAround(state) : null;
  if (character === '\\') {
    const escaped = text[at + 1] ?? '';
    if (!'$`"\\'.includes(escaped)) command?.words.add('\\', true);
    command?.words.add(escaped, true);
    return skipEscaped(state, text, at);
  }
  if (character === end) {
    state.frames.pop();
    return 1;
  }
  if (end === '`') return 1;
  if (character === '`') {
    command?.words.expansion(null);
    return enterQuote(state, character);
  }
  if (character === '$') return dollar(state, command, text, at, true);
  command?.words.add(character, true);
  return 1;
}

function stepBraces(state: ScanState, quoted: boolean, text: string, at: number): number {
  const character = text[at] ?? '';
  switch (character) {
    case '}':
      state.frames.pop();
      return 1;
    case '\\':
      return skipEscaped(state, text, at);
    case '$':
      return dollar(state, null, text, at, quoted);
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
  state: ScanState,
  frame: Extract<Frame, { in: 'arithmetic' }>,
  text: string,
  at: number,
): number {
  const character = text[at] ?? '';
  if (character === '\\') return skipEscaped(state, text, at);
  if (character === '$') return dollar(state, null, text, at, true);
  if (character === frame.open) frame.depth += 1;
  else if (character === (frame.open === '(' ? ')' : ']')) frame.depth -= 1;
  else if (character === "'" || character === '"' || character === '`') state.unclear = true;
  if (frame.depth === 0) state.frames.pop();
  return 1;
}
