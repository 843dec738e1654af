/**
 * Half copies that a killed backup or restore left behind: each is named by the process that made it, may
 * be as large as the database, and holds its data. Those of processes that are gone are removed before the
 * next backup or restore and by gc.
 */
import { closeSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Config } from './config.ts';
import { startTimeOf } from './isolate/process-info.ts';
import { APPLICATION_ID } from './store/sqlite/identity.ts';

/** `<copy>.part-<pid>`, `<database>.restoring-<pid>`, and what SQLite puts beside them. */
const LEFTOVER = /^(.+?)\.(?:part|restoring)-(\d+)(?:\.part-\d+)?(-journal|-wal|-shm)?$/;

export interface Leftover {
  readonly path: string;
  readonly bytes: number;
}

/** Folders in which copies of this configuration are made, besides the one that a caller names. */
const ownFolders = (config: Config): readonly string[] => [
  dirname(config.dbPath),
  join(config.home, 'backups'),
];

/** Half copies of processes that are gone; `copy` is a file that is about to be made. */
export function leftovers(config: Config, copy: string | null = null): readonly Leftover[] {
  const folders = new Set([...ownFolders(config), ...(copy === null ? [] : [dirname(copy)])]);
  const names = new Set([config.dbPath, ...(copy === null ? [] : [copy])].map((p) => basename(p)));
  return [...folders].flatMap((folder) =>
    filesIn(folder).flatMap((name) => {
      const path = join(folder, name);
      return isLeftover(path, name, names) ? [{ path, bytes: statSync(path).size }] : [];
    }),
  );
}

/** Removes them; answers how many bytes that gave back. */
export function removeLeftovers(config: Config, copy: string | null = null): number {
  const found = leftovers(config, copy);
  for (const { path } of found) rmSync(path, { force: true });
  return found.reduce((sum, { bytes }) => sum + bytes, 0);
}

function isLeftover(path: string, name: string, names: ReadonlySet<string>): boolean {
  const [, of = '', pid = '', beside] = LEFTOVER.exec(name) ?? [];
  if (pid === '' || startTimeOf(Number(pid)) !== null) return false;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.uid !== (process.getuid?.() ?? stat.uid)) return false;
  // What has another name and is no copy of ours belongs to somebody else.
  return (
    names.has(of) || (beside === undefined ? isOurs(path) : isOurs(path.slice(0, -beside.length)))
  );
}

/** Where the header of a SQLite file says which program made it. */
const APPLICATION_AT = 68;

function isOurs(path: string): boolean {
  const header = Buffer.alloc(APPLICATION_AT + 4);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, header, 0, header.length, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // It went meanwhile, or cannot be read: nothing says that it is ours.
    return false;
  }
  return (
    header.toString('latin1', 0, 15) === 'SQLite format 3' &&
    header.readInt32BE(APPLICATION_AT) === APPLICATION_ID
  );
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It does not exist yet, or may not be looked at: then nothing can be removed there either.
    return [];
  }
}
