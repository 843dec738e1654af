/**
 * The words of a shell command while it is read: where a command begins, where `case` patterns and
 * `[[ ]]` are, what a redirection takes for itself, and which words are program text.
 */
import { argsOf } from './shell-args.ts';
import {
  ARITHMETIC,
  type Args,
  NO_ARGS,
  RUN_VARIABLE,
  SHELL_TEXT,
  type Text,
  type Word,
} from './shell-word.ts';

/** What the next word is for a redirection: a file, or the text of `<<<`. */
type Target = 'file' | 'string';

export interface WordWatch {
  /** A character of a word; `quoted` ones keep reserved words from being such. */
  add(character: string, quoted: boolean): void;
  /** A quote opens: there is a word, even if nothing is in it. */
  quote(): void;
  /** `$name`, `${ … }`, `$( … )`. */
  expansion(variable: string | null): void;
  /** A value. */
  value(): void;
  /** A blank. */
  blank(): void;
  /** The operator of a redirection. A number before it belongs to it. */
  redirect(target: Target): void;
  /**
   * The command ends here, and a new one begins. Answers what it reads from its standard input, when
   * that is program text.
   */
  finish(): Text | null;
  atWordStart(): boolean;
  /** True where a command's first word would stand. */
  atCommand(): boolean;
  /** True behind `for`, where `((` begins a sum. */
  atFor(): boolean;
  inCase(): boolean;
  inTest(): boolean;
  /** What the word that stands here is for a redirection, null for an ordinary one. */
  target(): Target | null;
  /** What a value that stands here would be part of. */
  textHere(): Text | null;
  /** True when a file that stands here is read as shell text. */
  readsFile(): boolean;
}

/** Told where a group of commands begins and ends. */
export interface Groups {
  open(): void;
  close(): void;
}

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
/** After these a command begins. */
const LEADERS = words('if then else elif do while until { ! time coproc');
const OPENERS = words('{ if while until for select case');
const CLOSERS = words('} fi done esac');
/** Their words are no arguments of a program. */
const LISTS = words('for select case in } fi done esac [[');
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?\+?=/;
const SUBSCRIPT = /^[A-Za-z_][A-Za-z0-9_]*\[[^\]]*$/;

interface OpenWord extends Word {
  text: string;
  isUnknown: boolean;
  holdsValue: boolean;
  isQuoted: boolean;
  readonly variables: string[];
  /** Braces that nothing quotes: opened, and with a list in them, which bash expands. */
  braces: 'none' | 'open' | 'list';
  hasBraces: boolean;
}

interface State {
  word: OpenWord | null;
  phase: 'command' | 'name' | 'args';
  args: Args;
  target: Target | null;
  cases: number;
  isTest: boolean;
  /** The word before was `time`, whose options follow. */
  isTimed: boolean;
  isFor: boolean;
}

const newWord = (): OpenWord => ({
  text: '',
  isUnknown: false,
  holdsValue: false,
  isQuoted: false,
  variables: [],
  braces: 'none',
  hasBraces: false,
});

/** A watch at the beginning of a command list. */
export function createWordWatch(groups: Groups): WordWatch {
  const state: State = {
    word: null,
    phase: 'command',
    args: NO_ARGS,
    target: null,
    cases: 0,
    isTest: false,
    isTimed: false,
    isFor: false,
  };
  const begun = (): OpenWord => {
    state.word ??= newWord();
    return state.word;
  };
  return {
    add: (character, quoted) => addTo(begun(), character, quoted),
    quote() {
      begun().isQuoted = true;
    },
    expansion(variable) {
      const word = begun();
      word.isUnknown = true;
      if (variable !== null) word.variables.push(variable);
    },
    value() {
      begun().holdsValue = true;
    },
    blank: () => endWord(state, groups),
    redirect(target) {
      const { word } = state;
      const isDescriptor =
        word !== null && isPlain(word) && /^(?:\d+|\{[A-Za-z_]\w*\})$/.test(word.text);
      if (isDescriptor) state.word = null;
      endWord(state, groups);
      if (!state.isTest) state.target = target;
    },
    finish: () => finish(state, groups),
    atWordStart: () => state.word === null,
    atCommand: () =>
      state.phase === 'command' && state.word === null && !state.isTest && state.target === null,
    atFor: () => state.isFor && state.word === null,
    inCase: () => state.cases > 0,
    inTest: () => state.isTest,
    target: () => state.target,
    textHere: () => textHere(state),
    readsFile: () => state.target === null && state.phase === 'args' && state.args.readsFile(),
  };
}

const isPlain = (word: OpenWord): boolean => !word.isQuoted && !word.isUnknown && !word.holdsValue;

function addTo(word: OpenWord, character: string, quoted: boolean): void {
  word.text += character;
  if (quoted) {
    word.isQuoted = true;
    return;
  }
  const isBracket = character === '[' && word.text !== '[' && word.text !== '[[';
  if (character === '*' || character === '?' || isBracket) word.isUnknown = true;
  if (character === '{') word.braces = 'open';
  else if (character === '}' && word.braces === 'open') word.braces = 'none';
  else if ((character === ',' || character === '.') && word.braces === 'open') word.braces = 'list';
  word.hasBraces = word.braces === 'list';
}

function textHere(state: State): Text | null {
  if (state.target !== null) return null;
  const word = state.word ?? newWord();
  const begin = { ...word, hasBraces: word.braces !== 'none' };
  if (state.phase === 'args') return state.args.textAt(begin);
  if (state.phase === 'name') return null;
  if (begin.hasBraces || RUN_VARIABLE.test(begin.text)) return SHELL_TEXT;
  return SUBSCRIPT.test(begin.text) ? ARITHMETIC : null;
}

function finish(state: State, groups: Groups): Text | null {
  endWord(state, groups);
  if (state.isTest) return null;
  const stdin = state.phase === 'args' ? state.args.stdin() : null;
  state.phase = 'command';
  state.args = NO_ARGS;
  state.target = null;
  state.isTimed = false;
  state.isFor = false;
  return stdin;
}

function endWord(state: State, groups: Groups): void {
  const { word } = state;
  if (word === null) return;
  state.word = null;
  if (state.target !== null) state.target = null;
  else if (state.isTest) state.isTest = !(word.text === ']]' && isPlain(word));
  else if (state.phase === 'name') state.phase = 'command';
  else if (state.phase === 'command') commandWord(state, word, groups);
  else state.args.end(word);
}

function commandWord(state: State, word: OpenWord, groups: Groups): void {
  if (ASSIGNMENT.test(word.text)) return;
  if (state.isTimed && word.text.startsWith('-')) return;
  const reserved = isPlain(word) ? word.text : '';
  state.isTimed = reserved === 'time';
  if (OPENERS.has(reserved)) groups.open();
  if (CLOSERS.has(reserved)) groups.close();
  if (LEADERS.has(reserved)) return;
  if (reserved === 'function') {
    state.phase = 'name';
    return;
  }
  state.phase = 'args';
  state.isFor = reserved === 'for';
  state.args = LISTS.has(reserved) ? NO_ARGS : argsOf(word, { inShell: true });
  if (reserved === 'case') state.cases += 1;
  if (reserved === 'esac') state.cases = Math.max(0, state.cases - 1);
  if (reserved === '[[') state.isTest = true;
}
