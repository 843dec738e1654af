/**
 * Small parts of the composition root: policies over paths and addresses, identity of this process,
 * and the command that starts a compute process.
 */
import { createHash, randomUUID } from 'node:crypto';
import packageJson from '../package.json' with { type: 'json' };
import type { PathPolicy } from './actions/deps.ts';
import type { Randomness } from './model/ports.ts';

declare const OPCODE_VERSION: string | undefined;

/** The version that the build wrote in; from source that of package.json. */
export const programVersion = (): string =>
  typeof OPCODE_VERSION === 'string' ? OPCODE_VERSION : packageJson.version;

/** Random ids and hashes of this process. */
export const RANDOMNESS: Randomness = {
  uuid: () => randomUUID(),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
};

/** How a compute process is started. */
export const computeCommand = (): readonly string[] => ownCommand('__compute');

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

/** The database and what SQLite and we keep beside it, wherever `db_path` puts it. */
export const databaseFiles = (path: string): readonly string[] =>
  ['', '-wal', '-shm', '-journal', '-reserve'].map((end) => `${path}${end}`);

/** Path rules of the settings: deny wins, then read-only, then the list of writable paths. */
export function createPathPolicy(rules: {
  readonly deny: readonly string[];
  readonly readOnly: readonly string[];
  readonly writable: readonly string[];
}): PathPolicy {
  return {
    check(path, access) {
      const denied = rules.deny.find((rule) => isUnder(path, rule));
      if (denied !== undefined) return `${path} is under ${denied}, which no step may touch`;
      if (access === 'read') return null;
      const readOnly = rules.readOnly.find((rule) => isUnder(path, rule));
      if (readOnly !== undefined) return `${path} is under ${readOnly}, which steps may only read`;
      if (rules.writable.length === 0 || rules.writable.some((rule) => isUnder(path, rule)))
        return null;
      return `${path} is not under a path that steps may write to (${rules.writable.join(', ')})`;
    },
  };
}

const isUnder = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
