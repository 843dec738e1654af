/**
 * The words of a shell command while it is read: where a command begins, where `case` patterns and
 * `[[ ]]` are, and which words the command would run as shell text again.
 */

export interface WordWatch {
  /** A character of a word; `quoted` ones keep reserved words from being such. */
  add(character: string, quoted: boolean): void;
  /** Something of unknown text that belongs to the word: an expansion, a value. */
  value(): void;
  /** A blank. */
  blank(): void;
  /** `;`, `&`, `|`, a bracket, a new line: a new command begins. */
  operator(): void;
  atWordStart(): boolean;
  /** True where a command's first word would stand. */
  atCommand(): boolean;
  inCase(): boolean;
  inTest(): boolean;
  /** True when a word that stands here is run as shell text again. */
  isEvaluated(): boolean;
}

/** After these words a command begins. */
const LEADERS = new Set([
  'if',
  'then',
  'else',
  'elif',
  'do',
  'while',
  'until',
  '{',
  '!',
  'time',
  'command',
  'builtin',
  'exec',
]);
const SHELLS = new Set(['sh', 'bash', 'dash', 'ash', 'zsh', 'ksh', 'mksh']);
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;

/** How the words of a command that come next are used. */
type Use =
  | 'plain'
  /** Every word is shell text: `eval`. */
  | 'evaluated'
  /** A shell was named; its options follow. */
  | 'options'
  | 'option-value'
  /** The next word is the text of `sh -c`. */
  | 'script';

interface Words {
  word: string | null;
  isQuoted: boolean;
  isCommand: boolean;
  use: Use;
  cases: number;
  isTest: boolean;
}

/** A watch at the beginning of a command list. */
export function createWordWatch(): WordWatch {
  const state: Words = {
    word: null,
    isQuoted: false,
    isCommand: true,
    use: 'plain',
    cases: 0,
    isTest: false,
  };
  return {
    add(character, quoted) {
      state.word = (state.word ?? '') + character;
      state.isQuoted ||= quoted;
    },
    value() {
      state.word ??= '';
      state.isQuoted = true;
    },
    blank: () => endWord(state),
    operator() {
      endWord(state);
      if (state.isTest) return;
      state.isCommand = true;
      state.use = 'plain';
    },
    atWordStart: () => state.word === null,
    atCommand: () => state.isCommand && state.word === null && !state.isTest,
    inCase: () => state.cases > 0,
    inTest: () => state.isTest,
    isEvaluated: () => state.use === 'evaluated' || state.use === 'script',
  };
}

function endWord(state: Words): void {
  const { word, isQuoted } = state;
  if (word === null) return;
  state.word = null;
  state.isQuoted = false;
  if (state.isTest) {
    if (word === ']]' && !isQuoted) state.isTest = false;
    return;
  }
  if (state.isCommand) commandWord(state, word, isQuoted);
  else state.use = nextUse(state.use, word);
}

function commandWord(state: Words, word: string, isQuoted: boolean): void {
  if (ASSIGNMENT.test(word)) return;
  if (LEADERS.has(word) && !isQuoted) return;
  state.isCommand = false;
  if (word === 'eval') state.use = 'evaluated';
  else if (isShell(word)) state.use = 'options';
  if (isQuoted) return;
  if (word === 'case') state.cases += 1;
  if (word === 'esac') state.cases = Math.max(0, state.cases - 1);
  if (word === '[[') state.isTest = true;
}

/** How the next word is used when one word of a command has ended. */
function nextUse(use: Use, word: string): Use {
  const isOption = word.startsWith('-') || word.startsWith('+');
  switch (use) {
    case 'plain':
      // Behind `sudo`, `env`, `xargs` and their like.
      return isShell(word) ? 'options' : 'plain';
    case 'evaluated':
      return 'evaluated';
    case 'option-value':
      return 'options';
    case 'options':
      if (!isOption) return 'plain';
      if (/^-[a-zA-Z]*c/.test(word)) return 'script';
      return /[oO]$/.test(word) ? 'option-value' : 'options';
    case 'script':
      return isOption ? 'script' : 'plain';
  }
}

const isShell = (word: string): boolean => SHELLS.has(word.slice(word.lastIndexOf('/') + 1));
