/**
 * A daemon of a fresh home on a free port, in this process, and requests to it.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type Daemon, startDaemon } from '../../src/app-serve.ts';
import { freshHome, type Home } from '../mcp/session.ts';

export interface Served {
  readonly home: Home;
  readonly daemon: Daemon;
  readonly url: string;
  readonly logged: readonly string[];
  close(): Promise<void>;
}

/** Starts a daemon; `flags` are settings. */
export async function serve(flags: Record<string, unknown> = {}): Promise<Served> {
  const home = freshHome({ listen_addr: ':0', grace: '0s', grace_unsafe: '0s', ...flags });
  const logged: string[] = [];
  const write = (line: string): void => void logged.push(line);
  const look = { pretty: false, color: false };
  const daemon = await startDaemon({ config: home.config, write, ...look });
  return {
    home,
    daemon,
    url: daemon.urls[0] ?? '',
    logged,
    close: async () => {
      await daemon.stop();
      home.remove();
    },
  };
}

/** A client of the SDK's first line, connected to an address of the daemon. */
export async function connect(url: string, options: object = {}): Promise<Client> {
  const client = new Client({ name: 'probe', version: '1' }, options);
  const target = new URL(url);
  const transport = target.pathname.startsWith('/sse')
    ? new SSEClientTransport(target)
    : new StreamableHTTPClientTransport(target);
  // The SDK's transports do not say that a session id may be undefined.
  await client.connect(transport as Parameters<Client['connect']>[0]);
  return client;
}

/** Posts JSON. */
export const post = (
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
