/**
 * Small parts of the composition root: policies over paths and addresses, identity of this process,
 * and the command that starts a compute process.
 */
import { createHash, randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import type { PathPolicy } from './actions/deps.ts';
import type { Config } from './config.ts';
import { usageOf } from './isolate/process-usage.ts';
import type { Clock, ComputePool, Randomness } from './model/ports.ts';
import { createComputePool, DEFAULT_COMPUTE_LIMITS } from './runtime/compute/pool.ts';
import { workerSpawner } from './runtime/compute/worker.ts';
import { zoneSource } from './zones/source.ts';

declare const OPCODE_VERSION: string | undefined;

/** The version that the build wrote in; from source that of package.json. */
export const programVersion = (): string =>
  typeof OPCODE_VERSION === 'string' ? OPCODE_VERSION : packageJson.version;

/** Random ids and hashes of this process. */
export const RANDOMNESS: Randomness = {
  uuid: () => randomUUID(),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
};

/** How a compute process is started: it sees the same time zones as this one. */
const computeCommand = (): readonly string[] => ownCommand('__compute', zoneSource().kind);

/** Makes the pool of compute processes as the settings want it. */
export function computePool({ settings, callerEnv }: Config, clock: Clock): ComputePool {
  return createComputePool({
    spawn: workerSpawner(computeCommand(), callerEnv),
    clock,
    usageOf,
    limits: {
      ...DEFAULT_COMPUTE_LIMITS,
      cpuMs: settings['compute.cpu_limit'],
      wallMs: settings['compute.wall_limit'],
    },
  });
}

/** The command line of this program with these arguments: our own binary, or from source with Bun. */
export function ownCommand(...args: readonly string[]): readonly string[] {
  const script = process.argv[1] ?? '';
  const fromSource = /\.tsx?$/.test(script) && !script.startsWith('/$bunfs/');
  if (!fromSource && !import.meta.path.endsWith('.ts')) return [process.execPath, ...args];
  const main = new URL('../cli/main.ts', import.meta.url).pathname;
  return main.startsWith('/$bunfs/')
    ? [process.execPath, ...args]
    : [process.execPath, main, ...args];
}

/** What `fs` actions and `save_to` may touch. */
export const pathRules = ({ home, dbPath, workDir, settings }: Config) => ({
  paths: createPathPolicy({
    deny: settings['paths.deny'],
    readOnly: settings['paths.read_only'],
    writable: settings['paths.writable'],
  }),
  deniedPaths: [home, ...databaseFiles(dbPath)],
  openPaths: [workDir],
  systemPaths: settings['paths.open'],
});

/** The database and what SQLite and we keep beside it, wherever `db_path` puts it. */
const databaseFiles = (path: string): readonly string[] =>
  ['', '-wal', '-shm', '-journal', '-reserve'].map((end) => `${path}${end}`);

/** Path rules of the settings: deny wins, then read-only, then the list of writable paths. */
export function createPathPolicy(rules: {
  readonly deny: readonly string[];
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
}): PathPolicy {
  const deny = rules.deny.map(spellings);
  const readOnly = rules.readOnly.map(spellings);
  const writable = rules.writable.map(spellings);
  return {
    check(path, access) {
      const denied = deny.find((rule) => isUnderAny(path, rule));
      if (denied !== undefined) return `${path} is under ${denied[0]}, which no step may touch`;
      if (access === 'read') return null;
      const locked = readOnly.find((rule) => isUnderAny(path, rule));
      if (locked !== undefined) return `${path} is under ${locked[0]}, which steps may only read`;
      if (writable.length === 0 || writable.some((rule) => isUnderAny(path, rule))) return null;
      return `${path} is not under a path that steps may write to (${rules.writable.join(', ')})`;
    },
  };
}

/** A rule as it is written and as the place is found that its links lead to. */
function spellings(rule: string): readonly [string, string] {
  const written = resolve(rule);
  for (let at = written; ; at = dirname(at)) {
    try {
      return [written, join(realpathSync(at), relative(at, written))];
    } catch {
      // What is not there yet, or may not be looked at, is known by the name it was given.
      if (at === dirname(at)) return [written, written];
    }
  }
}

const isUnderAny = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => isUnder(path, folder));

const isUnder = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
