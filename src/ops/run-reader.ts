/**
 * A run as its log says it is: its row, and its state folded from its events.
 *
 * A few folded states are kept and continued from where they were, so that watching a run costs only
 * its new events. Callers read the state and never change it.
 */
import { fold } from '../core/evolve.ts';
import { newState } from '../core/state.ts';
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { RunState } from '../model/run-state.ts';
import type { RunRow, Store } from '../model/store.ts';
import type { Plans } from './plans.ts';

export interface ReadRun {
  readonly row: RunRow;
  /** Without any event yet it is empty: the row's `start` says what will be. */
  readonly state: RunState;
}

export interface RunReader {
  /** @throws NOT_FOUND */
  row(runId: RunId): RunRow;
  /** @throws NOT_FOUND */
  read(runId: RunId): ReadRun;
}

/** Folded states kept. */
const MAX_STATES = 16;
/** Events taken from the store at once. */
const PAGE = 2000;

/** A reader over the store. */
export function createRunReader(store: Store, plans: Plans): RunReader {
  const states = new Map<RunId, RunState>();
  const row = (runId: RunId): RunRow => {
    const found = store.run(runId);
    if (found === null) throw new AppError('NOT_FOUND', `there is no run "${runId}"`);
    return found;
  };
  return {
    row,
    read(runId) {
      const found = row(runId);
      const known = states.get(runId);
      states.delete(runId);
      const state = known ?? newState(runId, plans.plan(found));
      catchUp(store, state);
      const [oldest] = states.keys();
      if (states.size >= MAX_STATES && oldest !== undefined) states.delete(oldest);
      states.set(runId, state);
      return { row: row(runId), state };
    },
  };
}

function catchUp(store: Store, state: RunState): void {
  for (;;) {
    const events = store.events(state.runId, state.seq, PAGE);
    fold(state, events);
    state.touched.clear();
    if (events.length < PAGE) return;
  }
}
