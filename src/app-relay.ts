/**
 * Composition of `opcode mcp`: reaches the daemon of this home and database, starts one when none
 * lives, and executes here when there can be none, saying why.
 */
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { ownCommand, programVersion } from './app-parts.ts';
import type { Config } from './config.ts';
import { readPidFile } from './http/pid-file.ts';
import { type DetachedProcess, startDetached } from './isolate/detached.ts';
import { isAlive } from './isolate/process-info.ts';
import { onLines } from './mcp/lines.ts';
import { createRelay, type Upstream } from './mcp/relay.ts';
import { connectSocket } from './mcp/socket-client.ts';
import type { StdioSession, Streams } from './mcp/stdio.ts';
import type { Spelling } from './mcp/tool-names.ts';
import { AppError, messageOf } from './model/error.ts';
import type { Logger } from './model/ports.ts';

/** Longer paths are none to the system; a little less than the least of them (104, with its end). */
const MAX_SOCKET_PATH_BYTES = 100;
const TRIES_MS = 20;
/** A daemon that takes longer to be ready does not come. */
const READY_MS = 30_000;
/** How long one that has been ready may have no socket: it is an older one, or is stopping. */
const SOCKET_MS = 5000;
/** How long the winner of two starters may take to write down that it lives. */
const LOSER_MS = 1000;
const MAX_REASON_BYTES = 2000;

/** Where the daemon of a home listens for `opcode mcp`. @throws PERMISSION_DENIED */
export function socketPathOf(home: string): string {
  const path = join(home, 'mcp.sock');
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  const uid = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `opcode-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0) {
    throw new AppError('PERMISSION_DENIED', `${folder} is not a folder for this user alone`, {
      hint: 'remove it, or use a shorter OPCODE_HOME',
    });
  }
  return join(folder, `${createHash('sha256').update(home).digest('hex').slice(0, 16)}.sock`);
}

export const logPathOf = (home: string): string => join(home, 'daemon.log');

export interface RelayOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Environment of a daemon that has to be started. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Serves these streams in this process. */
  readonly serveHere: (streams: Streams) => Promise<StdioSession>;
}

/** Serves standard input and output through the daemon until the client leaves. */
export function serveThroughDaemon(options: RelayOptions): StdioSession {
  const { promise, resolve } = Promise.withResolvers<void>();
  let here: StdioSession | null = null;
  const told = createStartNotice(logPathOf(options.config.home));
  const relay = createRelay({
    connect: async (start) => {
      try {
        return await reachDaemon(options, start, told.started);
      } catch (thrown) {
        if (!start) return null;
        options.log.warn(`no daemon: ${messageOf(thrown)}; this process executes itself`);
        const local = localUpstream();
        here = await options.serveHere(local.streams);
        return local.upstream;
      }
    },
    toClient: (line) => {
      process.stdout.write(`${line}\n`);
      const notice = told.after(line);
      if (notice !== null) process.stdout.write(`${notice}\n`);
    },
    log: options.log,
  });
  const close = async (): Promise<void> => {
    relay.close();
    await here?.close();
    resolve();
  };
  onLines(process.stdin, relay.fromClient);
  process.stdin.once('end', () => void close());
  process.stdin.once('close', () => void close());
  // A client that no longer reads has left.
  process.stdout.on('error', () => void close());
  return { closed: promise, close };
}

/** Tells the client once, behind the answer to its first request, that a daemon was started for it. */
function createStartNotice(logPath: string): {
  started(pid: number): void;
  /** The notice to be sent behind this line, or null. */
  after(line: string): string | null;
} {
  let pid: number | null = null;
  return {
    started(startedPid) {
      pid = startedPid;
    },
    after(line) {
      if (pid === null || !line.includes('"protocolVersion"')) return null;
      const data = `Opcode's daemon was started (pid ${pid}). It goes on when this client leaves, so that runs do; opcode stop ends it. Its log is ${logPath}`;
      pid = null;
      const params = { level: 'info', logger: 'opcode', data };
      return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params });
    },
  };
}

/** A pair of streams whose other end is the relay. */
function localUpstream(): { readonly streams: Streams; readonly upstream: Upstream } {
  const input = new PassThrough();
  const output = new PassThrough();
  return {
    streams: { input, output },
    upstream: {
      send: (line) => void input.write(`${line}\n`),
      onLine: (take) => onLines(output, take),
      onClose: (gone) => void output.once('close', gone),
      close: () => void input.end(),
    },
  };
}

/** @throws CONFLICT, EXECUTION_ERROR: why there is no daemon to use */
async function reachDaemon(
  options: RelayOptions,
  start: boolean,
  onStarted: (pid: number) => void,
): Promise<Upstream | null> {
  const { config } = options;
  const path = socketPathOf(config.home);
  const names = config.settings['mcp.names'];
  const spelling: Spelling = names === 'auto' ? 'underscores' : names;
  const hello = {
    opcode: 'hello',
    db: config.dbPath,
    version: programVersion(),
    names: spelling,
  } as const;
  const began = performance.now();
  let started: Started | null = null;
  for (;;) {
    const upstream = await connectSocket(path, hello);
    if (upstream !== null) {
      if (started?.child.ended() === false) onStarted(started.child.pid);
      return upstream;
    }
    const record = readPidFile(config.pidPath);
    const lives = record !== null && isAlive(record) === true;
    if (!lives && !start) return null;
    if (!lives && started === null) started = startDaemonProcess(options);
    assertComing({ began, lives, started, isStarting: lives && isYoung(config.pidPath) });
    await Bun.sleep(TRIES_MS);
  }
}

interface Started {
  readonly child: DetachedProcess;
  readonly logPath: string;
  /** Size of the log before: what came since is its own. */
  readonly logSize: number;
  endedAt: number | null;
}

function startDaemonProcess({ config, env }: RelayOptions): Started {
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const logPath = logPathOf(config.home);
  const logSize = sizeOf(logPath);
  const { origins, settings } = config;
  const child = startDetached({
    command: [
      ...ownCommand('serve', '--log-file', logPath),
      ...(origins.db_path === 'default' ? [] : ['--db-path', config.dbPath]),
      ...(origins.log_level === 'flag' ? ['--log-level', settings.log_level] : []),
    ],
    cwd: config.home,
    env: { ...env, OPCODE_HOME: config.home },
    outputPath: logPath,
  });
  return { child, logPath, logSize, endedAt: null };
}

/** @throws why no daemon comes, once that is certain */
function assertComing({
  began,
  lives,
  started,
  isStarting,
}: {
  readonly began: number;
  readonly lives: boolean;
  readonly started: Started | null;
  readonly isStarting: boolean;
}): void {
  const now = performance.now();
  if (started?.child.ended() === true) started.endedAt ??= now;
  const hasLost = started !== null && started.endedAt !== null;
  // Somebody else's may be coming: of two that start at once one finds the port taken.
  if (hasLost && !lives && now - (started.endedAt ?? now) > LOSER_MS) {
    throw new AppError('CONFLICT', `it did not start: ${reasonOf(started)}`);
  }
  if (lives && !isStarting && started === null && now - began > SOCKET_MS) {
    throw new AppError(
      'CONFLICT',
      'the one that runs does not serve `opcode mcp` (it may be stopping)',
      {
        hint: 'opcode restart',
      },
    );
  }
  if (now - began > READY_MS) throw new AppError('CONFLICT', 'it does not become ready');
}

/** True while the daemon of this pid file may still be opening its database, or migrating it. */
function isYoung(pidPath: string): boolean {
  const stat = statSync(pidPath, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs < READY_MS;
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** What the daemon said before it ended, in a line. */
function reasonOf({ logPath, logSize, child }: Started): string {
  const size = Math.min(sizeOf(logPath) - logSize, MAX_REASON_BYTES);
  const fallback = `it ended with exit code ${child.exitCode() ?? 'unknown'}; ${logPath} says more`;
  if (size <= 0) return fallback;
  const bytes = Buffer.alloc(size);
  const descriptor = openSync(logPath, 'r');
  try {
    readSync(descriptor, bytes, 0, size, logSize);
  } finally {
    closeSync(descriptor);
  }
  const text = bytes.toString().replace(/\s+/g, ' ').trim();
  return text === '' ? fallback : text;
}
