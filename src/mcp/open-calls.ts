/**
 * Requests of one session over Streamable HTTP that have no answer yet, by the POST that brought them.
 *
 * The SDK ends the stream of a POST with its last answer. A cancelled request never gets one, so its
 * stream is ended here; and what a client still waits for that has left its stream is cancelled, because
 * nobody would hear the answer.
 */
import {
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type RequestId,
  type WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { isJsonObject } from '../model/json.ts';

export interface OpenCalls {
  /**
   * Notes the requests of a POST before they are handled; answers the function to call when its stream
   * is over. Null, and nothing noted, when one has the id of a request that is still open.
   */
  brought(body: unknown): (() => void) | null;
}

interface Post {
  /** Without an answer. */
  readonly open: Set<RequestId>;
  /** Cancelled, so without an answer for good. */
  readonly cancelled: Set<RequestId>;
}

type Transport = WebStandardStreamableHTTPServerTransport;

/** Follows what a transport receives and sends; its server must be connected already. */
export function followCalls(transport: Transport): OpenCalls {
  const posts = new Map<RequestId, Post>();
  const send = transport.send.bind(transport);
  const { onmessage, onclose } = transport;
  const settle = (post: Post, id: RequestId): void => {
    posts.delete(id);
    post.open.delete(id);
    if (post.open.size > 0 || post.cancelled.size === 0) return;
    transport.closeSSEStream(id);
    // The stream is closed: this reaches nobody, and the transport forgets the requests.
    for (const each of post.cancelled) void send(unheard(each)).catch(() => undefined);
  };
  const cancelled = (id: RequestId): void => {
    const post = posts.get(id);
    if (post === undefined || post.cancelled.has(id)) return;
    post.cancelled.add(id);
    // What the call itself has asked the client is taken back on the same stream first.
    setImmediate(() => settle(post, id));
  };
  transport.send = async (message, options) => {
    await send(message, options);
    const id = answeredBy(message);
    const post = id === null ? undefined : posts.get(id);
    if (id !== null && post !== undefined) settle(post, id);
  };
  transport.onmessage = (message, extra) => {
    onmessage?.(message, extra);
    const id = cancelledBy(message);
    if (id !== null) cancelled(id);
  };
  transport.onclose = () => {
    posts.clear();
    onclose?.();
  };
  return {
    brought(body) {
      const ids = requestsOf(body);
      if (ids.some((id) => posts.has(id))) return null;
      const post: Post = { open: new Set(ids), cancelled: new Set() };
      for (const id of ids) posts.set(id, post);
      return () => {
        for (const id of [...post.open]) {
          if (posts.get(id) === post && !post.cancelled.has(id))
            transport.onmessage?.(cancellation(id));
        }
      };
    },
  };
}

function requestsOf(body: unknown): RequestId[] {
  const messages: readonly unknown[] = Array.isArray(body) ? body : [body];
  return messages.flatMap((message) => (isJSONRPCRequest(message) ? [message.id] : []));
}

const answeredBy = (message: JSONRPCMessage): RequestId | null =>
  isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message) ? (message.id ?? null) : null;

function cancelledBy(message: JSONRPCMessage): RequestId | null {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return null;
  const { params } = message;
  const id = isJsonObject(params as never) ? (params as { requestId?: unknown }).requestId : null;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

const cancellation = (requestId: RequestId): JSONRPCMessage => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId, reason: 'the client has left' },
});

const unheard = (id: RequestId): JSONRPCMessage => ({
  jsonrpc: '2.0',
  id,
  error: { code: -32_800, message: 'cancelled' },
});
