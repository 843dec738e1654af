/**
 * Composition of what the daemon answers besides MCP: the HTTP API with its description, the stream of
 * events, the metrics.
 */
import { statSync } from 'node:fs';
import type { App } from './app.ts';
import { programVersion } from './app-parts.ts';
import type { Config } from './config.ts';
import { API_ROOT, createApi, servedOf } from './http/api.ts';
import { jsonResponse } from './http/api-answer.ts';
import { createEventStreams } from './http/events.ts';
import { createMetrics, metered } from './http/metrics.ts';
import type { Meter } from './http/metrics-meter.ts';
import { openApiDocument } from './http/openapi.ts';
import type { Handler, Route } from './http/server.ts';
import { AppError } from './model/error.ts';
import type { Logger } from './model/ports.ts';

export interface HttpApiDeps {
  readonly app: App;
  readonly config: Config;
  readonly log: Logger;
  readonly meter: Meter;
  /** Where the server listens, when nothing says how others reach it. */
  readonly url: string;
  readonly stopping: AbortSignal;
  /** Open MCP sessions. */
  readonly mcpSessions: () => number;
  /** For how long a due schedule has not fired, milliseconds. */
  readonly schedulerLagMs: () => number | null;
}

type Routes = Readonly<Record<string, Route>>;

export interface HttpApi {
  readonly routes: Routes;
  /** These routes, with every request measured. */
  measured(routes: Routes): Routes;
  close(): Promise<void>;
}

/** The API of a daemon. */
export function createHttpApi(deps: HttpApiDeps): HttpApi {
  const { app, log, stopping, meter } = deps;
  const { engine } = app;
  if (engine === null) throw new AppError('INTERNAL', 'a server without an engine');
  const api = createApi({ ops: app.ops, log, stopping });
  const events = createEventStreams({ ops: app.ops, store: app.store, log });
  const eventsPath = `${API_ROOT}/events`;
  const page = api.routes[eventsPath];
  const getEvents: Handler = (request, call) => {
    const readPage = page?.methods.GET;
    return readPage !== undefined && wantsJson(request)
      ? readPage(request, call)
      : events.handle(request, call);
  };
  const metrics = createMetrics({
    version: programVersion(),
    log,
    store: app.store,
    engine: engine.metrics,
    meter,
    databaseBytes: () => databaseBytes(deps.config.dbPath),
    figures: processFigures,
    sessions: () => ({ mcp: deps.mcpSessions(), events: events.count() }),
    schedulerLagMs: deps.schedulerLagMs,
    now: () => performance.now(),
  });
  return {
    routes: {
      ...api.routes,
      [eventsPath]: { streams: 'beating', methods: { ...page?.methods, GET: getEvents } },
      [`${API_ROOT}/openapi.json`]: { methods: { GET: describe(deps) } },
      '/metrics': { methods: { GET: metrics } },
    },
    measured: (routes) => metered(routes, meter, () => performance.now()),
    async close() {
      events.close();
      await api.close();
    },
  };
}

/** A page instead of the stream, for who asks for it by name. */
function wantsJson({ headers }: Request): boolean {
  const accept = headers.get('accept') ?? '';
  return accept.includes('application/json') && !accept.includes('text/event-stream');
}

function describe({ app, config, url }: HttpApiDeps): Handler {
  let document: object | null = null;
  return async () => {
    document ??= openApiDocument({
      ...servedOf(app.ops),
      version: programVersion(),
      url: config.settings.base_url ?? url,
    });
    return jsonResponse(document);
  };
}

/** The file, and what is not yet merged into it. */
function databaseBytes(path: string): number {
  const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return sizeOf(path) + sizeOf(`${path}-wal`);
}

function processFigures() {
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1_000_000,
    startedAt: Math.round(Date.now() / 1000 - process.uptime()),
  };
}
