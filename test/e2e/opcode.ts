/**
 * The executable, driven as a person or a script would: each test in a home of its own.
 *
 * Builds `dist/opcode` when it is not there. Every process is waited for; homes are removed.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cleanEnvironment, ROOT } from '../../scripts/processes.ts';
import { eventually } from '../support/patience.ts';

export const BINARY = join(ROOT, 'dist', 'opcode');

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON. */
  json<T = Record<string, unknown>>(): T;
}

interface RunOptions {
  readonly input?: string;
  readonly env?: Record<string, string>;
}

export interface World {
  /** Working directory of every command; the home is inside it. */
  readonly folder: string;
  readonly home: string;
  /** Writes a file (objects as JSON) and returns its path. */
  file(name: string, content: unknown): string;
  /** Runs a command to its end. */
  run(...args: string[]): Promise<Finished>;
  runWith(options: RunOptions, ...args: string[]): Promise<Finished>;
  /** Starts a command that is ended by the test. */
  start(...args: string[]): ReturnType<typeof spawn>;
  /** Starts a command whose standard input stays open. */
  spawnOpen(...args: string[]): ReturnType<typeof spawnOpen>;
  /** Starts a command on a terminal of 80 columns and 24 rows. */
  onTerminal(...args: string[]): TerminalSession;
  onTerminalWith(env: Record<string, string>, ...args: string[]): TerminalSession;
  close(): void;
}

interface TerminalSession {
  /** Everything that was written to the terminal. */
  text(): string;
  type(text: string): void;
  /** Resolves when the text has appeared. @throws after five seconds */
  until(text: string): Promise<void>;
  readonly exited: Promise<number>;
}

/** Builds the executable when there is none. */
export function ensureBinary(): void {
  if (existsSync(BINARY)) return;
  const built = Bun.spawnSync([process.execPath, join(ROOT, 'scripts', 'build.ts')], { cwd: ROOT });
  if (!built.success) throw new Error(`the build failed: ${built.stderr.toString()}`);
}

const environmentOf = (
  home: string,
  extra: Record<string, string> = {},
): Record<string, string> => ({
  ...cleanEnvironment(),
  OPCODE_HOME: home,
  TERM: 'xterm-256color',
  LANG: 'C.UTF-8',
  ...extra,
});

const spawn = (command: readonly string[], cwd: string, env: Record<string, string>, input = '') =>
  Bun.spawn([...command], {
    cwd,
    env,
    stdin: new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
  });

const spawnOpen = (args: readonly string[], cwd: string, env: Record<string, string>) =>
  Bun.spawn([BINARY, ...args], { cwd, env, stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' });

/** Waits for a process that was started. */
export async function finished(process: ReturnType<typeof spawn>): Promise<Finished> {
  const [stdout, stderr, code] = await Promise.all([
    new Response(process.stdout).text(),
    new Response(process.stderr).text(),
    process.exited,
  ]);
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
}

/** A fresh folder and home. */
export const newWorld = (): World => worldIn(mkdtempSync(join(tmpdir(), 'opcode-e2e-')));

/** A folder and the home in it, driven by an executable; `extra` is in every environment. */
export function worldIn(
  folder: string,
  binary = BINARY,
  extra: Record<string, string> = {},
): World {
  if (binary === BINARY) ensureBinary();
  const home = join(folder, 'home');
  const env = environmentOf(home, extra);
  const runWith = (options: RunOptions, ...args: string[]): Promise<Finished> =>
    finished(spawn([binary, ...args], folder, { ...env, ...options.env }, options.input));
  return {
    folder,
    home,
    file(name, content) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
      return path;
    },
    run: (...args) => runWith({}, ...args),
    runWith,
    start: (...args) => spawn([binary, ...args], folder, env),
    spawnOpen: (...args) => spawnOpen(args, folder, env),
    onTerminal: (...args) => terminalSession(args, folder, env),
    onTerminalWith: (extra, ...args) => terminalSession(args, folder, { ...env, ...extra }),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function terminalSession(
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
): TerminalSession {
  let text = '';
  const decoder = new TextDecoder();
  const child = Bun.spawn([BINARY, ...args], {
    cwd,
    env,
    terminal: {
      cols: 80,
      rows: 24,
      data(_terminal, data) {
        text += decoder.decode(data, { stream: true });
      },
    },
  });
  return {
    text: () => text,
    type: (typed) => {
      child.terminal?.write(typed);
    },
    async until(wanted) {
      await eventually(
        () => text.includes(wanted),
        () => `"${wanted}" did not appear in:\n${text}`,
      );
    },
    exited: child.exited.then((code) => {
      child.terminal?.close();
      return code;
    }),
  };
}

/** A package with these steps. */
export const flow = (name: string, steps: unknown[], rest: object = {}): object => ({
  name,
  ...rest,
  definition: { steps },
});
