/**
 * The HTTP server: one port on one or more addresses, a table of paths, and the checks that every
 * request passes first. Paths answer 503 until the server was told that it is ready.
 */
import type { Server } from 'bun';
import { AppError, messageOf } from '../model/error.ts';
import type { Logger } from '../model/ports.ts';
import type { Caller } from '../ops/operation.ts';
import { routeAt } from './access-paths.ts';
import { type GuardRules, guardRules, refusal, refuse } from './guard.ts';
import type { PeerCheck } from './peer.ts';

/** What is known of a request beside itself: who calls, and the values of `:name` in its path. */
export interface HttpCall {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
}

export type Handler = (request: Request, call: HttpCall) => Promise<Response>;

/**
 * A path by its methods. `streams`: answers may be silent for as long as they like; with `beating` those
 * to GET never are, so that a reader who takes nothing for a minute is let go. `open`: no token is
 * asked for.
 */
export interface Route {
  readonly streams?: boolean | 'beating';
  readonly open?: boolean;
  readonly methods: Readonly<Record<string, Handler>>;
}

export interface ServerOptions {
  readonly hosts: readonly string[];
  /** 0: any free port, the same on every address. */
  readonly port: number;
  readonly baseUrl: string | null;
  readonly maxBodyBytes: number;
  readonly peers: PeerCheck | null;
  readonly log: Logger;
}

export interface HttpServer {
  /** `http://127.0.0.1:4100`, one for each address. */
  readonly urls: readonly string[];
  readonly port: number;
  /** From now on these paths are answered; a part `:name` of a path stands for any one part. */
  open(routes: Readonly<Record<string, Route>>): void;
  /** Answers 503 again, but for what is already being answered. */
  drain(): void;
  /** Closes every connection. */
  close(): Promise<void>;
}

type State = 'starting' | 'ready' | 'stopping';

/** How long a reader of a beating stream may take nothing. */
const STUCK_SECONDS = 60;

/** Listens on every address. @throws CONFLICT when the port is taken, VALIDATION_ERROR */
export function startHttpServer(options: ServerOptions): HttpServer {
  const parts: Parts = {
    ...options,
    rules: guardRules(options.hosts, options.baseUrl),
    state: 'starting',
    routes: {},
  };
  const servers: Server<undefined>[] = [];
  try {
    for (const host of options.hosts) {
      const server = listen(parts, host, servers[0]?.port ?? options.port);
      if (server !== null) servers.push(server);
    }
  } catch (thrown) {
    for (const server of servers) void server.stop(true);
    throw thrown;
  }
  const [first] = servers;
  if (first === undefined) {
    throw new AppError('VALIDATION_ERROR', `no address of ${options.hosts.join(', ')} is here`);
  }
  return {
    urls: servers.map((server) => server.url.origin),
    port: first.port ?? options.port,
    open(routes) {
      parts.routes = routes;
      parts.state = 'ready';
    },
    drain() {
      parts.state = 'stopping';
    },
    close: async () => {
      await Promise.all(servers.map((server) => server.stop(true)));
    },
  };
}

interface Parts extends ServerOptions {
  readonly rules: GuardRules;
  state: State;
  routes: Readonly<Record<string, Route>>;
}

/** Null for an address that this machine does not have. */
function listen(parts: Parts, hostname: string, port: number): Server<undefined> | null {
  try {
    return Bun.serve({
      hostname,
      port,
      maxRequestBodySize: parts.maxBodyBytes,
      fetch: (request, server) => answer(parts, request, server),
      error: (thrown) => {
        parts.log.error('a request failed', { error: messageOf(thrown) });
        return refuse(500, 'the server failed; its log says why');
      },
    });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new AppError('CONFLICT', `port ${port} on ${hostname} is in use by another program`, {
        hint: 'stop it, or choose another port: --listen-addr :4101 (OPCODE_LISTEN_ADDR)',
        cause: thrown,
      });
    }
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') {
      parts.log.debug('this machine has no such address', { address: hostname });
      return null;
    }
    throw new AppError(
      'VALIDATION_ERROR',
      `cannot listen on ${hostname}:${port}: ${messageOf(thrown)}`,
      {
        hint: 'ports below 1024 need root; --listen-addr chooses another',
        cause: thrown,
      },
    );
  }
}

async function answer(
  parts: Parts,
  request: Request,
  server: Server<undefined>,
): Promise<Response> {
  const refused = refusal(request, parts.rules) ?? (await strangerRefusal(parts, request, server));
  if (refused !== null) return refused;
  const { pathname } = new URL(request.url);
  const health = healthOf(parts, pathname);
  if (health !== null) return health;
  if (parts.state !== 'ready') {
    return refuse(503, `the server is ${parts.state}`, { 'retry-after': '1' });
  }
  const found = routeAt(parts.routes, pathname);
  if (found === null) return refuse(404, `there is nothing at ${pathname.slice(0, 200)}`);
  const { route, params } = found;
  const handler = Object.hasOwn(route.methods, request.method)
    ? route.methods[request.method]
    : undefined;
  if (handler === undefined) {
    const allow = Object.keys(route.methods).join(', ');
    return refuse(405, `${pathname} takes ${allow}`, { allow });
  }
  // The server ends what is silent for ten seconds, unless told otherwise.
  const beats = route.streams === 'beating' && request.method === 'GET';
  if (beats) server.timeout(request, STUCK_SECONDS);
  else if (route.streams !== undefined) server.timeout(request, 0);
  return handler(request, { caller: LOCAL, params });
}

/** Whoever may open the database anyway. */
const LOCAL: Caller = { agentId: null, name: 'local', role: 'local', sender: 'person' };

async function strangerRefusal(
  { peers }: Parts,
  request: Request,
  server: Server<undefined>,
): Promise<Response | null> {
  if (peers === null) return null;
  const peer = server.requestIP(request);
  const isOurs = peer !== null && (await peers.isOurs(peer, server.port ?? 0));
  return isOurs ? null : refuse(403, 'only processes of the same user may call this server');
}

/** `/healthz`: it lives. `/readyz`: it takes requests. */
function healthOf({ state }: Parts, pathname: string): Response | null {
  if (pathname === '/healthz') return Response.json({ status: 'ok' });
  if (pathname !== '/readyz') return null;
  return Response.json({ status: state }, { status: state === 'ready' ? 200 : 503 });
}
