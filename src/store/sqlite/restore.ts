/**
 * Putting another database in the place of one, and making sure that what it holds starts nothing by
 * itself.
 *
 * The name always stands for a whole database: the old one until the new one replaces it in one step.
 * The old one stays beside it under another name.
 */
import { Database } from 'bun:sqlite';
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../model/error.ts';
import type { NodeRow } from '../../model/store.ts';
import { syncToDisk } from './backup.ts';
import { hasKind, storeError, toStoreError } from './errors.ts';

/** Whoever still holds the file gets this long to let it go, milliseconds. */
const BUSY_MS = 2000;

function withDatabase<T>(path: string, work: (database: Database) => T): T {
  let database: Database | null = null;
  try {
    database = new Database(path, { readwrite: true });
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    return work(database);
  } catch (thrown) {
    throw toStoreError(thrown, path);
  } finally {
    database?.close();
  }
}

/** Rows of a database that may be missing, damaged or of another version: then there are none. */
function rowsOf<Row>(path: string, sql: string): readonly Row[] {
  if (!existsSync(path)) return [];
  try {
    return withDatabase(path, (database) => database.query(sql).all() as Row[]);
  } catch (thrown) {
    if (hasKind(thrown, 'busy')) throw thrown;
    // A damaged database is just what a backup is restored over.
    return [];
  }
}

/** The processes that a database names. */
export const nodesOf = (path: string): readonly NodeRow[] =>
  rowsOf(
    path,
    `SELECT node_id AS nodeId, role, pid, pid_started AS pidStarted, boot_id AS bootId, host,
       pid_namespace AS pidNamespace, '' AS mountNamespace, uid, version,
       lease_until AS leaseUntil, started_at AS startedAt FROM nodes`,
  );

/** Tokens that were revoked, and when. */
export const revokedTokensOf = (
  path: string,
): readonly { readonly id: string; readonly at: number }[] =>
  rowsOf(path, 'SELECT id, revoked_at AS at FROM tokens WHERE revoked_at IS NOT NULL');

/** Forgets who executed what: these processes are of another time. */
export function forgetOwners(path: string): void {
  withDatabase(path, (database) => {
    database.run('DELETE FROM nodes');
    database.run('UPDATE run_head SET owner = NULL WHERE owner IS NOT NULL');
  });
}

/** Signals that would set something going; the others change nothing that is held. */
const SETTING_GOING = `('resume', 'retry', 'skip')`;

/**
 * Makes sure nobody takes anything on: no run wakes, those that had not begun are held back, signals
 * that were under way and would start something are refused. Renews the database's id, so that places
 * in the database before are not taken for places in this one. Leaves one file without companions.
 */
export function holdEverything(path: string): void {
  const refusal = {
    ok: false,
    error: { code: 'CANCELLED', message: 'the database was restored before it was applied' },
  };
  withDatabase(path, (database) => {
    database.run('BEGIN IMMEDIATE');
    database.run(
      `UPDATE inbox SET verdict = ? WHERE verdict IS NULL AND kind = 'signal'
         AND json_extract(body, '$.type') IN ${SETTING_GOING}`,
      [JSON.stringify(refusal)],
    );
    database.run('UPDATE run_head SET owner = NULL, wake_at = NULL');
    database.run("UPDATE run_head SET paused = 1 WHERE status = 'pending'");
    database.run('DELETE FROM nodes');
    database.run('DELETE FROM database_id');
    database.run('INSERT INTO database_id (id) VALUES (lower(hex(randomblob(6))))');
    database.run('COMMIT');
    database.run('PRAGMA journal_mode = DELETE');
  });
}

/**
 * Puts the database at `prepared` in the place of the one at `path`, which stays at `aside`.
 * @throws STORE_ERROR `busy` when a process has it open
 */
export function replaceDatabase(path: string, prepared: string, aside: string): void {
  syncToDisk(prepared);
  if (existsSync(path)) {
    if (!settle(path)) moveCompanions(path, aside);
    linkSync(path, aside);
  }
  renameSync(prepared, path);
  for (const end of ['-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
  syncToDisk(dirname(path));
}

/** Brings all of a database into its one file, with nobody else there; false when it is damaged. */
function settle(path: string): boolean {
  try {
    withDatabase(path, (database) => {
      database.run('PRAGMA locking_mode = EXCLUSIVE');
      const row = database.query('PRAGMA journal_mode = DELETE').get() as { journal_mode: string };
      if (row.journal_mode !== 'delete') throw storeError('busy', 'a process has it open', path);
    });
    return true;
  } catch (thrown) {
    if (hasKind(thrown, 'corrupt') || hasKind(thrown, 'not_a_database')) return false;
    if (!hasKind(thrown, 'busy')) throw thrown;
    throw new AppError('CONFLICT', `${path}: a process has it open`, {
      cause: thrown,
      hint: 'end every opcode command on this database, then restore',
    });
  }
}

function moveCompanions(path: string, aside: string): void {
  for (const end of ['-wal', '-shm']) {
    if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${aside}${end}`);
  }
}
