/**
 * Shells, programs that run shell text or a command line that they are given, and programs that start
 * another one.
 */
import type { Program } from './shell-program.ts';

/** Shells: the text is what follows `-c`, else what they read. */
export const SHELLS: ReadonlySet<string> = new Set(
  'sh bash dash ash zsh ksh ksh93 mksh lksh pdksh oksh rbash yash posh fish csh tcsh rc es elvish nu xonsh osh hush pwsh powershell'.split(
    ' ',
  ),
);

/** Settings of git whose value is a command line. */
const GIT_COMMANDS =
  /^(?:alias\.|pager\.|protocol\.|include\.path|includeif\.|core\.(?:pager|editor|sshcommand|fsmonitor|hookspath|askpass|gitproxy|alternaterefscommand)\b|sequence\.editor|(?:credential|gpg)\.(?:.*\.)?(?:helper|program)|diff\.external|diff\..*\.(?:command|textconv)|(?:merge|difft|merget|guit)\w*\..*\.(?:driver|cmd)|filter\..*\.(?:clean|smudge|process)|interactive\.difffilter|trailer\..*\.(?:command|cmd)|(?:browser|man)\..*\.cmd|remote\..*\.(?:uploadpack|receivepack|vcs)|submodule\..*\.update)/i;

/** Commands of tmux by their names, with the letters of their options that take a value. */
function tmuxCommands(commands: Readonly<Record<string, string>>): Record<string, Program> {
  return Object.fromEntries(
    Object.entries(commands).flatMap(([names, valued]) =>
      names.split(' ').map((name): [string, Program] => [name, { text: 'all', valued }]),
    ),
  );
}

/** Run shell text or command lines that they are given as arguments or on standard input. */
export const SHELL_TEXT_PROGRAMS: Readonly<Record<string, Program>> = {
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
  hyperfine: { text: 'all' },
  watchexec: { text: 'all' },
  concurrently: { text: 'all' },
  nodemon: { letters: 'x', long: ['exec'] },
  xterm: { letters: 'e' },
  'nix-shell': { long: ['run', 'command'] },
  man: { letters: 'P', long: ['pager'] },
  rsync: { letters: 'e', long: ['rsh', 'rsync-path'], valued: 'fTMB' },
  tar: {
    letters: 'IF',
    long: ['to-command', 'use-compress-program', 'rsh-command', 'info-script', 'new-volume-script'],
    valued: 'fCTXbgHKLNV',
    settings: { long: ['checkpoint-action'], keys: /^exec=/ },
  },
  split: { long: ['filter'], valued: 'abCln', valuedLong: ['bytes', 'lines', 'number'] },
  socat: { text: 'all', only: /(?:^|[!,])(?:exec|system|shell):/i },
  nc: { letters: 'ec' },
  ncat: { letters: 'ec', long: ['exec', 'sh-exec'] },
  screen: {
    valued: 'SscehpTt',
    sub: { stuff: { text: 'all' }, eval: { text: 'all' } },
    wraps: 0,
  },
  tmux: {
    letters: 'c',
    valued: 'LSfT',
    sub: tmuxCommands({
      'new-session new': 'censtxy',
      'new-window neww': 'cent',
      'split-window splitw': 'celtp',
      'respawn-pane respawnp respawn-window respawnw': 'cet',
      'run-shell run': 'cdt',
      'if-shell if': 't',
      'send-keys send': 'tN',
      'pipe-pane pipep': 't',
      'display-popup popup': 'cdehstwxy',
      'display-message display': 'cdt',
      'set-option set set-window-option setw set-hook bind-key bind': 't',
    }),
  },
  git: {
    valued: 'C',
    valuedLong: ['git-dir', 'work-tree', 'namespace'],
    settings: { letters: 'c', keys: GIT_COMMANDS },
    sub: {
      config: { keyed: GIT_COMMANDS, valued: 'f', valuedLong: ['file', 'blob', 'type', 'default'] },
      clone: {
        letters: 'u',
        valued: 'bo',
        settings: { letters: 'c', long: ['config'], keys: GIT_COMMANDS },
      },
      rebase: { letters: 'x', long: ['exec'], valued: 's' },
      difftool: { letters: 'x', long: ['extcmd'], valued: 't' },
      submodule: { sub: { foreach: { text: 'all' } } },
      'filter-branch': {
        long: 'setup tree-filter index-filter msg-filter env-filter parent-filter commit-filter tag-name-filter'.split(
          ' ',
        ),
      },
    },
  },
};

/** Start another program with the arguments that follow. */
export const WRAPPERS: Readonly<Record<string, Program>> = {
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
  pkexec: { wraps: 0 },
  gosu: { wraps: 1 },
  'su-exec': { wraps: 1 },
  tini: { wraps: 0 },
  'dumb-init': { wraps: 0 },
  unbuffer: { wraps: 0 },
  sshpass: { valued: 'pfdP', wraps: 0 },
  'xvfb-run': { valued: 'nesfpw', wraps: 0 },
  'systemd-inhibit': { wraps: 0 },
  chronic: { wraps: 0 },
  time: { valued: 'fo', wraps: 0 },
};
