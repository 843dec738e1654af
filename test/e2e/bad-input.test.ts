/** Bad input: each a clear error with its code and exit code; nothing registered, nothing lost. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flow, newWorld, type World } from './opcode.ts';

let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

const hash = { id: 'hash', action: 'crypto.hash', params: { data: 'abc' } };
const good = flow('good', [hash]);

const nothingThere = async (): Promise<void> => {
  expect((await world.run('query', 'workflows', '--json')).json()).toEqual({ workflows: [] });
  expect((await world.run('query', 'templates', '--json')).json()).toEqual({ templates: [] });
};

describe('a workflow file with', () => {
  test.each([
    ['wrong JSON', '{"steps": [', 'VALIDATION_ERROR', 'bad.json:1:'],
    ['a key written twice', '{"steps": [], "steps": []}', 'VALIDATION_ERROR', 'bad.json:1:'],
    ['an unknown field', { stepps: [hash], steps: [hash] }, 'VALIDATION_ERROR', 'steps'],
    [
      'an unknown action',
      { steps: [{ id: 'a', action: 'crypto.hsh' }] },
      'ACTION_UNAVAILABLE',
      'crypto.hash',
    ],
    [
      'a missing param',
      { steps: [{ id: 'a', action: 'crypto.hash' }] },
      'VALIDATION_ERROR',
      'data',
    ],
    [
      'a circle',
      {
        steps: [
          { ...hash, id: 'a', depends_on: ['b'] },
          { ...hash, id: 'b', depends_on: ['a'] },
        ],
      },
      'CYCLE_DETECTED',
      'a',
    ],
    ['a missing step', { steps: [{ ...hash, depends_on: ['gone'] }] }, 'VALIDATION_ERROR', 'gone'],
    ['no steps', { steps: [] }, 'VALIDATION_ERROR', 'steps'],
    ['no object', '[]', 'VALIDATION_ERROR', ''],
  ])('%s', async (_, content, code, text) => {
    const file = world.file('bad.json', content);
    for (const command of ['run', 'define', 'validate', 'diagram']) {
      const done = await world.run(
        command,
        file,
        ...(command === 'define' ? ['--name', 'bad'] : []),
      );
      expect([command, done.code]).toEqual([command, 2]);
      const said = command === 'validate' ? done.stdout : done.stderr;
      expect(said).toContain(`[${code}]`);
      expect(said).toContain(text);
    }
    await nothingThere();
  });
});

describe('validate', () => {
  test('shows every problem with its line, and counts them', async () => {
    const text = [
      'steps:',
      '  - id: a',
      '    action: crypto.hash',
      '    params:',
      '      dat: x',
      '  - id: b',
      '    action: nope',
    ];
    const done = await world.run('validate', world.file('bad.yaml', text.join('\n')));
    expect(done.code).toBe(2);
    expect(done.stdout).toContain('bad.yaml:5:');
    expect(done.stdout).toContain('bad.yaml:7:');
    expect(done.stdout).toContain('>'.concat(' 5 │       dat: x'));
    expect(done.stdout).toMatch(/is not valid: \d errors/);
  });

  test('--strict counts warnings', async () => {
    const file = world.file(
      'warn.json',
      flow('warn', [{ id: 'a', action: 'shell.exec', params: { command: 'true' } }]),
    );
    const lenient = await world.run('validate', file, '--json');
    expect(lenient.json()).toMatchObject({ valid: true, issues: [{ severity: 'warning' }] });
    expect((await world.run('validate', file, '--strict')).code).toBe(2);
  });

  test('of several files gives one document', async () => {
    const files = [world.file('a.json', good), world.file('b.json', '{')];
    const done = await world.run('validate', ...files, '--json');
    expect(done.code).toBe(2);
    expect(done.json<unknown[]>()).toMatchObject([{ valid: true }, { valid: false }]);
  });
});

describe('inputs that', () => {
  const file = () =>
    world.file('typed.json', {
      name: 'typed',
      input_schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
      definition: { steps: [hash] },
    });

  test.each([
    ['are missing', [], 'n'],
    ['have another type', ['-p', 'n=many'], 'n'],
    ['are no JSON', ['-p', 'n:={'], 'n'],
    ['are no pairs', ['-p', 'n'], 'key=value'],
    ['are in no file', ['--params', 'gone.json'], 'gone.json'],
  ])('%s start nothing', async (_, args, text) => {
    const done = await world.run('run', file(), ...args);
    expect([2, 3]).toContain(done.code);
    expect(done.stderr).toMatch(/^\[(VALIDATION_ERROR|NOT_FOUND)\] /);
    expect(done.stderr).toContain(text);
    await nothingThere();
  });
});

describe('a database', () => {
  test('that is no database is left as it is', async () => {
    const path = join(world.folder, 'notes.db');
    writeFileSync(path, 'these are my notes, not a database\n'.repeat(50));
    const done = await world.run('run', world.file('good.json', good), '--db-path', path);
    expect([done.code, done.stderr]).toEqual([1, expect.stringContaining('[STORE_ERROR]')]);
    expect(await Bun.file(path).text()).toStartWith('these are my notes');
  });

  test('that is a folder, or in a folder that is a file', async () => {
    mkdirSync(join(world.folder, 'folder.db'));
    writeFileSync(join(world.folder, 'plain'), '');
    for (const path of ['folder.db', 'plain/opcode.db']) {
      const done = await world.run('status', '--db-path', join(world.folder, path));
      expect([done.code, done.stderr]).toEqual([1, expect.stringContaining('[STORE_ERROR]')]);
    }
  });

  test('of a newer release is refused, saying so', async () => {
    await world.run('run', world.file('good.json', good), '-q');
    const path = join(world.home, 'opcode.db');
    const database = new Database(path);
    database.run('PRAGMA user_version = 9999');
    database.run('UPDATE schema_bounds SET readable_from = 9999');
    database.close();
    const done = await world.run('status');
    expect([done.code, done.stderr]).toEqual([1, expect.stringContaining('[STORE_ERROR]')]);
    expect(done.stderr).toContain('newer');
  });

  test('that cannot grow refuses the run and loses nothing', async () => {
    await world.run('run', world.file('good.json', good), '-q');
    const big = world.file(
      'big.json',
      flow('big', [{ ...hash, params: { data: 'x'.repeat(900_000) } }]),
    );
    // A limit on file sizes is what a full disk looks like to the database.
    const limited = Bun.spawn(
      [
        'sh',
        '-c',
        `trap '' XFSZ; ulimit -f 256; exec "$0" "$@"`,
        `${process.cwd()}/dist/opcode`,
        'run',
        big,
        '--wait',
        '2s',
      ],
      {
        cwd: world.folder,
        env: { PATH: process.env.PATH ?? '', HOME: world.folder, OPCODE_HOME: world.home },
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      },
    );
    const [stderr, code] = await Promise.all([new Response(limited.stderr).text(), limited.exited]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('[STORE_ERROR]');
    const runs = (await world.run('query', 'workflows', '--json')).json<{
      workflows: { name: string }[];
    }>();
    expect(runs.workflows.map((run) => run.name)).toEqual(['good']);
  });
});

describe('a command line with', () => {
  test.each([
    ['an unknown command', ['frobnicate'], "unknown command 'frobnicate'"],
    ['a mistyped command', ['statsu'], 'Did you mean status'],
    ['an unknown option', ['run', '--colour', 'x'], "unknown option '--colour'"],
    ['a missing argument', ['run'], 'missing required argument'],
    ['too many arguments', ['status', 'a', 'b', 'c'], 'too many arguments'],
    ['a bad duration', ['run', 'x.json', '--wait', '30'], 'has no unit'],
    ['a bad number', ['query', 'workflows', '--limit', 'x'], 'whole number'],
    ['an unknown list', ['query', 'cats'], 'workflows'],
    ['an unknown format', ['diagram', 'x', '--format', 'gif'], 'mermaid'],
    ['a bad filter', ['cancel', '--where', 'colour=red', '--yes'], '--where'],
  ])('%s is told what to do', async (_, args, text) => {
    const done = await world.run(...args);
    expect([done.code, done.stdout]).toEqual([2, '']);
    expect(done.stderr).toStartWith('[VALIDATION_ERROR] ');
    expect(done.stderr).toContain(text);
  });

  test('--json gives errors as JSON too', async () => {
    const done = await world.run('run', 'gone.json', '--json');
    expect([done.code, done.stderr]).toEqual([3, '']);
    expect(done.json()).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  test('a bad setting names its place', async () => {
    const done = await world.runWith({ env: { OPCODE_POOL_SIZE: 'many' } }, 'status');
    expect([done.code, done.stderr]).toEqual([2, expect.stringContaining('OPCODE_POOL_SIZE')]);
  });
});

test('every command has help with two examples', async () => {
  const listed = (await world.run('--help')).stdout;
  const names = [...listed.matchAll(/^ {2}([a-z]+) {2,}[A-Z]/gm)].map((match) => match[1] ?? '');
  expect(names.length).toBeGreaterThan(20);
  for (const name of names) {
    const help = await world.run(name, '--help');
    expect([name, help.code]).toEqual([name, 0]);
    const examples = help.stdout.split('Examples:\n')[1] ?? '';
    expect([name, examples.trim().split('\n').length > 1]).toEqual([name, true]);
  }
});
