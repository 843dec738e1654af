/**
 * Who a process is, beyond its number: start time, boot, host, pid namespace, user.
 *
 * A pid alone is reused; a pid with its start time and boot names one process for ever. Read from
 * /proc on Linux, asked of `ps` and `sysctl` elsewhere. What cannot be read is an empty text.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { RecordedProcess } from '../model/event.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in clock ticks since boot, as text. */
  readonly started: string;
  readonly bootId: string;
  readonly host: string;
  /** `pid:[4026531836]`, or an empty text where there are no namespaces. */
  readonly pidNamespace: string;
  /** `mnt:[4026531841]`: processes that share it see the same files; else like `pidNamespace`. */
  readonly mountNamespace: string;
  readonly uid: number;
}

/** Identity of this very process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    started: startTimeOf(process.pid) ?? '',
    bootId: readBootId(),
    host: hostname(),
    pidNamespace: linkOf('/proc/self/ns/pid'),
    mountNamespace: linkOf('/proc/self/ns/mnt'),
    uid: process.getuid?.() ?? -1,
  };
}

/**
 * Whether a process still lives: null when that cannot be told from here (another host, boot, user or
 * pid namespace). One that has ended and was not yet collected does not live.
 */
export function isAlive(
  process: Omit<ProcessIdentity, 'mountNamespace'>,
  own: Omit<ProcessIdentity, 'mountNamespace'> = ownIdentity(),
): boolean | null {
  const here =
    process.host === own.host &&
    process.bootId !== '' &&
    process.bootId === own.bootId &&
    process.pidNamespace === own.pidNamespace &&
    process.uid === own.uid;
  if (!here || process.started === '') return null;
  return startTimeOf(process.pid) === process.started;
}

/** Record of a process that was just started. */
export function recordOf(pid: number, bootId: string): RecordedProcess {
  return { pid, started: startTimeOf(pid) ?? '', boot_id: bootId, host: hostname() };
}

/** Start time of a living process, null when there is none with that pid. */
export function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux') {
    const stat = statOf(pid);
    return stat === null || stat.ended ? null : stat.started;
  }
  const text = outputOf(['ps', '-o', 'lstart=', '-p', String(pid)]);
  return text === '' ? null : text;
}

export interface ProcessStat {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  readonly started: string;
  /** It is over and only waits to be collected by its parent. */
  readonly ended: boolean;
}

/** Facts of /proc/<pid>/stat, null when there is no such process. */
export function statOf(pid: number): ProcessStat | null {
  const text = readText(`/proc/${pid}/stat`);
  // The name stands in brackets and may itself hold brackets and blanks.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group, session] = fields;
  const started = fields[19];
  if (state === undefined || started === undefined) return null;
  return {
    pid,
    group: Number(group),
    session: Number(session),
    started,
    ended: state === 'Z' || state === 'X',
  };
}

/** Name of this boot of the machine. */
export function readBootId(): string {
  if (process.platform === 'linux') return readText('/proc/sys/kernel/random/boot_id').trim();
  return outputOf(['sysctl', '-n', 'kern.bootsessionuuid']);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Gone, or a system without /proc: both mean that nothing is known.
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // A system without namespaces.
    return '';
  }
}

function outputOf(command: readonly string[]): string {
  try {
    const { stdout } = Bun.spawnSync([...command], { stdin: 'ignore', stderr: 'ignore' });
    return stdout.toString().trim();
  } catch {
    // The tool is missing: nothing is known.
    return '';
  }
}
