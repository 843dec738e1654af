/** Snapshots of folded states in memory; they go with their run. */
import type { RunId } from '../../model/ids.ts';
import type { RunSnapshot, SnapshotStore } from '../../model/snapshot-store.ts';
import type { MemoryRun, MemoryState } from './state.ts';

/** The snapshots part of the store over shared state. */
export function createSnapshots(state: MemoryState): SnapshotStore {
  const kept = new WeakMap<MemoryRun, RunSnapshot>();
  const find = (runId: RunId): RunSnapshot | null => {
    const run = state.runs.get(runId);
    return (run && kept.get(run)) ?? null;
  };
  return {
    putSnapshot(runId, snapshot) {
      const run = state.runs.get(runId);
      const known = find(runId);
      const isOlder = known?.version === snapshot.version && known.seq > snapshot.seq;
      if (run !== undefined && snapshot.seq <= run.events.length && !isOlder) {
        kept.set(run, { ...snapshot });
      }
      return Promise.resolve();
    },
    snapshot: (runId) => find(runId),
    snapshotMark(runId) {
      const known = find(runId);
      return known && { seq: known.seq, version: known.version };
    },
    dropSnapshot(runId) {
      const run = state.runs.get(runId);
      if (run !== undefined) kept.delete(run);
    },
  };
}
