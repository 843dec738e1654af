/** Messages in memory: one inbox a run, and marking a run that nobody owns. */
import type { InboxSend, Sent } from '../../model/store.ts';
import { type MemoryRun, type MemoryState, setOwner } from './state.ts';

/** Adds a message to a run's inbox and marks an unowned run; null when there is no such run. */
export function deliver(state: MemoryState, message: InboxSend): Sent | null {
  const run = state.runs.get(message.runId);
  if (run === undefined) return null;
  const first = withKey(run, message);
  if (first !== null) return first;
  const row = { ...message, id: state.inbox.length + 1, verdict: null };
  state.inbox.push(row);
  run.inbox.push(row);
  run.unsettled.push(row);
  if (run.owner === null) {
    const wakeAt = Math.min(run.wakeAt ?? message.receivedAt, message.receivedAt);
    setOwner(state, run, null, wakeAt);
  }
  return { id: row.id, duplicate: false, same: false };
}

/** The message that has the key; one from before fingerprints is taken for the same. */
function withKey({ inbox }: MemoryRun, { idempotencyKey, keyed }: InboxSend): Sent | null {
  if (idempotencyKey === null) return null;
  const find = (key: string) => inbox.find((row) => row.idempotencyKey === key);
  const found = find(idempotencyKey);
  if (found !== undefined) {
    const same = found.keyed?.fingerprint === keyed?.fingerprint;
    return { id: found.id, duplicate: true, same };
  }
  const before = keyed === undefined ? undefined : find(keyed.earlier);
  if (before === undefined || before.keyed !== undefined) return null;
  return { id: before.id, duplicate: true, same: true };
}
