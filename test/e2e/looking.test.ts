/** Looking at templates and runs through the executable. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, TEST_MS } from '../support/patience.ts';
import { BINARY, flow, newWorld, type World } from './opcode.ts';

let world: World;
beforeEach(() => {
  world = newWorld();
});
afterEach(() => world.close());

const talk = flow('talk', [
  { id: 'say', run: 'echo one; echo two >&2' },
  { id: 'again', depends_on: ['say'], run: 'echo three' },
]);

const ids = async (): Promise<string[]> => {
  const found = await world.run('query', 'workflows', '--json');
  return found
    .json<{ workflows: { workflow_id: string }[] }>()
    .workflows.map((run) => run.workflow_id);
};

describe('templates', () => {
  test('are registered with versions and a diff', async () => {
    const file = world.file('talk.json', talk);
    const first = await world.run('define', file);
    expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('talk v1  registered')]);
    expect((await world.run('define', file)).stdout).toContain('talk v1  unchanged');
    world.file('talk.json', flow('talk', [{ id: 'say', run: 'echo other' }]));
    const second = await world.run('define', file);
    expect(second.stdout).toContain('talk v2');
    expect(second.stdout).toMatch(/\+ .*echo other/);
    const listed = await world.run('query', 'templates', '--json');
    expect(listed.json()).toMatchObject({ templates: [{ name: 'talk', version: 2 }] });
  });

  test('run by name, in an older version too', async () => {
    await world.run('define', world.file('talk.json', talk), '--name', 'chat');
    await world.run(
      'define',
      world.file('talk.json', flow('talk', [{ id: 'say', run: 'echo x' }])),
      '--name',
      'chat',
    );
    const old = await world.run('run', 'chat', '--version', '1', '--json');
    expect(old.json()).toMatchObject({ status: 'completed', steps: { again: {} } });
    const unknown = await world.run('run', 'chat', '--version', '9');
    expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining('[NOT_FOUND]')]);
  });
});

describe('a run', () => {
  test('is found by id, by its beginning, and as @last', async () => {
    const file = world.file('talk.json', talk);
    await world.run('run', file, '-q');
    await world.run('run', file, '-q');
    const [last = '', first = ''] = await ids();
    expect((await world.run('status', '@last', '--json')).json().workflow_id).toBe(last);
    const prefix = await world.run('status', first.slice(0, 12), '--json');
    expect(prefix.json().workflow_id).toBe(first);
    expect((await world.run('status', 'zzzz')).code).toBe(3);
  });

  test('shows its steps, and one step whole', async () => {
    await world.run('run', world.file('talk.json', talk), '-q');
    const run = await world.run('status', '@last');
    expect(run.stdout).toMatch(/say +✓ completed/);
    const step = await world.run('status', '@last', 'say');
    expect(step.stdout).toContain('"exit_code": 0');
  });

  test('keeps what its steps printed', async () => {
    await world.run('run', world.file('talk.json', talk), '-q');
    expect((await world.run('logs', '@last')).stdout).toBe('say │ one\nsay │ two\nagain │ three\n');
    expect((await world.run('logs', '@last', 'again')).stdout).toBe('three\n');
    const lines = (await world.run('logs', '@last', '--follow', '--json')).stdout
      .trim()
      .split('\n');
    expect(lines.map((line) => JSON.parse(line).step_id)).toEqual(['say', 'say', 'again']);
  });

  test('tells its events, also while it goes on', async () => {
    await world.run('run', world.file('talk.json', talk), '-q');
    const shown = await world.run('events', '@last');
    expect(shown.stdout.split('\n')[0]).toContain('workflow_started');
    const followed = await world.run('events', '@last', '--follow', '--json');
    const sequences = followed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).sequence);
    expect(sequences).toEqual(sequences.map((_, i) => i + 1));
  });

  test('is watched until its end', async () => {
    const nap = flow('nap', [{ id: 'nap', type: 'wait', config: { duration: '300ms' } }]);
    const run = world.start('run', world.file('nap.json', nap));
    await eventually(async () => (await ids()).length > 0, 'the other process has written it');
    const watched = await world.run('status', '@last', '--watch');
    await run.exited;
    expect([watched.code, watched.stdout]).toEqual([
      0,
      expect.stringContaining('✓ completed  nap'),
    ]);
  });
});

describe('diagrams', () => {
  test.each([
    ['ascii', '│ say'],
    ['mermaid', 'flowchart'],
    ['dot', 'digraph'],
    ['svg', '<svg'],
  ])('%s', async (format, text) => {
    const drawn = await world.run('diagram', world.file('talk.json', talk), '--format', format);
    expect([drawn.code, drawn.stdout]).toEqual([0, expect.stringContaining(text)]);
  });

  test('are written to a file in the format of its name', async () => {
    const file = join(world.folder, 'talk.png');
    expect((await world.run('diagram', world.file('talk.json', talk), '-o', file)).code).toBe(0);
    expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');
  });

  test('of a run carry its statuses, of a template none', async () => {
    await world.run('define', world.file('talk.json', talk));
    await world.run('run', 'talk', '-q');
    expect((await world.run('diagram', '@last')).stdout).toContain('✓ say');
    expect((await world.run('diagram', '@last', '--no-status')).stdout).not.toContain('✓');
    expect((await world.run('diagram', 'talk')).stdout).not.toContain('✓');
  });
});

describe('the overview', () => {
  test('of nothing says how to begin', async () => {
    expect((await world.run('status')).stdout).toContain('opcode examples quickstart --run');
  });

  test('says what waits and why, and what failed', async () => {
    await world.run('run', world.file('bad.json', flow('bad', [{ id: 'a', run: 'exit 1' }])));
    const wait = { id: 'paid', type: 'wait', config: { signal: 'payment' } };
    await world.run('run', world.file('wait.json', flow('waiting', [wait])));
    const { stdout } = await world.run('status');
    expect(stdout).toContain('waits for the signal "payment"');
    expect(stdout).toContain('[EXECUTION_ERROR]');
  });
});

describe('output that is no terminal', () => {
  test('holds no control sequences', async () => {
    await world.run('run', world.file('talk.json', talk), '-q');
    for (const args of [['status'], ['status', '@last'], ['--help'], ['run', '--help'], ['nope']]) {
      const { stdout, stderr } = await world.run(...args);
      expect(stdout + stderr).not.toContain('\u001b');
    }
  });

  test('NO_COLOR takes the colours from a terminal too', async () => {
    await world.run('run', world.file('talk.json', talk), '-q');
    const plain = world.onTerminalWith({ NO_COLOR: '1' }, 'status');
    expect(await plain.exited).toBe(0);
    expect(plain.text()).not.toContain('\u001b');
    const colored = world.onTerminal('status');
    await colored.exited;
    expect(colored.text()).toContain('\u001b[32m');
  });
});

test('pages go on where the last one ended', async () => {
  const file = world.file('talk.json', talk);
  for (let i = 0; i < 3; i++) await world.run('run', file, '-q');
  const all = await ids();
  const first = (await world.run('query', 'workflows', '--limit', '2', '--json')).json<{
    workflows: { workflow_id: string }[];
    next_cursor: string;
  }>();
  const rest = await world.run('query', 'workflows', '--cursor', first.next_cursor, '--json');
  const seen = [...first.workflows, ...rest.json<typeof first>().workflows];
  expect(seen.map((run) => run.workflow_id)).toEqual(all);
});

test('schema is a JSON Schema, version a version', async () => {
  expect((await world.run('schema')).json()).toHaveProperty('$schema');
  expect((await world.run('--version')).stdout).toMatch(/^opcode \d+\.\d+\.\d+ \(.+\)\n$/);
  expect((await world.run('version', '--json')).json()).toHaveProperty('commit');
});

describe('examples', () => {
  test('are listed, copied once, and run as their folder says', async () => {
    const listed = (await world.run('examples', '--json')).json<{ examples: { name: string }[] }>();
    expect(listed.examples.map((example) => example.name)).toContain('quickstart');
    expect((await world.run('examples', 'quickstart')).stdout).toContain(
      'quickstart/workflow.json',
    );
    expect((await world.run('examples', 'quickstart')).code).toBe(4);
    const copied = await world.run('validate', 'quickstart/workflow.json');
    expect(copied.code).toBe(0);
  });

  test(
    'end as they promise, every one of them',
    async () => {
      const listed = (await world.run('examples', '--json')).json<{
        examples: { name: string }[];
      }>();
      for (const { name } of listed.examples) {
        const done = await world.run('examples', name, '--run', '--yes');
        expect([name, done.code, done.code === 0 ? '' : done.stderr]).toEqual([name, 0, '']);
        expect(done.stderr).toContain('as the example promises');
      }
    },
    TEST_MS,
  );
});

describe('completion', () => {
  test('knows commands, options, runs, steps, lists and examples', async () => {
    await world.run('define', world.file('talk.json', talk));
    await world.run('run', 'talk', '-q');
    const complete = async (...words: string[]): Promise<string[]> =>
      (await world.run('__complete', ...words)).stdout.trim().split('\n');
    expect(await complete('sta')).toEqual(['status']);
    expect(await complete('run', '--id')).toEqual(['--idempotency-key']);
    expect(await complete('run', 't')).toEqual(['talk']);
    expect(await complete('status', '')).toHaveLength(2);
    expect(await complete('logs', '@last', 'a')).toEqual(['again']);
    expect(await complete('query', 'e')).toEqual(['events']);
    expect(await complete('examples', 'quick')).toEqual(['quickstart']);
    expect(await complete('validate', '')).toEqual(['']);
  });

  test('works in a shell', async () => {
    const { stdout } = await world.run('completion', 'bash');
    const path = `PATH=${BINARY.slice(0, BINARY.lastIndexOf('/'))}:$PATH`;
    const typed = 'COMP_WORDS=(opcode schem); COMP_CWORD=1; _opcode; echo "${COMPREPLY[@]}"';
    const shell = Bun.spawnSync(['bash', '-c', `${path}\n${stdout}\n${typed}`], {
      env: { PATH: process.env.PATH ?? '', OPCODE_HOME: world.home },
    });
    expect(shell.stdout.toString().trim()).toBe('schema');
  });
});

test('a reader that is slow gets everything, one that leaves ends the command', async () => {
  const big = flow('big', [{ id: 'say', run: 'yes 0123456789 | head -100000' }]);
  await world.run('run', world.file('big.json', big), '-q');
  const piped = (tail: string) =>
    Bun.spawnSync(['sh', '-c', `"$0" logs @last say | ${tail}`, BINARY], {
      env: { PATH: process.env.PATH ?? '', OPCODE_HOME: world.home },
    }).stdout.toString();
  expect(piped('(sleep 0.2; wc -c)').trim()).toBe('1100000');
  expect(piped('head -1')).toBe('0123456789\n');
});
