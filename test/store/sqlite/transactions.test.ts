/**
 * What a commit costs and when nothing is committed: one transaction a group, values serialised once,
 * a full disk, other writers, ownership that changes between two processes.
 */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { asRunId } from '../../../src/model/ids.ts';
import { type Connection, connect } from '../../../src/store/sqlite/connection.ts';
import { migrate } from '../../../src/store/sqlite/migrate.ts';
import { createSqliteStore } from '../../../src/store/sqlite/open.ts';
import {
  append,
  completed,
  creation,
  eventsAfter,
  message,
  NODE,
  newRun,
  node,
  OTHER,
  patch,
  T0,
} from '../../contract/store-fixtures.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

let files: TempDatabases;
let connection: Connection | null = null;
beforeEach(() => {
  files = tempDatabases();
});
afterEach(() => {
  connection?.close();
  connection = null;
  files.remove();
});

function openConnection(): Connection {
  files.open().close();
  connection = connect(files.path, 'normal');
  migrate(connection, { nowMs: T0 });
  return connection;
}

/** Commits in a write-ahead log: frames whose header names the size of the database after them. */
function commitsIn(walPath: string): number {
  const wal = readFileSync(walPath);
  let commits = 0;
  for (let at = 32; at + 24 <= wal.length; at += 24 + 4096) {
    if (wal.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return commits;
}

describe('the cost of an append', () => {
  test('a group of runs is one transaction, whatever it holds', async () => {
    const store = files.open();
    const group = Array.from({ length: 20 }, (_, i) => creation(`run-${i}`));
    const before = commitsIn(`${files.path}-wal`);
    await store.append(group);
    await store.append(
      group.map(({ runId }) => append(runId, { expectedSeq: 1, events: eventsAfter(1, 3) })),
    );
    expect(commitsIn(`${files.path}-wal`) - before).toBe(2);
  });

  test('an event of a live run: one fence, one insert, nothing read', async () => {
    const real = openConnection();
    const statements: string[] = [];
    const counted: Connection = {
      ...real,
      run(sql, ...bindings) {
        statements.push(sql.trim().split(/\s+/, 2).join(' '));
        return real.run(sql, ...bindings);
      },
      one(sql, ...bindings) {
        statements.push('read');
        return real.one(sql, ...bindings);
      },
    };
    const store = createSqliteStore(counted);
    await store.append([creation('r1')]);
    await store.append([append('r1', { expectedSeq: 1, events: [completed(2)] })]);
    statements.length = 0;
    await store.append([append('r1', { expectedSeq: 2, events: [completed(3)] })]);
    expect(statements).toEqual(['UPDATE run_head', 'INSERT INTO']);
  });

  test('a large value is serialised once and stored once, however often it occurs', async () => {
    const store = files.open();
    let readings = 0;
    const value = {
      get text() {
        readings += 1;
        return 'x'.repeat(100_000);
      },
    };
    await store.append([creation('r1', { events: [completed(1, value), completed(2, value)] })]);
    expect(readings).toBe(1);
    await store.append([creation('r2', { events: [completed(1, { text: 'x'.repeat(100_000) })] })]);
    const database = new Database(files.path, { readonly: true });
    expect(database.query('SELECT count(*) AS n FROM blobs').get()).toEqual({ n: 1 });
    database.close();
    expect(store.events(asRunId('r2'), 0, 1)).toEqual([
      completed(1, { text: 'x'.repeat(100_000) }),
    ]);
  });
});

describe('a full disk', () => {
  test('writes nothing, says so, reads go on, and writing goes on when there is room', async () => {
    const real = openConnection();
    const store = createSqliteStore(real);
    await store.append([creation('r1'), creation('r2')]);
    const pages = real.one<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
    real.script(`PRAGMA max_page_count = ${pages + 4}`);
    const large = (run: string) =>
      append(run, { expectedSeq: 1, events: [completed(2, `${run} `.repeat(20_000))] });
    const failed = { code: 'STORE_ERROR', details: { kind: 'full', path: files.path } };
    const small = append('r1', { expectedSeq: 1, events: [completed(2)] });
    await expect(store.append([small, large('r2')])).rejects.toMatchObject(failed);
    expect(store.head(asRunId('r1'))?.seq).toBe(1);
    expect(store.events(asRunId('r1'), 0, 10)).toEqual([completed(1)]);
    expect(() => store.send(message('r1', { body: 'y'.repeat(100_000) }))).toThrow(/disk is full/);
    expect(store.unsettled(asRunId('r1'))).toEqual([]);
    real.script(`PRAGMA max_page_count = ${pages + 1000}`);
    expect(await store.append([small, large('r2')])).toMatchObject([{ ok: true }, { ok: true }]);
    expect(store.send(message('r1'))).toMatchObject({ duplicate: false });
  });
});

test('a database that became read-only says so, and is read as before', async () => {
  const real = openConnection();
  const store = createSqliteStore(real);
  await store.append([creation('r1')]);
  real.script('PRAGMA query_only = ON');
  const next = append('r1', { expectedSeq: 1, events: [completed(2)] });
  await expect(store.append([next])).rejects.toMatchObject({
    code: 'STORE_ERROR',
    details: { kind: 'readonly' },
    hint: expect.stringContaining('permission'),
  });
  expect(store.events(asRunId('r1'), 0, 10)).toEqual([completed(1)]);
});

describe('another writer', () => {
  const lock = () => {
    const other = new Database(files.path);
    other.run('BEGIN IMMEDIATE');
    return {
      free() {
        other.run('ROLLBACK');
        other.close();
      },
    };
  };

  test('is waited for without stopping the event loop', async () => {
    const store = files.open();
    const other = lock();
    let turns = 0;
    const beat = setInterval(() => {
      turns += 1;
      if (turns === 5) other.free();
    }, 1);
    const outcomes = await store.append([creation('r1')]);
    clearInterval(beat);
    expect(outcomes).toMatchObject([{ ok: true }]);
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  test('that does not end is reported after the limit; nothing is written; later it works', async () => {
    const limits = { appendBusyMs: 20, syncBusyMs: 10 };
    const store = files.open({ limits });
    await store.append([creation('r1')]);
    const other = lock();
    const busy = { code: 'STORE_ERROR', details: { kind: 'busy' } };
    const next = append('r1', { expectedSeq: 1, events: [completed(2)] });
    await expect(store.append([next])).rejects.toMatchObject(busy);
    expect(() => store.send(message('r1'))).toThrow(/another process is writing/);
    expect(store.head(asRunId('r1'))?.seq).toBe(1);
    other.free();
    expect(await store.append([next])).toMatchObject([{ ok: true }]);
    expect(store.events(asRunId('r1'), 0, 10)).toHaveLength(2);
  });
});

describe('ownership between two processes', () => {
  test('who lost a run writes nothing, and who has it again writes over what the other left', async () => {
    const [a, b] = [files.open(), files.open()];
    a.register(node());
    a.register(node(OTHER));
    const run = asRunId('r1');
    await a.append([creation('r1')]);
    await a.append([append('r1', { expectedSeq: 1, events: [completed(2)] })]);

    expect(b.claim(run, OTHER, [NODE])).toMatchObject({ epoch: 2, seq: 2 });
    const late = append('r1', { expectedSeq: 2, events: [completed(3, 'late')] });
    expect(await a.append([late])).toEqual([{ ok: false, reason: 'lost' }]);
    const parked = patch({ status: 'suspended', paused: true, wakeAt: T0 + 1, release: true });
    const theirs = { owner: OTHER, epoch: 2, expectedSeq: 2, events: [completed(3)] };
    await b.append([append('r1', { ...theirs, patch: parked })]);

    expect(a.claim(run, NODE, [])).toMatchObject({ epoch: 3, seq: 3 });
    await a.append([append('r1', { epoch: 3, expectedSeq: 3, events: [completed(4)] })]);
    expect(b.run(run)).toMatchObject({
      owner: NODE,
      epoch: 3,
      seq: 4,
      status: 'active',
      paused: false,
      wakeAt: null,
    });
  });

  test('a failed commit leaves nothing behind that a later append would take for written', async () => {
    const real = openConnection();
    let fail = false;
    const store = createSqliteStore({
      ...real,
      writeLater: (work) =>
        real.writeLater(() => {
          const result = work();
          if (fail) throw new Error('the disk went away');
          return result;
        }),
    });
    await store.append([creation('r1')]);
    const suspended = append('r1', { expectedSeq: 1, patch: patch({ status: 'suspended' }) });
    fail = true;
    await expect(store.append([suspended])).rejects.toThrow('went away');
    fail = false;
    await store.append([suspended]);
    expect(store.head(asRunId('r1'))?.status).toBe('suspended');
  });

  test('a run is claimed by one of many', () => {
    const stores = [files.open(), files.open(), files.open()];
    stores[0]?.createPending(newRun('r1'));
    stores[0]?.register(node());
    const claims = stores.map((store) => store.claim(asRunId('r1'), NODE, []));
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
  });
});
