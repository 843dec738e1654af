/**
 * The file that names the daemon of a home: who it is and where it listens.
 *
 * A pid alone is reused by the next process; it is believed only together with the start time and the
 * boot that stand beside it. A file whose process is gone is replaced.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, messageOf } from '../model/error.ts';

/** Identity of a process, as it is written down. */
export interface ProcessMark {
  readonly pid: number;
  readonly started: string;
  readonly bootId: string;
  readonly host: string;
  readonly pidNamespace: string;
  readonly uid: number;
}

export interface DaemonRecord extends ProcessMark {
  readonly version: string;
  readonly urls: readonly string[];
  /** True when it starts its own successor; daemons of before do not. */
  readonly succeeds?: boolean;
  /** True when a unit of systemd runs it. */
  readonly isUnit?: boolean;
}

/** True, false, or null when it cannot be told from here. */
type IsAlive = (mark: ProcessMark) => boolean | null;

/** The daemon that the file names; null when there is no file, or none that can be read. */
export function readPidFile(path: string): DaemonRecord | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new AppError('STORE_ERROR', `${path}: cannot be read: ${messageOf(thrown)}`);
  }
  return recordOf(text);
}

/** The process in a file that holds nothing but its number, as the program before this one wrote it. */
export function plainPidIn(path: string): number | null {
  const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function recordOf(text: string): DaemonRecord | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    // Half written by a process that was killed: it names nobody.
    return null;
  }
}

const TEXTS = ['started', 'bootId', 'host', 'pidNamespace', 'version'] as const;

/** What lacks something was not written by a daemon, and names nobody either. */
function isRecord(value: unknown): value is DaemonRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record: Partial<Record<keyof DaemonRecord, unknown>> = value;
  const { pid, uid, urls } = record;
  return (
    Number.isSafeInteger(pid) &&
    typeof uid === 'number' &&
    TEXTS.every((name) => typeof record[name] === 'string') &&
    Array.isArray(urls) &&
    urls.every((url) => typeof url === 'string')
  );
}

/** @throws CONFLICT when the file names another daemon that lives */
export function refuseSecondDaemon(path: string, isAlive: IsAlive): void {
  const other = readPidFile(path);
  if (other === null || other.pid === process.pid || isAlive(other) !== true) return;
  const where = other.urls.join(', ');
  throw new AppError('CONFLICT', `a daemon runs already: pid ${other.pid}, ${where}`, {
    hint: 'opcode restart puts this version in its place, opcode stop ends it; another OPCODE_HOME has its own daemon',
  });
}

/** Writes the file for this process, over one whose process is gone. @throws STORE_ERROR */
export function writePidFile(path: string, record: DaemonRecord): void {
  const temporary = `${path}.${record.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(temporary, path);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    const isFull = (thrown as NodeJS.ErrnoException).code === 'ENOSPC';
    throw new AppError('STORE_ERROR', `${path}: cannot be written: ${messageOf(thrown)}`, {
      cause: thrown,
      ...(isFull ? { details: { kind: 'full' } } : {}),
      hint: 'make room on its disk, or choose a home this user can write to (OPCODE_HOME)',
    });
  }
}

/** Removes the file if it still names this process. */
export function releasePidFile(path: string, pid: number): void {
  if (readPidFile(path)?.pid === pid) rmSync(path, { force: true });
}
