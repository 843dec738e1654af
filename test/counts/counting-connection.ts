/**
 * A store over a connection that counts what reaches SQLite: transactions and statements, by their
 * first words.
 */

import type { Store } from '../../src/model/store.ts';
import { type Connection, connect } from '../../src/store/sqlite/connection.ts';
import { createSqliteStore, openSqliteStore } from '../../src/store/sqlite/open.ts';

export interface StatementCounts {
  transactions: number;
  reads: number;
  /** Statements that write, such as `INSERT INTO events`. */
  readonly writes: Map<string, number>;
}

export interface CountedStore {
  readonly store: Store;
  /** What was counted since the last call. */
  take(): StatementCounts;
}

const fresh = (): StatementCounts => ({ transactions: 0, reads: 0, writes: new Map() });

/** `INSERT INTO events`, `UPDATE run_head`, … */
const kindOf = (sql: string): string =>
  sql
    .trim()
    .split(/\s+/)
    .slice(0, sql.startsWith('INSERT') ? 3 : 2)
    .join(' ');

/** A store in a new file at `path`. */
export function openCountedStore(path: string): CountedStore {
  openSqliteStore({ path, synchronous: 'normal', version: 'test' }).close();
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
      counts.writes.set(kind, (counts.writes.get(kind) ?? 0) + 1);
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
