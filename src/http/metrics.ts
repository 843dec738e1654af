/**
 * `GET /metrics`: the figures of this process and its database for Prometheus. The database is asked at
 * most once in a while, however often somebody looks.
 */
import type { EngineMetrics } from '../model/engine.ts';
import type { Logger } from '../model/ports.ts';
import type { Store } from '../model/store.ts';
import { requireAccess } from '../ops/access.ts';
import { asAppError, errorResponse } from './api-answer.ts';
import type { Meter } from './metrics-meter.ts';
import { type Family, METRICS_TYPE, metricsText, type Sample, single } from './metrics-text.ts';
import type { Handler, Route } from './server.ts';

/** Figures of the process itself. */
interface ProcessFigures {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  /** Unix time, seconds. */
  readonly startedAt: number;
}

export interface MetricsDeps {
  readonly version: string;
  readonly log: Logger;
  readonly store: Pick<Store, 'countRuns' | 'lastEventId'>;
  readonly engine: () => EngineMetrics;
  readonly meter: Meter;
  /** Size of the database with what is not yet merged into it. */
  readonly databaseBytes: () => number;
  readonly figures: () => ProcessFigures;
  /** Open connections by kind: `mcp`, `events`. */
  readonly sessions: () => Readonly<Record<string, number>>;
  /** For how long a due schedule has not fired; null without a scheduler. */
  readonly schedulerLagMs: () => number | null;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/** How long what the database said is told again, milliseconds. */
const REMEMBERED_MS = 2000;

/** The handler of `/metrics`. */
export function createMetrics(deps: MetricsDeps): Handler {
  let stored: { readonly at: number; readonly families: readonly Family[] } | null = null;
  return async (_request, { caller }) => {
    try {
      requireAccess(caller.role, 'read', 'metrics');
      const now = deps.now();
      if (stored === null || now - stored.at > REMEMBERED_MS) {
        stored = { at: now, families: databaseFamilies(deps) };
      }
      const text = metricsText([
        ...processFamilies(deps),
        ...stored.families,
        ...engineFamilies(deps.engine()),
        ...deps.meter.families(),
      ]);
      const headers = { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' };
      return new Response(text, { headers });
    } catch (thrown) {
      return errorResponse(asAppError(thrown, deps.log, 'metrics'));
    }
  };
}

function processFamilies(deps: MetricsDeps): readonly Family[] {
  const { residentBytes, cpuSeconds, startedAt } = deps.figures();
  const build = { labels: { version: deps.version }, value: 1 };
  const lagMs = deps.schedulerLagMs();
  return [
    { name: 'opcode_build_info', type: 'gauge', help: 'The version that runs.', samples: [build] },
    single('process_resident_memory_bytes', 'gauge', 'Memory in use.', residentBytes),
    single('process_cpu_seconds_total', 'counter', 'Processor time.', cpuSeconds),
    single('process_start_time_seconds', 'gauge', 'Unix time of the start.', startedAt),
    {
      name: 'opcode_sessions',
      type: 'gauge',
      help: 'Open connections of clients, by kind.',
      samples: byLabel('kind', deps.sessions()),
    },
    {
      name: 'opcode_scheduler_lag_seconds',
      type: 'gauge',
      help: 'For how long a schedule that is due has not fired.',
      samples: lagMs === null ? [] : [{ value: lagMs / 1000 }],
    },
  ];
}

function databaseFamilies({ store, databaseBytes }: MetricsDeps): readonly Family[] {
  return [
    {
      name: 'opcode_runs',
      type: 'gauge',
      help: 'Runs in the database, by status.',
      samples: byLabel('status', store.countRuns()),
    },
    single('opcode_events_total', 'counter', 'Events ever written.', store.lastEventId()),
    single('opcode_database_bytes', 'gauge', 'Size of the database file.', databaseBytes()),
  ];
}

function engineFamilies(engine: EngineMetrics): readonly Family[] {
  return [
    single('opcode_steps_executing', 'gauge', 'Steps that hold a slot.', engine.executing),
    single('opcode_steps_queued', 'gauge', 'Steps that wait for a slot.', engine.queued),
    single('opcode_slots', 'gauge', 'Steps that may execute at once.', engine.slots),
    single('opcode_live_runs', 'gauge', 'Runs this process has in memory.', engine.liveRuns),
    {
      name: 'opcode_circuit_breaker',
      type: 'gauge',
      help: 'Circuit breakers that are not closed: 1 with their state.',
      samples: engine.breakers.map(({ target, state }) => ({
        labels: { target, state },
        value: 1,
      })),
    },
  ];
}

const byLabel = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

type Routes = Readonly<Record<string, Route>>;

/** The same routes; every request is measured. A stream counts when it begins. */
export function metered(routes: Routes, meter: Meter, now: () => number): Routes {
  const measured = (path: string, method: string, handler: Handler): Handler => {
    return async (request, call) => {
      const began = now();
      const response = await handler(request, call);
      meter.request(method, path, response.status, now() - began);
      return response;
    };
  };
  const entries = Object.entries(routes).map(([path, route]): [string, Route] => {
    const methods = Object.entries(route.methods).map(([method, handler]): [string, Handler] => [
      method,
      measured(path, method, handler),
    ]);
    return [path, { ...route, methods: Object.fromEntries(methods) }];
  });
  return Object.fromEntries(entries);
}
