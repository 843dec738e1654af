/** Sessions over Streamable HTTP go on when the daemon is another process, for the one whose they are. */
import { afterEach, describe, expect, test } from 'bun:test';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { type Daemon, startDaemon } from '../../src/app-serve.ts';
import { KEPT_MS } from '../../src/mcp/kept-sessions.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { connect, post } from '../http/daemon.ts';
import { eventually, TEST_MS } from '../support/patience.ts';
import { ASKING, call, freshHome, type Home, PURE } from './session.ts';

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'by hand', version: '1' },
  },
};
const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/list' };

/** Daemons of one home, one after the other on the same port. */
class Restartable {
  readonly home: Home = freshHome({ listen_addr: '127.0.0.1:0', grace: '0s', grace_unsafe: '0s' });
  url = '';
  private daemon: Daemon | null = null;

  async start(): Promise<void> {
    const port = this.url === '' ? 0 : Number(new URL(this.url).port);
    const { config } = this.home;
    const listen = { ...config.listen, port };
    const options = { write: () => undefined, pretty: false, color: false };
    this.daemon = await startDaemon({ config: { ...config, listen }, ...options });
    this.url = this.daemon.urls[0] ?? '';
  }

  async stop(): Promise<void> {
    await this.daemon?.stop();
    this.daemon = null;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }
}

let world: Restartable;
afterEach(async () => {
  await world.stop();
  world.home.remove();
});

async function opened(): Promise<string> {
  const response = await post(`${world.url}/mcp`, INITIALIZE);
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

const listed = (id: string, headers: Record<string, string> = {}): Promise<Response> =>
  post(`${world.url}/mcp`, LIST, { 'mcp-session-id': id, ...headers });

describe('a client of the 1.x SDK', () => {
  test('connects, calls, and calls on after a restart of the daemon', async () => {
    world = new Restartable();
    await world.start();
    const client = await connect(`${world.url}/mcp`);
    const { workflow_id } = (await call(client, 'run', { definition: ASKING })).data;
    await world.restart();
    const status = await call(client, 'status', { workflow_id });
    expect(status.data).toMatchObject({ status: 'suspended' });
    const ran = await call(client, 'run', { definition: PURE });
    expect(ran.data).toMatchObject({ status: 'completed' });
    const looked = await call(client, 'status', { workflow_id: ran.data.workflow_id });
    expect(looked.data).toMatchObject({ agent_id: 'probe' });
    await client.close();
  });

  test(
    'keeps its subscriptions and its log level',
    async () => {
      world = new Restartable();
      await world.start();
      const client = await connect(`${world.url}/mcp`);
      const told: unknown[] = [];
      const changed = Promise.withResolvers<string>();
      client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
        told.push(params);
      });
      client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) =>
        changed.resolve(params.uri),
      );
      const { workflow_id } = (await call(client, 'run', { definition: ASKING })).data;
      const uri = `opcode://runs/${workflow_id}`;
      await client.subscribeResource({ uri });
      await client.setLoggingLevel('emergency');
      await world.restart();
      // Its stream is opened again by the client when it likes: the run changes until that is heard.
      let heard = '';
      void changed.promise.then((told) => {
        heard = told;
      });
      let n = 0;
      await eventually(async () => {
        n += 1;
        const merge = { workflow_id, signal_type: 'data', payload: { n }, wait: 0 };
        await call(client, 'signal', merge);
        return heard;
      }, 'the change is heard');
      expect(heard).toBe(uri);
      told.length = 0;
      await call(client, 'run', { definition: ASKING });
      expect(told).toEqual([]);
      await client.close();
    },
    TEST_MS,
  );

  test('that has ended its session is not let in again', async () => {
    world = new Restartable();
    await world.start();
    const client = await connect(`${world.url}/mcp`);
    const { transport } = client as unknown as { transport: StreamableHTTPClientTransport };
    const id = transport.sessionId ?? '';
    await transport.terminateSession();
    await world.restart();
    expect((await listed(id)).status).toBe(404);
    await client.close();
  });
});

describe('a session id', () => {
  test('authenticates nothing: with another owner, or unknown, there is no session', async () => {
    world = new Restartable();
    await world.start();
    const id = await opened();
    expect((await listed(id)).status).toBe(200);
    await world.stop();
    const store = openSqliteStore({
      path: world.home.config.dbPath,
      synchronous: 'normal',
    });
    const row = store.mcpSession(id);
    if (row === null) throw new Error('nothing was kept');
    expect(row).toMatchObject({ owner: '', client: { name: 'by hand' } });
    store.putMcpSession({ ...row, id: 'others', owner: 'some-token' });
    store.putMcpSession({ ...row, id: 'forgotten', usedAt: Date.now() - KEPT_MS - 1000 });
    store.close();
    await world.start();
    expect((await listed(id)).status).toBe(200);
    for (const other of ['others', 'forgotten', 'never']) {
      expect((await listed(other)).status).toBe(404);
    }
  });

  test('is made again once for requests that come together', async () => {
    world = new Restartable();
    await world.start();
    const id = await opened();
    await world.restart();
    const answers = await Promise.all(Array.from({ length: 8 }, () => listed(id)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    for (const answer of answers) expect(await answer.text()).toContain('opcode_run');
  });
});

describe('the address of the first transport', () => {
  test('answers Streamable HTTP to who posts there', async () => {
    world = new Restartable();
    await world.start();
    const target = new URL(`${world.url}/sse`);
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const client = new Client({ name: 'probe', version: '1' });
    await client.connect(
      new StreamableHTTPClientTransport(target) as Parameters<typeof client.connect>[0],
    );
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('opcode.run');
    expect((await call(client, 'run', { definition: PURE })).data).toMatchObject({
      status: 'completed',
    });
    await client.close();
    const first = await connect(`${world.url}/sse`);
    expect((await first.listTools()).tools.map(({ name }) => name)).toContain('opcode.run');
    await first.close();
  });

  test('plain names are listed where they are asked for', async () => {
    world = new Restartable();
    await world.start();
    for (const path of ['/mcp?names=plain', '/sse?names=plain']) {
      const client = await connect(`${world.url}${path}`);
      expect((await client.listTools()).tools.map(({ name }) => name)).toContain('run');
      const asked = await call(client, 'run', { definition: ASKING });
      expect(asked.data).toMatchObject({ next: { tool: 'signal' } });
      await client.close();
    }
  });
});

describe('the agent', () => {
  const agentAt = async (path: string, name: string): Promise<unknown> => {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const client = new Client({ name, version: '1' });
    const target = new URL(`${world.url}${path}`);
    await client.connect(
      new StreamableHTTPClientTransport(target) as Parameters<typeof client.connect>[0],
    );
    const { workflow_id } = (await call(client, 'run', { definition: PURE })).data;
    const { data } = await call(client, 'status', { workflow_id });
    await client.close();
    return data.agent_id;
  };

  test('is the one that the address names, and nobody for a name that every client has', async () => {
    world = new Restartable();
    await world.start();
    expect(await agentAt('/mcp?agent=build-bot', 'mcp')).toBe('build-bot');
    expect(await agentAt('/mcp', 'mcp')).toBe('anonymous');
    expect(await agentAt('/mcp', 'my-own-client')).toBe('my-own-client');
    const bad = await post(`${world.url}/mcp?agent=`, INITIALIZE);
    expect(bad.status).toBe(400);
  });
});
