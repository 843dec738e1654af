/**
 * A connection that only looks: it opens a database of whatever state and changes nothing about it.
 *
 * Where there is no database yet it shows an empty one. What cannot be shared is read as it stands and
 * read again when somebody wrote meanwhile; a file that appears or is written to is opened anew, so
 * that whoever follows it sees what comes.
 */
import { Database, type Statement } from 'bun:sqlite';
import { type Connection, DEFAULT_BUSY_LIMITS } from './connection.ts';
import { storeError, toFileError } from './errors.ts';
import { identify } from './identity.ts';
import { isReadable, MIGRATIONS, sqlOf } from './migrate.ts';
import { untilFree } from './patience.ts';
import { openToRead, type ReadingDatabase, sizeOf, stampOf } from './reading.ts';

/** How long it pauses at most before what was read while somebody wrote is read again. */
const MAX_PAUSE_MS = 25;
/** Data versions of one opening; those of the next one begin behind them. */
const VERSIONS_OF_ONE = 2 ** 32;

interface Opened extends ReadingDatabase {
  readonly prepared: (sql: string) => Statement;
}

/**
 * Opens the database at a path to look into it; `stamp` tells whether what is not there yet has come.
 * @throws STORE_ERROR `not_a_database`, `newer_schema`, `older_schema`, or why it cannot be read
 */
export function connectToLook(
  path: string,
  limitMs: number = DEFAULT_BUSY_LIMITS.syncBusyMs,
  stamp: (path: string) => string = stampOf,
): Connection {
  const patience = { path, limitMs };
  let opened = untilFree(patience, () => openNow(path, stamp));
  let openings = 0;
  let closed = false;

  const read = <T>(work: (opened: Opened) => T): T => {
    if (closed) throw storeError('closed', 'the database is closed', path);
    const giveUpAt = performance.now() + limitMs;
    for (let reads = 1; ; reads += 1) {
      const outcome = attempt(() => untilFree(patience, () => work(opened)));
      if (!opened.hasMoved()) return outcome.value();
      if (performance.now() >= giveUpAt) throw unsteady(path, reads);
      // Whoever makes it writes for a moment; a busy machine makes that longer.
      Bun.sleepSync(Math.random() * Math.min(2 ** reads, MAX_PAUSE_MS));
      opened.close();
      opened = untilFree(patience, () => openNow(path, stamp));
      openings += 1;
    }
  };
  const refuse = (): never => {
    throw storeError('readonly', 'it was opened to look only', path);
  };
  return {
    path,
    one: <Row>(sql: string, ...bindings: Parameters<Statement['get']>) =>
      read(({ prepared }) => prepared(sql).get(...bindings)) as Row | null,
    all: <Row>(sql: string, ...bindings: Parameters<Statement['all']>) =>
      read(({ prepared }) => prepared(sql).all(...bindings)) as Row[],
    run: refuse,
    script: refuse,
    write: refuse,
    writeLater: () => Promise.resolve().then(refuse),
    dataVersion: () =>
      read(({ prepared }) => {
        const row = prepared('PRAGMA data_version').get() as { data_version: number };
        return openings * VERSIONS_OF_ONE + row.data_version;
      }),
    close() {
      if (closed) return;
      closed = true;
      opened.close();
    },
  };
}

const unsteady = (path: string, reads: number): Error =>
  storeError('busy', `it was written to during each of ${reads} looks`, path, {
    hint: 'it can only be read as it stands here, because sharing it needs room on its disk and the right to write beside it; try again when less is written',
  });

/** What came of work, to be asked for later: what failed over a moving file is only done again. */
function attempt<T>(work: () => T): { value(): T } {
  try {
    const value = work();
    return { value: () => value };
  } catch (thrown) {
    return {
      value: () => {
        throw thrown;
      },
    };
  }
}

function openNow(path: string, stamp: (path: string) => string): Opened {
  try {
    return openAny(path, stamp);
  } catch (thrown) {
    throw toFileError(thrown, path);
  }
}

function openAny(path: string, stamp: (path: string) => string): Opened {
  const before = stamp(path);
  const empty = (): Opened => withStatements(emptyDatabase(() => stamp(path) !== before));
  if (sizeOf(path) === 0) return empty();
  const reading = openToRead(path);
  try {
    const { database } = reading;
    const { schema } = identify((sql) => database.query(sql).get(), path, MIGRATIONS.length);
    if (isReadable(schema)) return withStatements(reading);
    if (schema > 0) throw older(schema, path);
  } catch (thrown) {
    reading.close();
    throw thrown;
  }
  // Somebody is just making it.
  reading.close();
  return empty();
}

const older = (schema: number, path: string): Error =>
  storeError(
    'older_schema',
    `made by an older Opcode: its schema is ${schema}, this program's is ${MIGRATIONS.length}`,
    path,
    { details: { schema, known: MIGRATIONS.length } },
  );

/** What is seen where there is no database: nothing, in tables of our schema. */
function emptyDatabase(hasMoved: () => boolean): ReadingDatabase {
  const database = new Database(':memory:');
  for (const migration of MIGRATIONS) database.run(sqlOf(migration));
  return { database, hasMoved, close: () => database.close() };
}

function withStatements({ database, hasMoved, close }: ReadingDatabase): Opened {
  const statements = new Map<string, Statement>();
  return {
    database,
    hasMoved,
    prepared(sql) {
      const known = statements.get(sql) ?? database.prepare(sql);
      statements.set(sql, known);
      return known;
    },
    close() {
      for (const statement of statements.values()) statement.finalize();
      close();
    },
  };
}
