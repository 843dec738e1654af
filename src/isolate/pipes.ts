/**
 * Real pipes for what a command prints. The runtime's own are sockets, on which a script's
 * `echo x > /dev/stderr` fails; a pipe made by the system behaves as people expect.
 *
 * Linux only. Elsewhere, or when the C library cannot be reached, the runtime's sockets serve.
 */
import { dlopen, ptr } from 'bun:ffi';

export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/** Opens a pipe whose ends no other child inherits; null when there are none. */
export type OpenPipe = () => Pipe | null;

const CLOSE_ON_EXEC = 0o2000000;
const LIBRARIES = [
  'libc.so.6',
  'libc.musl-x86_64.so.1',
  'libc.musl-aarch64.so.1',
  'libc.so',
] as const;

/** A source of pipes; whether there are any is found out once. */
export function createPipeOpener(): OpenPipe {
  const pipe2 = process.platform === 'linux' ? loadPipe2() : null;
  if (pipe2 === null) return () => null;
  return () => {
    const ends = new Int32Array(2);
    if (pipe2(ptr(ends), CLOSE_ON_EXEC) !== 0) return null;
    const [read, write] = ends;
    return read === undefined || write === undefined ? null : { read, write };
  };
}

function loadPipe2(): ((ends: ReturnType<typeof ptr>, flags: number) => number) | null {
  for (const library of LIBRARIES) {
    try {
      const { symbols } = dlopen(library, { pipe2: { args: ['ptr', 'i32'], returns: 'i32' } });
      return (ends, flags) => symbols.pipe2(ends, flags);
    } catch {
      // Not the C library of this system: the next name.
    }
  }
  return null;
}
