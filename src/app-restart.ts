/**
 * Ending the daemon, and starting this version in its place as the old one ran: with its arguments,
 * folder and environment.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ownCommand } from './app-parts.ts';
import { logPathOf } from './app-relay.ts';
import { findDaemon, type RunningDaemon } from './app-serve.ts';
import { requestSuccessor, successorOf } from './app-successor.ts';
import type { Config } from './config.ts';
import { type DetachedProcess, startDetached } from './isolate/detached.ts';
import { howStarted, type StartFacts, unitNameOf } from './isolate/how-started.ts';
import { isAlive, startTimeOf } from './isolate/process-info.ts';
import { AppError } from './model/error.ts';

const LOOK_MS = 50;
const READY_MS = 60_000;
const MAX_REASON = 2000;

export interface StopOptions {
  /** After this long steps in flight are ended; null: as long as the daemon's own settings give them. */
  readonly graceMs: number | null;
  /** Called every now and then while it is waited for. */
  readonly onLook?: () => void;
}

/** The command line of a process that is not this program, null when it is or cannot be told. */
export function strangerAt(pid: number): string | null {
  const words = howStarted(pid)?.argv ?? [];
  const [program = '', script = ''] = words;
  if (program === '' || words.includes('serve')) return null;
  const ours = [program, script].some((word) => /opcode|main\.ts$/.test(basename(word)));
  return ours || basename(program) === basename(process.execPath)
    ? null
    : words.join(' ').slice(0, 200);
}

/** Asks a daemon to stop and resolves when its process is gone. */
export async function stopDaemon(daemon: RunningDaemon, options: StopOptions): Promise<void> {
  const { graceMs, onLook } = options;
  const began = performance.now();
  let isHurried = false;
  terminate(daemon);
  while (isAlive(daemon) === true) {
    await Bun.sleep(LOOK_MS);
    onLook?.();
    const isOver = graceMs !== null && performance.now() - began >= graceMs;
    if (!isOver || isHurried || isAlive(daemon) !== true) continue;
    isHurried = true;
    terminate(daemon);
  }
}

function terminate({ pid }: RunningDaemon): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    throw new AppError('PERMISSION_DENIED', `the daemon (pid ${pid}) belongs to another user`, {
      cause: thrown,
    });
  }
}

export interface RestartPlan {
  /** How a daemon that does not start its own successor was started, as far as that can be read. */
  readonly facts: StartFacts | null;
  /** The daemon that will start its successor. */
  readonly succeeding: RunningDaemon | null;
}

/** How the daemon is to be replaced; to be called before it stops. @throws CONFLICT when systemd runs it */
export function planRestart(config: Config, daemon: RunningDaemon | null): RestartPlan {
  if (daemon === null) return { facts: null, succeeding: null };
  if (daemon.succeeds === true) {
    if (daemon.isUnit === true) refuseUnit(unitNameOf(daemon.pid));
    requestSuccessor(config, daemon);
    return { facts: null, succeeding: daemon };
  }
  const facts = howStarted(daemon.pid);
  if (facts !== null && facts.unit !== null) refuseUnit(facts.unit);
  return { facts, succeeding: null };
}

function refuseUnit(unit: string): never {
  const user = process.getuid?.() === 0 ? '' : '--user ';
  throw new AppError('CONFLICT', `systemd runs the daemon (${unit})`, {
    hint: `systemctl ${user}restart ${unit === 'its unit' ? 'opcode' : unit}`,
  });
}

/** Arguments of `serve` in a command line. */
function argumentsIn(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf('serve');
  return at < 0 ? [] : argv.slice(at + 1);
}

/** Resolves when the successor of a daemon that has ended takes requests. @throws CONFLICT */
export function untilSucceeded(config: Config, daemon: RunningDaemon): Promise<RunningDaemon> {
  const logPath = logPathOf(config.home);
  const { pid, started } = successorOf(config, daemon);
  const child = { pid, exitCode: () => null, ended: () => startTimeOf(pid) !== started };
  return untilReady(config, child, () => readOrEmpty(logPath).slice(-MAX_REASON));
}

export interface StartOptions {
  readonly config: Config;
  /** Environment when nothing is known of the one before. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly facts: StartFacts | null;
}

/** Starts a daemon and resolves when it takes requests. @throws CONFLICT saying why it did not start */
export async function startDaemonAgain(options: StartOptions): Promise<RunningDaemon> {
  const { config, env, facts } = options;
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const logPath = logPathOf(config.home);
  const args = argumentsIn(facts?.argv ?? []);
  const logs = args.includes('--log-file') ? [] : ['--log-file', logPath];
  const before = readOrEmpty(logPath).length;
  const child = startDetached({
    command: ownCommand('serve', ...args, ...logs),
    cwd: facts?.cwd != null && existsSync(facts.cwd) ? facts.cwd : config.home,
    env: { ...(facts?.env ?? env), OPCODE_HOME: config.home },
    outputPath: logPath,
  });
  return untilReady(config, child, () => readOrEmpty(logPath).slice(before));
}

async function untilReady(
  config: Config,
  child: DetachedProcess,
  said: () => string,
): Promise<RunningDaemon> {
  const giveUpAt = performance.now() + READY_MS;
  for (;;) {
    const daemon = findDaemon(config);
    if (daemon?.pid === child.pid && daemon.alive === true && (await isReady(daemon)))
      return daemon;
    if (child.ended()) throw notStarted(child, said());
    if (performance.now() > giveUpAt) {
      throw new AppError('CONFLICT', `the daemon (pid ${child.pid}) does not become ready`, {
        hint: `${logPathOf(config.home)} says more`,
      });
    }
    await Bun.sleep(LOOK_MS);
  }
}

async function isReady({ urls }: RunningDaemon): Promise<boolean> {
  try {
    const url = new URL('/readyz', urls[0]);
    return (await fetch(url, { signal: AbortSignal.timeout(1000), tls: OWN_CERTIFICATE })).ok;
  } catch {
    // It is about to listen, or was too busy to answer in time.
    return false;
  }
}

/** Its certificate is not one for loopback; only whether it answers is asked. */
const OWN_CERTIFICATE = { rejectUnauthorized: false };

function notStarted(child: DetachedProcess, said: string): AppError {
  const reason = said.slice(-MAX_REASON).replace(/\s+/g, ' ').trim();
  const code = child.exitCode();
  return new AppError(
    'CONFLICT',
    `it did not start: ${reason === '' ? `exit code ${code ?? 'unknown'}` : reason}`,
    {
      hint: 'opcode doctor looks at what is in the way; nothing is lost, runs go on when it starts',
    },
  );
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw thrown;
  }
}
