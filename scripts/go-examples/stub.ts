/**
 * The server that the examples call instead of the services they were written for: on loopback, a
 * free port, an answer for each path. It remembers what it was asked.
 */
import type { Answer, Json } from './example.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  /** Null when the body was no JSON. */
  readonly json: Json;
}

export interface Stub {
  readonly origin: string;
  /** Has `path` answered with `answer`, and returns its address. */
  readonly url: (path: string, answer?: Answer) => string;
  /** The calls below `prefix` so far, their paths without it. */
  readonly callsBelow: (prefix: string) => readonly Call[];
  readonly close: () => Promise<void>;
}

const DEFAULT_BODY: Json = { ok: true };

export function openStub(): Stub {
  const answers = new Map<string, Answer>();
  const calls: Call[] = [];
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      calls.push({ method: request.method, path, json: jsonOf(await request.text()) });
      return answerOf(answers.get(path) ?? { status: 404, body: 'nothing is served here' });
    },
  });
  const origin = `http://127.0.0.1:${server.port}`;
  return {
    origin,
    url(path, answer = {}) {
      answers.set(path, answer);
      return origin + path;
    },
    callsBelow: (prefix) =>
      calls
        .filter(({ path }) => path.startsWith(prefix))
        .map((call) => ({ ...call, path: call.path.slice(prefix.length) })),
    close: () => server.stop(true),
  };
}

function answerOf({ status = 200, type, body = DEFAULT_BODY }: Answer): Response {
  if (typeof body === 'string') {
    return new Response(body, { status, headers: { 'content-type': type ?? 'text/plain' } });
  }
  const headers = { 'content-type': type ?? 'application/json' };
  return new Response(JSON.stringify(body), { status, headers });
}

function jsonOf(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null; // a GET has no body; a situation that names what was sent then differs
  }
}

/** An address on loopback that refuses connections: a port that was free a moment ago. */
export async function closedAddress(): Promise<string> {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() });
  const address = `http://127.0.0.1:${server.port}`;
  await server.stop(true);
  return address;
}
