/** Who comes in: tokens that are there, wrong, revoked, expired, another's; and whom they let speak. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { eventually, untilPast } from '../support/patience.ts';
import { AT_HOME, bearer, openWorld, type World } from './access-world.ts';
import { post } from './daemon.ts';

let world: World;

beforeEach(async () => {
  world = await openWorld();
});

afterEach(() => world.close());

const get = (path: string, token: string | null): Promise<Response> =>
  fetch(`${world.url}${path}`, { headers: bearer(token) });

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const GUARDED = ['/sse', '/mcp', '/metrics', '/api/v1/overview', '/api/v1/events', '/nothing'];

describe('a token', () => {
  test('is needed everywhere as soon as one can be used', async () => {
    expect((await world.api(null, 'overview')).status).toBe(200);
    const token = await world.token('viewer');
    for (const path of GUARDED) {
      const response = await get(path, null);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await response.text()).toContain('Authorization: Bearer');
    }
    expect((await post(`${world.url}/message?sessionId=x`, PING)).status).toBe(401);
    expect((await get('/healthz', null)).status).toBe(200);
    expect((await get('/readyz', null)).status).toBe(200);
    expect((await world.api(token, 'overview')).status).toBe(200);
  });

  test.each([
    ['unknown', `Bearer opc_${'A'.repeat(43)}`, 'does not know this token'],
    ['short', 'Bearer x', 'does not know this token'],
    ['long', `Bearer ${'x'.repeat(5000)}`, 'does not know this token'],
    ['of another kind', 'Basic YTpi', 'must be Bearer'],
    ['empty', 'Bearer', 'must be Bearer'],
  ])('that is %s is refused', async (_name, authorization, why) => {
    await world.token('viewer');
    const response = await fetch(`${world.url}/api/v1/overview`, { headers: { authorization } });
    expect(response.status).toBe(401);
    expect(await response.text()).toContain(why);
  });

  test('that was revoked or has expired is refused at once, with the reason', async () => {
    const revoked = await world.token('admin');
    await world.token('viewer');
    const { tokens } = await world.app.ops.token_list(AT_HOME, {});
    const id = tokens.find(({ role }) => role === 'admin')?.id ?? '';
    expect((await world.api(revoked, 'overview')).status).toBe(200);
    await world.app.ops.token_revoke(AT_HOME, { id: id.slice(0, 6) });
    const answer = await world.api(revoked, 'overview');
    expect([answer.status, answer.body.error?.message]).toEqual([
      401,
      'this token was revoked: ask for a new one',
    ]);
    const short = await world.token('viewer', undefined, '2ms');
    await untilPast(Date.now() + 2);
    expect((await world.api(short, 'overview')).body.error?.message).toContain('expired');
  });

  test('is in no log and no record, whether right or wrong', async () => {
    const right = await world.token('admin');
    const wrong = `opc_${'w'.repeat(43)}`;
    await world.api(right, 'define', { name: right, definition: { steps: [] } });
    await world.api(wrong, 'overview');
    const { audit } = await world.app.ops.query(AT_HOME, { resource: 'audit' });
    const told = [...world.logged, JSON.stringify(audit)].join('\n');
    expect(told).toContain('the token is unknown');
    expect(told).not.toContain(right.slice(12));
    expect(told).not.toContain('wwwwwwwwwwwwww');
  });

  test('cannot be guessed for long, and who has one is not kept out', async () => {
    const token = await world.token('viewer');
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) statuses.push((await world.api('guess', 'overview')).status);
    expect(statuses).toEqual([...Array(20).fill(401), ...Array(5).fill(429)]);
    expect((await world.api(token, 'overview')).status).toBe(200);
    const { audit = [] } = await world.app.ops.query(AT_HOME, {
      resource: 'audit',
      filter: { name: 'access' },
    });
    expect(audit.length).toBeLessThanOrEqual(5);
  });
});

describe("the server's own token", () => {
  const restarted = (token: string | null) => ({ ...world.home.config, token });

  test('is an admin, and changes with the settings', async () => {
    world.daemon.reload(restarted('a-long-enough-token'));
    expect((await world.api(null, 'overview')).status).toBe(401);
    expect((await world.api('a-long-enough-token', 'token_list')).status).toBe(200);
    world.daemon.reload(restarted('another-long-token'));
    expect((await world.api('a-long-enough-token', 'token_list')).status).toBe(401);
    expect((await world.api('another-long-token', 'token_list')).status).toBe(200);
    world.daemon.reload(restarted(null));
    expect((await world.api(null, 'overview')).status).toBe(200);
  });

  test('that is short is refused and changes nothing', async () => {
    expect(() => world.daemon.reload(restarted('short'))).toThrow('16 to 1024 characters');
    expect((await world.api(null, 'overview')).status).toBe(200);
  });

  test('is not kept out by the wrong ones of others', async () => {
    world.daemon.reload(restarted('a-long-enough-token'));
    for (let i = 0; i < 20; i++) await world.api(`guess-${i}`, 'overview');
    expect((await world.api('guess-again', 'overview')).status).toBe(429);
    expect((await world.api('a-long-enough-token', 'overview')).status).toBe(200);
  });
});

describe('a session', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'probe', version: '1' },
    },
  };

  test('over /mcp belongs to its token', async () => {
    const [ann, bob] = [await world.token('agent', 'ann'), await world.token('agent', 'bob')];
    const opened = await post(`${world.url}/mcp`, initialize, bearer(ann));
    await opened.text();
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    const ask = (token: string | null) =>
      post(`${world.url}/mcp`, PING, { ...session, ...bearer(token) });
    expect((await ask(bob)).status).toBe(404);
    expect((await ask(null)).status).toBe(401);
    expect((await ask(ann)).status).toBe(200);
    const listening = await fetch(`${world.url}/mcp`, {
      headers: { accept: 'text/event-stream', ...session, ...bearer(bob) },
    });
    expect(listening.status).toBe(404);
  });

  test('over /sse belongs to its token', async () => {
    const [ann, bob] = [await world.token('agent', 'ann'), await world.token('agent', 'bob')];
    const stream = await fetch(`${world.url}/sse`, { headers: bearer(ann) });
    const reader = (stream.body ?? new ReadableStream()).getReader();
    let text = '';
    while (!text.includes('sessionId=')) {
      text += new TextDecoder().decode((await reader.read()).value as Uint8Array);
    }
    const path = /data: (\S+)/.exec(text)?.[1] ?? '';
    const ask = (token: string) => post(new URL(path, world.url).href, PING, bearer(token));
    expect((await ask(bob)).status).toBe(404);
    expect((await ask(ann)).status).toBe(202);
    await reader.cancel();
  });

  test.each(['/sse', '/api/v1/events'])('that is open on %s ends with its token', async (path) => {
    const token = await world.token('viewer', undefined);
    await world.token('viewer');
    const stream = await get(path, token);
    expect(stream.status).toBe(200);
    const { tokens } = await world.app.ops.token_list(AT_HOME, {});
    const mine = tokens.find(({ prefix }) => token.startsWith(prefix));
    const ended = stream.text();
    await world.app.ops.token_revoke(AT_HOME, { id: mine?.id ?? '' });
    expect(await ended).toBeString();
  });

  test('a call that waits ends with its token, and is told nothing more', async () => {
    const token = await world.token('admin');
    await world.token('viewer');
    const headers = { ...bearer(token), 'content-type': 'application/json' };
    const run = (input: object) =>
      fetch(`${world.url}/api/v1/run`, { method: 'POST', headers, body: JSON.stringify(input) });
    const definition = { steps: [{ id: 'w', type: 'wait', config: { duration: '1h' } }] };
    const waiting = run({ definition, wait: '10m' });
    await eventually(() => world.app.store.latestId());
    const { tokens } = await world.app.ops.token_list(AT_HOME, {});
    const mine = tokens.find(({ prefix }) => token.startsWith(prefix));
    await world.app.ops.token_revoke(AT_HOME, { id: mine?.id ?? '' });
    expect((await waiting).status).toBe(401);
  });

  test('that was opened without a token ends when tokens come', async () => {
    const stream = await get('/sse', null);
    const ended = stream.text();
    await world.token('viewer');
    expect(await ended).toBeString();
  });
});
