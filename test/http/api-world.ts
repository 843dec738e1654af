/**
 * The API over the operations of a test: a server on a free port, and requests to it.
 */

import { createApi } from '../../src/http/api.ts';
import { createEventStreams, type EventStreams } from '../../src/http/events.ts';
import { type HttpServer, type Route, startHttpServer } from '../../src/http/server.ts';
import type { Logger } from '../../src/model/ports.ts';
import type { Caller } from '../../src/ops/operation.ts';
import { type Harness, openHarness } from '../ops/harness.ts';

export const QUIET: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

export interface ApiWorld extends Harness {
  readonly url: string;
  readonly events: EventStreams;
  readonly stopping: AbortController;
  post<T = Record<string, unknown>>(operation: string, input?: unknown): Promise<Answer<T>>;
  get<T = Record<string, unknown>>(path: string): Promise<Answer<T>>;
}

/** The same routes, called by somebody of this role. */
function as(routes: Readonly<Record<string, Route>>, caller: Caller | null) {
  if (caller === null) return routes;
  const entries = Object.entries(routes).map(([path, route]): [string, Route] => [
    path,
    {
      ...route,
      methods: Object.fromEntries(
        Object.entries(route.methods).map(([method, handle]) => [
          method,
          (request, call) => handle(request, { ...call, caller }),
        ]),
      ),
    },
  ]);
  return Object.fromEntries(entries);
}

/** A server over a fresh memory store. */
export function openApi(
  options: { caller?: Caller; beatMs?: number; harness?: Harness } = {},
): ApiWorld {
  const harness = options.harness ?? openHarness();
  const { ops, store } = harness;
  const stopping = new AbortController();
  const api = createApi({ ops, log: QUIET, stopping: stopping.signal });
  const { beatMs } = options;
  const events = createEventStreams({
    ops,
    store,
    log: QUIET,
    ...(beatMs === undefined ? {} : { beatMs }),
  });
  const server: HttpServer = startHttpServer({
    hosts: ['127.0.0.1'],
    port: 0,
    baseUrl: null,
    maxBodyBytes: 4 * 1024 * 1024,
    peers: null,
    log: QUIET,
  });
  const streams = { '/stream': { streams: true, methods: { GET: events.handle } } };
  server.open(as({ ...api.routes, ...streams }, options.caller ?? null));
  const url = server.urls[0] ?? '';
  const read = async <T>(response: Response): Promise<Answer<T>> => ({
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as T,
  });
  return {
    ...harness,
    url,
    events,
    stopping,
    post: async (operation, input = {}) =>
      read(
        await fetch(`${url}/api/v1/${operation}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: typeof input === 'string' ? input : JSON.stringify(input),
        }),
      ),
    get: async (path) => read(await fetch(`${url}/api/v1/${path}`)),
    close: async () => {
      stopping.abort();
      events.close();
      await api.close();
      await server.close();
      await harness.close();
    },
  };
}
