/** `opcode mcp` and the daemon: one for all clients, started when none lives, replaced when it dies. */
import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, TEST_MS, untilPast } from '../support/patience.ts';
import { daemonOf, freePort, writeSettings } from './daemon.ts';
import { flow, newWorld, type World } from './opcode.ts';
import { type StdioClient, stdioClient } from './stdio-client.ts';

// Several processes at a time, on a machine that may have other work.
setDefaultTimeout(TEST_MS);

let world: World;
let port: number;
let clients: StdioClient[];
beforeEach(async () => {
  world = newWorld();
  mkdirSync(world.home, { mode: 0o700 });
  port = await freePort();
  writeSettings(world.home, { listen_addr: `:${port}` });
  clients = [];
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  if (daemonOf(world.home) !== null) await world.run('stop', '--now');
  world.close();
});

async function client(...args: string[]): Promise<StdioClient> {
  const made = await stdioClient(world, ...args);
  clients.push(made);
  return made;
}

interface Nodes {
  readonly nodes: readonly { readonly role: string; readonly pid: number }[];
}

/** Roles of the processes that execute in this home. */
async function roles(): Promise<string[]> {
  const database = new Database(join(world.home, 'opcode.db'), { readonly: true });
  const rows = database.query('SELECT role FROM nodes').all() as Nodes['nodes'];
  database.close();
  return rows.map(({ role }) => role);
}

const STEPS = { steps: [{ id: 'a', action: 'workflow.log', params: { message: 'x' } }] };
/** The effect before the wait, which a file ends, is seen once, however often the run is started. */
const SLOW = {
  steps: [
    { id: 'mark', action: 'fs.append', params: { path: '${{inputs.path}}', content: 'x' } },
    {
      id: 'wait',
      run: 'until test -e ${{inputs.path}}.go; do sleep 0.02; done',
      effect: 'idempotent',
      depends_on: ['mark'],
    },
  ],
};

describe('a client of `opcode mcp`', () => {
  test('finds a daemon, or it is started and stays', async () => {
    const one = await client();
    expect((await one.tool('run', { definition: STEPS })).status).toBe('completed');
    const daemon = daemonOf(world.home);
    expect(statSync(join(world.home, 'daemon.log')).mode & 0o777).toBe(0o600);
    expect(statSync(join(world.home, 'mcp.sock')).mode & 0o777).toBe(0o600);
    await one.close();
    const two = await client();
    expect((await two.tool('run', { definition: STEPS })).status).toBe('completed');
    expect(daemonOf(world.home)?.pid).toBe(daemon?.pid as number);
    expect(await roles()).toEqual(['serve']);
    expect((await world.run('stop')).stdout).toContain('Stopped');
    expect(existsSync(join(world.home, 'mcp.sock'))).toBe(false);
  });

  test('that starts at the same time as others shares one daemon with them', async () => {
    const all = await Promise.all([client(), client(), client()]);
    const ends = await Promise.all(all.map((each) => each.tool('run', { definition: STEPS })));
    expect(ends.map(({ status }) => status)).toEqual(['completed', 'completed', 'completed']);
    expect(await roles()).toEqual(['serve']);
  });

  test('gets the answer to its call though the daemon is killed meanwhile', async () => {
    const one = await client();
    const ran = join(world.folder, 'ran.txt');
    const called = one.tool('run', { definition: SLOW, params: { path: ran } });
    const isWaiting = async (): Promise<boolean> => {
      const seen = await world.run('status', '@last', '--json', '--include', 'steps');
      if (seen.code !== 0) return false;
      const { steps } = seen.json<{ steps: Record<string, { status: string }> }>();
      return steps.wait?.status === 'running';
    };
    await eventually(isWaiting, 'it waits');
    const killed = daemonOf(world.home)?.pid as number;
    process.kill(killed, 'SIGKILL');
    writeFileSync(`${ran}.go`, '');
    expect((await called).status).toBe('completed');
    expect(await Bun.file(ran).text()).toBe('x');
    expect(daemonOf(world.home)?.pid).not.toBe(killed);
    expect(
      (await world.run('query', 'workflows', '--json')).json<{ workflows: unknown[] }>(),
    ).toMatchObject({
      workflows: [{ status: 'completed' }],
    });
  });

  test('is served by the next daemon after a stop, with its notifications', async () => {
    const one = await client();
    expect((await one.tool('run', { definition: STEPS })).status).toBe('completed');
    expect((await world.run('stop')).code).toBe(0);
    const asks = { steps: [{ id: 'ask', type: 'reasoning', config: { prompt_context: 'Go?' } }] };
    expect((await one.tool('run', { definition: asks })).status).toBe('suspended');
    await eventually(
      () =>
        one.notifications.some(({ params }) =>
          JSON.stringify(params).includes('waits for a decision'),
        ),
      'it is told',
    );
  });

  test('waits for a daemon that takes long to start', async () => {
    const noop = flow('noop', STEPS.steps);
    expect((await world.run('define', world.file('noop.json', noop))).code).toBe(0);
    const writer = new Database(join(world.home, 'opcode.db'));
    writer.run('BEGIN IMMEDIATE');
    const starting = world.start('serve');
    await eventually(() => daemonOf(world.home), 'its pid file');
    const coming = client();
    // Longer than one that is ready may have no socket.
    await untilPast(Date.now() + 5500);
    writer.run('ROLLBACK');
    writer.close();
    const one = await coming;
    expect((await one.tool('run', { definition: STEPS })).status).toBe('completed');
    expect(await roles()).toEqual(['serve']);
    await one.close();
    starting.kill();
    await starting.exited;
  });

  test('is served by this process, which says why, where no daemon can be', async () => {
    const other = Bun.serve({ port, hostname: '127.0.0.1', fetch: () => new Response('other') });
    const one = await client();
    expect((await one.tool('run', { definition: STEPS })).status).toBe('completed');
    expect(one.stderr()).toContain(`port ${port} on 127.0.0.1 is in use by another program`);
    expect(await roles()).toEqual(['mcp']);
    await other.stop(true);
  });

  test('is served by this process with --no-daemon', async () => {
    const one = await client('--no-daemon');
    expect((await one.tool('run', { definition: STEPS })).status).toBe('completed');
    expect(await roles()).toEqual(['mcp']);
    expect(daemonOf(world.home)).toBeNull();
  });
});
