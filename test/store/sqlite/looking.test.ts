/** Looking into a database changes nothing, in whatever state it and its disk are. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../../src/model/error.ts';
import { asRunId } from '../../../src/model/ids.ts';
import type { Store } from '../../../src/model/store.ts';
import { connectToLook } from '../../../src/store/sqlite/looking.ts';
import { MIGRATIONS, sqlOf } from '../../../src/store/sqlite/migrate.ts';
import { openSqliteStoreToLook } from '../../../src/store/sqlite/open.ts';
import { creation } from '../../contract/store-fixtures.ts';
import { PATIENCE_MS } from '../../support/patience.ts';
import { type TempDatabases, tempDatabases } from './temp-database.ts';

let files: TempDatabases;
beforeEach(() => {
  files = tempDatabases();
});
afterEach(() => files.remove());

/** Names and contents of all files; the lock file is not data. */
const everything = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !name.endsWith('-shm'))
      .map((name) => [
        name,
        new Bun.CryptoHasher('md5').update(readFileSync(join(folder, name))).digest('hex'),
      ]),
  );

async function made(...ids: string[]): Promise<void> {
  const store = files.open();
  for (const id of ids) await store.append([creation(id)]);
  store.close();
}

const look = <T>(work: (store: Store) => T, path = files.path): T => {
  const store = openSqliteStoreToLook(path);
  try {
    return work(store);
  } finally {
    store.close();
  }
};
const seqOf = (store: Store, id: string): number | undefined => store.head(asRunId(id))?.seq;

function refusal(work: () => unknown): AppError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

/** A database as a killed process leaves it: part of it is in the log of changes. */
async function leftBehind(): Promise<string> {
  const store = files.open();
  await store.append([creation('r1')]);
  const folder = join(files.folder, 'left');
  const path = join(folder, 'opcode.db');
  Bun.spawnSync(['mkdir', folder]);
  for (const end of ['', '-wal']) copyFileSync(`${files.path}${end}`, `${path}${end}`);
  return path;
}

describe('looking leaves everything as it is', () => {
  test('where there is no database it shows an empty one', () => {
    expect(look((store) => store.queryRuns({ limit: 5 }).items)).toEqual([]);
    expect(readdirSync(files.folder)).toEqual([]);
  });

  test('in a database that nobody has open', async () => {
    await made('r1');
    const before = readdirSync(files.folder).join(' ');
    const bytes = everything(files.folder);
    expect(look((store) => seqOf(store, 'r1'))).toBe(1);
    expect(everything(files.folder)).toEqual(bytes);
    expect(readdirSync(files.folder).join(' ')).toBe(before);
  });

  test('beside a process that has it open', async () => {
    const writer = files.open();
    await writer.append([creation('r1')]);
    const bytes = everything(files.folder);
    expect(look((store) => seqOf(store, 'r1'))).toBe(1);
    expect(everything(files.folder)).toEqual(bytes);
  });

  test('in what a killed process left', async () => {
    const path = await leftBehind();
    const bytes = everything(join(path, '..'));
    expect(look((store) => seqOf(store, 'r1'), path)).toBe(1);
    expect(everything(join(path, '..'))).toEqual(bytes);
  });

  test('writing through it is refused', async () => {
    await made('r1');
    const error = refusal(() => look((store) => store.noteUpkeep('gc', 1)));
    expect(error).toMatchObject({ code: 'STORE_ERROR', details: { kind: 'readonly' } });
  });

  test('who looks is not noted', async () => {
    await made();
    const agents = look((store) => {
      store.seeAgent('bot', 'llm', 1);
      return store.agents(5).items;
    });
    expect(agents).toEqual([]);
  });
});

test('nobody waits for a process that holds the write lock', async () => {
  const writer = files.open();
  await writer.append([creation('r1')]);
  const holder = new Database(files.path);
  holder.run('BEGIN IMMEDIATE');
  try {
    expect(look((store) => seqOf(store, 'r1'))).toBe(1);
    // A writer opens beside it too: opening writes nothing.
    files.open().close();
  } finally {
    holder.run('ROLLBACK');
    holder.close();
  }
});

describe('what comes meanwhile is seen', () => {
  test('the first database of a home', async () => {
    const store = openSqliteStoreToLook(files.path);
    const version = store.dataVersion();
    expect(seqOf(store, 'r1')).toBeUndefined();
    await made('r1');
    expect(store.dataVersion()).not.toBe(version);
    expect(seqOf(store, 'r1')).toBe(1);
    store.close();
  });

  test('what another process commits', async () => {
    await made('r1');
    const store = openSqliteStoreToLook(files.path);
    const version = store.dataVersion();
    await made('r2');
    expect(store.dataVersion()).not.toBe(version);
    expect(seqOf(store, 'r2')).toBe(1);
    store.close();
  });
});

describe('refused before anything is touched', () => {
  const mark = (database: Database, schema: number): void => {
    database.run(`PRAGMA user_version = ${schema}`);
    database.run(`UPDATE schema_bounds SET readable_from = ${schema}`);
  };

  test('a newer schema, by who looks and by who would write', async () => {
    await made('r1');
    const database = new Database(files.path);
    mark(database, MIGRATIONS.length + 1);
    database.close();
    const bytes = everything(files.folder);
    for (const open of [() => look(() => null), () => files.open()]) {
      expect(refusal(open)).toMatchObject({ details: { kind: 'newer_schema' } });
      expect(everything(files.folder)).toEqual(bytes);
    }
  });

  test('a newer schema that is still in the log of changes', async () => {
    const writer = files.open();
    await writer.append([creation('r1')]);
    const database = new Database(files.path);
    mark(database, MIGRATIONS.length + 1);
    const folder = join(files.folder, 'left');
    Bun.spawnSync(['mkdir', folder]);
    const path = join(folder, 'opcode.db');
    for (const end of ['', '-wal']) copyFileSync(`${files.path}${end}`, `${path}${end}`);
    database.close();
    const bytes = everything(folder);
    for (const open of [() => look(() => null, path), () => files.open({ path })]) {
      expect(refusal(open)).toMatchObject({ details: { kind: 'newer_schema' } });
      expect(everything(folder)).toEqual(bytes);
    }
  });

  test('an older schema says what brings it up to date, to who looks', () => {
    const older = new Database(files.path);
    older.run('PRAGMA journal_mode = WAL');
    for (const migration of MIGRATIONS.slice(0, 2)) older.run(sqlOf(migration));
    older.run(`PRAGMA application_id = ${0x6f_70_63_64}`);
    older.run('PRAGMA user_version = 2');
    older.close();
    const bytes = everything(files.folder);
    expect(refusal(() => look(() => null))).toMatchObject({
      message: expect.stringContaining(`its schema is 2, this program's is ${MIGRATIONS.length}`),
      details: { kind: 'older_schema' },
      hint: expect.stringContaining('opcode restart brings it up to date'),
    });
    expect(everything(files.folder)).toEqual(bytes);
    files.open().close();
    expect(look((store) => store.queryRuns({ limit: 1 }).items)).toEqual([]);
  });

  test("another program's database, also when it keeps a log of changes", () => {
    const other = new Database(files.path);
    other.run('PRAGMA journal_mode = WAL');
    other.run('CREATE TABLE songs (title TEXT)');
    other.close();
    const bytes = everything(files.folder);
    for (const open of [() => look(() => null), () => files.open()]) {
      expect(refusal(open)).toMatchObject({ details: { kind: 'not_a_database' } });
      expect(everything(files.folder)).toEqual(bytes);
    }
  });

  test('a file whose schema is damaged is told as damaged and kept', async () => {
    await made('r1');
    const bytes = readFileSync(files.path);
    const at = bytes.indexOf('created_at');
    bytes.write('creatcd_at', at);
    for (let next = bytes.indexOf('created_at'); next >= 0; next = bytes.indexOf('created_at')) {
      bytes.write('creatcd_at', next);
    }
    writeFileSync(files.path, bytes);
    const before = everything(files.folder);
    const error = refusal(() => look((store) => store.queryRuns({ limit: 5 })));
    expect(error).toMatchObject({
      message: expect.stringContaining('damaged'),
      details: { kind: 'corrupt' },
      hint: expect.stringContaining('keep a copy'),
    });
    expect(everything(files.folder)).toEqual(before);
  });
});

/** Mounting needs root; elsewhere this is not tried. */
const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!mayMount)('on a disk of its own (needs root to mount one)', () => {
  const disk = (): string => join(files.folder, 'disk');
  const path = (): string => join(disk(), 'opcode.db');
  const mount = (...args: string[]): void => {
    const { success, stderr } = Bun.spawnSync(['mount', ...args, disk()]);
    if (!success) throw new Error(stderr.toString());
  };
  beforeEach(() => {
    Bun.spawnSync(['mkdir', disk()]);
    mount('-t', 'tmpfs', '-o', 'size=3m', 'none');
  });
  afterEach(() => {
    Bun.spawnSync(['umount', '-l', disk()]);
  });
  const fill = (): void => {
    Bun.spawnSync(['dd', 'if=/dev/zero', `of=${join(disk(), 'fill')}`, 'bs=4k']);
  };
  const stored = async (): Promise<Store> => {
    const store = files.open({ path: path() });
    await store.append([creation('r1')]);
    return store;
  };

  test('a full one is read, with a process there and without', async () => {
    const writer = await stored();
    fill();
    expect(look((store) => seqOf(store, 'r1'), path())).toBe(1);
    rmSync(join(disk(), 'fill'));
    writer.close();
    fill();
    const names = readdirSync(disk());
    expect(look((store) => seqOf(store, 'r1'), path())).toBe(1);
    expect(readdirSync(disk())).toEqual(names);
  });

  test('a full one opens for writing where somebody has it open, and says that it is full', async () => {
    const writer = await stored();
    fill();
    files.open({ path: path() }).close();
    rmSync(join(disk(), 'fill'));
    writer.close();
    fill();
    expect(refusal(() => files.open({ path: path() }))).toMatchObject({
      message: expect.stringContaining('the disk is full'),
      details: { kind: 'full' },
      hint: expect.stringContaining('opcode gc'),
    });
  });

  test('the reserve is spent to open for who makes room', async () => {
    (await stored()).close();
    writeFileSync(`${path()}-reserve`, 'x'.repeat(512 * 1024));
    fill();
    const store = files.open({ path: path(), makesRoom: true });
    expect(seqOf(store, 'r1')).toBe(1);
    expect(readdirSync(disk())).not.toContain('opcode.db-reserve');
  });

  test('one that may not be written is read', async () => {
    (await stored()).close();
    mount('-o', 'remount,ro');
    expect(look((store) => seqOf(store, 'r1'), path())).toBe(1);
    mount('-o', 'remount,rw');
  });

  test('one that may not be written and holds part of the database in the log beside it says so', async () => {
    const writer = await stored();
    const aside = join(files.folder, 'aside');
    Bun.spawnSync(['mkdir', aside]);
    for (const end of ['', '-wal']) copyFileSync(`${path()}${end}`, join(aside, `opcode.db${end}`));
    writer.close();
    for (const end of ['', '-wal']) copyFileSync(join(aside, `opcode.db${end}`), `${path()}${end}`);
    mount('-o', 'remount,ro');
    expect(refusal(() => look(() => null, path()))).toMatchObject({
      message: expect.stringContaining('part of the database is in it'),
      details: { kind: 'readonly' },
    });
    mount('-o', 'remount,rw');
  });
});

describe('a file that somebody is making', () => {
  /** Looks at a file that changes between so many looks at it. */
  const countRuns = (changes: number, limitMs?: number): unknown => {
    let looks = 0;
    const stamp = (): string => String(Math.min(looks++, changes));
    const connection = connectToLook(files.path, limitMs, stamp);
    try {
      return connection.one('SELECT count(*) AS runs FROM runs');
    } finally {
      connection.close();
    }
  };

  test('is read once it no longer changes, however often it did', () => {
    expect(countRuns(40, PATIENCE_MS)).toEqual({ runs: 0 });
  });

  test('is not waited for past the limit, and that is said', () => {
    const refused = refusal(() => countRuns(Number.POSITIVE_INFINITY, 50));
    expect(refused.message).toMatch(/it was written to during each of \d+ looks/);
    expect(refused.details).toMatchObject({ kind: 'busy' });
  });
});
