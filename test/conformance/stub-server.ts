/**
 * A server on loopback that answers the routes of one case and remembers what it was asked.
 */
import type { Json } from '../../src/model/json.ts';
import { slowly } from '../support/patience.ts';
import type { SeenRequest, StubRoute } from './case.ts';

export interface StubServer {
  readonly url: string;
  /** In the order of arrival. */
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Listens on a free port; a path without a route is 404. */
export function openStub(routes: readonly StubRoute[]): StubServer {
  const seen: SeenRequest[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      seen.push(await seenOf(request));
      const { pathname } = new URL(request.url);
      const route = routes.find(({ path }) => path === pathname);
      if (route === undefined) return new Response('no such route', { status: 404 });
      if (route.delay_ms !== undefined) await slowly(route.delay_ms);
      const { status = 200, headers = {}, body } = route;
      return new Response(body === undefined ? null : bytesOf(body), { status, headers });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    seen,
    close: () => server.stop(true),
  };
}

/** Text, or bytes when it begins with `base64:`. */
export function bytesOf(content: string): Uint8Array<ArrayBuffer> {
  const isBase64 = content.startsWith('base64:');
  const bytes = isBase64
    ? Buffer.from(content.slice('base64:'.length), 'base64')
    : Buffer.from(content);
  return new Uint8Array(bytes);
}

async function seenOf(request: Request): Promise<SeenRequest> {
  const { pathname, search } = new URL(request.url);
  const body = await request.text();
  return {
    method: request.method,
    path: pathname,
    query: search.slice(1),
    headers: Object.fromEntries(request.headers),
    content_type: request.headers.get('content-type'),
    json: jsonOf(body),
    body,
  };
}

function jsonOf(text: string): Json | null {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Most bodies are no JSON; a case that names `json` then fails on null.
    return null;
  }
}
