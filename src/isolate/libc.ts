/**
 * Functions of the C library, for what Bun has no interface for. Where the library has another name or
 * may not be loaded there are none, and whoever asked does without.
 */
import { dlopen, type FFIFunction } from 'bun:ffi';

const MUSL = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const NAMES = ['libc.so.6', 'libc.so', `libc.musl-${MUSL}.so.1`];

/** These functions, null when this is not Linux or the library cannot be called. */
export function openLibc<const F extends Record<string, FFIFunction>>(functions: F) {
  if (process.platform !== 'linux') return null;
  for (const name of NAMES) {
    const found = openNamed(name, functions);
    if (found !== null) return found;
  }
  return null;
}

function openNamed<const F extends Record<string, FFIFunction>>(name: string, functions: F) {
  try {
    return dlopen(name, functions).symbols;
  } catch {
    // It has another name here, or there is none.
    return null;
  }
}
