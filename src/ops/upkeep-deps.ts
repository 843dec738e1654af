/**
 * What the operations of upkeep need of the machine and of the settings; handed in by the composition
 * root.
 */
import type { RunEvent } from '../model/event.ts';
import type { RunState } from '../model/run-state.ts';
import type { DecisionRow, InboxSend, RunPatch } from '../model/store.ts';

export interface Retention {
  /** How long completed runs are kept after their end, milliseconds; null: for ever. */
  readonly completedMs: number | null;
  /** The same for failed and cancelled ones. */
  readonly failedMs: number | null;
  /** Of each template this many of the newest ended runs stay, whatever their age. */
  readonly keepLast: number;
}

/** Rows as they follow from a log. */
interface DerivedRows {
  /** The run's row; `released`: it has no owner. */
  patch(state: RunState, released: boolean): RunPatch;
  /** Decisions that this event, the state's last, adds or changes. */
  decisions(
    state: RunState,
    event: RunEvent,
    pending: (path: string) => DecisionRow | null,
  ): readonly DecisionRow[];
  /** What a parent is told of these events. */
  messages(state: RunState, events: readonly RunEvent[]): readonly InboxSend[];
}

export interface CopyFacts {
  readonly bytes: number;
  readonly schema: number;
  readonly runs: number;
  readonly unfinished: number;
}

export interface CopyRequest {
  /** Absolute. */
  readonly file: string;
  readonly force: boolean;
  readonly apart: boolean;
  readonly abort: AbortSignal | undefined;
}

export interface Backups {
  /** Where backups go whose caller gives no folder, or may not choose one. */
  readonly folder: string;
  /**
   * Writes a whole copy of the database, checked, for this user's eyes only. Copying holds up the
   * process that does it: with `apart` that is another one.
   * @throws CONFLICT when the file exists and is not to be replaced; STORE_ERROR
   */
  copy(request: CopyRequest): Promise<CopyFacts>;
}

export interface UpkeepDeps {
  readonly retention: Retention;
  readonly rows: DerivedRows;
  /** What is wrong with the database file, one sentence each. */
  checkDatabase(depth: 'quick' | 'whole'): readonly string[];
  readonly backups: Backups;
  /** Removes half copies that killed backups and restores have left. */
  removeLeftovers(): void;
}
