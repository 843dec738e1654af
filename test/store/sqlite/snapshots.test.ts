/** A snapshot that was damaged in the file is as good as gone. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { asRunId } from '../../../src/model/ids.ts';
import { creation, eventsAfter } from '../../contract/store-fixtures.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

let files: TempDatabases;
beforeEach(() => {
  files = tempDatabases();
});
afterEach(() => files.remove());

const run = asRunId('r1');

test('a changed byte, a changed checksum: there is none, and a new one takes its place', async () => {
  const store = files.open();
  await store.append([creation('r1', { events: eventsAfter(0, 3) })]);
  const kept = { seq: 3, version: 1, text: '{"a":1}' };
  const damage = (sql: string): void => {
    const database = new Database(files.path);
    database.run(sql);
    database.close();
  };
  for (const sql of [
    `UPDATE snapshots SET body = '{"a":2}'`,
    `UPDATE snapshots SET body = ''`,
    `UPDATE snapshots SET checksum = '0'`,
  ]) {
    await store.putSnapshot(run, kept);
    expect(store.snapshot(run)).toEqual(kept);
    damage(sql);
    expect(store.snapshot(run)).toBeNull();
  }
  damage('DELETE FROM snapshots');
  expect([store.snapshot(run), store.events(run, 0, 9).length]).toEqual([null, 3]);
  store.close();
});
