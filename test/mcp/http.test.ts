/** MCP over HTTP: both transports with real clients, the newest protocol by hand, and what is no MCP. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { connect, post, type Served, serve } from '../http/daemon.ts';
import { ASKING, call, PURE } from './session.ts';

let served: Served;

beforeAll(async () => {
  served = await serve();
});

afterAll(() => served.close());

async function withClient(path: string, act: (client: Client) => Promise<void>): Promise<void> {
  const client = await connect(`${served.url}${path}`);
  try {
    await act(client);
  } finally {
    await client.close();
  }
}

describe.each(['/sse', '/mcp'])('%s', (path) => {
  test('defines, runs, sees the decision, answers it, looks and draws', () =>
    withClient(path, async (client) => {
      const name = `asking${path.replace('/', '-')}`;
      expect((await call(client, 'define', { name, definition: ASKING })).data.version).toBe(1);
      const asked = await call(client, 'run', { template_name: name });
      const { workflow_id } = asked.data;
      expect(asked.data.status).toBe('suspended');
      const choice = { workflow_id, signal_type: 'decision', payload: { choice: 'yes' } };
      expect((await call(client, 'signal', choice)).data.status).toBe('completed');
      const found = await call(client, 'query', { resource: 'decisions', filter: { workflow_id } });
      expect(found.data).toMatchObject({ decisions: [{ status: 'resolved' }] });
      const drawn = await call(client, 'diagram', { workflow_id, format: 'ascii' });
      expect(drawn.text).toContain('approve');
    }));

  test('says a failure as text', () =>
    withClient(path, async (client) => {
      const { isError, text } = await call(client, 'status', { workflow_id: 'nothing' });
      expect(isError).toBe(true);
      expect(text).toStartWith('[NOT_FOUND] ');
    }));

  test('is told on its stream that a run asks, and of changes it has subscribed to', () =>
    withClient(path, async (client) => {
      const told = Promise.withResolvers<unknown>();
      const changed = Promise.withResolvers<string>();
      client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) =>
        told.resolve(params.data),
      );
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) =>
        changed.resolve(params.uri),
      );
      const definition = { steps: [{ id: 'nap', type: 'wait', config: { duration: '50ms' } }] };
      const later = [{ ...definition.steps[0] }, { ...ASKING.steps[0], depends_on: ['nap'] }];
      const { data } = await call(client, 'run', { definition: { steps: later }, wait: 0 });
      const uri = `opcode://runs/${data.workflow_id}`;
      await client.subscribeResource({ uri });
      expect(await told.promise).toMatchObject({ workflow_id: data.workflow_id });
      expect(await changed.promise).toBe(uri);
    }));

  test('is told no more than the level it has set', () =>
    withClient(path, async (client) => {
      const levels: string[] = [];
      const told = Promise.withResolvers<void>();
      client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
        levels.push(params.level);
        if (params.level === 'error') told.resolve();
      });
      await client.setLoggingLevel('error');
      const say = (id: string, level: string, depends_on: string[]) => ({
        id,
        action: 'workflow.notify',
        params: { message: id, level, agent_id: 'probe' },
        depends_on,
      });
      const steps = [say('less', 'info', []), say('more', 'error', ['less'])];
      await call(client, 'run', { definition: { steps } });
      await told.promise;
      expect(levels).toEqual(['error']);
    }));

  test('a client that leaves while it waits leaves its run going on', async () => {
    const client = await connect(`${served.url}${path}`);
    const { data } = await call(client, 'run', { definition: ASKING });
    const { workflow_id } = data;
    const waiting = call(client, 'status', { workflow_id, wait: '2m', until: 'ended' });
    await client.close();
    await expect(waiting).rejects.toThrow();
    await withClient(path, async (other) => {
      const payload = { choice: 'yes' };
      await call(other, 'signal', { workflow_id, signal_type: 'decision', payload });
      const args = { workflow_id, wait: '2m', until: 'ended' };
      expect((await call(other, 'status', args)).data.status).toBe('completed');
    });
  });
});

describe('names', () => {
  test.each([
    ['/sse', 'opcode.run'],
    ['/mcp', 'opcode_run'],
    ['/sse?names=underscores', 'opcode_run'],
    ['/mcp?names=dots', 'opcode.run'],
  ])('%s lists %s', (path, name) =>
    withClient(path, async (client) => {
      expect((await client.listTools()).tools[0]?.name).toBe(name);
    }),
  );
});

test.each(['/sse?names=dotz', '/mcp?names='])('%s is refused', async (path) => {
  const method = path.startsWith('/sse') ? 'GET' : 'POST';
  const headers = { 'content-type': 'application/json' };
  const body = method === 'POST' ? '{}' : null;
  const answer = await fetch(`${served.url}${path}`, { method, headers, body });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('dots or underscores');
});

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'newest', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A request of the newest protocol, which has no sessions. */
const newest = (method: string, params: Record<string, unknown>, headers = {}) =>
  post(
    `${served.url}/mcp`,
    { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...headers },
  );

describe('the newest protocol', () => {
  test('discovers, lists and calls without a session', async () => {
    const discovered = await (await newest('server/discover', {})).json();
    expect(discovered.result.supportedVersions).toContain('2026-07-28');
    const listed = await (await newest('tools/list', {})).json();
    expect(listed.result.tools).toHaveLength(6);
    const args = { name: 'opcode_run', arguments: { definition: PURE } };
    const called = await (await newest('tools/call', args, { 'mcp-name': 'opcode_run' })).json();
    expect(called.result.structuredContent.status).toBe('completed');
    const { workflow_id } = called.result.structuredContent;
    const query = { name: 'query', arguments: { resource: 'workflows', filter: { workflow_id } } };
    const found = await (await newest('tools/call', query, { 'mcp-name': 'query' })).json();
    expect(found.result.structuredContent.workflows[0].agent_id).toBe('newest');
  });
});

describe('the newest protocol asks a person', () => {
  test('by an answer that wants input; the call that brings it starts nothing again', async () => {
    const [approve, tell] = ASKING.steps;
    const config = { ...approve?.config, by: 'person' };
    const definition = { steps: [{ ...approve, config }, tell] };
    const key = { idempotency_key: 'asked-once' };
    const args = { name: 'run', arguments: { definition, ...key } };
    const forms = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
    const ask = async (more: object) => {
      const params = { ...args, ...more, _meta: { ...META, ...forms } };
      const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
      const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' };
      const answer = await post(`${served.url}/mcp`, body, { ...headers, 'mcp-name': 'run' });
      const { result, error } = await answer.json();
      return result ?? error;
    };
    const wanted = await ask({});
    expect(wanted).toMatchObject({
      resultType: 'input_required',
      inputRequests: { decision: { method: 'elicitation/create', params: { message: 'Deploy?' } } },
    });
    const { requestState } = wanted;
    const inputResponses = { decision: { action: 'accept', content: { choice: 'yes' } } };
    const done = await ask({ inputResponses, requestState });
    expect(done.structuredContent).toMatchObject({ status: 'completed' });
    const again = await ask({ idempotency_key: 'asked-once' });
    expect(again.structuredContent.workflow_id).toBe(done.structuredContent.workflow_id);
    // Another decision in place of the one that was asked.
    const [version, body = '', signature] = requestState.split('.');
    const state = JSON.parse(Buffer.from(body, 'base64url').toString());
    const other = { ...state, p: { ...state.p, stepId: 'other' } };
    const changed = Buffer.from(JSON.stringify(other)).toString('base64url');
    for (const forged of [[version, changed, signature].join('.'), 'forged', '']) {
      expect(await ask({ inputResponses, requestState: forged })).toMatchObject({ code: -32602 });
    }
    expect(await ask({ inputResponses })).toMatchObject({ code: -32602 });
  });
});

describe.each(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])(
  'protocol %s',
  (version) => {
    test('is spoken', async () => {
      const params = {
        protocolVersion: version,
        capabilities: {},
        clientInfo: { name: 'old', version: '1' },
      };
      const request = { jsonrpc: '2.0', id: 1, method: 'initialize', params };
      const response = await post(`${served.url}/mcp`, request);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain(`"protocolVersion":"${version}"`);
    });
  },
);

describe('what is no MCP', () => {
  test.each([
    ['/mcp', '{', 400, /-32700/],
    ['/mcp', '', 400, /-32700/],
    ['/mcp', '[]', 400, /error/],
    ['/mcp', '42', 400, /error/],
    ['/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' }, 400, /no session/],
    ['/message?sessionId=nothing', {}, 404, /no such session/],
    ['/message', {}, 404, /no such session/],
  ])('%s %j is refused', async (path, body, status, message) => {
    const response = await post(`${served.url}${path}`, body);
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(message);
  });

  test('a session that is unknown must be begun again', async () => {
    const headers = { 'mcp-session-id': 'gone' };
    const request = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    expect((await post(`${served.url}/mcp`, request, headers)).status).toBe(404);
  });

  test('a message that is none is refused on a session, which goes on', async () => {
    const stream = await fetch(`${served.url}/sse`);
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    const decoder = new TextDecoder();
    let text = '';
    while (!text.includes('sessionId=')) text += decoder.decode((await reader.read()).value);
    expect(text).toStartWith(': open\n\n');
    const path = /data: (\S+)/.exec(text)?.[1] ?? '';
    for (const body of ['{', { hello: 1 }, [1, 2]]) {
      expect((await post(`${served.url}${path}`, body)).status).toBe(400);
    }
    const ping = { jsonrpc: '2.0', id: 'p', method: 'ping' };
    expect((await post(`${served.url}${path}`, ping)).status).toBe(202);
    while (!text.includes('"id":"p"')) text += decoder.decode((await reader.read()).value);
    await reader.cancel();
  });
});

describe('what a client takes', () => {
  const hello = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'plain', version: '1' },
    },
  };
  const greeted = async (path: string, accept: string) => {
    const answer = await fetch(`${served.url}${path}`, {
      method: 'POST',
      headers: { accept, 'content-type': 'application/json' },
      body: JSON.stringify(hello),
    });
    return { status: answer.status, text: await answer.text() };
  };

  test.each([
    '*/*',
    'application/*, text/*',
    'application/json, text/*;q=0.5',
    'text/html, */*;q=0.1',
    'Application/JSON, Text/Event-Stream',
  ])('may be written %s', async (accept) => {
    for (const path of ['/mcp', '/sse']) {
      const { status, text } = await greeted(path, accept);
      expect([status, text]).toEqual([200, expect.stringContaining('"serverInfo"')]);
    }
  });

  test.each(['text/html', 'application/json', 'text/*', '*/*;q=0'])(
    'is refused when it is %s',
    async (accept) => expect((await greeted('/mcp', accept)).status).toBe(406),
  );
});
