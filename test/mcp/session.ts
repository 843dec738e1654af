/**
 * A real application in a fresh home, and real MCP clients of the SDK's first line talking to it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { type App, openApp } from '../../src/app.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { createEventFeed } from '../../src/mcp/event-feed.ts';
import { createMcpServer } from '../../src/mcp/server.ts';
import type { Spelling } from '../../src/mcp/tool-names.ts';
import type { Logger } from '../../src/model/ports.ts';

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface Home {
  readonly path: string;
  readonly config: Config;
  remove(): void;
}

/** A fresh home with the settings of flags. */
export function freshHome(flags: Record<string, unknown> = {}): Home {
  const path = mkdtempSync(join(tmpdir(), 'opcode-mcp-'));
  const env = { PATH: process.env.PATH, HOME: path };
  return {
    path,
    config: loadConfig({ flags, env, home: path }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

export interface Session {
  readonly client: Client;
  readonly app: App;
  close(): Promise<void>;
}

/** A client named `probe`, connected in memory. */
export async function openSession(
  home: Home,
  spelling: Spelling = 'underscores',
  options: object = {},
): Promise<Session> {
  const app = await openApp(home.config, { execute: true, log: SILENT });
  const client = await connect(app, spelling, options);
  return {
    client,
    app,
    close: async () => {
      await client.close();
      await app.close();
    },
  };
}

async function connect(app: App, spelling: Spelling, options: object): Promise<Client> {
  const feed = createEventFeed(app.ops, SILENT);
  const deps = { ops: app.ops, log: SILENT, version: '0.0.0', feed };
  const [near, far] = InMemoryTransport.createLinkedPair();
  const server = createMcpServer(deps, spelling);
  const client = new Client({ name: 'probe', version: '1' }, options);
  type ServerEnd = Parameters<typeof server.connect>[0];
  await Promise.all([server.connect(far as unknown as ServerEnd), client.connect(near)]);
  return client;
}

export interface Called {
  readonly isError: boolean;
  readonly text: string;
  /** The structured content. */
  readonly data: Record<string, unknown>;
  readonly content: readonly { type: string; text?: string; mimeType?: string; data?: string }[];
}

/** Calls a tool. @throws when the client or the protocol refuses */
export async function call(client: Client, name: string, args: object = {}): Promise<Called> {
  const result = await client.callTool({ name, arguments: { ...args } });
  const content = result.content as Called['content'];
  return {
    isError: result.isError === true,
    text: content[0]?.text ?? '',
    data: (result.structuredContent ?? {}) as Record<string, unknown>,
    content,
  };
}

/** Asks, then logs. */
export const ASKING = {
  steps: [
    {
      id: 'approve',
      type: 'reasoning',
      config: { prompt_context: 'Deploy?', options: [{ id: 'yes' }, { id: 'no' }] },
    },
    {
      id: 'tell',
      action: 'workflow.log',
      params: { message: '${{steps.approve.output.choice}}' },
      depends_on: ['approve'],
    },
  ],
};

/** Three pure steps. */
export const PURE = {
  steps: [
    { id: 'sum', action: 'expr.eval', params: { expression: '1 + 2' } },
    { id: 'hash', action: 'crypto.hash', params: { data: 'x' }, depends_on: ['sum'] },
    { id: 'end', action: 'cel.eval', params: { expression: '"done"' }, depends_on: ['hash'] },
  ],
};
