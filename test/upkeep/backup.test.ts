/** Backups while runs go on, and going back to one: nothing in it starts by itself. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, openApp } from '../../src/app.ts';
import { restoreBackup } from '../../src/app-restore.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import type { Json } from '../../src/model/json.ts';
import { copyDatabase, inspectDatabase } from '../../src/store/sqlite/backup.ts';
import { errorOf, person } from '../ops/harness.ts';
import { eventually, TEST_MS, untilPast, withRoom } from '../support/patience.ts';

let home = '';
let config: Config;
const opened: App[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'opcode-backup-'));
  config = loadConfig({ flags: {}, env: { PATH: process.env.PATH, HOME: home }, home });
});
afterEach(async () => {
  await closeAll();
  rmSync(home, { recursive: true, force: true });
});

async function closeAll(): Promise<void> {
  for (const app of opened.splice(0).reverse()) await app.close();
}

async function open(execute = true): Promise<App> {
  const role = execute ? 'serve' : 'cli';
  const app = await openApp(config, { execute, claims: execute, role });
  opened.push(app);
  return app;
}

const here = { ...person, exec: { cwd: '/', env: { PATH: process.env.PATH ?? '' } } };
const path = (name: string): string => join(home, name);
const ask = (id: string, config: object = {}): Json =>
  ({
    id,
    type: 'reasoning',
    config: { prompt_context: 'Go on?', options: [{ id: 'yes' }, { id: 'no' }], ...config },
  }) as unknown as Json;
const wait = (id: string, duration: string): Json =>
  ({ id, type: 'wait', config: { duration } }) as unknown as Json;
const touch = (file: string, after: string[] = []): Json => ({
  id: 'touch',
  run: `echo ran >> ${file}`,
  depends_on: after,
});

async function run(app: App, steps: Json[], more: object = {}): Promise<string> {
  const result = await app.ops.run(here, { definition: { steps, ...more }, wait: '100ms' });
  if ('dry_run' in result) throw new Error('a dry run is no run');
  return result.workflow_id;
}

const statusOf = async (app: App, workflow_id: string) => app.ops.status(here, { workflow_id });

describe('a backup', () => {
  test(
    'is whole and consistent while runs are written, and only for its owner',
    async () => {
      const app = await open();
      let going = true;
      const writing = (async () => {
        while (going)
          await run(app, [{ id: 'a', action: 'expr.eval', params: { expression: '1' } }]);
      })();
      await eventually(() => app.store.countRuns().completed > 5);
      const [one, two] = [path('one.db'), path('two.db')];
      copyDatabase(config.dbPath, one, { force: false });
      await eventually(() => app.store.countRuns().completed > 20);
      copyDatabase(config.dbPath, two, { force: false });
      going = false;
      await writing;
      expect(inspectDatabase(two).runs).toBeGreaterThan(inspectDatabase(one).runs);
      expect(statSync(one).mode & 0o777).toBe(0o600);
      expect(readdirSync(home).filter((name) => name.includes('.part'))).toEqual([]);
      const copied = loadConfig({ flags: { db_path: two }, env: { HOME: home }, home });
      const reader = await openApp(copied, { execute: false });
      opened.push(reader);
      expect(await reader.ops.verify(person, {})).toMatchObject({ ok: true });
    },
    TEST_MS,
  );

  test('takes no name that is taken, unless it is told to', async () => {
    const app = await open();
    writeFileSync(path('taken.db'), 'mine');
    const refused = await errorOf(app.ops.backup(here, { file: path('taken.db') }), 'CONFLICT');
    expect(refused.message).toContain('exists already');
    expect(readFileSync(path('taken.db'), 'utf8')).toBe('mine');
    await app.ops.backup(here, { file: path('taken.db'), force: true });
    expect(inspectDatabase(path('taken.db')).runs).toBe(0);
  });

  test(
    'asked for from elsewhere goes into the folder of backups, in a process of its own',
    async () => {
      const app = await open();
      const remote = {
        caller: { agentId: null, role: 'admin', sender: 'person' },
        exec: null,
      } as const;
      for (const file of ['/tmp/x.db', '../x.db', 'a/b.db', '.hidden']) {
        await errorOf(app.ops.backup(remote, { file }), 'VALIDATION_ERROR');
      }
      const { file } = await app.ops.backup(remote, { file: 'remote.db' });
      expect(file).toBe(join(home, 'backups', 'remote.db'));
      expect(statSync(join(home, 'backups')).mode & 0o777).toBe(0o700);
      expect(inspectDatabase(file).runs).toBe(0);
      await errorOf(app.ops.backup(remote, { file: 'remote.db' }), 'CONFLICT');
    },
    TEST_MS,
  );

  test('that cannot be written leaves nothing behind', async () => {
    const app = await open(false);
    const refused = await errorOf(app.ops.backup(here, { file: path('none/x.db') }), 'STORE_ERROR');
    expect(refused.hint).toContain('a folder that exists');
    expect(readdirSync(home).filter((name) => name.startsWith('x'))).toEqual([]);
  });
});

describe('going back to a backup', () => {
  test(
    'is refused while a process executes on the database, or has it open',
    async () => {
      const app = await open();
      copyDatabase(config.dbPath, path('b.db'), { force: false });
      const used = await errorOf(restoreBackup(config, path('b.db'), Date.now()), 'CONFLICT');
      expect(used.message).toContain(`pid ${process.pid}`);
      await app.close();
      opened.length = 0;
      await open(false);
      await errorOf(restoreBackup(config, path('b.db'), Date.now()), 'CONFLICT');
      expect(readdirSync(home).filter((name) => /restor/.test(name))).toEqual([]);
    },
    TEST_MS,
  );

  test.each([
    ['another program', () => new Database(path('bad.db')).run('CREATE TABLE t (a)')],
    ['no database', () => writeFileSync(path('bad.db'), 'x'.repeat(5000))],
    ['a newer release', () => newer(path('bad.db'))],
    ['a damaged copy', () => damaged(path('bad.db'))],
    [
      'an attacker, whose trigger makes a token whenever a run ends,',
      () =>
        changed(
          path('bad.db'),
          `CREATE TRIGGER t AFTER UPDATE ON run_head BEGIN INSERT INTO tokens
             (id, prefix, hash, role, created_at) VALUES ('x', 'x', 'x', 'admin', 1); END`,
        ),
    ],
    [
      'an attacker, whose view stands for a table',
      () =>
        changed(path('bad.db'), 'DROP TABLE nodes; CREATE VIEW nodes AS SELECT * FROM run_head'),
    ],
  ])('refuses the file of %s and leaves everything as it is', async (_name, make) => {
    const app = await open(false);
    await app.close();
    opened.length = 0;
    make();
    const before = readFileSync(config.dbPath);
    const refused = await errorOf(restoreBackup(config, path('bad.db'), Date.now()), 'STORE_ERROR');
    // It is about that file, not about the database in use.
    expect(refused.hint).not.toContain('OPCODE_DB_PATH');
    expect(readFileSync(config.dbPath)).toEqual(before);
  });

  const newer = (file: string): void => changed(file, 'PRAGMA user_version = 9999');

  function changed(file: string, sql: string): void {
    copyDatabase(config.dbPath, file, { force: false });
    const database = new Database(file);
    database.run(sql);
    database.close();
  }

  function damaged(file: string): void {
    copyDatabase(config.dbPath, file, { force: false });
    const bytes = readFileSync(file);
    bytes.fill(0xff, 4096, 4096 * 4);
    writeFileSync(file, bytes);
  }

  test(
    'keeps what was there, and replaces one that is damaged',
    async () => {
      const app = await open();
      const kept = await run(app, [{ id: 'a', run: 'true' }]);
      copyDatabase(config.dbPath, path('b.db'), { force: false });
      const later = await run(app, [{ id: 'a', run: 'true' }]);
      await closeAll();
      const { before } = await restoreBackup(config, path('b.db'), Date.now());
      expect(inspectDatabase(before ?? '').runs).toBe(2);
      expect(statSync(config.dbPath).mode & 0o777).toBe(0o600);
      const restored = await open(false);
      expect(restored.store.findIds('', 10) as readonly string[]).toEqual([kept]);
      expect(await restored.ops.verify(person, {})).toMatchObject({ ok: true, runs: 1 });
      await closeAll();
      writeFileSync(config.dbPath, 'not a database at all'.repeat(1000));
      const again = await restoreBackup(config, before ?? '', Date.now());
      expect(readFileSync(again.before ?? '', 'utf8')).toContain('not a database');
      expect((await open(false)).store.findIds('', 10) as readonly string[]).toContain(later);
    },
    TEST_MS,
  );

  test(
    'makes another database of it: places of the one before are none there, each time',
    async () => {
      const app = await open();
      const workflow_id = await run(app, [{ id: 'a', run: 'true' }]);
      await eventually(async () => (await statusOf(app, workflow_id)).status === 'completed');
      const { events, as_of } = await app.ops.events(person, { workflow_id });
      const query = { resource: 'events', filter: { limit: 1 } } as const;
      const { next_cursor: cursor } = await app.ops.query(person, query);
      copyDatabase(config.dbPath, path('b.db'), { force: false });
      const ids = [app.store.databaseId()];
      for (let times = 0; times < 2; times++) {
        await closeAll();
        await restoreBackup(config, path('b.db'), Date.now());
        const restored = await open(false);
        ids.push(restored.store.databaseId());
        for (const after of [as_of, events[0]?.cursor ?? '']) {
          const refused = await errorOf(
            restored.ops.events(person, { workflow_id, after }),
            'CONFLICT',
          );
          const now = await restored.ops.events(person, { workflow_id });
          expect(refused.details).toMatchObject({ as_of: now.as_of });
        }
        const page = restored.ops.query(person, { ...query, filter: { limit: 1, cursor } });
        expect((await errorOf(page, 'CONFLICT')).hint).toContain('first page');
      }
      expect(new Set(ids).size).toBe(3);
    },
    TEST_MS,
  );

  test(
    'starts nothing: runs, timers, retries, decisions wait until they are resumed',
    async () => {
      const marker = path('marker');
      const { sleeping, asking, working, passed } = await withRoom(async (roomMs) => {
        const app = await open();
        const time = `${roomMs}ms`;
        const sleeping = await run(app, [wait('w', time), touch(marker, ['w'])]);
        const asking = await run(app, [
          ask('q', { timeout: time, fallback: 'no' }),
          touch(marker, ['q']),
        ]);
        const passed = Date.now() + roomMs;
        const working = await run(app, [{ id: 'slow', run: 'sleep 30' }, touch(marker, ['slow'])]);
        await eventually(
          async () => (await statusOf(app, working)).steps.slow?.status === 'running',
        );
        copyDatabase(config.dbPath, path('b.db'), { force: true });
        const isEarly =
          (await statusOf(app, sleeping)).steps.w?.status !== 'completed' &&
          (await statusOf(app, asking)).steps.q?.status !== 'completed';
        for (const workflow_id of isEarly ? [working] : [sleeping, asking, working]) {
          await app.ops.signal(here, { workflow_id, signal_type: 'cancel' }).catch(() => undefined);
        }
        await closeAll();
        return isEarly && { sleeping, asking, working, passed };
      });
      rmSync(marker, { force: true });
      // As if it were days later.
      const restored = await restoreBackup(config, path('b.db'), Date.now());
      expect(restored).toMatchObject({ suspended: 3, pending: 0, decisions: 1 });
      const after = await open();
      await after.engine?.recover(null);
      expect(after.store.claimable(Date.now() + 10 ** 10, [], 10)).toEqual([]);
      expect(after.store.nextWakeAt(0)).toBeNull();
      for (const id of [sleeping, asking, working]) {
        const status = await statusOf(after, id);
        expect(status).toMatchObject({ status: 'suspended', paused: true });
        expect(status.waiting_for[0]?.text).toContain('restored');
      }
      expect(await after.ops.verify(person, {})).toMatchObject({ ok: true, mismatches: [] });

      // An answer counts, although the time of its fallback has long passed; what is behind it waits.
      await untilPast(passed);
      await after.ops.signal(here, {
        workflow_id: asking,
        signal_type: 'decision',
        payload: { choice: 'yes' },
      });
      expect(await statusOf(after, asking)).toMatchObject({
        status: 'suspended',
        steps: { q: { status: 'completed', output: { choice: 'yes', via: 'signal' } } },
      });
      expect(existsSync(marker)).toBe(false);

      for (const workflow_id of [sleeping, asking]) {
        await after.ops.signal(here, { workflow_id, signal_type: 'resume' });
        await eventually(async () => (await statusOf(after, workflow_id)).status === 'completed');
      }
      expect(readFileSync(marker, 'utf8')).toBe('ran\nran\n');
      // What was in flight then is judged as after a crash.
      await after.ops.signal(here, { workflow_id: working, signal_type: 'resume' });
      await eventually(async () => {
        const { pending_decisions: asked } = await statusOf(after, working);
        return asked[0]?.kind === 'outcome_unknown';
      });
      expect(await after.ops.verify(person, {})).toMatchObject({ ok: true, mismatches: [] });
    },
    TEST_MS,
  );

  test(
    'holds back runs that had not begun, and refuses signals that would start something',
    async () => {
      const marker = path('marker');
      const reader = await open(false);
      const result = await reader.ops.run(here, {
        definition: { steps: [touch(marker)] },
        wait: '0',
      });
      if ('dry_run' in result) throw new Error('a dry run is no run');
      copyDatabase(config.dbPath, path('b.db'), { force: false });
      await closeAll();
      expect(await restoreBackup(config, path('b.db'), Date.now())).toMatchObject({ pending: 1 });
      const app = await open();
      await app.engine?.recover(null);
      expect(await statusOf(app, result.workflow_id)).toMatchObject({ status: 'pending' });
      const resumed = await app.ops.signal(here, {
        workflow_id: result.workflow_id,
        signal_type: 'resume',
      });
      expect(resumed).toMatchObject({ ok: true });
      await eventually(() => existsSync(marker));
    },
    TEST_MS,
  );

  test('what was revoked since the backup stays revoked', async () => {
    const app = await open(false);
    const token = (id: string) => ({
      id,
      name: null,
      prefix: id,
      hash: id,
      role: 'admin' as const,
      agentId: null,
      createdAt: 1,
      createdBy: null,
      expiresAt: null,
      lastUsedAt: null,
      revokedAt: null,
    });
    for (const id of ['lost', 'kept']) app.store.addToken(token(id));
    copyDatabase(config.dbPath, path('b.db'), { force: false });
    app.store.revokeToken('lost', 5);
    await closeAll();
    expect(await restoreBackup(config, path('b.db'), Date.now())).toMatchObject({ tokens: 1 });
    const { store } = await open(false);
    expect([store.token('lost')?.revokedAt, store.token('kept')?.revokedAt]).toEqual([5, null]);
  });

  test('pauses schedules and gives up notices', async () => {
    const app = await open(false);
    app.store.addNotices([
      { key: 'k', kind: 'run_failed', channel: 'c', payload: {}, createdAt: 1 },
    ]);
    await closeAll();
    copyFileSync(config.dbPath, path('b.db'));
    chmodSync(path('b.db'), 0o644);
    expect(await restoreBackup(config, path('b.db'), Date.now())).toMatchObject({ notices: 1 });
    const after = await open(false);
    expect(after.store.nextNoticeAt(['c'])).toBeNull();
    expect(after.store.lastUpkeep('restore')).not.toBeNull();
    expect(statSync(config.dbPath).mode & 0o777).toBe(0o600);
  });
});
