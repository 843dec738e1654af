/**
 * Programs that take text of theirs from an argument or from their standard input: shells and what
 * starts one, and interpreters of other languages; and programs that start another one.
 *
 * The one table behind what is refused and what is warned about; the reference shows it.
 */

export interface Program {
  /** Which operands are program text. */
  readonly text?: 'all' | 'first' | 'rest';
  /** Options whose value is program text. */
  readonly letters?: string;
  readonly long?: readonly string[];
  /** Options with a value that is no text. */
  readonly valued?: string;
  readonly valuedLong?: readonly string[];
  /** Those of them with two values. */
  readonly pairs?: readonly string[];
  /** It starts another program, named after so many operands of its own. */
  readonly wraps?: number;
  /** It reads program text from its standard input: always, or when it has no operand. */
  readonly stdin?: 'always' | 'bare';
  /** The language of its text; without it the text is shell text, or a command line. */
  readonly language?: string;
}

/** Shells: the text is what follows `-c`, else what they read. */
export const SHELLS: ReadonlySet<string> = new Set(
  'sh bash dash ash zsh ksh ksh93 mksh lksh pdksh oksh rbash yash posh fish csh tcsh rc es elvish nu xonsh osh hush pwsh powershell'.split(
    ' ',
  ),
);

/** Run shell text or command lines that they are given as arguments or on standard input. */
const SHELL_TEXT: Readonly<Record<string, Program>> = {
  su: { text: 'all' },
  runuser: { text: 'all' },
  sg: { text: 'all' },
  script: { text: 'all' },
  watch: { text: 'all' },
  parallel: { text: 'all', stdin: 'always' },
  at: { stdin: 'always' },
  batch: { stdin: 'always' },
  crontab: { stdin: 'always' },
  env: {
    letters: 'S',
    long: ['split-string'],
    valued: 'uCaP',
    valuedLong: ['unset', 'chdir', 'argv0'],
    wraps: 0,
  },
  flock: { letters: 'c', long: ['command'], valued: 'wE', valuedLong: ['timeout'], wraps: 1 },
  entr: { letters: 's', wraps: 0 },
  npx: { letters: 'c', long: ['call'], valued: 'p', valuedLong: ['package'], wraps: 0 },
  npm: { letters: 'c', long: ['call'] },
};

/** Start another program with the arguments that follow. */
const WRAPPERS: Readonly<Record<string, Program>> = {
  sudo: { valued: 'ugChpRrtTUD', valuedLong: ['user', 'group', 'chdir', 'host'], wraps: 0 },
  doas: { valued: 'uCa', wraps: 0 },
  nohup: { wraps: 0 },
  setsid: { wraps: 0 },
  nice: { valued: 'n', valuedLong: ['adjustment'], wraps: 0 },
  ionice: { valued: 'cnpPu', valuedLong: ['class', 'classdata'], wraps: 0 },
  timeout: { valued: 'ks', valuedLong: ['kill-after', 'signal'], wraps: 1 },
  stdbuf: { valued: 'ioe', valuedLong: ['input', 'output', 'error'], wraps: 0 },
  xargs: { valued: 'adEILnPs', valuedLong: ['max-args', 'max-procs', 'delimiter'], wraps: 0 },
  chroot: { wraps: 1 },
  taskset: { wraps: 1 },
  chrt: { wraps: 1 },
  unshare: { valued: 'SGRw', wraps: 0 },
  nsenter: { valued: 'tSGrw', valuedLong: ['target'], wraps: 0 },
  strace: { valued: 'eopsuaOSPUEIXb', wraps: 0 },
  ltrace: { valued: 'eopsuanlxX', wraps: 0 },
  'systemd-run': { valued: 'pudGEtH', valuedLong: ['unit', 'property', 'uid'], wraps: 0 },
  busybox: { wraps: 0 },
  toybox: { wraps: 0 },
};

const python: Program = { letters: 'c', valued: 'WX', stdin: 'bare', language: 'Python' };
const awk: Program = { text: 'first', letters: 'e', valued: 'vFf', language: 'awk' };
const sql = (letters: string, long: readonly string[]): Program => ({
  letters,
  long,
  stdin: 'always',
  language: 'SQL',
});
const javascript: Program = {
  letters: 'ep',
  long: ['eval', 'print'],
  stdin: 'bare',
  language: 'JavaScript',
};

/** Read text of another language. */
const LANGUAGES: Readonly<Record<string, Program>> = {
  awk,
  gawk: awk,
  mawk: awk,
  nawk: awk,
  sed: { text: 'first', letters: 'e', long: ['expression'], valued: 'fl', language: 'sed' },
  jq: {
    text: 'first',
    valued: 'fL',
    valuedLong: ['arg', 'argjson', 'slurpfile', 'rawfile', 'indent', 'from-file'],
    pairs: ['arg', 'argjson', 'slurpfile', 'rawfile'],
    language: 'jq',
  },
  yq: { text: 'first', language: 'yq' },
  perl: { letters: 'eE', valued: 'I', stdin: 'bare', language: 'Perl' },
  ruby: { letters: 'e', valued: 'Ir', stdin: 'bare', language: 'Ruby' },
  php: { letters: 'rBRE', stdin: 'bare', language: 'PHP' },
  lua: { letters: 'e', stdin: 'bare', language: 'Lua' },
  node: javascript,
  nodejs: javascript,
  bun: javascript,
  Rscript: { letters: 'e', language: 'R' },
  osascript: { letters: 'e', stdin: 'bare', language: 'AppleScript' },
  tclsh: { stdin: 'bare', language: 'Tcl' },
  expect: { letters: 'c', stdin: 'bare', language: 'Tcl' },
  psql: sql('c', ['command']),
  mysql: sql('e', ['execute']),
  mariadb: sql('e', ['execute']),
  sqlite3: { ...sql('', ['cmd']), text: 'rest' },
  duckdb: { ...sql('c', []), text: 'rest' },
  mongosh: { long: ['eval'], language: 'JavaScript' },
  bc: { stdin: 'always', language: 'bc' },
  dc: { letters: 'e', long: ['expression'], stdin: 'always', language: 'dc' },
  gdb: { letters: 'e', language: 'gdb' },
  make: { text: 'all', language: 'make' },
  gmake: { text: 'all', language: 'make' },
  ssh: {
    text: 'rest',
    valued: 'BbcDEeFIiJLlmOoPpQRSWw',
    stdin: 'bare',
    language: 'shell on another machine',
  },
  git: { letters: 'x', long: ['exec'], language: 'shell run by git' },
};

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
  for (const table of [SHELL_TEXT, WRAPPERS, LANGUAGES]) {
    if (Object.hasOwn(table, name)) return table[name] ?? null;
  }
  return null;
}

/** The same for a word where the shell's own commands count too. */
export function commandOf(word: string): Program | null {
  return Object.hasOwn(BUILTINS, word) ? (BUILTINS[word] ?? null) : programOf(word);
}
