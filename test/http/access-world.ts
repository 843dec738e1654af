/**
 * A daemon with tokens, and the attackers' tools: clients of MCP with a token, requests to the API,
 * and what the operator does on the machine of the database.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type App, openApp } from '../../src/app.ts';
import type { CallContext } from '../../src/ops/operation.ts';
import { post, type Served, serve } from './daemon.ts';

/** Whoever sits at the machine. */
export const AT_HOME: CallContext = {
  caller: { agentId: 'cli:ann', role: 'local', sender: 'person' },
  exec: null,
};

export interface World extends Served {
  /** The operations of another process on the same database. */
  readonly app: App;
  token(role: Role, agent?: string, expires?: string): Promise<string>;
  /** Calls an operation of the API. */
  api(token: string | null, operation: string, input?: object): Promise<Answer>;
  mcp(token: string | null, options?: McpOptions): Promise<Client>;
}

type Role = Parameters<App['ops']['token_create']>[1]['role'];

interface McpOptions {
  readonly path?: string;
  readonly name?: string;
  readonly capabilities?: object;
}

interface Answer {
  readonly status: number;
  readonly body: { readonly error?: { code: string; message: string; hint?: string } } & Record<
    string,
    unknown
  >;
  readonly headers: Headers;
}

export const bearer = (token: string | null): Record<string, string> =>
  token === null ? {} : { authorization: `Bearer ${token}` };

/** A daemon, and a second process on its database. */
export async function openWorld(flags: Record<string, unknown> = {}): Promise<World> {
  const served = await serve(flags);
  const app = await openApp(served.home.config, { execute: false, log: QUIET });
  const clients: Client[] = [];
  return {
    ...served,
    app,
    async token(role, agent, expires) {
      const made = await app.ops.token_create(AT_HOME, {
        role,
        ...(agent === undefined ? {} : { agent }),
        ...(expires === undefined ? {} : { expires }),
      });
      return made.token;
    },
    async api(token, operation, input = {}) {
      const response = await post(`${served.url}/api/v1/${operation}`, input, bearer(token));
      const { status, headers } = response;
      return { status, headers, body: (await response.json()) as Answer['body'] };
    },
    async mcp(token, { path = '/mcp', name = 'probe', capabilities = {} } = {}) {
      const client = await openClient(`${served.url}${path}`, token, name, capabilities);
      clients.push(client);
      return client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await app.close();
      await served.close();
    },
  };
}

const QUIET = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

async function openClient(
  url: string,
  token: string | null,
  name: string,
  capabilities: object,
): Promise<Client> {
  const client = new Client({ name, version: '1' }, { capabilities });
  const requestInit = { headers: bearer(token) };
  const target = new URL(url);
  const transport = target.pathname.startsWith('/sse')
    ? new SSEClientTransport(target, { requestInit })
    : new StreamableHTTPClientTransport(target, { requestInit });
  // The SDK's transports do not say that a session id may be undefined.
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return client;
}
