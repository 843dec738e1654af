/** What clients send by mistake or on purpose: it is refused with a reason, and nothing stays behind. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  Client as NewestClient,
  StreamableHTTPClientTransport as NewestTransport,
} from '@modelcontextprotocol/client';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { connect, post, type Served, serve } from '../http/daemon.ts';
import { eventually, withRoom } from '../support/patience.ts';
import { ASKING, call } from './session.ts';

let served: Served;

beforeAll(async () => {
  served = await serve();
});

afterAll(() => served.close());

const init = (protocolVersion = '2025-06-18', more: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion,
    capabilities: {},
    clientInfo: { name: 'rude', version: '1' },
    ...more,
  },
});
const request = (method: string, params: object | null = {}, id: unknown = 7) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
const PING = request('ping');

/** One way to send: the answers to what was sent, or its refusal. */
interface Line {
  send(body: unknown): Promise<{ readonly status: number; readonly text: string }>;
  /** Reads on until an answer contains this. */
  until(text: string): Promise<string>;
  close(): Promise<void>;
}

/** A session of Streamable HTTP: each answer comes with its request. */
async function httpLine(): Promise<Line> {
  const begun = await post(`${served.url}/mcp`, init());
  const headers = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' };
  let seen = await begun.text();
  return {
    async send(body) {
      const answer = await post(`${served.url}/mcp`, body, headers);
      const text = await answer.text();
      seen += text;
      return { status: answer.status, text };
    },
    async until(text) {
      if (!seen.includes(text)) throw new Error(`"${text}" is not in ${seen.slice(-500)}`);
      return seen;
    },
    async close() {
      await fetch(`${served.url}/mcp`, { method: 'DELETE', headers });
    },
  };
}

/** A session of the first transport: answers come on its stream. */
async function sseLine(): Promise<Line> {
  const stream = await fetch(`${served.url}/sse`);
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let seen = '';
  const until = async (text: string): Promise<string> => {
    while (!seen.includes(text)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`"${text}" is not in ${seen.slice(-500)}`);
      seen += decoder.decode(value, { stream: true });
    }
    return seen;
  };
  await until('sessionId=');
  const path = /data: (\S+)/.exec(seen)?.[1] ?? '';
  const send: Line['send'] = async (body) => {
    const answer = await post(`${served.url}${path}`, body);
    return { status: answer.status, text: await answer.text() };
  };
  await send(init());
  await until('"protocolVersion"');
  return { send, until, close: () => reader.cancel() };
}

/** Sessions that the daemon has open. */
async function sessions(): Promise<number> {
  const text = await (await fetch(`${served.url}/metrics`)).text();
  return Number(/^opcode_sessions\{kind="mcp"\} (\d+)/m.exec(text)?.[1]);
}

const LINES = [
  ['/mcp', httpLine],
  ['/sse', sseLine],
] as const;

describe.each(LINES)('%s', (_, open) => {
  let line: Line;

  beforeAll(async () => {
    line = await open();
  });

  afterAll(() => line.close());

  test.each([
    ['no JSON', '{', /-32700/],
    ['nothing', '', /-32700/],
    ['a number', '42', /-326/],
    ['a text', '"ping"', /-326/],
    ['no jsonrpc', { id: 1, method: 'ping' }, /-32600/],
    ['another jsonrpc', { ...PING, jsonrpc: '1.0' }, /-32600/],
    ['params that are a list', { ...PING, params: [1] }, /-32600/],
    ['a method that is no text', { ...PING, method: 7 }, /-32600/],
    ['an id that is null', { ...PING, id: null }, /-32600/],
    ['an id that is an object', { ...PING, id: {} }, /-32600/],
    ['an id that is no whole number', { ...PING, id: 1.5 }, /-32600/],
    ['an id beyond what is exact', { ...PING, id: 2 ** 60 }, /-32600/],
    ['an empty batch', [], /-32600/],
    ['a batch with something else in it', [PING, 5], /-32600/],
    ['a batch without an end', Array.from({ length: 5000 }, () => PING), /100 messages/],
  ])('refuses %s', async (_name, body, said) => {
    const { status, text } = await line.send(body);
    expect({ status, text }).toEqual({ status: 400, text: expect.stringMatching(said) });
  });

  test.each([
    ['a method that is not there', request('fly/away', {}, 'm1'), /"id":"m1","error":.*-32601/],
    [
      'a call without a name',
      request('tools/call', {}, 'm2'),
      /"id":"m2","error":.*-32602.*tools\/call: name is missing/,
    ],
    [
      'a call without params',
      request('tools/call', null, 'm16'),
      /"id":"m16","error":.*-32602.*tools\/call: name is missing/,
    ],
    [
      'a call of a number',
      request('tools/call', { name: 5 }, 'm13'),
      /"id":"m13",.*name must be a text, not 5/,
    ],
    [
      'a resource that is none',
      request('resources/read', { uri: 'opcode://jobs/1' }, 'm14'),
      /"id":"m14","error":.*-32602.*opcode:\/\/runs\/\{id\}/,
    ],
    [
      'a resource that is not there',
      request('resources/read', { uri: 'opcode://runs/none' }, 'm15'),
      /"id":"m15","error":.*-32602.*there is no run/,
    ],
    [
      'a tool that is not there',
      request('tools/call', { name: '__proto__' }, 'm3'),
      /"id":"m3","error":.*there is no tool/,
    ],
    [
      'arguments that are a list',
      request('tools/call', { name: 'run', arguments: [] }, 'm4'),
      /"id":"m4","error":.*-32602.*arguments must be an object, not a list/,
    ],
    [
      'arguments that are not there',
      request('tools/call', { name: 'run', arguments: { constructor: 1, colour: 2 } }, 'm5'),
      /unknown arguments: constructor, colour/,
    ],
    [
      'a level that is none',
      request('logging/setLevel', { level: 'loud' }, 'm6'),
      /"id":"m6","error":.*-32602.*logging\/setLevel: level must be one of debug, info, .*not.*loud/,
    ],
    [
      'a resource without its address',
      request('resources/read', {}, 'm7'),
      /"id":"m7","error":.*-32602.*resources\/read: uri is missing/,
    ],
    [
      'a subscription to a number',
      request('resources/subscribe', { uri: 5 }, 'm8'),
      /"id":"m8","error":.*-32602.*resources\/subscribe: uri must be a text, not 5/,
    ],
    [
      'a prompt without a name',
      request('prompts/get', {}, 'm9'),
      /"id":"m9","error":.*-32602.*prompts\/get: name is missing/,
    ],
    [
      'a completion of nothing',
      request('completion/complete', {}, 'm10'),
      /"id":"m10","error":.*-32602.*ref is missing; argument is missing/,
    ],
    [
      'a completion of something else',
      request(
        'completion/complete',
        { ref: { type: 'ref/moon' }, argument: { name: 'a', value: 'b' } },
        'm11',
      ),
      /"id":"m11","error":.*-32602.*ref\.type must be one of ref\/prompt, ref\/resource, not.*moon/,
    ],
    [
      'a page that is no text',
      request('resources/list', { cursor: 5 }, 'm12'),
      /"id":"m12","error":.*-32602.*cursor must be a text, not 5/,
    ],
  ])('answers %s with the reason', async (_name, body, said) => {
    expect((await line.send(body)).status).toBeOneOf([200, 202]);
    expect(await line.until(`"${body.id}"`)).toMatch(said);
  });

  test('answers nothing to what needs no answer', async () => {
    const bodies = [
      { jsonrpc: '2.0', method: 'notifications/fly' },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'nobody' } },
      {
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: 1, progress: 1 },
      },
      { jsonrpc: '2.0', id: 99, result: {} },
      { jsonrpc: '2.0', id: 99, error: { code: 1, message: 'no' } },
    ];
    for (const body of bodies) expect((await line.send(body)).status).toBe(202);
    await line.send(request('ping', {}, 'alive'));
    await line.until('"alive"');
  });

  test('refuses arguments nested without an end', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const body = JSON.stringify(request('tools/call', { name: 'run' }, 'deep'));
    const args = `"name":"run","arguments":{"template_name":"t","params":{"a":${deep}}}`;
    await line.send(body.replace('"name":"run"', args));
    expect(await line.until('"deep"')).toContain('nested deeper than');
  });

  test('refuses a body beyond the limit', async () => {
    const body = JSON.stringify(request('ping', { x: 'x'.repeat(5 * 1024 * 1024) }));
    expect(await line.send(body)).toEqual({
      status: 413,
      text: expect.stringContaining('limits.request_bytes'),
    });
    await line.send(request('ping', {}, 'still'));
    await line.until('"still"');
  });

  test('takes a second initialize, or refuses it, and goes on', async () => {
    const { status } = await line.send(init());
    expect(status).toBeOneOf([202, 400]);
    await line.send(request('tools/list', {}, 'after'));
    expect(await line.until('"after"')).toContain('_run');
  });

  test('takes ten thousand notifications', async () => {
    const one = {
      jsonrpc: '2.0',
      method: 'notifications/nothing',
      params: { text: 'x'.repeat(100) },
    };
    const batch = Array.from({ length: 100 }, () => one);
    const sent = await Promise.all(Array.from({ length: 100 }, () => line.send(batch)));
    expect(new Set(sent.map(({ status }) => status))).toEqual(new Set([202]));
    await line.send(request('ping', {}, 'flooded'));
    await line.until('"flooded"');
  });

  test('answers two calls that share a token for progress', async () => {
    const definition = { steps: [{ id: 'nap', type: 'wait', config: { duration: '20ms' } }] };
    const run = (id: string) =>
      request(
        'tools/call',
        { name: 'run', arguments: { definition }, _meta: { progressToken: 'same' } },
        id,
      );
    await Promise.all([line.send(run('p1')), line.send(run('p2'))]);
    await line.until('"id":"p1"');
    await line.until('"id":"p2"');
  });
});

describe('a version of the protocol', () => {
  test('that nobody speaks is answered by one that is spoken', async () => {
    const answer = await post(`${served.url}/mcp`, init('1999-01-01'));
    expect(await answer.text()).toContain('"protocolVersion":"2025-11-25"');
  });

  test('in a header must be one that is spoken', async () => {
    const begun = await post(`${served.url}/mcp`, init());
    const id = begun.headers.get('mcp-session-id') ?? '';
    await begun.text();
    const headers = { 'mcp-session-id': id, 'mcp-protocol-version': '1999-01-01' };
    const answer = await post(`${served.url}/mcp`, PING, headers);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('1999-01-01');
  });

  test('newer than all is told those that are there', async () => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2099-01-01',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const headers = { 'mcp-protocol-version': '2099-01-01', 'mcp-method': 'tools/list' };
    const body = request('tools/list', { _meta: meta });
    const answer = await post(`${served.url}/mcp`, body, headers);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { data: { supported: ['2026-07-28'] } } });
  });
});

describe('before initialize', () => {
  test('Streamable HTTP has no session to speak in', async () => {
    const answer = await post(`${served.url}/mcp`, request('tools/list'));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('send initialize first');
  });

  test('the first transport answers, to an agent without a name', async () => {
    const stream = await fetch(`${served.url}/sse`);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    let seen = '';
    const until = async (text: string): Promise<void> => {
      while (!seen.includes(text)) seen += decoder.decode((await reader.read()).value);
    };
    await until('sessionId=');
    const path = /data: (\S+)/.exec(seen)?.[1] ?? '';
    await post(`${served.url}${path}`, request('tools/list', {}, 'early'));
    await until('"early"');
    await reader.cancel();
  });
});

const nap = (ms: number) => ({
  steps: [{ id: 'nap', type: 'wait', config: { duration: `${ms}ms` } }],
});

test('a call of the newest protocol that is broken off ends; its run goes on', async () => {
  const options = { versionNegotiation: { mode: 'auto' as const } };
  const client = new NewestClient({ name: 'newest', version: '1' }, options);
  await client.connect(new NewestTransport(new URL(`${served.url}/mcp`)));
  const runsOfIts = async (): Promise<number> => {
    const query = { resource: 'workflows', filter: { agent_id: 'newest', limit: 50 } };
    const found = await client.callTool({ name: 'query', arguments: query });
    return (found.structuredContent as { workflows: unknown[] }).workflows.length;
  };
  await withRoom(async (roomMs) => {
    const known = await runsOfIts();
    const gaveUp = new AbortController();
    const args = { definition: nap(roomMs), idempotency_key: `broken-off-${roomMs}`, wait: '2m' };
    const waiting = client
      .callTool({ name: 'run', arguments: args }, { signal: gaveUp.signal })
      .then(
        () => 'answered',
        () => 'broken off',
      );
    await eventually(async () => (await runsOfIts()) > known, 'its run');
    gaveUp.abort('enough');
    if ((await waiting) === 'answered') return false;
    const done = await client.callTool({ name: 'run', arguments: args });
    expect(done.structuredContent).toMatchObject({ status: 'completed' });
    return true;
  });
  await client.close();
});

describe.each(['/sse', '/mcp'])('a call over %s', (path) => {
  async function withClient(act: (client: Client) => Promise<void>): Promise<void> {
    const client = await connect(`${served.url}${path}`);
    try {
      await act(client);
    } finally {
      await client.close();
    }
  }

  test('that is cancelled ends; its run goes on', () =>
    withClient(async (client) => {
      await withRoom(async (roomMs) => {
        const gaveUp = new AbortController();
        const idempotency_key = `cancelled${path}${roomMs}`;
        const args = { definition: nap(roomMs), idempotency_key, wait: '2m' };
        const waiting = client.callTool({ name: 'run', arguments: args }, undefined, {
          signal: gaveUp.signal,
          onprogress: () => gaveUp.abort('enough'),
        });
        const thrown = await waiting.then(
          () => null,
          (error) => String(error),
        );
        if (thrown === null) return false;
        expect(thrown).toContain('enough');
        const { data } = await call(client, 'run', args);
        expect(data.status).toBe('completed');
        return true;
      });
    }));

  test('leaves no session when its client vanishes', async () => {
    const before = await sessions();
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => connect(`${served.url}${path}`)),
    );
    expect(await sessions()).toBe(before + 20);
    const asked = clients.map((client) => call(client, 'run', { definition: ASKING, wait: 0 }));
    const runs = await Promise.all(asked);
    const waiting = clients.map((client, i) => {
      const args = { workflow_id: runs[i]?.data.workflow_id, wait: '2m', until: 'ended' };
      return call(client, 'status', args).then(
        () => 'answered',
        () => 'left',
      );
    });
    if (path === '/mcp') {
      // These say nothing when they leave: what they are is ended by whoever ends the session.
      for (const client of clients) {
        const { transport } = client as unknown as {
          transport: { terminateSession(): Promise<void> };
        };
        await transport.terminateSession();
      }
    }
    await Promise.all(clients.map((client) => client.close()));
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['left']));
    await eventually(async () => (await sessions()) === before);
    const { data } = await withOther((other) =>
      call(other, 'query', { resource: 'decisions', filter: { status: 'pending', limit: 50 } }),
    );
    expect((data.decisions as unknown[]).length).toBeGreaterThan(0);
  });

  async function withOther<T>(act: (client: Client) => Promise<T>): Promise<T> {
    const client = await connect(`${served.url}${path}`);
    try {
      return await act(client);
    } finally {
      await client.close();
    }
  }
});
