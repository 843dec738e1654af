/** The official SDK's second line: the newest protocol, and what it falls back to. */
import {
  Client,
  type ClientOptions,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { BINARY, type World } from '../../e2e/opcode.ts';
import { answerOf, type ClientKind, type TestClient } from './client.ts';
import { type DaemonProcess, tokenHeaders } from './daemon-process.ts';
import { stdioServer } from './stdio-server.ts';

type Mode = NonNullable<ClientOptions['versionNegotiation']>['mode'];

const NEWEST = '2026-07-28';

/** A client that must end up speaking this era. */
async function connected(
  transport: Transport,
  mode: Mode,
  era: 'modern' | 'legacy',
): Promise<TestClient> {
  const options: ClientOptions = mode === undefined ? {} : { versionNegotiation: { mode } };
  const client = new Client({ name: 'sdk-2', version: '1' }, options);
  await client.connect(transport);
  const spoken = client.getProtocolEra();
  if (spoken !== era) {
    await client.close();
    throw new Error(`speaks the ${spoken} protocol ${client.getNegotiatedProtocolVersion()}`);
  }
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args) => answerOf(await client.callTool({ name, arguments: { ...args } })),
    close: () => client.close(),
  };
}

const shown = (daemon: DaemonProcess) => ({ requestInit: { headers: tokenHeaders(daemon) } });
const http = (daemon: DaemonProcess): Transport =>
  new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp`), shown(daemon));
const sse = (daemon: DaemonProcess): Transport =>
  new SSEClientTransport(new URL(`${daemon.url}/sse`), shown(daemon));
const stdio = (world: World): Transport =>
  new StdioClientTransport({ command: BINARY, stderr: 'ignore', ...stdioServer(world) });

export const SDK_2: readonly ClientKind[] = [
  {
    name: 'SDK 2.x over HTTP, asking what the server speaks',
    names: 'underscores',
    showsToken: true,
    connect: (daemon) => connected(http(daemon), 'auto', 'modern'),
  },
  {
    name: 'SDK 2.x over HTTP, the newest protocol or nothing',
    names: 'underscores',
    connect: (daemon) => connected(http(daemon), { pin: NEWEST }, 'modern'),
  },
  {
    name: 'SDK 2.x over HTTP, as it is by default',
    names: 'underscores',
    connect: (daemon) => connected(http(daemon), undefined, 'legacy'),
  },
  {
    name: 'SDK 2.x over SSE',
    names: 'dots',
    showsToken: true,
    connect: (daemon) => connected(sse(daemon), undefined, 'legacy'),
  },
  {
    name: 'SDK 2.x over SSE, asking, falls back',
    names: 'dots',
    connect: (daemon) => connected(sse(daemon), 'auto', 'legacy'),
  },
  {
    name: 'SDK 2.x over stdio, the newest protocol',
    names: 'underscores',
    stdio: true,
    connect: (_daemon, world) => connected(stdio(world), 'auto', 'modern'),
  },
  {
    name: 'SDK 2.x over stdio, as it is by default',
    names: 'underscores',
    stdio: true,
    connect: (_daemon, world) => connected(stdio(world), undefined, 'legacy'),
  },
];
