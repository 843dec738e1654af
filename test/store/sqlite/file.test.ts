/** Which files the store opens, makes, brings up to date and refuses, and how it says so. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../../src/model/error.ts';
import { asRunId } from '../../../src/model/ids.ts';
import { connect } from '../../../src/store/sqlite/connection.ts';
import { MIGRATIONS, type Migration, migrate } from '../../../src/store/sqlite/migrate.ts';
import { verifyDatabase } from '../../../src/store/sqlite/verify.ts';
import { creation, newRun, node, OTHER, T0 } from '../../contract/store-fixtures.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

let files: TempDatabases;
beforeEach(() => {
  files = tempDatabases();
});
afterEach(() => files.remove());

function thrownBy(work: () => unknown): AppError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

function refusal(work: () => unknown) {
  const { code, message, details, hint } = thrownBy(work);
  return { code, message, details, hint };
}

const pragma = (path: string, name: string): unknown => {
  const database = new Database(path, { readonly: true });
  const row = database.query(`PRAGMA ${name}`).get() as Record<string, unknown>;
  database.close();
  return Object.values(row)[0];
};

describe('a new file', () => {
  test('is made with its folders, for this user alone', () => {
    const path = join(files.folder, 'a', 'b', 'opcode.db');
    const store = files.open({ path });
    store.register(node());
    const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
    expect(mode(join(files.folder, 'a', 'b'))).toBe('700');
    expect([mode(path), mode(`${path}-wal`), mode(`${path}-shm`)]).toEqual(['600', '600', '600']);
  });

  test('can give pages back, and keeps a write-ahead log', () => {
    files.open();
    expect(pragma(files.path, 'auto_vacuum')).toBe(2);
    expect(pragma(files.path, 'journal_mode')).toBe('wal');
  });

  test('keeps what was written, for the next who opens it', async () => {
    const store = files.open();
    await store.append([creation('r1')]);
    store.close();
    expect(files.open().head(asRunId('r1'))?.seq).toBe(1);
  });

  test('is whole', async () => {
    const store = files.open();
    await store.append([creation('r1')]);
    expect(verifyDatabase(files.path)).toEqual({ ok: true, problems: [] });
  });
});

describe('refused', () => {
  test('a file that is not a database', () => {
    writeFileSync(files.path, 'this is a shopping list, and it is quite long'.repeat(50));
    const before = readFileSync(files.path);
    expect(refusal(() => files.open())).toMatchObject({
      code: 'STORE_ERROR',
      message: expect.stringContaining('not a database'),
      details: { kind: 'not_a_database', path: files.path },
      hint: expect.stringContaining('another path'),
    });
    expect(readFileSync(files.path)).toEqual(before);
  });

  test("another program's database, which stays as it was", () => {
    const other = new Database(files.path);
    other.run('CREATE TABLE songs (title TEXT)');
    other.close();
    const before = readFileSync(files.path);
    expect(refusal(() => files.open())).toMatchObject({
      message: expect.stringContaining('another program'),
      details: { kind: 'not_a_database' },
    });
    expect(readFileSync(files.path)).toEqual(before);
  });

  test('a schema of a newer program', () => {
    files.open().close();
    const newer = new Database(files.path);
    newer.run(`PRAGMA user_version = ${MIGRATIONS.length + 3}`);
    newer.run(`UPDATE schema_bounds SET readable_from = ${MIGRATIONS.length + 2}`);
    newer.close();
    expect(refusal(() => files.open())).toMatchObject({
      message: expect.stringContaining(
        `schema is ${MIGRATIONS.length + 3}, this program knows ${MIGRATIONS.length}`,
      ),
      details: { kind: 'newer_schema', schema: MIGRATIONS.length + 3, known: MIGRATIONS.length },
      hint: expect.stringContaining('update'),
    });
  });

  test('a path that is a folder, or below a file', () => {
    mkdirSync(files.path);
    expect(refusal(() => files.open())).toMatchObject({ details: { kind: 'path' } });
    const file = join(files.folder, 'file');
    writeFileSync(file, '');
    expect(refusal(() => files.open({ path: join(file, 'opcode.db') }))).toMatchObject({
      code: 'STORE_ERROR',
      details: { kind: 'path' },
      hint: expect.stringContaining('OPCODE_DB_PATH'),
    });
  });

  test('damage, when it is met, with what to do', async () => {
    const store = files.open();
    for (let i = 0; i < 40; i += 1) await store.append([creation(`run-${i}`)]);
    store.close();
    const bytes = readFileSync(files.path);
    bytes.fill(0xa5, 4096 * 2, bytes.length);
    writeFileSync(files.path, bytes);
    const use = () => {
      const damaged = files.open();
      damaged.queryEvents({ limit: 50 });
      damaged.queryRuns({ limit: 50 });
    };
    expect(refusal(use)).toMatchObject({
      code: 'STORE_ERROR',
      details: { kind: 'corrupt' },
      hint: expect.stringContaining('restore'),
    });
    expect(verifyDatabase(files.path).ok).toBe(false);
  });

  test('a log with a hole is found by the check', async () => {
    const store = files.open();
    await store.append([creation('r1'), creation('r2')]);
    store.close();
    const database = new Database(files.path);
    database.run('DELETE FROM events WHERE rid = 2');
    database.close();
    expect(verifyDatabase(files.path)).toEqual({
      ok: false,
      problems: ['run r2: 0 events, its row says 1'],
    });
  });
});

describe('bringing a file up to date', () => {
  const next = [...MIGRATIONS, 'CREATE TABLE added (a); CREATE TABLE more (b);'];
  const upgrade = (migrations: readonly Migration[], nowMs = T0, gone: readonly number[] = []) => {
    const connection = connect(files.path, 'normal');
    try {
      const isGone = ({ pid }: { readonly pid: number }): boolean => gone.includes(pid);
      return migrate(connection, { nowMs, isGone }, migrations);
    } finally {
      connection.close();
    }
  };

  test('runs what is missing, once', () => {
    files.open().close();
    upgrade(next);
    upgrade(next);
    expect(pragma(files.path, 'user_version')).toBe(MIGRATIONS.length + 1);
  });

  test('is refused while a process of another version lives, and done when its lease is over', () => {
    files.open().register(node(OTHER, { version: '1.0.0', pid: 77, leaseUntil: T0 + 10 }));
    expect(refusal(() => upgrade(next))).toMatchObject({
      message: expect.stringContaining('process 77'),
      details: { kind: 'in_use', pid: 77, version: '1.0.0' },
      hint: expect.stringContaining('opcode restart'),
    });
    expect(pragma(files.path, 'user_version')).toBe(MIGRATIONS.length);
    upgrade(next, T0 + 10);
    expect(pragma(files.path, 'user_version')).toBe(MIGRATIONS.length + 1);
  });

  test('does not wait for the lease of a process that is known to be gone', () => {
    files.open().register(node(OTHER, { version: '1.0.0', pid: 77, leaseUntil: T0 + 10 }));
    upgrade(next, T0, [77]);
    expect(pragma(files.path, 'user_version')).toBe(MIGRATIONS.length + 1);
  });

  const expand: Migration = { sql: 'CREATE TABLE expanded (a);', phase: 'expand' };
  const contract: Migration = { sql: 'DROP TABLE expanded;', phase: 'contract' };

  test('what only adds is done beside older processes, which go on with the file', () => {
    files.open().register(node(OTHER, { pid: 77, leaseUntil: T0 + 10 }));
    upgrade([...MIGRATIONS, expand]);
    expect(pragma(files.path, 'user_version')).toBe(MIGRATIONS.length + 1);
    // This program knows one schema less than the file has.
    files.open().close();
  });

  test('what takes away waits for older processes and names them, and is done after them', () => {
    files.open().register(node(OTHER, { pid: 77, leaseUntil: T0 + 10 }));
    const all = [...MIGRATIONS, expand, contract];
    expect(upgrade(all).waitsFor).toMatchObject({ pid: 77, schema: MIGRATIONS.length });
    expect(pragma(files.path, 'user_version')).toBe(MIGRATIONS.length + 1);
    files.open().close();
    expect(upgrade(all, T0 + 10).waitsFor).toBeNull();
    expect(pragma(files.path, 'user_version')).toBe(MIGRATIONS.length + 2);
    expect(refusal(() => files.open())).toMatchObject({
      details: { kind: 'newer_schema', readable_from: MIGRATIONS.length + 2 },
    });
  });

  test('what this program cannot do without is refused behind what has to wait', () => {
    files.open().register(node(OTHER, { pid: 77, leaseUntil: T0 + 10 }));
    const all = [...MIGRATIONS, expand, contract, expand];
    expect(refusal(() => upgrade(all))).toMatchObject({ details: { kind: 'in_use', pid: 77 } });
    expect(pragma(files.path, 'user_version')).toBe(MIGRATIONS.length);
  });

  test('a process that is older than the record of schemas counts as older than all of it', () => {
    writeFileSync(files.path, '');
    const before = connect(files.path, 'normal');
    migrate(before, { nowMs: T0 }, MIGRATIONS.slice(0, 7));
    before.run(
      `INSERT INTO nodes (node_id, role, pid, pid_started, boot_id, host, pid_namespace,
         mount_namespace, uid, version, lease_until, started_at)
       VALUES ('old', 'daemon', 77, '1', 'b', 'h', '', '', 0, '0.1.0', ?, ?)`,
      T0 + 10,
      T0,
    );
    before.close();
    expect(refusal(() => upgrade(MIGRATIONS))).toMatchObject({
      details: { kind: 'in_use', pid: 77 },
    });
    expect(upgrade(MIGRATIONS, T0 + 10).waitsFor).toBeNull();
  });

  test('rows from before rules had numbers have those of their time', () => {
    writeFileSync(files.path, '');
    const before = connect(files.path, 'normal');
    migrate(before, { nowMs: T0 }, MIGRATIONS.slice(0, 7));
    before.run("INSERT INTO templates VALUES ('t', 1, 'h', '{}', NULL, NULL, 0)");
    before.run("INSERT INTO template_names VALUES ('t', 1, 0)");
    const { rules: _, ...start } = newRun('r').start;
    before.run(
      `INSERT INTO run_head (id, epoch, seq, status, updated_at, created_at, paused)
       VALUES ('r', 0, 0, 'pending', 0, 0, 0)`,
    );
    before.run(
      'INSERT INTO runs (rid, definition_hash, claimable_from, start) VALUES (1, ?, 0, ?)',
      'h',
      JSON.stringify(start),
    );
    before.close();
    const store = files.open();
    expect(store.template('t', 1)).toMatchObject({ rules: 1 });
    expect(store.run(asRunId('r'))).toMatchObject({ rules: 1, start: { rules: 1 } });
  });

  test('has runs looked at again that an older program may have left without anybody', () => {
    writeFileSync(files.path, '');
    const before = connect(files.path, 'normal');
    migrate(before, { nowMs: T0 }, MIGRATIONS.slice(0, 8));
    const heads = [
      ['lost', null, 'active', null],
      ['sleeps', null, 'active', T0 + 5],
      ['asks', null, 'suspended', null],
      ['owned', node().nodeId, 'active', null],
    ] as const;
    for (const [id, owner, status, wakeAt] of heads) {
      before.run(
        `INSERT INTO run_head (id, owner, epoch, seq, status, wake_at, updated_at, created_at, paused)
         VALUES (?, ?, 1, 1, ?, ?, 0, 0, 0)`,
        ...[id, owner, status, wakeAt],
      );
    }
    before.close();
    const store = files.open();
    store.register(node());
    expect(store.claimable(T0, [], 9)).toEqual([asRunId('lost')]);
  });

  test('that fails half way leaves the file as it was', () => {
    files.open().close();
    const broken = [...MIGRATIONS, 'CREATE TABLE half (a); CREATE TABLE runs (again);'];
    expect(refusal(() => upgrade(broken)).code).toBe('STORE_ERROR');
    expect(pragma(files.path, 'user_version')).toBe(MIGRATIONS.length);
    const database = new Database(files.path, { readonly: true });
    expect(database.query("SELECT 1 FROM sqlite_schema WHERE name = 'half'").get()).toBeNull();
    database.close();
  });
});

test('two stores on one file: each notices when the other has written, and only then', async () => {
  const [a, b] = [files.open(), files.open()];
  const before = a.dataVersion();
  await a.append([creation('r1')]);
  expect(a.dataVersion()).toBe(before);
  await b.append([creation('r2')]);
  expect(a.dataVersion()).not.toBe(before);
});

test('a closed store says so, and may be closed again', async () => {
  const store = files.open();
  store.close();
  store.close();
  expect(refusal(() => store.countRuns())).toMatchObject({ details: { kind: 'closed' } });
  await expect(store.append([creation('r1')])).rejects.toMatchObject({
    details: { kind: 'closed' },
  });
});
