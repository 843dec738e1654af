/**
 * The doors of a daemon over real operations, of which it is counted how many wait, and everything that a
 * client can have open at them.
 */
import { PassThrough } from 'node:stream';
import { type App, openApp } from '../../src/app.ts';
import type { Access } from '../../src/http/access.ts';
import { createApi } from '../../src/http/api.ts';
import { type HttpServer, startHttpServer } from '../../src/http/server.ts';
import { createMcpEndpoints, type McpEndpoints } from '../../src/mcp/endpoints.ts';
import { createEventFeed } from '../../src/mcp/event-feed.ts';
import { serveMcpStdio } from '../../src/mcp/stdio.ts';
import type { Logger } from '../../src/model/ports.ts';
import type { Ops } from '../../src/ops/catalog.ts';
import { post } from '../http/daemon.ts';
import { eventually } from '../support/patience.ts';
import type { Home } from './session.ts';

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
/** Never over by itself: longer than any test. */
const WAIT = '30m';
const WAITS = { steps: [{ id: 'w', type: 'wait', config: { signal: 'go' } }] };

/** The doors of a daemon over real operations, of which it is counted how many wait. */
export interface World {
  readonly url: string;
  readonly app: App;
  readonly ops: Ops;
  readonly mcp: McpEndpoints;
  /** Calls that wait and streams that are followed. */
  readonly open: () => number;
  readonly run: string;
  welcome: boolean;
  readonly stopping: AbortController;
  close(): Promise<void>;
}

/** Counts what is under way of the operations that can wait or are followed. */
function counted(ops: Ops) {
  let count = 0;
  const over = (): void => {
    count -= 1;
  };
  const call =
    (name: 'status' | 'run' | 'signal') =>
    (...given: [never, never]) => {
      count += 1;
      return (ops[name](...given) as Promise<unknown>).finally(over);
    };
  const follow = (name: 'followEvents' | 'followLogs') =>
    async function* (...given: [never, never]): AsyncGenerator<object> {
      count += 1;
      try {
        yield* ops[name](...given) as AsyncIterable<object>;
      } finally {
        over();
      }
    };
  const watched = {
    status: call('status'),
    run: call('run'),
    signal: call('signal'),
    followEvents: follow('followEvents'),
    followLogs: follow('followLogs'),
  } as object;
  return { ops: { ...ops, ...watched } as Ops, count: () => count };
}

export async function openWorld(home: Home): Promise<World> {
  const app = await openApp(home.config, { execute: true, log: SILENT });
  const { ops, count } = counted(app.ops);
  const stopping = new AbortController();
  // Told nothing unasked: what the feed follows for all clients is not counted.
  const deps = { ops, log: SILENT, version: '0', feed: createEventFeed(app.ops, SILENT) };
  const mcp = createMcpEndpoints({ ...deps, names: () => 'auto', stopping: stopping.signal });
  const api = createApi({ ops, log: SILENT, stopping: stopping.signal });
  const http: HttpServer = startHttpServer({
    hosts: ['127.0.0.1'],
    port: 0,
    baseUrl: null,
    maxBodyBytes: 1_000_000,
    peers: null,
    log: SILENT,
  });
  const { workflow_id } = (await app.ops.run(AT_HOME, { definition: WAITS })) as {
    workflow_id: string;
  };
  const world: World = {
    url: http.urls[0] ?? '',
    app,
    ops,
    mcp,
    open: count,
    run: workflow_id,
    welcome: true,
    stopping,
    async close() {
      stopping.abort();
      await Promise.all([mcp.close(), api.close()]);
      await http.close();
      await app.close();
    },
  };
  const access: Access = {
    isByProcess: () => false,
    identify: () => ({ agentId: null, role: 'admin', sender: 'person', tokenId: 't' }),
    isWelcome: () => world.welcome,
    refused: () => undefined,
  };
  const both = { streams: 'beating' as const };
  http.open(
    {
      ...api.routes,
      '/sse': { ...both, methods: { GET: mcp.sse, POST: mcp.sse, DELETE: mcp.sse } },
      '/message': { methods: { POST: mcp.message } },
      '/mcp': { ...both, methods: { GET: mcp.mcp, POST: mcp.mcp, DELETE: mcp.mcp } },
    },
    access,
  );
  return world;
}

export const AT_HOME = {
  caller: { agentId: null, role: 'local', sender: 'person' },
  exec: null,
} as const;

/** Something open: what its reader has got at the end, and the ways to end it from outside. */
export interface Open {
  /** Resolves when it is over for the client, with all that it got; never rejects. */
  readonly over: Promise<string>;
  cancel?(): Promise<unknown>;
  leave?(): void;
  end?(): Promise<unknown>;
}

export const cancelled = (requestId: number) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId, reason: 'enough' },
});
export const toolCall = (run: string, id: number, more: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: {
    name: 'opcode_status',
    arguments: { workflow_id: run, wait: WAIT, until: 'ended' },
    ...more,
  },
});
export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'probe', version: '1' },
  },
};
const INITIALIZED = { jsonrpc: '2.0', method: 'notifications/initialized' };

/** A request whose client may leave. */
function asked(url: string, init: RequestInit) {
  const leaving = new AbortController();
  const got = fetch(url, { ...init, signal: leaving.signal });
  got.catch(() => undefined);
  return { got, leave: () => leaving.abort() };
}

/** The same, read to its end. */
function heard(url: string, init: RequestInit) {
  const open = asked(url, init);
  const over = open.got.then((response) => response.text()).catch((thrown: Error) => thrown.name);
  return { ...open, over };
}

export const posted = (url: string, body: object, headers: Record<string, string> = {}) =>
  heard(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(body),
  });

export async function session({ url }: World, first = INITIALIZE): Promise<Record<string, string>> {
  const response = await post(`${url}/mcp`, first);
  await response.text();
  const headers = {
    'mcp-session-id': response.headers.get('mcp-session-id') ?? '',
    'mcp-protocol-version': '2025-06-18',
  };
  await (await post(`${url}/mcp`, INITIALIZED, headers)).text();
  return headers;
}

const ended = (url: string, headers: Record<string, string>) => () =>
  fetch(`${url}/mcp`, { method: 'DELETE', headers }).then((response) => response.text());

async function streamable(world: World, more: object = {}): Promise<Open> {
  const { url, run } = world;
  const headers = await session(world);
  return {
    ...posted(`${url}/mcp`, toolCall(run, 7, more), headers),
    cancel: () => post(`${url}/mcp`, cancelled(7), headers),
    end: ended(url, headers),
  };
}

export async function listening(world: World): Promise<Open> {
  const { url } = world;
  const headers = await session(world);
  const open = heard(`${url}/mcp`, { headers: { ...headers, accept: 'text/event-stream' } });
  await open.got;
  return { ...open, end: ended(url, headers) };
}

async function newest({ url, run }: World): Promise<Open> {
  const key = (name: string): string => `io.modelcontextprotocol/${name}`;
  const _meta = {
    [key('protocolVersion')]: '2026-07-28',
    [key('clientInfo')]: { name: 'probe', version: '1' },
    [key('clientCapabilities')]: {},
  };
  return posted(`${url}/mcp`, toolCall(run, 7, { _meta }), {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'opcode_status',
  });
}

async function sse({ url, run }: World): Promise<Open> {
  const open = asked(`${url}/sse?names=underscores`, { headers: { accept: 'text/event-stream' } });
  const { body } = await open.got;
  if (body === null) throw new Error('no stream');
  let text = '';
  const read = async (): Promise<string> => {
    for await (const chunk of body) text += new TextDecoder().decode(chunk);
    return text;
  };
  const over = read().catch((thrown: Error) => `${text}${thrown.name}`);
  const path = await eventually(() => /data: (\/message\S+)/.exec(text)?.[1]);
  for (const message of [INITIALIZE, INITIALIZED, toolCall(run, 7)]) {
    await post(`${url}${path}`, message);
  }
  return { ...open, over, cancel: () => post(`${url}${path}`, cancelled(7)) };
}

async function stdio({ app, ops, run, stopping }: World): Promise<Open> {
  const input = new PassThrough();
  const output = new PassThrough();
  let text = '';
  output.on('data', (data: Buffer) => {
    text += data.toString();
  });
  const feed = createEventFeed(app.ops, SILENT);
  const deps = { ops, log: SILENT, version: '0', feed, stopping: stopping.signal };
  const served = serveMcpStdio(deps, 'underscores', { input, output });
  const say = (message: object): void => void input.write(`${JSON.stringify(message)}\n`);
  for (const message of [INITIALIZE, INITIALIZED, toolCall(run, 7)]) say(message);
  const answered = eventually(() => text.includes('"id":7') && text).catch(() => text);
  return {
    over: Promise.race([answered, served.closed.then(() => text)]),
    leave: () => void input.end(),
    cancel: async () => say(cancelled(7)),
  };
}

export const OPEN: Readonly<Record<string, (world: World) => Promise<Open>>> = {
  'MCP call': streamable,
  'MCP call with progress': (world) => streamable(world, { _meta: { progressToken: 'p' } }),
  'MCP call, newest protocol': newest,
  'MCP call over SSE': sse,
  'MCP call over stdio': stdio,
  'HTTP status': async ({ url, run }) =>
    posted(`${url}/api/v1/status`, { workflow_id: run, wait: WAIT, until: 'ended' }),
  'HTTP run': async ({ url }) => posted(`${url}/api/v1/run`, { definition: WAITING, wait: WAIT }),
  'HTTP events': async ({ url }) => {
    const open = posted(`${url}/api/v1/followEvents`, { forever: true });
    await open.got;
    return open;
  },
};
/** A run that neither ends nor is suspended. */
const WAITING = { steps: [{ id: 'w', type: 'wait', config: { duration: '1h' } }] };
