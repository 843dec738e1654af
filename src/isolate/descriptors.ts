/**
 * Descriptors made by the system for a command's input and output: real pipes, and files in memory.
 *
 * The runtime's own pipes are sockets, on which a script's `echo x > /dev/stderr` fails, and its
 * stdin files stay open until they are collected. Linux only; elsewhere, or when the C library cannot
 * be reached, both are null and the runtime's own serve.
 */
import { dlopen, type Pointer, ptr } from 'bun:ffi';
import { closeSync, writeSync } from 'node:fs';

export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/** What is opened is inherited by no child but the one it is given to. */
export interface Descriptors {
  /** A pipe, or null when there are none. */
  pipe(): Pipe | null;
  /** A descriptor that reads these bytes from the beginning, or null. */
  file(bytes: Uint8Array): number | null;
}

const CLOSE_ON_EXEC = 0o2000000;
const MEMORY_CLOSE_ON_EXEC = 1;
const LIBRARIES = [
  'libc.so.6',
  'libc.musl-x86_64.so.1',
  'libc.musl-aarch64.so.1',
  'libc.so',
] as const;

/** A source of descriptors; whether there are any is found out once. */
export function createDescriptors(): Descriptors {
  const system = process.platform === 'linux' ? loadSystem() : null;
  if (system === null) return { pipe: () => null, file: () => null };
  return {
    pipe() {
      const ends = new Int32Array(2);
      if (system.pipe2(ptr(ends), CLOSE_ON_EXEC) !== 0) return null;
      const [read, write] = ends;
      return read === undefined || write === undefined ? null : { read, write };
    },
    file(bytes) {
      const name = Buffer.from('opcode-stdin\0');
      const descriptor = system.memfdCreate(ptr(name), MEMORY_CLOSE_ON_EXEC);
      return descriptor < 0 ? null : filled(descriptor, bytes);
    },
  };
}

/** Written at fixed places, which leaves the reading position at the beginning. */
function filled(descriptor: number, bytes: Uint8Array): number {
  try {
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(descriptor, bytes, at, bytes.length - at, at);
    }
    return descriptor;
  } catch (thrown) {
    closeSync(descriptor);
    throw thrown;
  }
}

interface System {
  pipe2(ends: Pointer, flags: number): number;
  memfdCreate(name: Pointer, flags: number): number;
}

function loadSystem(): System | null {
  for (const library of LIBRARIES) {
    const system = load(library);
    if (system !== null) return system;
  }
  return null;
}

/** The calls of one C library, null when it is not this system's. */
function load(library: string): System | null {
  try {
    const { symbols } = dlopen(library, {
      pipe2: { args: ['ptr', 'i32'], returns: 'i32' },
      memfd_create: { args: ['ptr', 'u32'], returns: 'i32' },
    });
    return {
      pipe2: (ends, flags) => symbols.pipe2(ends, flags),
      memfdCreate: (name, flags) => symbols.memfd_create(name, flags),
    };
  } catch {
    return null;
  }
}
