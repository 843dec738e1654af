/**
 * MCP over standard input and output, or another pair of streams: one client, which is whoever is at
 * the other end.
 */
import type { Readable, Writable } from 'node:stream';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { messagesOf } from './refused-line.ts';
import { createMcpServer, type McpDeps } from './server.ts';
import type { Spelling } from './tool-names.ts';

export interface StdioSession {
  /** Resolves when the client has closed its end, or `close` was called. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

export interface Streams {
  readonly input: Readable;
  readonly output: Writable;
}

const standardStreams = (): Streams => ({ input: process.stdin, output: process.stdout });

/** Serves the client at the other end until it leaves. */
export function serveMcpStdio(
  deps: McpDeps,
  spelling: Spelling,
  { input, output }: Streams = standardStreams(),
): StdioSession {
  const messages = messagesOf(input, (line) => output.write(`${line}\n`));
  const transport = new StdioServerTransport(messages, output);
  const { promise, resolve } = Promise.withResolvers<void>();
  // The newest protocol has no `initialize` after which a session could be told things.
  const serverFor = ({ era }: { readonly era: 'legacy' | 'modern' }) =>
    createMcpServer(deps, spelling, era === 'modern' ? 'now' : 'initialized');
  const session = serveStdio(serverFor, {
    transport,
    onerror: (error) => deps.log.warn('MCP over stdio', { error: error.message }),
  });
  const closeSession = transport.onclose;
  transport.onclose = () => {
    closeSession?.();
    resolve();
  };
  return {
    closed: promise,
    close: async () => {
      await session.close();
      resolve();
    },
  };
}
