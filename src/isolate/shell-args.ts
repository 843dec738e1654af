/**
 * The arguments of one command, word by word: which of them its program takes for program text.
 *
 * The same reading serves the words of shell text and the list of arguments of a command that runs
 * without a shell. Where it is not sure, it takes a word for text.
 */

import { nameArgs } from './shell-names.ts';
import { shellArgs } from './shell-options.ts';
import type { Program } from './shell-program.ts';
import { baseName, commandOf, programOf } from './shell-programs.ts';
import { SHELLS } from './shell-starters.ts';
import {
  type Args,
  type ArgsOptions,
  NO_ARGS,
  RUN_VARIABLE,
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
  let isEntry = false;
  return {
    ...NO_ARGS,
    textAt: (begin) => inner?.textAt(begin) ?? null,
    end(word) {
      if (inner !== null) inner.end(word);
      else if (isNext) inner = argsOf(word, { inShell: false });
      else if (isEntry || word.text.startsWith('--entrypoint=')) {
        inner = isShellEntry(word) ? entryArgs() : null;
        isEntry = false;
      } else if (SHELLS.has(baseName(word.text)) && !word.isUnknown) {
        inner = shellArgs('perhaps', () => plainArgs(options));
      } else {
        isNext = /^-(?:exec|execdir|ok|okdir)$/.test(word.text);
        isEntry = word.text === '--entrypoint';
      }
    },
  };
}

const isShellEntry = ({ text }: Word): boolean => SHELLS.has(baseName(text.replace(/^.*=/, '')));

/** A container's program is a shell: behind `-c` is its text, wherever that comes. */
function entryArgs(): Args {
  let isText = false;
  return {
    ...NO_ARGS,
    textAt: () => (isText ? SHELL_TEXT : null),
    end({ text }) {
      isText ||= /^-[a-z]*c$/.test(text);
    },
  };
}

const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;

/** What is known while the arguments of a program of the table are read. */
interface Reading {
  inner: Args | null;
  /** What the next word is, when an option says so. */
  next: 'text' | 'value' | 'setting' | null;
  /** Further values of the same option. */
  more: number;
  operands: number;
  isOver: boolean;
  hasText: boolean;
  /** `xargs -I`: what it reads becomes part of its arguments. */
  replaces: boolean;
  namesStdin: boolean;
  /** The key of a setting came, and its value is shell text. */
  isCommandKey: boolean;
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
    isCommandKey: false,
  };
  const text: Text =
    program.language === undefined ? SHELL_TEXT : { kind: 'language', language: program.language };
  const keepsOwn = options.inShell && (name === 'command' || name === 'builtin');
  return {
    textAt(begin) {
      if (state.inner !== null) return state.inner.textAt(begin);
      if (isSettingAt(program, state, begin)) return SHELL_TEXT;
      if (!isTextAt(program, state, begin)) return null;
      return program.escape?.test(textBefore(begin)) === true ? SHELL_TEXT : text;
    },
    end(word) {
      if (state.inner !== null) state.inner.end(word);
      else if (state.more > 0) state.more -= 1;
      else if (state.next !== null) state.next = null;
      else if (!isOption(state, word))
        endOperand(program, state, word, { name, options, keepsOwn });
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

/** The text of an option's value, or of the whole word. */
const textBefore = ({ text }: Word): string => text.replace(/^--[\w-]+=|^-[A-Za-z](?=.)/, '');

/** A value that is shell text because of the setting whose value it is; a setting without name may be any. */
function isSettingAt({ settings, keyed }: Program, state: Reading, begin: Word): boolean {
  if (keyed !== undefined) return state.isCommandKey && !isOption(state, begin);
  if (settings === undefined) return false;
  const text = state.next === 'setting' ? begin.text : attachedSetting(settings, begin.text);
  return text !== null && (settings.keys.test(text) || !/[=\s]/.test(text));
}

function attachedSetting(settings: NonNullable<Program['settings']>, text: string): string | null {
  const [long = '', ...value] = text.slice(2).split('=');
  if (text.startsWith('--')) {
    return settings.long?.includes(long) === true && value.length > 0 ? value.join('=') : null;
  }
  const isOwn = text.length > 2 && settings.letters?.includes(text[1] ?? '') === true;
  return text.startsWith('-') && isOwn ? text.slice(2) : null;
}

function isTextAt(program: Program, state: Reading, begin: Word): boolean {
  if (state.next !== null) return state.next === 'text';
  if (program.wraps !== undefined && RUN_VARIABLE.test(begin.text)) return true;
  if (program.plus === true && begin.text.startsWith('+')) return true;
  if (isOption(state, begin) && optionOf(program, begin.text)?.kind === 'value') return false;
  if (program.text === 'all') return program.only?.test(begin.text) ?? true;
  if (begin.hasBraces && program.wraps === state.operands) return true;
  if (isOption(state, begin)) return optionOf(program, begin.text)?.kind === 'text';
  if (program.text === 'first') return state.operands === 0 && !state.hasText;
  return program.text === 'rest' && state.operands > 0;
}

interface Around {
  readonly name: string;
  readonly options: ArgsOptions;
  readonly keepsOwn: boolean;
}

/** Words of `git config` that say what is done with the key that follows. */
const VERB = /^(?:set|get|add|unset|list|edit|rename-section|remove-section)$/;

function endOperand(program: Program, state: Reading, word: Word, around: Around): void {
  const { wraps, sub, keyed } = program;
  if (wraps !== undefined && ASSIGNMENT.test(word.text)) return;
  if (program.stdin !== undefined && STDIN_FILES.has(word.text)) state.namesStdin = true;
  if (keyed !== undefined && state.operands === 0) {
    if (VERB.test(word.text)) return;
    state.isCommandKey = word.holdsValue || word.isUnknown || keyed.test(word.text);
  }
  if (sub !== undefined && state.operands === 0 && Object.hasOwn(sub, word.text)) {
    state.inner = programArgs(sub[word.text] ?? {}, around.name, around.options);
  } else if (wraps === state.operands) {
    state.inner = argsOf(word, { inShell: around.keepsOwn });
  } else if (sub !== undefined) state.inner = plainArgs(around.options);
  state.operands += 1;
}

/** The text is in a file, and no operand is it. */
const FROM_FILE = /^(?:-[A-Za-z]*f|--file|--from-file)/;

function endOption(program: Program, state: Reading, word: Word, name: string): void {
  if (name === 'xargs' && /^-(?:[^-]*[Ii]|-replace)/.test(word.text)) state.replaces = true;
  const option = optionOf(program, word.text);
  if (option === null) return;
  state.hasText ||=
    option.kind === 'text' || (program.text === 'first' && FROM_FILE.test(word.text));
  if (option.hasValue) return;
  state.next = option.kind;
  state.more = program.pairs?.includes(word.text.slice(2)) === true ? 1 : 0;
}

interface Option {
  readonly kind: 'text' | 'value' | 'setting';
  /** Its value is part of the same word. */
  readonly hasValue: boolean;
}

/** The option of a word that takes a value, null when none does. */
const optionOf = (program: Program, word: string): Option | null =>
  word.startsWith('--') ? longOption(program, word) : shortOption(program, word);

function longOption(program: Program, word: string): Option | null {
  const [long = '', ...value] = word.slice(2).split('=');
  const hasValue = value.length > 0;
  if (program.long?.includes(long) === true) return { kind: 'text', hasValue };
  if (program.settings?.long?.includes(long) === true) return { kind: 'setting', hasValue };
  return program.valuedLong?.includes(long) === true ? { kind: 'value', hasValue } : null;
}

function shortOption(program: Program, word: string): Option | null {
  if (program.dashed?.includes(word.slice(1)) === true) return { kind: 'text', hasValue: false };
  const { letters = '', valued = '', settings } = program;
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? '';
    const hasValue = at + 1 < word.length;
    if (letters.includes(letter)) return { kind: 'text', hasValue };
    if (settings?.letters?.includes(letter) === true) return { kind: 'setting', hasValue };
    if (valued.includes(letter)) return { kind: 'value', hasValue };
  }
  return null;
}
