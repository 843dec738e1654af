/**
 * Composition of the processes that others talk to: MCP over stdio, and the daemon.
 *
 * The daemon takes its port before it takes on any run, so that a port in use costs nothing. Requests
 * are answered 503 until everything unfinished was taken on, but not for long: with very many runs the
 * rest is taken on while it serves.
 */
import { mkdirSync } from 'node:fs';
import { type App, type OpenedApp, openApp } from './app.ts';
import { openServerAccess, reachOf, type ServerAccess } from './app-access.ts';
import { createHttpApi } from './app-api.ts';
import { logRuns, reloadableLog } from './app-daemon-log.ts';
import { openDoors } from './app-doors.ts';
import { startNotices } from './app-notify.ts';
import { programVersion } from './app-parts.ts';
import { startUpkeep } from './app-upkeep.ts';
import type { Config } from './config.ts';
import { createMeter, type Meter } from './http/metrics-meter.ts';
import { createPeerCheck } from './http/peer.ts';
import {
  type DaemonRecord,
  type ProcessMark,
  plainPidIn,
  readPidFile,
  refuseSecondDaemon,
  releasePidFile,
  writePidFile,
} from './http/pid-file.ts';
import { type HttpServer, type Route, startHttpServer } from './http/server.ts';
import { isAlive, ownIdentity } from './isolate/process-info.ts';
import { createSocketOwner } from './isolate/socket-owner.ts';
import { createMcpEndpoints, type McpEndpoints } from './mcp/endpoints.ts';
import { createEventFeed } from './mcp/event-feed.ts';
import { type StdioSession, type Streams, serveMcpStdio } from './mcp/stdio.ts';
import type { Engine } from './model/engine.ts';
import { AppError, messageOf } from './model/error.ts';
import type { Logger } from './model/ports.ts';
import type { SettingKey } from './settings.ts';
import { hasKind } from './store/sqlite/errors.ts';
import { spendReserve } from './store/sqlite/reserve.ts';

/** Serves MCP on standard input and output, which then carry nothing else, or on other streams. */
export function serveStdio(app: App, config: Config, log: Logger, streams?: Streams): StdioSession {
  makeWorkFolder(config);
  const spelling = config.settings['mcp.names'];
  return serveMcpStdio(
    {
      ops: app.ops,
      log,
      version: programVersion(),
      feed: createEventFeed(app.ops, log),
      told: app.notify,
    },
    spelling === 'auto' ? 'underscores' : spelling,
    streams,
  );
}

/** Runs that were not started from a folder work here; only its owner may look. */
function makeWorkFolder({ workDir }: Config): void {
  try {
    mkdirSync(workDir, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw new AppError('STORE_ERROR', `${workDir} cannot be made: ${messageOf(thrown)}`, {
      hint: 'give this user the right to write there, or choose another home (OPCODE_HOME)',
      cause: thrown,
    });
  }
}

export interface DaemonOptions {
  readonly config: Config;
  /** Writes one line of the log. */
  readonly write: (line: string) => void;
  /** Readable lines instead of JSON. */
  readonly pretty: boolean;
  readonly color: boolean;
  /** True when a unit of systemd runs it. */
  readonly isUnit?: boolean;
}

export interface Daemon {
  readonly urls: readonly string[];
  /** Unfinished runs that it took on before it served. */
  readonly recovered: number;
  /** Takes over what of these settings can change while it runs; names what needs a restart. */
  reload(config: Config): readonly SettingKey[];
  /** Gives up what it has open without recording anything more. */
  abandon(): void;
  /** Lets steps in flight finish (a second call: stops them), persists, closes. */
  stop(): Promise<void>;
}

/** Starts the daemon of a home. @throws CONFLICT when one lives or the port is taken */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { config } = options;
  const reach = reachOf(config);
  refuseSecondDaemon(config.pidPath, aliveness);
  const live = { config };
  const log = reloadableLog(options, live);
  makeWorkFolder(config);
  const { uid } = ownIdentity();
  const http = startHttpServer({
    hosts: config.listen.hosts,
    port: config.listen.port,
    baseUrl: config.settings.base_url,
    maxBodyBytes: config.settings['limits.request_bytes'],
    requestTimeMs: config.settings['limits.request_time'],
    peers: await createPeerCheck({ uid, ownerOf: createSocketOwner() }),
    reach,
    log,
  });
  let app: OpenedApp | null = null;
  try {
    const record = {
      ...ownIdentity(),
      version: programVersion(),
      urls: http.urls,
      succeeds: true,
      isUnit: options.isUnit === true,
    };
    const crashed = readPidFile(config.pidPath) !== null;
    orWithReserve(config, log, () => writePidFile(config.pidPath, record));
    const meter = createMeter();
    const opened = { execute: true, claims: true, role: 'serve', makesRoom: true } as const;
    app = await openApp(config, { ...opened, log, meter });
    const endLog = logRuns(options, live, app);
    const { store, audit } = app;
    const access = openServerAccess({ store, audit, config, reach, http, log });
    const recovered = app.engine === null ? 0 : await takeOn(app.engine, log);
    return running({ app, access, config, http, log, recovered, crashed, live, meter, endLog });
  } catch (thrown) {
    await app?.close();
    await http.close();
    releasePidFile(config.pidPath, process.pid);
    throw thrown;
  }
}

/** On a full disk the reserve beside the database is spent once, so that old runs can be removed. */
function orWithReserve(config: Config, log: Logger, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    if (!hasKind(thrown, 'full') || !spendReserve(config.dbPath)) throw thrown;
    log.warn('the disk is full: the reserve was spent to start; opcode gc removes old runs');
    work();
  }
}

/** How long requests wait for what is taken on at the start. */
const TAKE_ON_MS = 20;

/** Takes on what is unfinished; answers how many runs that were within `TAKE_ON_MS`. */
async function takeOn(engine: Engine, log: Logger): Promise<number> {
  let moment: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    moment = setTimeout(() => resolve(null), TAKE_ON_MS);
  });
  const all = engine.recover(null);
  const count = await Promise.race([all, late]);
  clearTimeout(moment);
  if (count !== null) return count;
  all.then(
    (recovered) => log.info('everything unfinished was taken on', { recovered }),
    (thrown: unknown) => log.error('recovery failed', { error: messageOf(thrown) }),
  );
  return engine.liveRuns();
}

interface Running {
  readonly app: App;
  readonly access: ServerAccess;
  readonly config: Config;
  readonly http: HttpServer;
  readonly log: Logger;
  readonly recovered: number;
  readonly crashed: boolean;
  readonly live: { config: Config };
  readonly meter: Meter;
  readonly endLog: () => void;
}

function running({
  app,
  access,
  config,
  http,
  log,
  recovered,
  crashed,
  live,
  meter,
  endLog,
}: Running): Daemon {
  const stopping = new AbortController();
  const deps = {
    ops: app.ops,
    log,
    version: programVersion(),
    feed: createEventFeed(app.ops, log),
    maySpeakFor: access.maySpeakFor,
    stopping: stopping.signal,
    told: app.notify,
  };
  const { notify, engine, store } = app;
  const mcp = createMcpEndpoints({
    ...deps,
    names: () => live.config.settings['mcp.names'],
    keeping: { store, now: Date.now },
  });
  const { api, schedules } = openRoutes(
    { app, access, config, http, log, live, meter },
    mcp,
    stopping.signal,
  );
  const endUpkeep = startUpkeep({ store, config: () => live.config, log, tell: notify.tell });
  const endNotices = startNotices({ notify, engine, recovered, crashed });
  let stopped: Promise<void> | null = null;
  const hurried: Promise<void>[] = [];
  let isClosing = false;
  const doors = openDoors({ app, config, mcp: deps });
  const stop = async (): Promise<void> => {
    http.drain();
    stopping.abort();
    const doorsClosed = doors.close();
    await schedules.close();
    await endUpkeep();
    const { grace: graceMs, grace_unsafe: graceUnsafeMs } = config.settings;
    await app.engine?.stop({ graceMs, graceUnsafeMs });
    isClosing = true;
    await Promise.all(hurried);
    await endNotices();
    endLog();
    await Promise.all([doorsClosed, mcp.close(), api.close()]);
    await http.close();
    releasePidFile(config.pidPath, process.pid);
    await app.close();
  };
  return {
    urls: http.urls,
    recovered,
    reload(next) {
      access.reload(next);
      app.notify.reload(next);
      const changed = changedKeys(live.config, next);
      live.config = next;
      return changed.filter((key) => !RELOADED.has(key));
    },
    abandon: () => store.close(),
    stop() {
      if (stopped !== null && !isClosing && app.engine !== null) {
        hurried.push(app.engine.stop({ graceMs: 0, graceUnsafeMs: 0 }));
      }
      stopped ??= stop();
      return stopped;
    },
  };
}

/** Answers requests from now on, and starts what is due. */
function openRoutes(
  {
    app,
    access,
    config,
    http,
    log,
    live,
    meter,
  }: Omit<Running, 'recovered' | 'crashed' | 'endLog'>,
  mcp: McpEndpoints,
  stopping: AbortSignal,
) {
  const schedules = app.schedules({
    ops: app.ops,
    tell: app.notify.tell,
    hooksPerMinute: () => live.config.settings['limits.webhooks_per_minute'],
  });
  const api = createHttpApi({
    app,
    config,
    log,
    meter,
    url: http.urls[0] ?? '',
    stopping,
    mcpSessions: mcp.sessions,
    schedulerLagMs: schedules.lagMs,
  });
  const routes = { ...routesOf(mcp), ...api.routes, ...schedules.routes };
  http.open(api.measured(routes), access.access);
  return { api, schedules };
}

const routesOf = (mcp: McpEndpoints): Readonly<Record<string, Route>> => ({
  '/sse': { streams: 'beating', methods: { GET: mcp.sse, POST: mcp.sse, DELETE: mcp.sse } },
  '/message': { methods: { POST: mcp.message } },
  '/mcp': { streams: 'beating', methods: { GET: mcp.mcp, POST: mcp.mcp, DELETE: mcp.mcp } },
});

/** Settings that a running daemon takes over. */
const RELOADED: ReadonlySet<SettingKey> = new Set([
  'log_level',
  'mcp.names',
  'tls.cert',
  'tls.key',
  'retention.enabled',
  'retention.at',
  'retention.completed',
  'retention.failed',
  'retention.keep_last',
  'limits.disk_free',
  'limits.webhooks_per_minute',
  'notify.rules',
  'notify.channels',
]);

function changedKeys(before: Config, after: Config): SettingKey[] {
  const keys = Object.keys(after.settings) as SettingKey[];
  return keys.filter(
    (key) => JSON.stringify(before.settings[key]) !== JSON.stringify(after.settings[key]),
  );
}

/** What the pid file names: alive, gone (also by a restart of the machine), or not to be told. */
function aliveness(mark: ProcessMark): boolean | null {
  const own = ownIdentity();
  if (mark.host === own.host && mark.bootId !== own.bootId) return false;
  return isAlive(mark, own);
}

/** The living daemon of the program before this one that the pid file of a home still names. */
export function findFormerDaemon({ pidPath }: Config): number | null {
  const pid = plainPidIn(pidPath);
  if (pid === null) return null;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM' ? pid : null;
  }
}

export interface RunningDaemon extends DaemonRecord {
  /** False when its process is gone; null when that cannot be told from here. */
  readonly alive: boolean | null;
}

/** The daemon that this home's pid file names, null when there is none. @throws STORE_ERROR */
export function findDaemon(config: Config): RunningDaemon | null {
  const record = readPidFile(config.pidPath);
  return record === null ? null : { ...record, alive: aliveness(record) };
}
