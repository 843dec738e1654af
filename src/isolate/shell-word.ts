/** A word of a command, and what reading the words of a command tells. */

/** A word, or its beginning up to a value. */
export interface Word {
  readonly text: string;
  /** It holds an expansion (`$x`, `$( … )`), a pattern or braces: what it becomes is not known. */
  readonly isUnknown: boolean;
  readonly holdsValue: boolean;
  /** Names of the variables in it. */
  readonly variables: readonly string[];
  readonly isQuoted: boolean;
  /** It holds a list in braces (`{a,b}`), of which bash makes several words. */
  readonly hasBraces: boolean;
}

/** What a value would be part of. */
export type Text =
  /** Shell text or a command line. */
  | { readonly kind: 'shell' }
  /** A name whose subscript bash calculates, or a sum. */
  | { readonly kind: 'arithmetic' }
  | { readonly kind: 'language'; readonly language: string }
  /** An argument of a program that another value names. */
  | { readonly kind: 'named' };

export const SHELL_TEXT: Text = { kind: 'shell' };
export const ARITHMETIC: Text = { kind: 'arithmetic' };

/** Reads the words behind the name of a program. */
export interface Args {
  /** What a value is that stands behind `begin`, the beginning of a word that has not ended. */
  textAt(begin: Word): Text | null;
  end(word: Word): void;
  /** What the command that ends here reads from its standard input, when that is program text. */
  stdin(): Text | null;
  /** True where a file that stands here is read as shell text. */
  readsFile(): boolean;
  /** True when it was given program text as an argument. */
  hasText(): boolean;
}

export interface ArgsOptions {
  /** Whether commands of the shell itself (`eval`, `trap`) are meant by their names. */
  readonly inShell: boolean;
}

/** Variables whose value a shell, or a program that looks at them, expands or runs. */
export const RUN_VARIABLE =
  /^(?:PS[0-4]|ENV|BASH_ENV|PROMPT_COMMAND|GIT_(?:SSH_COMMAND|PAGER|EDITOR|SEQUENCE_EDITOR|EXTERNAL_DIFF)|PAGER|MANPAGER|EDITOR|VISUAL|LESSOPEN|LESSCLOSE|FZF_DEFAULT_COMMAND)\+?=/;

/** The words of `for`, `case` and their like: no program's arguments. */
export const NO_ARGS: Args = {
  textAt: () => null,
  end: () => undefined,
  stdin: () => null,
  readsFile: () => false,
  hasText: () => false,
};

/** Names of the standard input. */
export const STDIN_FILES: ReadonlySet<string> = new Set([
  '-',
  '/dev/stdin',
  '/dev/fd/0',
  '/proc/self/fd/0',
]);
