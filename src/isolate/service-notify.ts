/**
 * Telling systemd how the daemon is, as sd_notify(3) does: one datagram to the socket it names. Without
 * such a socket nothing is done.
 *
 * Bun has no datagram sockets of the Unix family, so three functions of the C library are called; what
 * cannot be told (no library, a socket that is gone) is reported once and changes nothing.
 */
import { ptr } from 'bun:ffi';
import { openLibc } from './libc.ts';

export interface ServiceNotify {
  /** It takes requests; `status` is shown by `systemctl status`. */
  ready(status: string): void;
  /** It stops, which may take this long. */
  stopping(mayTakeMs: number): void;
  /** It reads its settings again; `ready` follows. */
  reloading(): void;
  /** No more signs of life. */
  close(): void;
}

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const MAX_PATH_BYTES = 107;

type Send = (text: string) => void;

/** Tells what these variables of the process name, `NOTIFY_SOCKET` and `WATCHDOG_USEC`. */
export function createServiceNotify(
  env: Readonly<Record<string, string | undefined>>,
  onProblem: (problem: string) => void,
): ServiceNotify {
  const send = senderTo(env.NOTIFY_SOCKET ?? '', onProblem);
  const watchdog = send === null ? null : startWatchdog(env, send);
  return {
    ready: (status) => send?.(`READY=1\nSTATUS=${status.replaceAll('\n', ' ')}`),
    stopping: (mayTakeMs) =>
      send?.(`STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=${Math.round(mayTakeMs * 1000)}`),
    reloading: () => send?.(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    close: () => clearInterval(watchdog ?? undefined),
  };
}

/** A sign of life from the event loop, twice as often as it is asked for. */
function startWatchdog(env: Readonly<Record<string, string | undefined>>, send: Send) {
  const everyUs = Number(env.WATCHDOG_USEC ?? 0);
  const isOurs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(process.pid);
  if (!(everyUs > 0) || !isOurs) return null;
  const timer = setInterval(() => send('WATCHDOG=1'), everyUs / 2000);
  timer.unref();
  return timer;
}

function senderTo(path: string, onProblem: (problem: string) => void): Send | null {
  const isUsable = path.startsWith('/') || path.startsWith('@');
  if (!isUsable || process.platform !== 'linux') return null;
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    onProblem(`NOTIFY_SOCKET is too long a path: ${path}`);
    return null;
  }
  const libc = openLibc(FUNCTIONS);
  if (libc === null) {
    onProblem('NOTIFY_SOCKET: the C library cannot be called, so systemd is told nothing');
    return null;
  }
  let hasFailed = false;
  return (text) => {
    if (sendOnce(libc, path, text) || hasFailed) return;
    hasFailed = true;
    onProblem(`NOTIFY_SOCKET: ${path} does not take messages`);
  };
}

const FUNCTIONS = {
  socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
  sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
  close: { args: ['i32'], returns: 'i32' },
} as const;

type Libc = NonNullable<ReturnType<typeof openLibc<typeof FUNCTIONS>>>;

function sendOnce(libc: Libc, path: string, text: string): boolean {
  const socket = libc.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (socket < 0) return false;
  const message = Buffer.from(text);
  // sockaddr_un: the family in two bytes, then the path; an abstract name begins with a zero byte.
  const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path)]);
  if (path.startsWith('@')) address[2] = 0;
  const sent = libc.sendto(
    socket,
    ptr(message),
    BigInt(message.length),
    MSG_NOSIGNAL,
    ptr(address),
    address.length,
  );
  libc.close(socket);
  return Number(sent) === message.length;
}
