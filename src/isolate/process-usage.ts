/**
 * What a process has used so far: processor time and memory.
 *
 * Read from /proc on Linux and asked of `proc_pid_rusage` on macOS; elsewhere nothing is known.
 */
import { dlopen, ptr } from 'bun:ffi';
import { readFileSync } from 'node:fs';

export interface ProcessUsage {
  /** Processor time of all its threads, in user and kernel mode, milliseconds. */
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** Ticks a second in /proc, the same on every Linux whatever its kernel counts with. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** Returns a living process's usage, null where that cannot be told. */
export function usageOf(pid: number): ProcessUsage | null {
  if (process.platform === 'darwin') return usageOnMac(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and parentheses; fields 14 and 15 are user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, residentBytes: pages * PAGE_BYTES };
  } catch {
    return null;
  }
}

/** Places in `struct rusage_info_v0` (libproc.h), in units of 8 bytes. */
const USER_TIME = 2;
const SYSTEM_TIME = 3;
const RESIDENT_SIZE = 8;

function usageOnMac(pid: number): ProcessUsage | null {
  const system = macSystem();
  const info = new BigUint64Array(12);
  if (system.proc_pid_rusage(pid, 0, ptr(info)) !== 0) return null;
  const timebase = new Uint32Array(2);
  system.mach_timebase_info(ptr(timebase));
  const ticks = Number(info[USER_TIME]) + Number(info[SYSTEM_TIME]);
  const nanoseconds = (ticks * (timebase[0] ?? 1)) / (timebase[1] ?? 1);
  return { cpuMs: nanoseconds / 1e6, residentBytes: Number(info[RESIDENT_SIZE]) };
}

let opened: ReturnType<typeof openMacSystem> | null = null;

function macSystem() {
  opened ??= openMacSystem();
  return opened;
}

const openMacSystem = () =>
  dlopen('libSystem.B.dylib', {
    proc_pid_rusage: { args: ['int', 'int', 'ptr'], returns: 'int' },
    mach_timebase_info: { args: ['ptr'], returns: 'int' },
  }).symbols;
