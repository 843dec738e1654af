/** What the rules of places read and write; each store has its own. */
import type { RunId } from '../model/ids.ts';
import type { PlaceRow, Queue } from '../model/place.ts';

export interface PlaceTable {
  place(runId: RunId): PlaceRow | null;
  /** In order of arrival. */
  holders(queue: Queue): readonly PlaceRow[];
  waiters(queue: Queue, limit: number): readonly PlaceRow[];
  /** When the newest of a queue arrived, null for an empty one. */
  lastArrival(queue: Queue): number | null;
  /** Waiting runs that some run awaits. */
  waitingChildren(): readonly PlaceRow[];
  parentOf(runId: RunId): RunId | null;
  put(row: PlaceRow): void;
  remove(runId: RunId): void;
  /** Gives a waiting run its place and wakes it, unless it is held back until someone resumes it. */
  giveTurn(runId: RunId, atMs: number): void;
  /** Asks a run to cancel, because a newer one takes its place. */
  replace(runId: RunId, atMs: number): void;
}

/** Longest chain of ancestors that is looked at; the depth of sub-workflows is limited far below. */
const MAX_DEPTH = 10_000;

/** The runs that await this one, nearest first. */
export function ancestorsOf(
  table: Pick<PlaceTable, 'parentOf'>,
  parentId: RunId | null,
): readonly RunId[] {
  const found: RunId[] = [];
  for (let id = parentId; id !== null && found.length < MAX_DEPTH; id = table.parentOf(id)) {
    found.push(id);
  }
  return found;
}
