/** The API as the daemon serves it: its paths, what they need, what happens to them at a stop. */
import { afterEach, beforeEach, expect, test } from 'bun:test';
import { ASKING } from '../mcp/session.ts';
import { post, type Served, serve } from './daemon.ts';

let served: Served;
beforeEach(async () => {
  served = await serve();
});
afterEach(() => served.close());

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${served.url}${path}`, { headers });

test('its description says where it is and describes every path that is served', async () => {
  const response = await get('/api/v1/openapi.json');
  expect(response.headers.get('content-type')).toBe('application/json');
  const document = (await response.json()) as {
    openapi: string;
    servers: { url: string }[];
    paths: Record<string, Record<string, unknown>>;
  };
  expect(document.openapi).toBe('3.1.0');
  expect(document.servers).toEqual([{ url: served.url }]);
  for (const [path, methods] of Object.entries(document.paths)) {
    if (path.includes('{')) continue;
    for (const method of Object.keys(methods)) {
      const answer = await fetch(`${served.url}${path}`, {
        method: method.toUpperCase(),
        ...(method === 'get'
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: '{"nonsense": 1}' }),
      });
      await answer.body?.cancel();
      expect([path, method, answer.status]).not.toEqual([path, method, 404]);
      expect([path, method, answer.status]).not.toEqual([path, method, 405]);
    }
  }
});

test('events are a stream, and a page for who asks for JSON', async () => {
  const ran = await post(`${served.url}/api/v1/run`, { definition: ASKING });
  const { workflow_id } = (await ran.json()) as { workflow_id: string };
  const path = `/api/v1/events?workflow_id=${workflow_id}`;
  const stream = await get(path);
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
  await stream.body?.cancel();
  const page = (await (
    await get(`${path}&limit=2`, { accept: 'application/json' })
  ).json()) as Record<string, unknown>;
  expect(page.events).toHaveLength(2);
  expect(page.next_after_id).toBeNumber();
});

test('with tokens nothing of it is open, and the least role reads all of it', async () => {
  const made = await post(`${served.url}/api/v1/token_create`, { role: 'viewer', name: 'board' });
  const { token } = (await made.json()) as { token: string };
  const authorization = `Bearer ${token}`;
  for (const path of ['/metrics', '/api/v1/events', '/api/v1/openapi.json', '/api/v1/overview']) {
    const without = await get(path);
    expect([path, without.status]).toEqual([path, 401]);
    await without.body?.cancel();
    const reading = await get(path, { authorization });
    expect([path, reading.status]).toEqual([path, 200]);
    await reading.body?.cancel();
  }
  const denied = await post(`${served.url}/api/v1/run`, { definition: ASKING }, { authorization });
  expect(denied.status).toBe(403);
});

test('at a stop who waits is answered and streams end', async () => {
  const ran = await post(`${served.url}/api/v1/run`, { definition: ASKING });
  const { workflow_id } = (await ran.json()) as { workflow_id: string };
  const stream = await get('/api/v1/events');
  const waiting = get(`/api/v1/status?workflow_id=${workflow_id}&wait=forever&until=ended`);
  await get('/api/v1/overview');
  const stopped = served.daemon.stop();
  const answer = (await (await waiting).json()) as Record<string, unknown>;
  expect(answer.status).toBe('suspended');
  expect(await stream.text()).toStartWith(': open');
  await stopped;
});
