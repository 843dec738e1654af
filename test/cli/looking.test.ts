/** What only looks changes no byte of the home and leaves no file there, whatever it is asked. */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../cli/program.ts';
import { RESOURCES } from '../../src/ops/query-schemas.ts';
import { APPLICATION_ID } from '../../src/store/sqlite/identity.ts';
import { MIGRATIONS, sqlOf } from '../../src/store/sqlite/migrate.ts';
import { fakeTerminal } from './fake-terminal.ts';

let folder = '';
let file = '';
const home = (): string => join(folder, 'home');
const db = (): string => join(home(), 'opcode.db');

async function opcode(...args: string[]) {
  const terminal = fakeTerminal();
  const code = await execute(args, terminal, { OPCODE_HOME: home(), HOME: folder });
  return { code, stdout: terminal.stdout.text(), stderr: terminal.stderr.text() };
}

/** Every file below the home, with what is in it; of the lock file of SQLite only that it is there. */
function everything(): Record<string, string> {
  const names = readdirSync(home(), { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(home(), name);
      if (statSync(path).isDirectory() || name.endsWith('-shm')) return [name, ''];
      return [name, Bun.hash(readFileSync(path)).toString(16)];
    }),
  );
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'opcode-looking-'));
  file = join(folder, 'flow.json');
  writeFileSync(file, JSON.stringify({ steps: [{ id: 'say', run: 'echo hello' }] }));
  for (const words of [
    ['define', file, '--name', 'flow'],
    ['run', 'flow', '-q'],
    ['schedule', 'add', 'nightly', 'flow', '0 2 * * *'],
  ]) {
    expect(await opcode(...words)).toMatchObject({ code: 0 });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const LOOKS: readonly (readonly string[])[] = [
  ['status'],
  ['status', '@last'],
  ['status', '@last', 'say'],
  ...RESOURCES.map((resource) =>
    resource === 'events' ? ['query', resource, '--run', '@last'] : ['query', resource],
  ),
  ['events', '@last'],
  ['logs', '@last'],
  ['diagram', 'flow'],
  ['diagram', '@last'],
  ['verify'],
  ['verify', '@last'],
  ['doctor'],
  ['settings'],
  ['schema'],
  ['schedule', 'list'],
  ['schedule', 'next', 'nightly'],
  ['schedule', 'history', 'nightly'],
  [
    'schedule',
    'backfill',
    'nightly',
    '--start',
    '2025-01-01T00:00:00Z',
    '--end',
    '2025-01-03T00:00:00Z',
    '--dry-run',
  ],
  ['agent', 'list'],
  ['token', 'list'],
  ['notify', 'list'],
  ['gc', '--dry-run'],
  ['stop'],
  ['__complete', 'status', ''],
];
const works = async (words: readonly string[]): Promise<void> => {
  const { code, stdout, stderr } = await opcode(...words);
  // The doctor speaks of the machine too, which is no matter of this test.
  if (words[0] !== 'doctor')
    expect({ words, code, stderr: code === 0 ? '' : stderr }).toEqual({
      words,
      code: 0,
      stderr: '',
    });
  expect(stdout).not.toContain('fail  database');
};

describe('nothing is written by', () => {
  test.each(LOOKS.map((words) => [words.join(' '), words] as const))(
    'opcode %s',
    async (_, words) => {
      const before = everything();
      await works(words);
      expect(everything()).toEqual(before);
    },
  );

  test.each(['validate', 'run --dry-run'])('opcode %s with a file', async (line) => {
    const before = everything();
    await works([...line.split(' '), file]);
    expect(everything()).toEqual(before);
  });

  test('opcode status in a home that does not exist', async () => {
    const terminal = fakeTerminal();
    const none = join(folder, 'none');
    expect(await execute(['status'], terminal, { OPCODE_HOME: none })).toBe(0);
    expect(readdirSync(folder)).not.toContain('none');
  });
});

test('beside a process that has the database open and holds the write lock, all of it works', async () => {
  const holder = new Database(db());
  holder.run('BEGIN IMMEDIATE');
  try {
    const before = everything();
    for (const words of LOOKS) await works(words);
    expect(everything()).toEqual(before);
  } finally {
    holder.run('ROLLBACK');
    holder.close();
  }
});

describe('a settings.json that cannot be used', () => {
  const settings = (): string => join(home(), 'settings.json');
  const withSettings = async (text: string, work: () => Promise<void>): Promise<void> => {
    writeFileSync(settings(), text);
    try {
      await work();
    } finally {
      rmSync(settings());
    }
  };

  test('is shown with the line to what only looks, which goes on with the defaults', async () => {
    await withSettings('{\n  "log_level":\n', async () => {
      for (const words of LOOKS.filter(([first]) => first !== 'doctor' && first !== '__complete')) {
        const { code, stderr } = await opcode(...words);
        expect({ words, code }).toEqual({ words, code: 0 });
        if (words[0] === 'schema') continue;
        expect(stderr.match(/not valid JSON/g)).toHaveLength(1);
        expect(stderr).toContain(`${settings()}:2:`);
        expect(stderr).toMatch(/> 2 .*"log_level":/);
      }
      const typed = await opcode('__complete', 'status', '');
      expect([typed.stderr, typed.stdout]).toEqual(['', expect.stringContaining('@last')]);
    });
  });

  test('fails in the doctor, which looks at the rest', async () => {
    await withSettings('{"paths": {"deny": ["ro"]}}', async () => {
      const { code, stdout } = await opcode('doctor');
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /fail {2}settings .*paths\.deny\[0\]: "ro" is not absolute.*line 1, column 21/,
      );
      expect(stdout).toContain('ok    database');
    });
  });

  test('stops what would work with it, with the line', async () => {
    await withSettings('{"egress":\n {"deny": ["127.0.0.1/99"]}}', async () => {
      const { code, stderr } = await opcode('run', 'flow');
      expect(code).toBe(2);
      expect(stderr).toContain('"127.0.0.1/99" is no host');
      expect(stderr).toContain(`${settings()}:2:`);
      expect(stderr).toContain('egress.deny[0]');
    });
  });
});

test('runs of a file are told by its name, in lists, in status and in drawings', async () => {
  writeFileSync(join(folder, 'count.json'), JSON.stringify({ steps: [{ id: 'a', run: 'true' }] }));
  const ran = await opcode('run', join(folder, 'count.json'));
  expect(ran.stderr).toContain('count.json');
  expect((await opcode('query', 'workflows')).stdout).toContain('count.json');
  expect((await opcode('status', '@last')).stdout).toContain('count.json');
  expect((await opcode('diagram', '@last')).stdout).toStartWith('count.json · completed');
  expect((await opcode('rerun', '@last')).code).toBe(0);
  const [again] = JSON.parse((await opcode('query', 'workflows', '--json')).stdout).workflows;
  expect(again).toMatchObject({ name: 'count.json' });
  expect((await opcode('verify')).code).toBe(0);
});

test('`query actions` tells the class of http.request by its method', async () => {
  const asked = await opcode('query', 'actions', '--name', 'http.request', '--json');
  expect(JSON.parse(asked.stdout).actions).toMatchObject([{ effect: 'by method' }]);
});

test('what the executable itself holds is shown beside a database that is too old', async () => {
  const other = join(folder, 'older');
  mkdirSync(other, { mode: 0o700 });
  const old = new Database(join(other, 'opcode.db'));
  for (const migration of MIGRATIONS.slice(0, 7)) old.run(sqlOf(migration));
  old.run(`PRAGMA application_id = ${APPLICATION_ID}`);
  old.run('PRAGMA user_version = 7');
  old.close();
  const there = async (...words: string[]) => {
    const terminal = fakeTerminal();
    const code = await execute(words, terminal, { OPCODE_HOME: other, HOME: folder });
    return { code, stderr: terminal.stderr.text() };
  };
  for (const words of [
    ['validate', file],
    ['query', 'reference'],
    ['query', 'actions'],
    ['schema'],
  ]) {
    expect([words, (await there(...words)).code]).toEqual([words, 0]);
  }
  const status = await there('status');
  expect([status.code, status.stderr]).toEqual([1, expect.stringContaining('schema')]);
  expect(readdirSync(other)).toEqual(['opcode.db']);
});
