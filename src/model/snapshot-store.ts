/**
 * The part of the storage port that keeps snapshots of folded states: a cache beside the log.
 *
 * A run has at most one. It may be gone at any time, and one that was damaged is as good as gone; what
 * is in it is the business of who wrote it.
 */
import type { RunId } from './ids.ts';

export interface RunSnapshot {
  /** Sequence of the last event that is in it. */
  readonly seq: number;
  /** Of what folded and wrote it: another version cannot read it. */
  readonly version: number;
  readonly text: string;
}

export interface SnapshotStore {
  /** Keeps it unless the run is gone, its log is shorter, or a newer one of this version is there. */
  putSnapshot(runId: RunId, snapshot: RunSnapshot): Promise<void>;
  /** The one that is kept, exactly as it was put; null when there is none or it was damaged. */
  snapshot(runId: RunId): RunSnapshot | null;
  /** Sequence and version of the one that is kept; cheap. */
  snapshotMark(runId: RunId): Omit<RunSnapshot, 'text'> | null;
  dropSnapshot(runId: RunId): void;
}
