/**
 * States of runs that left memory lately, so that waking one need not read its whole log again.
 *
 * A state is handed out once, and only to the claim that follows the ownership it was left under: the
 * epoch says that nobody owned the run in between, the sequence that nobody wrote. It may be forgotten
 * at any time; together they are bounded by an estimate of their bytes.
 */
import type { RunId } from '../model/ids.ts';
import type { RunState } from '../model/run-state.ts';
import type { Claim } from '../model/store.ts';
import type { LiveRun } from './live-run.ts';
import { stateBytes } from './state-size.ts';

export interface FoldedStates {
  /** Keeps the state of a run that is being let go, when it is exactly what is committed. */
  keep(run: LiveRun): void;
  /** The state of a run just claimed, or null. */
  take(runId: RunId, claim: Claim): RunState | null;
  /** Estimate of what is kept. */
  bytes(): number;
}

interface Kept {
  readonly state: RunState;
  readonly epoch: number;
  readonly bytes: number;
}

const MAX_BYTES = 64 * 1024 * 1024;
/** A shorter log is folded faster than a look at it pays. */
const MIN_EVENTS = 200;

/** An empty cache of at most `maxBytes`; what was kept longest ago goes first. */
export function createFoldedStates(maxBytes = MAX_BYTES): FoldedStates {
  const kept = new Map<RunId, Kept>();
  let total = 0;
  const forget = (runId: RunId): Kept | null => {
    const known = kept.get(runId);
    if (known === undefined) return null;
    kept.delete(runId);
    total -= known.bytes;
    return known;
  };
  return {
    keep({ runId, state, epoch, busy, committedSeq }) {
      forget(runId);
      if (state === null || busy || state.seq !== committedSeq || state.seq < MIN_EVENTS) return;
      const bytes = stateBytes(state, maxBytes);
      if (bytes > maxBytes) return;
      kept.set(runId, { state, epoch, bytes });
      total += bytes;
      for (const oldest of kept.keys()) {
        if (total <= maxBytes) return;
        forget(oldest);
      }
    },
    take(runId, claim) {
      const known = forget(runId);
      if (known === null) return null;
      const { state, epoch } = known;
      if (claim.epoch !== epoch + 1 || claim.seq !== state.seq) return null;
      state.touched.clear();
      for (const step of state.open) state.touched.add(step);
      return state;
    },
    bytes: () => total,
  };
}
