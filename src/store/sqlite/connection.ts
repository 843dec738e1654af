/**
 * The one connection of a process: prepared statements, transactions, and waiting for other writers.
 *
 * SQLite never waits by itself (`busy_timeout` 0, see patience.ts). `writeLater` backs off from the event loop; `write`, for small writes that must answer at
 * once, pauses the thread for a few milliseconds at a time. A transaction is written whole or not at
 * all: after any error it is rolled back and the error tells why.
 */
import { type Changes, Database, type SQLQueryBindings, type Statement } from 'bun:sqlite';
import { storeError, toStoreError } from './errors.ts';
import { guarded, untilFree, whenFree } from './patience.ts';

export type Synchronous = 'full' | 'normal';
type Bindings = SQLQueryBindings[];

export interface BusyLimits {
  /** How long an append tries to get the write lock, milliseconds. */
  readonly appendBusyMs: number;
  /** The same for the small synchronous writes and for reads. */
  readonly syncBusyMs: number;
}

export const DEFAULT_BUSY_LIMITS: BusyLimits = { appendBusyMs: 30_000, syncBusyMs: 10_000 };

const CACHE_KIB = 16_384;
const MAX_WAL_BYTES_KEPT = 64 * 1024 * 1024;

export interface Connection {
  readonly path: string;
  /** First row, or null. */
  one<Row>(sql: string, ...bindings: Bindings): Row | null;
  all<Row>(sql: string, ...bindings: Bindings): Row[];
  /** Only inside a transaction. */
  run(sql: string, ...bindings: Bindings): Changes;
  /** Several statements without parameters. */
  script(sql: string): void;
  /** One transaction now; `relaxed` spares the sync to disk for what may be lost with the power. */
  write<T>(work: () => T, durability?: 'as_set' | 'relaxed'): T;
  /** One transaction as soon as the write lock is free; the event loop goes on meanwhile. */
  writeLater<T>(work: () => T): Promise<T>;
  /** A number that is another one after a commit of another connection. */
  dataVersion(): number;
  close(): void;
}

/**
 * Opens the file and sets what holds for every connection. Whose the file is has been looked at before
 * (see identity.ts): opening it for writing may change it.
 * @throws STORE_ERROR when it cannot be used
 */
export function connect(
  path: string,
  synchronous: Synchronous,
  limits: BusyLimits = DEFAULT_BUSY_LIMITS,
): Connection {
  const database = openFile(path);
  const patience = { path, limitMs: limits.syncBusyMs };
  try {
    untilFree(patience, () => {
      database.run('PRAGMA busy_timeout = 0');
      configure(database, synchronous);
    });
  } catch (thrown) {
    database.close();
    throw toStoreError(thrown, path);
  }
  return overDatabase(database, path, synchronous, limits);
}

function openFile(path: string): Database {
  try {
    return new Database(path, { readwrite: true });
  } catch (thrown) {
    throw toStoreError(thrown, path);
  }
}

/**
 * `auto_vacuum` comes first, and only into a file that holds nothing: afterwards it has no effect, but
 * setting it writes.
 */
function configure(database: Database, synchronous: Synchronous): void {
  const { page_count: pages } = database.query('PRAGMA page_count').get() as { page_count: number };
  if (pages === 0) database.run('PRAGMA auto_vacuum = INCREMENTAL');
  database.run('PRAGMA journal_mode = WAL');
  database.run(`PRAGMA synchronous = ${synchronous.toUpperCase()}`);
  database.run('PRAGMA temp_store = MEMORY');
  database.run(`PRAGMA cache_size = -${CACHE_KIB}`);
  database.run(`PRAGMA journal_size_limit = ${MAX_WAL_BYTES_KEPT}`);
  database.run('PRAGMA trusted_schema = OFF');
  // Rows of a run are only ever written behind its fence, so there is nothing for SQLite to check.
  database.run('PRAGMA foreign_keys = OFF');
}

function overDatabase(
  database: Database,
  path: string,
  synchronous: Synchronous,
  limits: BusyLimits,
): Connection {
  const statements = new Map<string, Statement>();
  const patience = { path, limitMs: limits.syncBusyMs };
  let closed = false;

  const assertOpen = (): void => {
    if (closed) throw storeError('closed', 'the database is closed', path);
  };
  const prepared = (sql: string): Statement => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const read = <T>(work: () => T): T => {
    assertOpen();
    return database.inTransaction ? guarded(path, work) : untilFree(patience, work);
  };
  const attempt = <T>(work: () => T): T => {
    assertOpen();
    return guarded(path, () => transaction(database, prepared, work));
  };

  return {
    path,
    one: <Row>(sql: string, ...bindings: Bindings) =>
      read(() => prepared(sql).get(...bindings)) as Row | null,
    all: <Row>(sql: string, ...bindings: Bindings) =>
      read(() => prepared(sql).all(...bindings)) as Row[],
    run: (sql, ...bindings) => prepared(sql).run(...bindings),
    script: (sql) => guarded(path, () => database.run(sql)),
    write(work, durability = 'as_set') {
      assertOpen();
      const relax = durability === 'relaxed' && synchronous === 'full';
      if (!relax) return untilFree(patience, () => attempt(work));
      database.run('PRAGMA synchronous = NORMAL');
      try {
        return untilFree(patience, () => attempt(work));
      } finally {
        database.run('PRAGMA synchronous = FULL');
      }
    },
    writeLater: (work) => whenFree({ path, limitMs: limits.appendBusyMs }, () => attempt(work)),
    dataVersion: () =>
      read(() => prepared('PRAGMA data_version').get() as { data_version: number }).data_version,
    close() {
      if (closed) return;
      closed = true;
      for (const statement of statements.values()) statement.finalize();
      statements.clear();
      database.close();
    },
  };
}

function transaction<T>(
  database: Database,
  prepared: (sql: string) => Statement,
  work: () => T,
): T {
  prepared('BEGIN IMMEDIATE').run();
  try {
    const result = work();
    prepared('COMMIT').run();
    return result;
  } catch (thrown) {
    // After some errors (a full disk) SQLite has already rolled back by itself.
    if (database.inTransaction) prepared('ROLLBACK').run();
    throw thrown;
  }
}
