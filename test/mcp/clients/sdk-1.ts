/** The official SDK's first line, as most clients have it today. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { BINARY, type World } from '../../e2e/opcode.ts';
import { answerOf, type ClientKind, type TestClient } from './client.ts';
import { type DaemonProcess, tokenHeaders } from './daemon-process.ts';
import { stdioServer } from './stdio-server.ts';

type Transport = Parameters<Client['connect']>[0];

async function connected(transport: Transport): Promise<TestClient> {
  const client = new Client({ name: 'sdk-1', version: '1' });
  await client.connect(transport);
  return {
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, args) => answerOf(await client.callTool({ name, arguments: { ...args } })),
    close: () => client.close(),
  };
}

const stdio = (world: World, ...flags: string[]): Transport =>
  new StdioClientTransport({ command: BINARY, stderr: 'ignore', ...stdioServer(world, ...flags) });

const shown = (daemon: DaemonProcess) => ({ requestInit: { headers: tokenHeaders(daemon) } });

export const SDK_1: readonly ClientKind[] = [
  {
    name: 'SDK 1.x over SSE',
    names: 'dots',
    showsToken: true,
    connect: (daemon) =>
      connected(new SSEClientTransport(new URL(`${daemon.url}/sse`), shown(daemon))),
  },
  {
    name: 'SDK 1.x over Streamable HTTP',
    names: 'underscores',
    showsToken: true,
    // The SDK's type does not say that a session id may be undefined.
    connect: (daemon) => {
      const url = new URL(`${daemon.url}/mcp`);
      return connected(new StreamableHTTPClientTransport(url, shown(daemon)) as Transport);
    },
  },
  {
    name: 'SDK 1.x over stdio',
    names: 'underscores',
    stdio: true,
    connect: (_daemon, world) => connected(stdio(world)),
  },
  {
    name: 'SDK 1.x over stdio, without a daemon',
    names: 'underscores',
    connect: (_daemon, world) => connected(stdio(world, '--no-daemon')),
  },
];
