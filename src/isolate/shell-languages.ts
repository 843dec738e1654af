/** Interpreters of other languages, and what in their text hands on to a shell. */
import type { Program } from './shell-program.ts';

export const python: Program = { letters: 'c', valued: 'WX', stdin: 'bare', language: 'Python' };
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

const make: Program = {
  text: 'all',
  valued: 'CfIjloW',
  valuedLong: ['directory', 'file', 'makefile', 'include-dir', 'jobs'],
  escape: /^\.?SHELL(?:FLAGS)?(?::{0,3}|[+?])=/,
  language: 'make',
};
const vim: Program = {
  letters: 'c',
  long: ['cmd'],
  valued: 'tTuUiSw',
  plus: true,
  escape: /!|\bsystem(?:list)?\(/,
  language: 'Vim script',
};
const REMOTE = 'shell on another machine';
const remote: Program = { text: 'all', language: REMOTE };
/** Settings of ssh that its own machine runs. */
const SSH_SETTINGS = {
  letters: 'o',
  keys: /^\s*(?:ProxyCommand|LocalCommand|KnownHostsCommand)\b/i,
};

/** Read text of another language. */
export const LANGUAGES: Readonly<Record<string, Program>> = {
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
  psql: { ...sql('c', ['command']), escape: /\\!/ },
  mysql: { ...sql('e', ['execute']), escape: /\\!|^\s*system\s/ },
  mariadb: { ...sql('e', ['execute']), escape: /\\!|^\s*system\s/ },
  sqlite3: { ...sql('', ['cmd']), text: 'rest', escape: /^\s*\.(?:sh|shell|system)\s/ },
  duckdb: { ...sql('c', []), text: 'rest' },
  mongosh: { long: ['eval'], language: 'JavaScript' },
  bc: { stdin: 'always', language: 'bc' },
  dc: { letters: 'e', long: ['expression'], stdin: 'always', language: 'dc' },
  gdb: {
    dashed: ['ex', 'iex'],
    long: ['eval-command'],
    escape: /^\s*(?:!|shell\b|pipe\b)/,
    language: 'gdb',
  },
  make,
  gmake: make,
  vim,
  vi: vim,
  nvim: vim,
  view: vim,
  ex: vim,
  emacs: { long: ['eval', 'execute'], dashed: ['eval'], language: 'Emacs Lisp' },
  deno: { sub: { eval: { text: 'all', language: 'JavaScript' } } },
  'redis-cli': { valued: 'hpasun', sub: { eval: { text: 'all', language: 'Lua' } } },
  mongo: { long: ['eval'], language: 'JavaScript' },
  julia: { letters: 'eE', language: 'Julia' },
  elixir: { letters: 'e', long: ['eval'], language: 'Elixir' },
  groovy: { letters: 'e', language: 'Groovy' },
  guile: { letters: 'c', language: 'Scheme' },
  octave: { long: ['eval'], language: 'Octave' },
  R: { letters: 'e', language: 'R' },
  gnuplot: { letters: 'e', escape: /!|\bsystem\b/, language: 'gnuplot' },
  ansible: { letters: 'a', long: ['args'], valued: 'mifuet', language: 'ansible' },
  pssh: remote,
  pdsh: remote,
  clush: remote,
  vagrant: { sub: { ssh: { letters: 'c', long: ['command'], language: REMOTE } } },
  heroku: { sub: { run: { text: 'all', language: REMOTE } } },
  ssh: {
    text: 'rest',
    valued: 'BbcDEeFIiJLlmOPpQRSWw',
    settings: SSH_SETTINGS,
    stdin: 'bare',
    language: REMOTE,
  },
  scp: { letters: 'S', valued: 'cFiJlPX', settings: SSH_SETTINGS },
  sftp: { letters: 'S', valued: 'BbcDFiJlPRsX', settings: SSH_SETTINGS },
};
