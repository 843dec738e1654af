/** Messages in memory: one inbox a run, and marking a run that nobody owns. */
import type { InboxSend } from '../../model/store.ts';
import { type MemoryState, setOwner } from './state.ts';

/** Adds a message to a run's inbox and marks an unowned run; null when there is no such run. */
export function deliver(
  state: MemoryState,
  message: InboxSend,
): { readonly id: number; readonly duplicate: boolean } | null {
  const run = state.runs.get(message.runId);
  if (run === undefined) return null;
  const { idempotencyKey } = message;
  if (idempotencyKey !== null) {
    const first = run.inbox.find((row) => row.idempotencyKey === idempotencyKey);
    if (first !== undefined) return { id: first.id, duplicate: true };
  }
  const row = { ...message, id: state.inbox.length + 1, verdict: null };
  state.inbox.push(row);
  run.inbox.push(row);
  run.unsettled.push(row);
  if (run.owner === null) {
    const wakeAt = Math.min(run.wakeAt ?? message.receivedAt, message.receivedAt);
    setOwner(state, run, null, wakeAt);
  }
  return { id: row.id, duplicate: false };
}
