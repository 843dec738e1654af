/** What comes on standard input by mistake or on purpose: whatever can be answered is, and it goes on. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { BINARY, newWorld, type World } from '../../e2e/opcode.ts';
import { stdioServer } from './stdio-server.ts';

let world: World;

beforeAll(() => {
  world = newWorld();
});

afterAll(async () => {
  await world.run('stop');
  world.close();
});

function start(...flags: string[]) {
  const { args, env } = stdioServer(world, ...flags);
  const child = Bun.spawn([BINARY, ...args], {
    cwd: world.folder,
    env,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
  });
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  let seen = '';
  return {
    send(...messages: unknown[]): void {
      for (const message of messages) {
        child.stdin.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
      }
      child.stdin.flush();
    },
    async until(text: string): Promise<string> {
      while (!seen.includes(text)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`"${text}" is not in ${seen.slice(-500)}`);
        seen += decoder.decode(value, { stream: true });
      }
      return seen;
    },
    /** Ends in the middle of a message. */
    async leave(): Promise<number> {
      child.stdin.write('{"jsonrpc":"2.0","id":');
      await child.stdin.end();
      return child.exited;
    },
  };
}

const request = (method: string, id: unknown, params: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
const INIT = request('initialize', 'begin', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'rude', version: '1' },
});

describe.each([
  ['through the daemon', []],
  ['without a daemon', ['--no-daemon']],
])('%s', (_, flags) => {
  test('nonsense is passed over, and what comes after it is answered', async () => {
    const peer = start(...flags);
    peer.send('{', 'hello', '', '[]', '42', 'null', '{"jsonrpc":"2.0"}');
    peer.send(INIT, { jsonrpc: '2.0', method: 'notifications/initialized' });
    peer.send(request('fly', 'b'), request('ping', null), { ...request('ping', 'c'), params: [1] });
    peer.send(request('tools/call', 'd', { name: 'fly' }), INIT);
    for (let i = 0; i < 10_000; i++) peer.send({ jsonrpc: '2.0', method: 'notifications/nothing' });
    peer.send(request('ping', 'last'));
    const seen = await peer.until('"last"');
    expect(seen).toMatch(/"id":"b","error":.*-32601/);
    expect(seen).toMatch(/"id":"d","error":.*there is no tool/);
    expect(await peer.leave()).toBe(0);
  });
});

test('a message that is too long is refused by its id, and the session goes on', async () => {
  const peer = start();
  peer.send(INIT);
  await peer.until('"protocolVersion"');
  peer.send(request('ping', 'long', { x: 'x'.repeat(5 * 1024 * 1024) }));
  expect(await peer.until('"long"')).toMatch(/"id":"long","error":.*at most/);
  peer.send(request('ping', 'short'));
  await peer.until('"short"');
  expect(await peer.leave()).toBe(0);
});
