/**
 * The arguments of one command, word by word: which of them its program takes for program text.
 *
 * The same reading serves the words of shell text and the list of arguments of a command that runs
 * without a shell. Where it is not sure, it takes a word for text.
 */

import { nameArgs } from './shell-names.ts';
import { shellArgs } from './shell-options.ts';
import { baseName, commandOf, type Program, programOf, SHELLS } from './shell-programs.ts';
import {
  type Args,
  type ArgsOptions,
  NO_ARGS,
  SHELL_TEXT,
  STDIN_FILES,
  type Text,
  type Word,
} from './shell-word.ts';

const NAMES_SHELL = /^(?:0|SHELL|BASH|.*_SHELL)$/;

/** The reader of a program's arguments. */
export function argsOf(name: Word, options: ArgsOptions): Args {
  // A program that data names may be `eval`.
  if (name.holdsValue) return { ...NO_ARGS, textAt: () => ({ kind: 'named' }) };
  // Nobody calls a command `-c`: a redirection before it was read in two ways.
  if (name.hasBraces || name.text.startsWith('-')) return { ...NO_ARGS, textAt: () => SHELL_TEXT };
  const then = (): Args => plainArgs(options);
  if (name.isUnknown) {
    const isShell = name.variables.some((each) => NAMES_SHELL.test(each));
    return shellArgs(isShell ? 'surely' : 'perhaps', then);
  }
  if (SHELLS.has(baseName(name.text))) return shellArgs('surely', then);
  const own = options.inShell ? ownArgs(name.text) : null;
  if (own !== null) return own;
  const program = options.inShell ? commandOf(name.text) : programOf(name.text);
  return program === null ? then() : programArgs(program, baseName(name.text), options);
}

/** Commands of the shell itself that do not take program text in general. */
const ownArgs = (name: string): Args | null =>
  name === '.' || name === 'source' ? sourceArgs() : nameArgs(name);

/** `. FILE`, `source FILE`. */
function sourceArgs(): Args {
  let file: string | null = null;
  return {
    ...NO_ARGS,
    end(word) {
      file ??= word.text;
    },
    stdin: () => (file !== null && STDIN_FILES.has(file) ? SHELL_TEXT : null),
    readsFile: () => file === null,
  };
}

/** Any program: what is behind a shell's name, or behind `find -exec`, may be a command. */
function plainArgs(options: ArgsOptions): Args {
  let inner: Args | null = null;
  let isNext = false;
  return {
    ...NO_ARGS,
    textAt: (begin) => inner?.textAt(begin) ?? null,
    end(word) {
      if (inner !== null) inner.end(word);
      else if (isNext) inner = argsOf(word, { inShell: false });
      else if (SHELLS.has(baseName(word.text)) && !word.isUnknown) {
        inner = shellArgs('perhaps', () => plainArgs(options));
      } else isNext = /^-(?:exec|execdir|ok|okdir)$/.test(word.text);
    },
  };
}

const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;

/** What is known while the arguments of a program of the table are read. */
interface Reading {
  inner: Args | null;
  /** What the next word is, when an option says so. */
  next: 'text' | 'value' | null;
  /** Further values of the same option. */
  more: number;
  operands: number;
  isOver: boolean;
  hasText: boolean;
  /** `xargs -I`: what it reads becomes part of its arguments. */
  replaces: boolean;
  namesStdin: boolean;
}

function programArgs(program: Program, name: string, options: ArgsOptions): Args {
  const state: Reading = {
    inner: null,
    next: null,
    more: 0,
    operands: 0,
    isOver: false,
    hasText: false,
    replaces: false,
    namesStdin: false,
  };
  const text: Text =
    program.language === undefined ? SHELL_TEXT : { kind: 'language', language: program.language };
  const keepsOwn = options.inShell && (name === 'command' || name === 'builtin');
  return {
    textAt(begin) {
      if (state.inner !== null) return state.inner.textAt(begin);
      return isTextAt(program, state, begin) ? text : null;
    },
    end(word) {
      if (state.inner !== null) state.inner.end(word);
      else if (state.more > 0) state.more -= 1;
      else if (state.next !== null) state.next = null;
      else if (!isOption(state, word)) endOperand(program, state, word, keepsOwn);
      else if (word.text === '--') state.isOver = true;
      else endOption(program, state, word, name);
    },
    stdin() {
      const { inner } = state;
      if (inner !== null) {
        return inner.stdin() ?? (state.replaces && inner.hasText() ? SHELL_TEXT : null);
      }
      const isBare = program.stdin === 'bare' && state.operands === 0 && !state.hasText;
      return program.stdin === 'always' || isBare || state.namesStdin ? text : null;
    },
    readsFile: () => state.inner?.readsFile() ?? false,
    hasText: () => state.inner?.hasText() ?? state.hasText,
  };
}

const isOption = ({ isOver }: Reading, { text }: Word): boolean =>
  !isOver && text.startsWith('-') && text !== '-';

function isTextAt(program: Program, state: Reading, begin: Word): boolean {
  if (state.next !== null) return state.next === 'text';
  if (program.text === 'all') return true;
  if (begin.hasBraces && program.wraps === state.operands) return true;
  if (isOption(state, begin)) return optionOf(program, begin.text)?.isText === true;
  if (program.text === 'first') return state.operands === 0 && !state.hasText;
  return program.text === 'rest' && state.operands > 0;
}

function endOperand(program: Program, state: Reading, word: Word, keepsOwn: boolean): void {
  if (program.wraps !== undefined && ASSIGNMENT.test(word.text)) return;
  if (program.stdin !== undefined && STDIN_FILES.has(word.text)) state.namesStdin = true;
  if (program.wraps === state.operands) state.inner = argsOf(word, { inShell: keepsOwn });
  state.operands += 1;
}

function endOption(program: Program, state: Reading, word: Word, name: string): void {
  if (name === 'xargs' && /^-(?:[^-]*[Ii]|-replace)/.test(word.text)) state.replaces = true;
  const option = optionOf(program, word.text);
  if (option === null) return;
  state.hasText ||= option.isText;
  if (option.hasValue) return;
  state.next = option.isText ? 'text' : 'value';
  state.more = program.pairs?.includes(word.text.slice(2)) === true ? 1 : 0;
}

interface Option {
  readonly isText: boolean;
  /** Its value is part of the same word. */
  readonly hasValue: boolean;
}

/** The option of a word that takes a value, null when none does. */
function optionOf(program: Program, word: string): Option | null {
  if (word.startsWith('--')) {
    const [long = '', ...value] = word.slice(2).split('=');
    const hasValue = value.length > 0;
    if (program.long?.includes(long) === true) return { isText: true, hasValue };
    return program.valuedLong?.includes(long) === true ? { isText: false, hasValue } : null;
  }
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? '';
    const hasValue = at + 1 < word.length;
    if (program.letters?.includes(letter) === true) return { isText: true, hasValue };
    if (program.valued?.includes(letter) === true) return { isText: false, hasValue };
  }
  return null;
}
