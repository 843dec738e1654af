/**
 * Writing snapshots of runs that are parked, behind the commit that parked them: nobody waits for one.
 */
import { EVOLVE_VERSION, writeSnapshot } from '../core/snapshot.ts';
import { messageOf } from '../model/error.ts';
import type { RunState } from '../model/run-state.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { RuntimeDeps } from './deps.ts';
import type { LiveRun } from './live-run.ts';
import { stateBytes } from './state-size.ts';

export interface Snapshots {
  /** Notes that this run leaves memory as it was committed. */
  left(run: LiveRun): void;
  /** Writes what was noted; resolves when it is written. */
  flush(): Promise<void>;
}

/** What takes more is read from its log. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Writes in the turn after; `snapshotAfterEvents` more events than the last one make a new one. */
export function createSnapshots(
  deps: Pick<RuntimeDeps, 'store' | 'clock' | 'config' | 'log'>,
): Snapshots {
  const { store, clock, config, log } = deps;
  const noted = new Map<RunState, number>();
  const report = (runId: string, thrown: unknown): void =>
    log.warn('a snapshot could not be kept', { workflow_id: runId, error: messageOf(thrown) });

  const write = async (state: RunState): Promise<void> => {
    if (stateBytes(state, MAX_BYTES) > MAX_BYTES) return;
    const text = writeSnapshot(state);
    if (text === null) return;
    await store.putSnapshot(state.runId, { seq: state.seq, version: EVOLVE_VERSION, text });
  };
  const flush = async (): Promise<void> => {
    for (const [state, seq] of [...noted]) {
      noted.delete(state);
      // It went on meanwhile, here: it will be noted again.
      if (state.seq !== seq) continue;
      await write(state).catch((thrown: unknown) => report(state.runId, thrown));
    }
  };
  const isDue = (state: RunState): boolean => {
    if (state.seq < config.snapshotAfterEvents) return false;
    const last = store.snapshotMark(state.runId);
    if (last === null || last.version !== EVOLVE_VERSION) return true;
    return last.seq > state.seq || state.seq - last.seq >= config.snapshotAfterEvents;
  };
  return {
    left({ state, busy, committedSeq }) {
      if (state === null || busy || state.seq !== committedSeq) return;
      try {
        if (isRunEnded(state.status)) {
          if (state.seq >= config.snapshotAfterEvents) store.dropSnapshot(state.runId);
          return;
        }
        if (!isDue(state)) return;
      } catch (thrown) {
        report(state.runId, thrown);
        return;
      }
      noted.set(state, state.seq);
      clock.soon(() => void flush());
    },
    flush,
  };
}
