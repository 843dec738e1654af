/** A test message of a channel is sent by who delivers: the daemon, with its secrets, if one lives. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_MS } from '../support/patience.ts';
import { BINARY, newWorld, type World } from './opcode.ts';

let world: World;
let daemon: Bun.Subprocess | null = null;
const bodies: string[] = [];
const headers: (string | null)[] = [];
const receiver = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    headers.push(request.headers.get('x-key'));
    bodies.push(await request.text());
    return new Response('ok');
  },
});

const channel = {
  type: 'webhook',
  url: `http://127.0.0.1:${receiver.port}/`,
  headers: { 'X-Key': `\${{ secrets.HOOK_KEY }}` },
};
const settings = (...names: string[]): void =>
  writeFileSync(
    join(world.home, 'settings.json'),
    JSON.stringify({ notify: { channels: Object.fromEntries(names.map((n) => [n, channel])) } }),
  );

beforeEach(() => {
  world = newWorld();
  mkdirSync(world.home, { mode: 0o700 });
  settings('team');
});
afterEach(async () => {
  daemon?.kill('SIGTERM');
  await daemon?.exited;
  daemon = null;
  world.close();
});

async function serve(env: Record<string, string>): Promise<void> {
  daemon = Bun.spawn([BINARY, 'serve'], {
    env: {
      PATH: process.env.PATH ?? '',
      OPCODE_HOME: world.home,
      OPCODE_LISTEN_ADDR: ':0',
      ...env,
    },
    stdout: 'ignore',
    stderr: 'pipe',
  });
  const reader = (daemon.stderr as ReadableStream<Uint8Array>).getReader();
  for (let text = ''; !text.includes('is ready'); ) {
    const { value, done } = await reader.read();
    if (done) throw new Error(text);
    text += new TextDecoder().decode(value);
  }
  reader.releaseLock();
}

test(
  'by the daemon, which has the secret that the command has not',
  async () => {
    const alone = await world.run('notify', 'test', 'team');
    expect([alone.code, alone.stdout]).toEqual([1, expect.stringContaining('HOOK_KEY')]);
    await serve({
      OPCODE_SECRET_HOOK_KEY: 'of-the-daemon',
      OPCODE_TOKEN: 'a-token-that-the-command-lacks',
    });
    const sent = await world.run('notify', 'test', 'team', '--json');
    expect([sent.code, sent.json().ok]).toEqual([0, true]);
    expect(headers.at(-1)).toBe('of-the-daemon');
    const unknown = await world.run('notify', 'test', 'nobody');
    expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining('there is: team')]);
    settings('team', 'new');
    const later = await world.run('notify', 'test', 'new');
    expect([later.code, later.stderr]).toEqual([4, expect.stringContaining('kill -HUP')]);
  },
  TEST_MS,
);

test('by the command itself when no daemon lives', async () => {
  const env = { OPCODE_SECRET_HOOK_KEY: 'of-the-command' };
  expect((await world.runWith({ env }, 'notify', 'test', 'team')).code).toBe(0);
  expect(headers.at(-1)).toBe('of-the-command');
});

test(
  'what doctor says of a webhook goes by the secrets of the daemon',
  async () => {
    const file = join(world.home, 'w.json');
    const webhook = [{ name: 'push', secret: 'PUSH_KEY' }];
    const definition = { steps: [{ id: 'a', run: 'true' }] };
    writeFileSync(file, JSON.stringify({ name: 'w', definition, triggers: { webhook } }));
    await world.run('define', file);
    const said = async (env: Record<string, string> = {}) =>
      (await world.runWith({ env }, 'doctor')).stdout.match(/webhooks +(.*)/)?.[1];
    const mine = { OPCODE_SECRET_PUSH_KEY: 'of-the-command' };
    expect([await said(), await said(mine)]).toEqual([expect.stringContaining('not set'), 'push']);
    await serve({});
    expect(await said(mine)).toBe('"push" takes nothing: the daemon has not its secret');
    daemon?.kill('SIGTERM');
    await daemon?.exited;
    await serve({
      OPCODE_SECRET_PUSH_KEY: 'of-the-daemon',
      OPCODE_TOKEN: 'another-one-of-its-own',
    });
    expect(await said()).toBe('push');
  },
  TEST_MS,
);
