/** Runs that came over MCP, HTTP or a schedule work in `<home>/work`; the rest of the home is closed. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { httpPeer } from '../actions/http-world.ts';
import { call } from '../mcp/session.ts';
import { connect, post, type Served, serve } from './daemon.ts';

let served: Served;
let client: Client;
const clients: Client[] = [];
beforeAll(async () => {
  served = await serve();
  client = await connect(`${served.url}/mcp`);
  clients.push(client, await connect(`${served.url}/sse`));
});
afterAll(async () => {
  for (const each of clients) await each.close();
  await served.close();
});

const work = (...parts: string[]): string => join(served.home.path, 'work', ...parts);
const step = (id: string, action: string, params: object, more: object = {}) => ({
  id,
  action,
  params,
  ...more,
});
const inOrder = (...steps: { id: string }[]) => ({
  steps: steps.map((each, index) => ({
    ...each,
    ...(index === 0 ? {} : { depends_on: [steps[index - 1]?.id] }),
  })),
});

const EVERYTHING = inOrder(
  step('write', 'fs.write', { path: 'a/b/x.txt', content: 'hi', create_dirs: true }),
  step('more', 'fs.append', { path: 'a/b/x.txt', content: '!' }),
  step('read', 'fs.read', { path: 'a/b/x.txt' }),
  step('look', 'fs.stat', { path: 'a/b/x.txt' }),
  step('list', 'fs.list', { path: 'a', recursive: true }),
  step('copy', 'fs.copy', { src: 'a', dst: 'copy' }),
  step('move', 'fs.move', { src: 'copy', dst: '${{inputs.to}}' }),
  step('save', 'http.get', { url: '${{inputs.url}}/healthz', save_to: 'saved.json' }),
  {
    id: 'shell',
    run: 'cat a/b/x.txt ${{inputs.to}}/b/x.txt saved.json; echo by-shell > y.txt',
  } as never,
  step('again', 'fs.read', { path: 'y.txt' }),
  step('clean', 'fs.delete', { path: 'a', recursive: true }),
);

interface Ended {
  readonly status: string;
  readonly output: Record<string, Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string };
}

describe('relative paths', () => {
  test('are read, written, listed, copied, moved and deleted over MCP', async () => {
    for (const [index, each] of clients.entries()) {
      const to = `moved-${index}`;
      const { data } = await call(each, each === client ? 'opcode_run' : 'opcode.run', {
        definition: EVERYTHING,
        params: { url: served.url, to },
        wait: '2m',
      });
      expect(data).toMatchObject({ status: 'completed' });
      expect(readFileSync(work(to, 'b/x.txt'), 'utf8')).toBe('hi!');
      expect(existsSync(work('a'))).toBe(false);
      expect(readFileSync(work('saved.json'), 'utf8')).toContain('ok');
    }
  });

  test('are so over the HTTP API, also below a folder of the definition’s own', async () => {
    const answer = await post(`${served.url}/api/v1/run`, {
      definition: { ...EVERYTHING, working_dir: 'below' },
      params: { url: served.url, to: 'moved' },
      wait: '2m',
    });
    expect(await answer.json()).toMatchObject({ status: 'completed' });
    expect(readFileSync(work('below/moved/b/x.txt'), 'utf8')).toBe('hi!');
  });

  test('are so for a template that a schedule starts', async () => {
    const defined = await call(client, 'opcode_define', {
      name: 'nightly',
      definition: { steps: [step('note', 'fs.write', { path: 'report.md', content: 'done' })] },
      triggers: { cron: [{ expression: '0 2 * * *' }] },
    });
    expect(defined.isError).toBe(false);
    const { data } = await call(client, 'opcode_query', { resource: 'schedules' });
    const [schedule] = data.schedules as { name: string }[];
    const answer = await post(`${served.url}/api/v1/schedule_run`, {
      name: schedule?.name,
      wait: '2m',
    });
    expect(await answer.json()).toMatchObject({ status: 'completed' });
    expect(readFileSync(work('report.md'), 'utf8')).toBe('done');
  });
});

async function outcome(action: string, params: object): Promise<string> {
  const { data } = await call(client, 'opcode_run', {
    definition: { steps: [step('it', action, params)] },
    wait: '2m',
  });
  const { status, error } = data as unknown as Ended;
  return error === undefined ? status : error.code;
}

describe('the rest of the home', () => {
  test('stays closed, by every way out of the work folder', async () => {
    writeFileSync(join(served.home.path, 'settings.json'), '{}');
    symlinkSync('..', work('up'));
    symlinkSync(join(served.home.path, 'opcode.db'), work('db'));
    const before = readdirSync(served.home.path).sort();
    for (const [action, params] of [
      ['fs.read', { path: '../settings.json' }],
      ['fs.read', { path: 'up/settings.json' }],
      ['fs.read', { path: 'db' }],
      ['fs.read', { path: join(served.home.path, 'opcode.pid') }],
      ['fs.list', { path: '..' }],
      ['fs.write', { path: '../x', content: '' }],
      ['fs.append', { path: 'db', content: 'x' }],
      ['fs.copy', { src: '..', dst: 'home' }],
      ['fs.copy', { src: 'up/settings.json', dst: 'mine' }],
      ['fs.move', { src: '../settings.json', dst: 'mine' }],
      ['fs.delete', { path: '..', recursive: true }],
      ['http.get', { url: `${served.url}/healthz`, save_to: '../saved' }],
    ] as const) {
      expect([action, params, await outcome(action, params)]).toEqual([
        action,
        params,
        'PATH_DENIED',
      ]);
    }
    expect(readdirSync(served.home.path).sort()).toEqual(before);
  });

  test('no request goes out whose answer may or can not be saved', async () => {
    const peer = await httpPeer((_seen, response) => response.end('done'));
    mkdirSync(work('folder'), { recursive: true });
    writeFileSync(work('plain'), '');
    for (const [save_to, code] of [
      ['../saved', 'PATH_DENIED'],
      ['/proc/self/comm', 'PATH_DENIED'],
      ['missing/saved', 'EXECUTION_ERROR'],
      ['plain/saved', 'EXECUTION_ERROR'],
      ['folder', 'EXECUTION_ERROR'],
      ['/dev/null', 'EXECUTION_ERROR'],
    ] as const) {
      for (const action of ['http.post', 'http.get']) {
        const retry = { max: 1 };
        const { data } = await call(client, 'opcode_run', {
          definition: { steps: [step('it', action, { url: peer.url, save_to }, { retry })] },
          wait: '2m',
        });
        expect([save_to, data]).toMatchObject([save_to, { status: 'failed', error: { code } }]);
      }
    }
    expect(peer.seen).toEqual([]);
    const params = { url: peer.url, save_to: 'kept' };
    expect(await outcome('http.post', params)).toBe('completed');
    expect([peer.seen.length, readFileSync(work('kept'), 'utf8')]).toEqual([1, 'done']);
    await peer.close();
  });

  test('the work folder itself is neither deleted nor moved, nor replaced', async () => {
    for (const [action, params] of [
      ['fs.delete', { path: '.', recursive: true }],
      ['fs.move', { src: '.', dst: '/tmp/opcode-never' }],
      ['fs.move', { src: 'up', dst: work() }],
    ] as const) {
      expect([action, await outcome(action, params)]).toEqual([action, 'PATH_DENIED']);
    }
    expect(existsSync(work())).toBe(true);
  });

  test('a link in it is deleted as the link it is', async () => {
    expect(await outcome('fs.delete', { path: 'up' })).toBe('completed');
    expect(existsSync(join(served.home.path, 'opcode.db'))).toBe(true);
  });
});
