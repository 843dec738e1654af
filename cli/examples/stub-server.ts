/**
 * The services an example talks to, played on loopback: routes with prepared answers, in order; one
 * with `times` answers so often and then leaves the place to the next that fits.
 */
import { AppError } from '../../src/model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';

interface Route {
  /** Any when undefined. */
  readonly method: string | undefined;
  readonly path: string;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly delayMs: number;
  left: number;
}

export interface StubServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the `routes` of a stubs.json. @throws VALIDATION_ERROR */
export function startStubs(stubs: JsonObject): StubServer {
  const routes = routesOf(stubs);
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: (request) => answer(routes, request),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    close: () => server.stop(true),
  };
}

async function answer(routes: readonly Route[], request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const route = routes.find(
    (each) =>
      each.left > 0 &&
      (each.method === undefined || each.method === request.method) &&
      (each.path === pathname || each.path === pathname + search),
  );
  if (route === undefined) {
    const error = `no stub for ${request.method} ${pathname}`;
    return Response.json({ error }, { status: 404 });
  }
  route.left -= 1;
  if (route.delayMs > 0) await Bun.sleep(route.delayMs);
  return new Response(route.body, { status: route.status, headers: route.headers });
}

function routesOf({ routes = [] }: JsonObject): Route[] {
  if (!isJsonArray(routes)) throw new AppError('VALIDATION_ERROR', 'stubs.json: routes: no list');
  return routes.map((route, i) => {
    if (isJsonObject(route) && typeof route.path === 'string') return routeOf(route, route.path);
    throw new AppError('VALIDATION_ERROR', `stubs.json: routes[${i}]: needs a path`);
  });
}

function routeOf(route: JsonObject, path: string): Route {
  const { method, status, headers, body, json, delay_ms: delay, times } = route;
  const isJson = json !== undefined;
  const given = isJsonObject(headers) ? Object.entries(headers) : [];
  return {
    method: typeof method === 'string' ? method.toUpperCase() : undefined,
    path,
    status: numberOr(status, 200),
    headers: {
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
    },
    body: isJson ? JSON.stringify(json) : String(body ?? ''),
    delayMs: numberOr(delay, 0),
    left: numberOr(times, Number.POSITIVE_INFINITY),
  };
}

const numberOr = (value: Json | undefined, fallback: number): number =>
  typeof value === 'number' ? value : fallback;
