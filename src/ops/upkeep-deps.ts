/**
 * What the operations of upkeep need of the machine and of the settings; handed in by the composition
 * root.
 */
import type { RunEvent } from '../model/event.ts';
import type { RunState } from '../model/run-state.ts';
import type { DecisionRow, RunPatch } from '../model/store.ts';

export interface Retention {
  /** How long completed runs are kept after their end, milliseconds; null: for ever. */
  readonly completedMs: number | null;
  /** The same for failed and cancelled ones. */
  readonly failedMs: number | null;
  /** Of each template this many of the newest ended runs stay, whatever their age. */
  readonly keepLast: number;
}

/** Rows as they follow from a log. */
export interface DerivedRows {
  /** The run's row; `released`: it has no owner. */
  patch(state: RunState, released: boolean): RunPatch;
  /** Decisions that this event, the state's last, adds or changes. */
  decisions(
    state: RunState,
    event: RunEvent,
    pending: (path: string) => DecisionRow | null,
  ): readonly DecisionRow[];
}

export interface UpkeepDeps {
  readonly retention: Retention;
  readonly rows: DerivedRows;
  /** What is wrong with the database file, one sentence each. */
  checkDatabase(depth: 'quick' | 'whole'): readonly string[];
}
