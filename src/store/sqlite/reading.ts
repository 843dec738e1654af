/**
 * Opening a database file so that reading changes nothing: not a byte of it, and no file beside it.
 *
 * Beside living processes the file is shared as SQLite shares it. Where sharing is not possible, because
 * the disk is full or nothing may be written there, and all of the database is in its one file, that
 * file is read as it stands; whoever reads it so asks afterwards whether it has moved meanwhile.
 */
import { constants, Database } from 'bun:sqlite';
import { closeSync, existsSync, openSync, readSync, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hasKind, storeError, toFileError, toStoreError } from './errors.ts';

export interface ReadingDatabase {
  readonly database: Database;
  /** True when another process has changed the file since, so that what was read may be of no one time. */
  hasMoved(): boolean;
  close(): void;
}

/** https://www.sqlite.org/fileformat2.html#the_database_header */
const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;
const READ_VERSION_AT = 19;
const CHANGE_COUNTER_AT = 24;
const WAL_VERSION = 2;
/** SQLite needs a little room to share a file that nobody has open. */
const ROOM_TO_SHARE_BYTES = 256 * 1024;
const CACHE_KIB = 16_384;

/** What changes when a database file is written to by anybody. */
export function stampOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return 'absent';
  const header = headerOf(path);
  const counter = header.length < HEADER_BYTES ? 0 : header.readUInt32BE(CHANGE_COUNTER_AT);
  const parts = [stat.ino, stat.size, stat.mtimeNs, counter, sizeOf(`${path}-wal`)];
  return [...parts, existsSync(`${path}-journal`)].join(' ');
}

/** The size of a file in bytes; 0 when there is none. */
export const sizeOf = (path: string): number =>
  statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function headerOf(path: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  try {
    return header.subarray(0, readSync(file, header, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/** The mark of the program that made a file, as the file itself says it; null where there is none. */
export function applicationIdIn(path: string): number | null {
  if (sizeOf(path) < HEADER_BYTES) return null;
  return headerOf(path).readUInt32BE(APPLICATION_ID_AT);
}

/** True when nothing of the database is beside its file. */
const isAlone = (path: string): boolean =>
  sizeOf(`${path}-wal`) === 0 && !existsSync(`${path}-journal`);

/** Opens for reading, beside whoever writes. @throws STORE_ERROR when it cannot be read without writing */
export function openToRead(given: string): ReadingDatabase {
  const path = resolve(given);
  try {
    return openSomehow(path);
  } catch (thrown) {
    throw toFileError(thrown, path);
  }
}

/** Opens for a moment: to see whose a file is before it is opened for what was meant; null when it is empty. */
export function openToIdentify(path: string): ReadingDatabase | null {
  try {
    if (sizeOf(path) === 0) return null;
    return isAlone(path) ? openAsItStands(path) : openSomehow(path);
  } catch (thrown) {
    throw toFileError(thrown, path);
  }
}

function openSomehow(path: string): ReadingDatabase {
  if (isAlone(path) && !hasRoomToShare(path)) return openAsItStands(path);
  try {
    return openShared(path);
  } catch (thrown) {
    const error = toStoreError(thrown, path);
    const isHindered = (['full', 'path', 'readonly', 'io'] as const).some((kind) =>
      hasKind(error, kind),
    );
    if (!isHindered) throw error;
    if (isAlone(path)) return openAsItStands(path);
    throw storeError(
      'readonly',
      'the log of changes beside it cannot be shared here, and part of the database is in it',
      path,
      { cause: thrown, hint: 'make room on its disk, or look as a user who may write beside it' },
    );
  }
}

function hasRoomToShare(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize >= ROOM_TO_SHARE_BYTES;
  } catch {
    // A file system that does not say: then it is tried.
    return true;
  }
}

/**
 * SQLite leaves a log of changes behind where a connection that may not write was the first to come.
 * Where there is none the connection may, so that closing it removes what opening it made; that it
 * writes nothing else is set.
 */
function openShared(path: string): ReadingDatabase {
  const isFirst = !existsSync(`${path}-wal`) && isAlone(path) && keepsLog(path);
  const database = isFirst
    ? new Database(path, { readwrite: true })
    : new Database(path, { readonly: true });
  try {
    configure(database);
    database.query('SELECT 1 FROM sqlite_schema LIMIT 1').get();
  } catch (thrown) {
    database.close();
    throw thrown;
  }
  return { database, hasMoved: () => false, close: () => database.close() };
}

function configure(database: Database): void {
  database.run('PRAGMA busy_timeout = 0');
  database.run('PRAGMA query_only = ON');
  database.run('PRAGMA trusted_schema = OFF');
  // Sorting must not need room on a disk either.
  database.run('PRAGMA temp_store = MEMORY');
  database.run(`PRAGMA cache_size = -${CACHE_KIB}`);
}

const keepsLog = (path: string): boolean => headerOf(path)[READ_VERSION_AT] === WAL_VERSION;

/** Without locks, and without looking for what is beside the file. */
function openAsItStands(path: string): ReadingDatabase {
  const before = stampOf(path);
  const flags = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;
  let database: Database;
  try {
    database = new Database(`${pathToFileURL(path).href}?immutable=1`, flags);
    configure(database);
  } catch (thrown) {
    throw toStoreError(thrown, path);
  }
  return {
    database,
    hasMoved: () => stampOf(path) !== before,
    close: () => database.close(),
  };
}
