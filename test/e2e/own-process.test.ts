/** What others can see of our processes: no secret in /proc, in children, or to a process of the same user. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { eventually, TEST_MS } from '../support/patience.ts';
import { BINARY, ensureBinary, flow, newWorld, type World } from './opcode.ts';

const SECRETS = {
  OPCODE_SECRET_KEY: 'hunter2-in-the-environment',
  OPCODE_TOKEN: 'token-of-the-server-itself',
  OPCODE_VAULT_KEY: 'passphrase-of-the-vault',
};
const VALUES = Object.values(SECRETS);

let world: World;
const children: Bun.Subprocess[] = [];
beforeEach(() => {
  world = newWorld();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    await child.exited;
  }
  world.close();
});

function start(args: readonly string[], prefix: readonly string[] = []): number {
  const child = Bun.spawn([...prefix, BINARY, ...args], {
    cwd: world.folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: world.folder,
      OPCODE_HOME: world.home,
      OPCODE_LISTEN_ADDR: ':0',
      PLAIN: 'plain-value',
      ...SECRETS,
    },
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  children.push(child);
  return child.pid;
}

const environ = (pid: number): string => readFileSync(`/proc/${pid}/environ`, 'utf8');
const fileText = (name: string): string | null => {
  const path = join(world.folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
};
const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      try {
        const stat = readFileSync(`/proc/${each}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false;
      }
    });

const isLinux = process.platform === 'linux';

describe.if(isLinux)('the environment', () => {
  const hidden = async (pid: number): Promise<string> =>
    eventually(() => {
      const text = environ(pid);
      return text.includes('PLAIN=plain-value') && VALUES.every((value) => !text.includes(value))
        ? text
        : null;
    });

  test(
    'of the daemon, and of what it starts',
    async () => {
      const pid = start(['serve']);
      await eventually(() => (existsSync(join(world.home, 'opcode.pid')) ? true : null));
      const text = await hidden(pid);
      expect(text).toContain('OPCODE_SECRET_KEY=');
      const slow = '[range(1e9)] | length';
      world.file(
        'slow.json',
        flow('slow', [{ id: 'count', action: 'jq', params: { filter: slow } }]),
      );
      const env = { OPCODE_TOKEN: SECRETS.OPCODE_TOKEN };
      await world.runWith({ env }, 'define', 'slow.json', '--name', 'slow');
      const run = world.runWith({ env }, 'run', 'slow');
      const compute = await eventually(() => childrenOf(pid)[0] ?? null);
      for (const value of VALUES) expect(environ(compute)).not.toContain(value);
      await run;
      expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max core file size\s+0 /);
    },
    TEST_MS,
  );

  test(
    'of a run in the terminal, whose command sees none of it either',
    async () => {
      const wait = 'env > seen.txt; mv seen.txt env.txt; sleep 60';
      world.file('a.json', flow('a', [{ id: 'a', run: wait }]));
      const pid = start(['run', 'a.json']);
      const seen = await eventually(() => fileText('env.txt'));
      for (const value of VALUES) expect(seen).not.toContain(value);
      await hidden(pid);
    },
    TEST_MS,
  );

  test(
    'of opcode mcp',
    async () => {
      await hidden(start(['mcp', '--no-daemon']));
    },
    TEST_MS,
  );
});

const NOBODY = 65_534;
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

/** Only root becomes somebody else, who has to reach the executable. */
function mayBecomeAnother(): boolean {
  if (!isLinux || process.getuid?.() !== 0 || Bun.which('setpriv') === null) return false;
  ensureBinary();
  return Bun.spawnSync([...AS_NOBODY, 'test', '-x', BINARY]).success;
}

test.if(mayBecomeAnother())(
  'another process of the same user cannot look inside',
  async () => {
    chmodSync(world.folder, 0o755);
    // Tests may run in a folder of their own that nobody else may pass.
    if (dirname(world.folder) !== '/tmp') chmodSync(dirname(world.folder), 0o711);
    chownSync(world.folder, NOBODY, NOBODY);
    const pid = start(['serve'], AS_NOBODY);
    await eventually(() => (existsSync(join(world.home, 'opcode.pid')) ? true : null));
    for (const name of ['environ', 'maps', 'mem', 'fd/0']) {
      const looked = Bun.spawnSync([...AS_NOBODY, 'cat', `/proc/${pid}/${name}`], {
        stdin: 'ignore',
      });
      expect(`${name}: ${looked.stderr.toString()}`).toContain('Permission denied');
    }
    // It works all the same: commands, groups, files.
    world.file('b.json', flow('b', [{ id: 'b', run: 'id -u' }]));
    const env = { OPCODE_HOME: world.home, OPCODE_TOKEN: SECRETS.OPCODE_TOKEN, HOME: world.folder };
    const done = Bun.spawnSync([...AS_NOBODY, BINARY, 'run', 'b.json', '--json'], {
      cwd: world.folder,
      env: { PATH: process.env.PATH ?? '', ...env },
    });
    expect(done.stdout.toString()).toContain(`"stdout":"${NOBODY}\\n"`);
  },
  TEST_MS,
);
