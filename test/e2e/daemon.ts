/** Daemons for tests of several processes: started on a free port, waited for, always ended. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { eventually } from '../support/patience.ts';
import type { World } from './opcode.ts';

export interface DaemonProcess {
  readonly pid: number;
  readonly url: string;
  /** Sends a signal; SIGKILL and SIGTERM are not waited for. */
  signal(name: NodeJS.Signals): void;
  readonly exited: Promise<number>;
  /** What it wrote on stderr until now. */
  log(): string;
}

/** A port that nobody uses. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Settings of a home, before anything runs there. */
export function writeSettings(home: string, settings: object): void {
  writeFileSync(join(home, 'settings.json'), JSON.stringify(settings), { mode: 0o600 });
}

interface Record {
  readonly pid: number;
  readonly urls: readonly string[];
}

/** The daemon that a home's pid file names, null when there is none. */
export function daemonOf(home: string): Record | null {
  const path = join(home, 'opcode.pid');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record) : null;
}

/** Starts the daemon of a world and waits until it is ready. */
export async function startDaemon(world: World, ...args: string[]): Promise<DaemonProcess> {
  const child = world.start('serve', '--listen-addr', ':0', ...args);
  let text = '';
  const reading = (async () => {
    for await (const chunk of child.stderr) text += new TextDecoder().decode(chunk);
  })();
  const exited = child.exited.then(async (code) => {
    await reading;
    return code;
  });
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`the daemon ended: ${text}`);
    return text.includes('opcode is ready');
  }, 'the daemon is ready');
  const { urls } = JSON.parse(text.split('\n').find((line) => line.includes('is ready')) ?? '{}');
  return {
    pid: child.pid,
    url: urls[0],
    signal: (name) => void child.kill(name),
    exited,
    log: () => text,
  };
}

/** Ends it, whatever state it is in. */
export async function end(daemon: DaemonProcess | null): Promise<void> {
  if (daemon === null) return;
  daemon.signal('SIGKILL');
  await daemon.exited;
}
