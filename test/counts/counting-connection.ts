/**
 * A store over a connection that counts what reaches SQLite: transactions and statements, by their
 * first words; an insert of several rows counts as many.
 */

import type { Store } from '../../src/model/store.ts';
import { type Connection, connect } from '../../src/store/sqlite/connection.ts';
import { createSqliteStore, openSqliteStore } from '../../src/store/sqlite/open.ts';

interface StatementCounts {
  transactions: number;
  reads: number;
  /** Rows written, by kind of statement, such as `INSERT INTO events`. */
  readonly rows: Map<string, number>;
}

export interface CountedStore {
  readonly store: Store;
  /** What was counted since the last call. */
  take(): StatementCounts;
}

const fresh = (): StatementCounts => ({ transactions: 0, reads: 0, rows: new Map() });

/** `INSERT INTO events`, `UPDATE run_head`, … */
const kindOf = (sql: string): string =>
  sql
    .trim()
    .split(/\s+/)
    .slice(0, sql.startsWith('INSERT') ? 3 : 2)
    .join(' ');

/** How many rows one execution writes: an insert's value lists, else one. */
const rowsIn = (sql: string): number =>
  sql.startsWith('INSERT') ? sql.split(/\(\s*\?/).length - 1 : 1;

/** A store in a new file at `path`. */
export function openCountedStore(path: string): CountedStore {
  openSqliteStore({ path, synchronous: 'normal' }).close();
  const connection = connect(path, 'normal');
  let counts = fresh();
  const counted: Connection = {
    ...connection,
    one: (sql, ...bindings) => {
      counts.reads += 1;
      return connection.one(sql, ...bindings);
    },
    all: (sql, ...bindings) => {
      counts.reads += 1;
      return connection.all(sql, ...bindings);
    },
    run: (sql, ...bindings) => {
      const kind = kindOf(sql);
      counts.rows.set(kind, (counts.rows.get(kind) ?? 0) + rowsIn(sql));
      return connection.run(sql, ...bindings);
    },
    write: (work, durability) => {
      counts.transactions += 1;
      return connection.write(work, durability);
    },
    writeLater: (work) => {
      counts.transactions += 1;
      return connection.writeLater(work);
    },
  };
  return {
    store: createSqliteStore(counted),
    take() {
      const taken = counts;
      counts = fresh();
      return taken;
    },
  };
}
