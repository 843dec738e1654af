/**
 * Process groups: who is in one, ending all of it, waiting until nobody is left.
 *
 * Members that have ended and wait to be collected count as gone: nobody may ever collect them when
 * the first process of a container is not made for it.
 */
import { readdirSync } from 'node:fs';
import { type ProcessStat, statOf } from './process-info.ts';

export interface EndOptions {
  /** Milliseconds between TERM and KILL; 0 kills at once. */
  readonly graceMs: number;
  /** Milliseconds after KILL at which whoever still lives is waited for no more; default: for ever. */
  readonly giveUpMs?: number;
}

const FIRST_POLL_MS = 2;
const SLOWEST_POLL_MS = 50;

/** Living members of a group. Empty where there is no /proc. */
export function membersOf(group: number): readonly ProcessStat[] {
  if (process.platform !== 'linux') return [];
  const members: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const stat = statOf(pid);
    if (stat !== null && stat.group === group && !stat.ended) members.push(stat);
  }
  return members;
}

/** True while anybody of the group lives. */
export function isGroupAlive(group: number): boolean {
  if (!signalGroup(group, 0)) return false;
  if (process.platform !== 'linux') return true;
  const leader = statOf(group);
  if (leader !== null && leader.group === group && !leader.ended) return true;
  return membersOf(group).length > 0;
}

/** Sends a signal to every member; false when there is none. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (thrown) {
    // EPERM: members are there that have changed their user.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Ends a group: TERM, after the grace time KILL; true when nobody is left, false when it was given up.
 */
export async function endGroup(
  group: number,
  { graceMs, giveUpMs = Number.POSITIVE_INFINITY }: EndOptions,
): Promise<boolean> {
  const began = performance.now();
  let killed = false;
  if (graceMs > 0) {
    signalGroup(group, 'SIGTERM');
    // A stopped process takes the signal only when it goes on.
    signalGroup(group, 'SIGCONT');
  }
  for (
    let pause = FIRST_POLL_MS;
    isGroupAlive(group);
    pause = Math.min(pause * 2, SLOWEST_POLL_MS)
  ) {
    const left = graceMs - (performance.now() - began);
    if (left + giveUpMs <= 0) return false;
    if (left <= 0) {
      // Again and again: a member that forks while it is killed may leave a child behind.
      signalGroup(group, 'SIGKILL');
      if (!killed) pause = FIRST_POLL_MS;
      killed = true;
    }
    await delay(killed ? pause : Math.min(pause, Math.max(1, left)));
  }
  return true;
}

/** Resolves after some milliseconds, or at once when the signal is given up. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
