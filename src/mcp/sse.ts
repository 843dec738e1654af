/**
 * The first HTTP transport of MCP: a stream of events at `/sse`, whose first event says where to post,
 * and messages posted there. Deprecated by the protocol and still what many clients are set up with.
 */
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';
import { eventStream } from './event-stream.ts';
import { refusedCall } from './tidy-message.ts';

export interface SseConnection {
  readonly sessionId: string;
  readonly transport: Transport;
  readonly response: Response;
  /** A message of the client. */
  receive(message: JSONRPCMessage): void;
}

/** A connection whose client posts to `/message`; ended when the client or the server closes it. */
export function openSse(sessionId: string): SseConnection {
  const stream = eventStream(() => void transport.close());
  let isClosed = false;
  const transport: Transport = {
    sessionId,
    async start() {
      stream.send('endpoint', `/message?sessionId=${sessionId}`);
    },
    async send(message) {
      if (!stream.send('message', JSON.stringify(message))) await transport.close();
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      stream.close();
      transport.onclose?.();
    },
  };
  return {
    sessionId,
    transport,
    response: stream.response,
    receive(message) {
      const refused = refusedCall(message);
      if (refused === null) transport.onmessage?.(message);
      else void transport.send(refused);
    },
  };
}
