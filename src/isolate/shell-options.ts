/** The arguments of a shell: options, the text of `-c`, a file, and what the text is given. */
import { type Args, NO_ARGS, SHELL_TEXT, STDIN_FILES, type Word } from './shell-word.ts';

interface Reading {
  readonly certainty: 'surely' | 'perhaps';
  /** Where among its arguments. */
  phase: 'options' | 'text' | 'file' | 'rest';
  /** Values of options that come first. */
  due: number;
  /** No more options. */
  isOver: boolean;
  readsStdin: boolean;
  hasText: boolean;
  rest: Args;
}

const VALUED_LONG = /^--(?:rcfile|init-file)$/;
const TEXT_LONG = /^--?(?:command|init-command|Command|EncodedCommand)(?:=|$)/;

/**
 * Reads a shell's arguments; `perhaps` where the program may be another one, so that an empty list
 * says nothing. `then` reads what a text or a file is given.
 */
export function shellArgs(certainty: 'surely' | 'perhaps', then: () => Args): Args {
  const state: Reading = {
    certainty,
    phase: 'options',
    due: 0,
    isOver: false,
    readsStdin: false,
    hasText: false,
    rest: NO_ARGS,
  };
  return {
    textAt: (begin) => textAt(state, begin),
    end: (word) => end(state, word, then),
    stdin() {
      if (state.phase === 'rest') return state.readsStdin ? SHELL_TEXT : state.rest.stdin();
      return certainty === 'surely' && !state.hasText ? SHELL_TEXT : null;
    },
    readsFile: () => state.phase === 'options' && state.due === 0,
    hasText: () => state.hasText,
  };
}

const isOption = ({ isOver }: Reading, { text }: Word): boolean => !isOver && /^[-+]/.test(text);

function textAt(state: Reading, begin: Word): ReturnType<Args['textAt']> {
  if (state.phase === 'rest') return state.rest.textAt(begin);
  // A value was taken for a file, and may have been `-c`.
  if (state.phase === 'file') return SHELL_TEXT;
  if (state.due > 0) return null;
  if (isOption(state, begin) || mayBeOption(state, begin)) return SHELL_TEXT;
  return state.phase === 'text' ? SHELL_TEXT : null;
}

/** True for a word that may turn out to be `-c`: a value, or an expansion that nothing quotes. */
const mayBeOption = ({ isOver, certainty }: Reading, word: Word): boolean =>
  !isOver &&
  certainty === 'surely' &&
  (word.holdsValue || word.hasBraces || (word.isUnknown && !word.isQuoted && word.text === ''));

function end(state: Reading, word: Word, then: () => Args): void {
  if (state.phase === 'rest') state.rest.end(word);
  else if (state.due > 0) state.due -= 1;
  else if (isOption(state, word)) endOption(state, word);
  else if (state.phase === 'text') {
    state.hasText = true;
    state.phase = 'rest';
    state.rest = then();
  } else endFile(state, word, then);
}

/** An operand where no text is: a script, or the first argument of what comes from stdin. */
function endFile(state: Reading, word: Word, then: () => Args): void {
  if (mayBeOption(state, word)) {
    state.phase = 'file';
    return;
  }
  if (state.phase === 'options' && STDIN_FILES.has(word.text)) state.readsStdin = true;
  state.phase = 'rest';
  state.rest = then();
}

function endOption(state: Reading, { text, isUnknown }: Word): void {
  if (text === '-' || text === '--') state.isOver = true;
  else if (VALUED_LONG.test(text)) state.due = 1;
  else if (TEXT_LONG.test(text)) state.phase = 'text';
  else if (!text.startsWith('--')) {
    if (isUnknown || /^-.*[cC]/.test(text)) state.phase = 'text';
    if (/^-[^-]*s/.test(text) && !/^-[^-]*c/.test(text)) state.readsStdin = true;
    state.due = [...text].filter((letter) => letter === 'o' || letter === 'O').length;
  }
}
