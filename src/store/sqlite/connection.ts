/**
 * The one connection of a process: prepared statements, transactions, and waiting for other writers.
 *
 * SQLite never waits by itself (`busy_timeout` 0): its wait stops the event loop and is unfair between
 * processes. `writeLater` backs off from the event loop; `write`, for small writes that must answer at
 * once, pauses the thread for a few milliseconds at a time. A transaction is written whole or not at
 * all: after any error it is rolled back and the error tells why.
 */
import { type Changes, Database, type SQLQueryBindings, type Statement } from 'bun:sqlite';
import { isBusy, storeError, toStoreError } from './errors.ts';

/** "opcd": marks a SQLite file as ours. */
export const APPLICATION_ID = 0x6f_70_63_64;

export type Synchronous = 'full' | 'normal';
type Bindings = SQLQueryBindings[];

export interface BusyLimits {
  /** How long an append tries to get the write lock, milliseconds. */
  readonly appendBusyMs: number;
  /** The same for the small synchronous writes and for reads. */
  readonly syncBusyMs: number;
}

const DEFAULT_BUSY_LIMITS: BusyLimits = { appendBusyMs: 30_000, syncBusyMs: 10_000 };

const MAX_BACKOFF_MS = 25;
const MAX_PAUSE_MS = 4;
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
  close(): void;
}

/**
 * Opens the file and sets what holds for every connection; the schema is not looked at.
 * @throws STORE_ERROR when it is no database or cannot be used
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
      refuseForeign(database, path);
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

/** Another program's database is left exactly as it is. */
function refuseForeign(database: Database, path: string): void {
  const mark = database.query('PRAGMA application_id').get() as { application_id: number };
  if (mark.application_id === APPLICATION_ID) return;
  if (database.query('SELECT 1 FROM sqlite_schema LIMIT 1').get() === null) return;
  throw storeError('not_a_database', 'a SQLite database of another program', path);
}

/** `auto_vacuum` comes first: it cannot be set once there are tables. */
function configure(database: Database, synchronous: Synchronous): void {
  database.run('PRAGMA auto_vacuum = INCREMENTAL');
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
    writeLater: (work) => whenFree(path, limits.appendBusyMs, () => attempt(work)),
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

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw toStoreError(thrown, path);
  }
}

interface Patience {
  readonly path: string;
  readonly limitMs: number;
}

/** Repeats until nobody else holds the lock, pausing this thread for random moments. */
function untilFree<T>({ path, limitMs }: Patience, work: () => T): T {
  let giveUpAt = 0;
  for (;;) {
    try {
      return guarded(path, work);
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown;
      giveUpAt ||= performance.now() + limitMs;
      if (performance.now() >= giveUpAt) throw thrown;
      Bun.sleepSync(Math.random() * MAX_PAUSE_MS);
    }
  }
}

/** The same from the event loop, with a back-off that grows to `MAX_BACKOFF_MS`. */
async function whenFree<T>(path: string, limitMs: number, work: () => T): Promise<T> {
  let giveUpAt = 0;
  for (let tries = 1; ; tries += 1) {
    try {
      return guarded(path, work);
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown;
      giveUpAt ||= performance.now() + limitMs;
      if (performance.now() >= giveUpAt) throw thrown;
      await Bun.sleep(Math.random() * Math.min(2 ** tries, MAX_BACKOFF_MS));
    }
  }
}
