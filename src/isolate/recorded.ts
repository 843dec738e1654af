/**
 * Ending what an earlier owner of a run started: process groups recorded before they were released.
 *
 * A recorded process is only touched when it is certainly that process: same host, same boot, same
 * start time. A group whose leader has ended is known by members in the session the leader opened;
 * the system gives a pid to nobody else while a group of that number exists.
 */
import type { RecordedProcess } from '../model/event.ts';
import { endGroup, membersOf } from './process-group.ts';
import { isAlive, ownIdentity, type ProcessIdentity, startTimeOf, statOf } from './process-info.ts';

const DEFAULT_KILL_GRACE_MS = 5_000;
const DEFAULT_GIVE_UP_MS = 10_000;

export interface KillOptions {
  /** Milliseconds between TERM and KILL; 0 kills at once. */
  readonly graceMs?: number;
  /** Milliseconds after KILL at which it is waited for no more. */
  readonly giveUpMs?: number;
}

/**
 * Ends a recorded group and waits until nobody of it is left. `lives`: even KILL did not end it in
 * time. `not_ours`: it runs on another host, where nothing can be done about it from here.
 */
export async function killRecorded(
  recorded: RecordedProcess,
  { graceMs = DEFAULT_KILL_GRACE_MS, giveUpMs = DEFAULT_GIVE_UP_MS }: KillOptions = {},
): Promise<'gone' | 'killed' | 'lives' | 'not_ours'> {
  const own = ownIdentity();
  if (recorded.host !== own.host) return 'not_ours';
  if (recorded.boot_id !== own.bootId || recorded.started === '') return 'gone';
  if (!isStillThere(recorded)) return 'gone';
  return (await endGroup(recorded.pid, { graceMs, giveUpMs })) ? 'killed' : 'lives';
}

function isStillThere({ pid, started }: RecordedProcess): boolean {
  if (process.platform !== 'linux') return startTimeOf(pid) === started;
  const leader = statOf(pid);
  if (leader !== null && leader.started !== started) return false;
  if (leader !== null && !leader.ended) return true;
  const since = BigInt(started);
  return membersOf(pid).some((member) => member.session === pid && BigInt(member.started) >= since);
}

/** The port of the runtime: recorded processes are killed at once, nodes are looked at. */
export function createProcessControl(options: KillOptions = { graceMs: 0 }): {
  killRecorded(recorded: RecordedProcess): Promise<'gone' | 'lives' | 'elsewhere'>;
  isAlive(node: NodeIdentity): boolean | null;
} {
  return {
    async killRecorded(recorded) {
      const end = await killRecorded(recorded, options);
      if (end === 'not_ours') return 'elsewhere';
      return end === 'lives' ? 'lives' : 'gone';
    },
    isAlive: (node) => isAlive({ ...node, started: node.pidStarted }),
  };
}

type NodeIdentity = Omit<ProcessIdentity, 'started'> & { readonly pidStarted: string };
