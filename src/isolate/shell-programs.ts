/**
 * What is known of programs by their names: the one table behind what is refused and what is warned
 * about; the reference shows it.
 */
import { LANGUAGES, python } from './shell-languages.ts';
import type { Program } from './shell-program.ts';
import { SHELL_TEXT_PROGRAMS, WRAPPERS } from './shell-starters.ts';

/** What the shell itself runs as text, when it is the command's name. */
const BUILTINS: Readonly<Record<string, Program>> = {
  eval: { text: 'all' },
  trap: { text: 'all' },
  alias: { text: 'all' },
  bind: { text: 'all' },
  complete: { text: 'all' },
  compgen: { text: 'all' },
  command: { wraps: 0 },
  builtin: { wraps: 0 },
  exec: { valued: 'a', wraps: 0 },
};

export const baseName = (word: string): string => word.slice(word.lastIndexOf('/') + 1);

/** Python under the names that carry its version. */
const PYTHON = /^(?:python|pypy)[\d.]*$/;

/** What is known of a program by its name or path, null when nothing is. */
export function programOf(word: string): Program | null {
  const name = baseName(word);
  if (PYTHON.test(name)) return python;
  for (const table of [SHELL_TEXT_PROGRAMS, WRAPPERS, LANGUAGES]) {
    if (Object.hasOwn(table, name)) return table[name] ?? null;
  }
  return null;
}

/** The same for a word where the shell's own commands count too. */
export function commandOf(word: string): Program | null {
  return Object.hasOwn(BUILTINS, word) ? (BUILTINS[word] ?? null) : programOf(word);
}
