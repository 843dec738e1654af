/** A database whose queues were read off the runs gets its places from them, by creation. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { asRunId } from '../../../src/model/ids.ts';
import { templateGroup } from '../../../src/model/place.ts';
import { type Connection, connect } from '../../../src/store/sqlite/connection.ts';
import { MIGRATIONS, migrate } from '../../../src/store/sqlite/migrate.ts';
import { createSqliteStore } from '../../../src/store/sqlite/open.ts';
import { T0 } from '../../contract/store-fixtures.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

/** The last schema without places. */
const BEFORE = 12;

let files: TempDatabases;
let connection: Connection;
beforeEach(() => {
  files = tempDatabases();
  writeFileSync(files.path, '');
});
afterEach(() => {
  connection?.close();
  files.remove();
});

const addTemplate = (name: string, limits: readonly (number | null)[]): void => {
  for (const [index, limit] of limits.entries()) {
    const definition =
      limit === null ? { steps: [] } : { steps: [], concurrency: { key: 'k', limit } };
    connection.run(
      `INSERT INTO templates (name, version, definition_hash, pack, created_at) VALUES (?, ?, 'h', ?, 0)`,
      name,
      index + 1,
      JSON.stringify({ name, definition }),
    );
  }
  const sql = 'INSERT INTO template_names (name, newest, archived) VALUES (?, ?, 0)';
  connection.run(sql, name, limits.length);
};

let created = 0;
const addRun = (id: string, template: string, status: string, key = 'k'): void => {
  created += 1;
  const { lastInsertRowid } = connection.run(
    `INSERT INTO run_head (id, epoch, seq, status, wake_at, updated_at, created_at, template, concurrency_key)
     VALUES (?, 1, ?, ?, ?, 0, ?, ?, ?)`,
    id,
    status === 'pending' ? 0 : 3,
    status,
    T0,
    created,
    template,
    key,
  );
  connection.run(
    `INSERT INTO runs (rid, definition_hash, version, claimable_from) VALUES (?, 'h', 1, 0)`,
    Number(lastInsertRowid),
  );
};

test('who has begun holds, the oldest of the others follow while there is room', () => {
  connection = connect(files.path, 'normal');
  migrate(connection, { nowMs: T0 }, MIGRATIONS.slice(0, BEFORE));
  addTemplate('one', [1]);
  addTemplate('raised', [1, 2]);
  addTemplate('free', [1, null]);
  addRun('ended', 'one', 'failed');
  addRun('queued', 'one', 'pending');
  addRun('works', 'one', 'active');
  addRun('elsewhere', 'one', 'pending', 'other');
  for (const id of ['r1', 'r2', 'r3']) addRun(id, 'raised', 'pending');
  addRun('f1', 'free', 'active');
  addRun('f2', 'free', 'pending');
  migrate(connection, { nowMs: T0 });
  const store = createSqliteStore(connection);
  const holds = (id: string) => store.place(asRunId(id))?.holds;
  expect(['queued', 'works', 'elsewhere'].map(holds)).toEqual([false, true, true]);
  expect(['r1', 'r2', 'r3'].map(holds)).toEqual([true, true, false]);
  expect(['f1', 'f2'].map(holds)).toEqual([true, true]);
  expect(holds('ended')).toBeUndefined();
  expect(store.queueOf(asRunId('ended'))).toEqual({ group: templateGroup('one'), key: 'k' });
  expect(['queued', 'r3'].map((id) => store.head(asRunId(id))?.wakeAt)).toEqual([null, null]);
  expect(store.head(asRunId('r1'))?.wakeAt).toBe(T0);
});
