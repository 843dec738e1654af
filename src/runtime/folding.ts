/**
 * Folding a run's log: from its snapshot when there is one that fits, else from the beginning.
 */
import { fold } from '../core/evolve.ts';
import { EVOLVE_VERSION, readSnapshot } from '../core/snapshot.ts';
import { newState } from '../core/state.ts';
import type { RunEvent } from '../model/event.ts';
import type { RunState } from '../model/run-state.ts';
import type { RuntimeDeps } from './deps.ts';
import type { LiveRun } from './live-run.ts';

/** Events read from the store at a time. */
const PAGE = 5000;

type Store = Pick<RuntimeDeps['store'], 'events' | 'snapshot'>;
type Run = Pick<LiveRun, 'runId' | 'plan'>;

/**
 * The state of a run whose log has `seq` events, with everything that is open touched. `onEvent` gets
 * the events that were read: those before a snapshot left nothing in flight.
 */
export function foldRun(
  store: Store,
  run: Run,
  seq: number,
  onEvent?: (event: RunEvent) => void,
): RunState {
  const state = foldOn(
    store,
    snapshotOf(store, run, seq) ?? newState(run.runId, run.plan),
    onEvent,
  );
  state.touched.clear();
  for (const step of state.open) state.touched.add(step);
  return state;
}

/** Applies the events behind a state to it. */
export function foldOn(
  store: Pick<Store, 'events'>,
  state: RunState,
  onEvent?: (event: RunEvent) => void,
): RunState {
  for (;;) {
    const page = store.events(state.runId, state.seq, PAGE);
    fold(state, page);
    if (onEvent !== undefined) page.forEach(onEvent);
    if (page.length < PAGE) return state;
  }
}

/** The state of the run's snapshot when this program may use it. */
function snapshotOf(store: Store, { runId, plan }: Run, seq: number): RunState | null {
  const kept = store.snapshot(runId);
  if (kept === null || kept.version !== EVOLVE_VERSION || kept.seq > seq) return null;
  const state = readSnapshot(kept.text, runId, plan);
  return state?.seq === kept.seq ? state : null;
}
