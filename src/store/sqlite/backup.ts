/**
 * Copies of a database: made while others write, looked at before they are trusted.
 *
 * A copy is one file with everything that was committed when it began, compact, readable by its owner
 * alone. It appears under its name only when it is whole and on disk.
 */
import { SQLiteError } from 'bun:sqlite';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AppError, messageOf } from '../../model/error.ts';

import { storeError, toStoreError } from './errors.ts';
import { APPLICATION_ID, FIRST_WITH_BOUNDS, identify } from './identity.ts';
import { MIGRATIONS } from './migrate.ts';
import { openToRead } from './reading.ts';

export interface CopyOptions {
  /** Replace a file that stands there. */
  readonly force: boolean;
}

/** Facts of a database file. */
export interface FileFacts {
  readonly bytes: number;
  readonly schema: number;
  readonly runs: number;
  readonly unfinished: number;
  /** `<pid> on <host>` of a process that keeps the file from the newest schema, or null. */
  readonly heldBy: string | null;
}

/**
 * Writes a whole copy of the database at `from` to `to`, checked and synced to disk.
 * @throws CONFLICT when `to` exists and is not to be replaced; STORE_ERROR
 */
export function copyDatabase(from: string, to: string, { force }: CopyOptions): FileFacts {
  if (!force) refuseExisting(to);
  const part = `${to}.part-${process.pid}`;
  try {
    // Made first, because SQLite would make it readable for others.
    closeSync(openSync(part, 'wx', 0o600));
    vacuumInto(from, part);
    const facts = inspectDatabase(part);
    syncToDisk(part);
    if (force) renameSync(part, to);
    else putInPlace(part, to);
    syncToDisk(dirname(to));
    return facts;
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw storeError('path', `the copy cannot be written (${messageOf(thrown)})`, to, {
      cause: thrown,
      hint: 'name a file in a folder that exists and that this user can write to',
    });
  } finally {
    rmSync(part, { force: true });
    rmSync(`${part}-journal`, { force: true });
  }
}

function refuseExisting(path: string): void {
  if (!existsSync(path)) return;
  throw new AppError('CONFLICT', `${path} exists already`, {
    hint: 'choose another name, or --force',
  });
}

/** A name that somebody took meanwhile is not overwritten. */
function putInPlace(part: string, to: string): void {
  try {
    linkSync(part, to);
  } catch (thrown) {
    refuseExisting(to);
    throw thrown;
  }
}

/** Finds a process that knows less than the newest schema. */
function holderOf(database: ReturnType<typeof openToRead>['database']): string | null {
  const row = database
    .query(
      `SELECT pid || ' on ' || host AS who FROM nodes
       WHERE lease_until > ? AND coalesce(schema, 0) < ? ORDER BY schema LIMIT 1`,
    )
    .get(Date.now(), MIGRATIONS.length) as { who: string } | null;
  return row?.who ?? null;
}

/** How often a database that can only be read as it stands is copied again when it was written to. */
const MAX_COPIES = 3;

function vacuumInto(from: string, to: string): void {
  for (let copies = 1; ; copies += 1) {
    const reading = openToRead(from);
    const { database } = reading;
    try {
      database.run('PRAGMA busy_timeout = 10000');
      // The copy is written, not the database.
      database.run('PRAGMA query_only = OFF');
      database.run('VACUUM INTO ?', [to]);
      if (!reading.hasMoved()) return;
      if (copies === MAX_COPIES) throw storeError('busy', 'it was written to meanwhile', from);
      truncateSync(to);
    } catch (thrown) {
      throw toStoreError(thrown, isAboutCopy(thrown) ? to : from);
    } finally {
      reading.close();
    }
  }
}

/** SQLITE_FULL and SQLITE_IOERR_WRITE concern the file that is written. */
const isAboutCopy = (thrown: unknown): boolean =>
  thrown instanceof SQLiteError && [13, 778].includes(thrown.errno);

/**
 * Looks at a database file without changing it: whose it is, its schema, whether it is whole.
 * @throws STORE_ERROR `not_a_database`, `newer_schema`, `corrupt`, `path`
 */
export function inspectDatabase(path: string): FileFacts {
  if (!existsSync(path)) throw storeError('path', 'there is no such file', path);
  const { database, close } = openToRead(path);
  const one = (sql: string): number => {
    const row = database.query(sql).get() as Record<string, number> | null;
    return Object.values(row ?? {})[0] ?? 0;
  };
  try {
    if (one('PRAGMA application_id') !== APPLICATION_ID) {
      throw storeError('not_a_database', 'not a database of Opcode', path);
    }
    const { schema } = identify((sql) => database.query(sql).get(), path, MIGRATIONS.length);
    const problem = database.query('PRAGMA quick_check(1)').get() as { quick_check: string } | null;
    if (problem?.quick_check !== 'ok') {
      throw storeError('corrupt', problem?.quick_check ?? 'it cannot be checked', path);
    }
    return {
      bytes: statSync(path).size,
      schema,
      runs: one('SELECT count(*) FROM run_head'),
      unfinished: one(
        "SELECT count(*) FROM run_head WHERE status IN ('pending', 'active', 'suspended')",
      ),
      heldBy: schema < FIRST_WITH_BOUNDS ? null : holderOf(database),
    };
  } catch (thrown) {
    throw toStoreError(thrown, path);
  } finally {
    close();
  }
}

/** Brings a file, or the names in a folder, to disk. */
export function syncToDisk(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
