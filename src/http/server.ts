/**
 * The HTTP server: one port on one or more addresses, a table of paths, and the checks that every
 * request passes first. Paths answer 503 until the server was told that it is ready.
 */
import type { Server } from 'bun';
import { AppError, messageOf } from '../model/error.ts';
import type { Logger } from '../model/ports.ts';
import type { Caller } from '../ops/operation.ts';
import { type Access, localCaller, noLongerWelcome, openCaller } from './access.ts';
import { wholeRequest } from './access-body.ts';
import {
  cameThroughProxy,
  type Origin,
  originOf,
  type TrustedProxies,
  trustedProxies,
} from './access-origin.ts';
import { routeAt } from './access-paths.ts';
import { createStreamWatch, type StreamWatch } from './access-streams.ts';
import { type GuardRules, guardRules, refusal, refuse } from './guard.ts';
import type { PeerCheck } from './peer.ts';
import type { TlsFiles } from './tls.ts';

/** What is known of a request beside itself: who calls, and the values of `:name` in its path. */
export interface HttpCall {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  /** Aborts when the caller is no longer let in: its token was revoked or has expired. */
  readonly unwelcome: AbortSignal;
}

export type Handler = (request: Request, call: HttpCall) => Promise<Response>;

/**
 * A path by its methods. `streams`: answers may be silent for as long as they like; with `beating` those
 * to GET never are, so that a reader who takes nothing for a minute is let go. `open`: no token is
 * asked for. `anyContent`: it takes other content than JSON, and knows by itself who sent it.
 */
export interface Route {
  readonly streams?: boolean | 'beating';
  readonly open?: boolean;
  readonly anyContent?: boolean;
  readonly methods: Readonly<Record<string, Handler>>;
}

/** How others reach the server, when it is not only this user on this machine. */
export interface Reach {
  /** True: nobody comes in without a token. */
  readonly isPublic: boolean;
  readonly tls: TlsFiles | null;
  readonly proxies: TrustedProxies;
  /** True: only through those proxies, because nothing else encrypts what is sent. */
  readonly onlyProxies: boolean;
}

export interface ServerOptions {
  readonly hosts: readonly string[];
  /** 0: any free port, the same on every address. */
  readonly port: number;
  readonly baseUrl: string | null;
  readonly maxBodyBytes: number;
  /** In which a request must have arrived whole, milliseconds. */
  readonly requestTimeMs?: number;
  readonly peers: PeerCheck | null;
  readonly reach?: Reach;
  readonly log: Logger;
}

export interface HttpServer {
  /** `http://127.0.0.1:4100`, one for each address. */
  readonly urls: readonly string[];
  readonly port: number;
  /** From now on these paths are answered; a part `:name` of a path stands for any one part. */
  open(routes: Readonly<Record<string, Route>>, access?: Access): void;
  /** New connections get this certificate; open ones go on with theirs. */
  renewTls(tls: TlsFiles): void;
  /** Answers 503 again, but for what is already being answered. */
  drain(): void;
  /** Closes every connection. */
  close(): Promise<void>;
}

type State = 'starting' | 'ready' | 'stopping';

/** How long a reader of a beating stream may take nothing. */
const STUCK_SECONDS = 60;

/** Only this user on this machine. */
const LOCAL_REACH: Reach = {
  isPublic: false,
  tls: null,
  proxies: trustedProxies([]),
  onlyProxies: false,
};
const REQUEST_TIME_MS = 30_000;

/** Listens on every address. @throws CONFLICT when the port is taken, VALIDATION_ERROR */
export function startHttpServer(options: ServerOptions): HttpServer {
  const { reach = LOCAL_REACH, requestTimeMs = REQUEST_TIME_MS } = options;
  const parts: Parts = {
    ...options,
    reach,
    requestTimeMs,
    tls: reach.tls,
    rules: guardRules(options.hosts, options.baseUrl, reach.isPublic),
    state: 'starting',
    routes: {},
    access: null,
    streams: createStreamWatch((caller) => parts.access?.isWelcome(caller) ?? true),
  };
  let servers = listenOnAll(parts, options.port);
  const port = servers[0]?.port ?? options.port;
  return {
    urls: servers.map((server) => server.url.origin),
    port,
    open(routes, access) {
      parts.routes = routes;
      parts.access = access ?? null;
      parts.state = 'ready';
    },
    drain() {
      parts.state = 'stopping';
    },
    renewTls(tls) {
      parts.tls = tls;
      for (const server of servers) void server.stop(false);
      servers = listenOnAll(parts, port);
    },
    close: async () => {
      parts.streams.close();
      await Promise.all(servers.map((server) => server.stop(true)));
    },
  };
}

function listenOnAll(parts: Parts, port: number): Server<undefined>[] {
  const servers: Server<undefined>[] = [];
  try {
    for (const host of parts.hosts) {
      const server = listen(parts, host, servers[0]?.port ?? port);
      if (server !== null) servers.push(server);
    }
  } catch (thrown) {
    for (const server of servers) void server.stop(true);
    throw thrown;
  }
  if (servers.length > 0) return servers;
  throw new AppError('VALIDATION_ERROR', `no address of ${parts.hosts.join(', ')} is here`);
}

interface Parts extends ServerOptions {
  readonly reach: Reach;
  readonly requestTimeMs: number;
  readonly rules: GuardRules;
  readonly streams: StreamWatch;
  tls: TlsFiles | null;
  state: State;
  routes: Readonly<Record<string, Route>>;
  access: Access | null;
}

/** Null for an address that this machine does not have. */
function listen(parts: Parts, hostname: string, port: number): Server<undefined> | null {
  try {
    return Bun.serve({
      hostname,
      port,
      ...(parts.tls === null ? {} : { tls: { ...parts.tls } }),
      // A little more than is taken, so that what is a little too large is told so in words.
      maxRequestBodySize: 4 * parts.maxBodyBytes,
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
  const peer = server.requestIP(request);
  const { tls, reach } = parts;
  const origin = originOf(request.headers, peer?.address ?? '', tls !== null, reach.proxies);
  // Without a host it is no URL; the guard refuses that below.
  const pathname = URL.parse(request.url)?.pathname ?? '/';
  const found = routeAt(parts.routes, pathname);
  const refused =
    refusal(request, origin, parts.rules, !mustBeJson(request, found?.route)) ??
    (await strangerRefusal(parts, request, server, origin));
  if (refused !== null) return refused;
  const health = healthOf(parts, request.method, pathname);
  if (health !== null) return health;
  if (parts.state !== 'ready') {
    return refuse(503, `the server is ${parts.state}`, { 'retry-after': '1' });
  }
  const caller = callerOf(parts, request, origin, found?.route.open === true);
  if (caller instanceof Response) return caller;
  if (found === null) return refuse(404, `there is nothing at ${pathname.slice(0, 200)}`);
  const { route, params } = found;
  const handler = Object.hasOwn(route.methods, request.method)
    ? route.methods[request.method]
    : undefined;
  if (handler === undefined) {
    const allow = Object.keys(route.methods).join(', ');
    return refuse(405, `${pathname} takes ${allow}`, { allow });
  }
  allowSilence(route, request, server);
  return handled(parts, request, handler, { caller, params });
}

/** What a path does not take is refused for that, whatever it brings. */
const mustBeJson = ({ method }: Request, route: Route | undefined): boolean =>
  route !== undefined && route.anyContent !== true && Object.hasOwn(route.methods, method);

/** The server ends what is silent for ten seconds, unless told otherwise. */
function allowSilence(route: Route, request: Request, server: Server<undefined>): void {
  const beats = route.streams === 'beating' && request.method === 'GET';
  if (beats) server.timeout(request, STUCK_SECONDS);
  else if (route.streams !== undefined) server.timeout(request, 0);
}

/** Calls that took longer than this are looked at again before they are answered. */
const LONG_MS = 1000;

async function handled(
  { access, streams, requestTimeMs, maxBodyBytes }: Parts,
  request: Request,
  handler: Handler,
  call: Omit<HttpCall, 'unwelcome'>,
): Promise<Response> {
  const whole = await wholeRequest(request, requestTimeMs, maxBodyBytes);
  if (whole instanceof Response) return whole;
  const began = performance.now();
  const { signal, done } = streams.during(call.caller);
  const response = await handler(whole, { ...call, unwelcome: signal }).finally(done);
  const isLate = signal.aborted || performance.now() - began > LONG_MS;
  if (isLate && access?.isWelcome(call.caller) === false) {
    void response.body?.cancel();
    return noLongerWelcome();
  }
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  return isStream ? streams.watched(response, call.caller) : response;
}

function callerOf(
  { access }: Parts,
  request: Request,
  { address }: Origin,
  isOpen: boolean,
): Caller | Response {
  if (isOpen) return openCaller(address);
  if (access === null || access.isByProcess()) return localCaller(address);
  return access.identify(request, address);
}

/** Without tokens: only processes of this user, and nobody that a proxy has let in. */
async function strangerRefusal(
  { peers, reach, access }: Parts,
  request: Request,
  server: Server<undefined>,
  origin: Origin,
): Promise<Response | null> {
  if (reach.onlyProxies && !origin.isProxied) {
    return refuse(403, 'this server is reached through its proxy only (trusted_proxies)');
  }
  const isByProcess = access === null ? !reach.isPublic : access.isByProcess();
  if (!isByProcess) return null;
  if (cameThroughProxy(request.headers)) {
    return refuse(
      403,
      'this came through a proxy: without a token nobody is let in from elsewhere',
    );
  }
  if (peers === null) return null;
  const peer = server.requestIP(request);
  if (peer !== null && (await peers.isOurs(peer, server.port ?? 0))) return null;
  access?.refused(origin.address, 'a process of another user');
  return refuse(403, 'only processes of the same user may call this server');
}

/** `/healthz`: it lives. `/readyz`: it takes requests. */
function healthOf({ state }: Parts, method: string, pathname: string): Response | null {
  if (pathname !== '/healthz' && pathname !== '/readyz') return null;
  if (method !== 'GET' && method !== 'HEAD') {
    return refuse(405, `${pathname} takes GET, HEAD`, { allow: 'GET, HEAD' });
  }
  if (pathname === '/healthz') return Response.json({ status: 'ok' });
  return Response.json({ status: state }, { status: state === 'ready' ? 200 : 503 });
}
