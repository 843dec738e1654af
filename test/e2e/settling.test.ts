/**
 * A step whose attempt was cut off by its time limit, under a real daemon: the next attempt starts once
 * the command or request before it is gone, and the run comes to its end by itself.
 */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { TEST_MS, withRoom } from '../support/patience.ts';
import { type DaemonProcess, end, startDaemon } from './daemon.ts';
import { newWorld, type World } from './opcode.ts';

let world: World;
let daemon: DaemonProcess | null;
let silent: Server;
beforeEach(async () => {
  world = newWorld();
  daemon = null;
  silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await end(daemon);
  silent.close();
  world.close();
});

/** What a request that nobody answers is sent to. */
function silentUrl(): string {
  const address = silent.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`;
}

interface Ended {
  readonly status: string;
  readonly error?: { readonly code: string };
}

/** What is cut off at its limit and tried again; four of them note each start in `log`. */
function definitions(log: string, again: object): Record<string, object> {
  const command = `echo start >> '${log}'; exec sleep 60`;
  const loop = { over: '[1]', body: [{ id: 'x', run: command }] };
  const shell = { command, shell: true };
  return {
    run: { steps: [{ id: 'a', run: command, ...again }] },
    exec: { steps: [{ id: 'a', action: 'shell.exec', params: shell, ...again }] },
    get: { steps: [{ id: 'a', action: 'http.get', params: { url: silentUrl() }, ...again }] },
    loop: { steps: [{ id: 'l', type: 'loop', config: loop, ...again }] },
    defaults: { defaults: again, steps: [{ id: 'a', run: command }] },
  };
}

test(
  'the next attempt starts, whatever was cut off',
  async () => {
    daemon = await startDaemon(world);
    const { url } = daemon;
    await withRoom(async (roomMs) => {
      const log = join(world.folder, `log-${roomMs}`);
      const all = definitions(log, { timeout: `${roomMs}ms`, retry: { max: 1 } });
      const ended = await Promise.all(
        Object.entries(all).map(async ([name, definition]) => {
          const response = await fetch(`${url}/api/v1/run`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ definition, wait: '2m' }),
          });
          const { status, error } = (await response.json()) as Ended;
          return { name, status, code: error?.code };
        }),
      );
      const failed = { status: 'failed', code: 'TIMEOUT_ERROR' };
      expect(ended).toEqual(Object.keys(all).map((name) => ({ name, ...failed })));
      const starts = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0;
      expect(starts).toBeLessThanOrEqual(8);
      return starts === 8;
    });
  },
  TEST_MS,
);
