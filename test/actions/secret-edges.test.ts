/** What actions themselves cut, or hand on to another server, holds no part of a secret in any spelling. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { httpActions } from '../../src/actions/http.ts';
import { shellActions } from '../../src/actions/shell.ts';
import { createCommandRunner } from '../../src/isolate/command-runner.ts';
import { createMasker } from '../../src/isolate/mask.ts';
import type { ActionContext } from '../../src/model/action.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { leaks, SECRETS, SPELLINGS } from '../support/secret-cells.ts';
import { call, failureOf, find, openDeps } from './action-world.ts';
import { httpPeer, type Peer } from './http-world.ts';

const commands = createCommandRunner({ killGraceMs: 50, drainMs: 40, leftoverGraceMs: 40 });
const shell = find(shellActions(openDeps({ commands })), 'shell.exec');
const http = (name: string) => find(httpActions(openDeps()), name);

let peer: Peer;
let other: Peer;
beforeAll(async () => {
  other = await httpPeer((_, response) => void response.end('other'));
  peer = await httpPeer(({ path, body }, response) => {
    if (path === '/away') response.writeHead(307, { location: `${other.url}/taken` });
    else response.writeHead(path === '/fails' ? 500 : 200, { 'content-type': 'text/plain' });
    response.end(path === '/away' ? '' : body);
  });
});
afterAll(async () => {
  await peer.close();
  await other.close();
});

const NAMES = [
  'raw',
  'json in json',
  'URL component',
  'form',
  'page',
  'hex',
  'base64',
  'inspected',
];
const CHOSEN = SECRETS.slice(0, 12);

interface Cell {
  readonly context: Partial<ActionContext>;
  readonly spelled: string;
  /** Characters of the spelling that come before the place where it is cut. */
  readonly before: number;
}

const cells = (name: string, cuts: readonly number[]): readonly Cell[] =>
  CHOSEN.flatMap((secret) => {
    const spelled = SPELLINGS[name]?.(secret) ?? '';
    const context = { secrets: [secret], masker: () => createMasker([secret]) };
    return cuts.map((part) => ({ context, spelled, before: Math.round(spelled.length * part) }));
  });

/** What the engine would record of it. */
const recorded = ({ context }: Cell, value: JsonObject): string =>
  JSON.stringify(context.masker?.().json(value));

describe('no part of a secret is left', () => {
  test.each(NAMES)('at the end of what a failing command said: %s', async (name) => {
    for (const cell of cells(name, [0.5])) {
      const said = `${cell.spelled} ${'x'.repeat(1999 - (cell.spelled.length - cell.before))}`;
      const failed = await failureOf(() =>
        call(
          shell,
          { command: 'cat >&2; exit 1', shell: true, stdin: said, fail_on_error: true },
          { ...cell.context, cwd: '/tmp' },
        ),
      );
      const { message, details } = failed;
      expect(leaks(recorded(cell, { message, details: details ?? null }), cell.spelled)).toBeNull();
    }
  });

  test.each(NAMES)('on both sides of what a command printed too much: %s', async (name) => {
    for (const cell of cells(name, [0.5])) {
      const { spelled, before } = cell;
      const limits = {
        httpBodyBytes: 1,
        outputBytes: 10_000,
        shellOutputBytes: 2 * (100 + before),
      };
      const stdin = `${'a'.repeat(99)} ${spelled}${' b'.repeat(2000)}${spelled} ${'c'.repeat(120)}`;
      const output = (await call(
        shell,
        { command: 'cat', stdin },
        { ...cell.context, limits, cwd: '/tmp' },
      )) as JsonObject;
      expect(output.truncated).toBe(true);
      expect(leaks(recorded(cell, output), spelled)).toBeNull();
    }
  });

  test.each(NAMES)('of a body that is kept in part: %s', async (name) => {
    for (const cell of cells(name, [0.3, 0.7])) {
      const { spelled, before } = cell;
      const params = {
        url: peer.url,
        body: `${'a '.repeat(50)}${spelled} and more`,
        max_response_bytes: 100 + Buffer.byteLength(spelled.slice(0, before)),
      };
      const output = (await call(http('http.post'), params, cell.context)) as JsonObject;
      expect(output.truncated).toBe(true);
      expect(leaks(recorded(cell, output), spelled)).toBeNull();
    }
  });

  test.each(NAMES)('of the beginning of what an answer that failed said: %s', async (name) => {
    for (const cell of cells(name, [0.3, 0.7])) {
      const { spelled, before } = cell;
      const body = `${'a'.repeat(1999 - before)} ${spelled} and more`;
      const failed = await failureOf(() =>
        call(
          http('http.post'),
          { url: `${peer.url}/fails`, body, fail_on_error_status: true },
          cell.context,
        ),
      );
      const { message, details } = failed;
      expect(leaks(recorded(cell, { message, details: details ?? null }), spelled)).toBeNull();
    }
  });
});

describe('a redirect to another server takes along', () => {
  test.each(NAMES)('no body that holds a secret: %s', async (name) => {
    for (const { context, spelled } of cells(name, [1])) {
      const failed = await failureOf(() =>
        call(http('http.post'), { url: `${peer.url}/away`, body: `v=${spelled}` }, context),
      );
      expect(failed.message).toContain('would carry a secret');
    }
    expect(other.seen).toEqual([]);
  });

  test('no header that holds a secret', async () => {
    const secret = 'correct horse battery staple';
    const headers = {
      'X-Own': `Basic ${Buffer.from(`u:${secret}`).toString('base64')}`,
      'X-B': 'b',
    };
    const context = { secrets: [secret], masker: () => createMasker([secret]) };
    await call(http('http.get'), { url: `${peer.url}/away`, headers }, context);
    expect(other.seen.map(({ headers: got }) => [got['x-own'], got['x-b']])).toEqual([
      [undefined, 'b'],
    ]);
  });
});
