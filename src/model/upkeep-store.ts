/**
 * The part of the storage port that keeps a database small: runs whose time has passed are taken away,
 * and the room they took is given back.
 *
 * Taking a run away has two halves. In one short transaction its row goes, and from then on it exists
 * for nobody; what it left behind is cleared bit by bit, also after a crash in between. Every call
 * holds the write lock for about `maxMs` at most, so that those who execute runs are hardly delayed.
 */
import type { DefinitionHash, NodeId, RunId } from './ids.ts';

export type EndedStatus = 'completed' | 'failed' | 'cancelled';

export const ENDED_STATUSES: readonly EndedStatus[] = ['completed', 'failed', 'cancelled'];

export interface ExpiredFilter {
  readonly status: EndedStatus;
  /** Only runs that ended before this time, epoch milliseconds. */
  readonly endedBefore: number;
  /** Of each template this many of the newest ended runs stay, whatever their age. */
  readonly keepLast: number;
  /** Nodes that are known to be gone: what they own has no owner. */
  readonly dead: readonly NodeId[];
  readonly limit: number;
  /** From the page before. */
  readonly cursor?: string;
}

interface ExpiredRun {
  readonly runId: RunId;
  /** Runs that it started and that go with it. */
  readonly children: number;
}

export interface ExpiredPage {
  readonly items: readonly ExpiredRun[];
  readonly nextCursor: string | null;
}

export interface Cleared {
  /** Nothing removed is left to clear. */
  readonly done: boolean;
  readonly rows: number;
}

type UpkeepTask = 'gc' | 'backup' | 'restore';

interface Space {
  /** Bytes of the database on disk, its log of changes included. */
  readonly bytes: number;
  /** Bytes inside it that nothing uses. */
  readonly freeBytes: number;
}

export interface UpkeepStore {
  /**
   * Ended runs that may go, oldest first: nobody's child, without owner, without mail, all runs below
   * them ended.
   */
  expiredRuns(filter: ExpiredFilter): ExpiredPage;
  /** Takes those of these runs away that may still go, with their idempotency keys; answers which. */
  removeRuns(runIds: readonly RunId[], dead: readonly NodeId[]): readonly RunId[];
  /** Clears a bit of what removed runs left, and takes their children away. */
  clearRemoved(maxMs: number): Cleared;
  /** Definitions that belong to no template. */
  looseDefinitions(): readonly DefinitionHash[];
  /** Definitions of some runs in the order of creation, and where to go on; null at the end. */
  definitionsOfRuns(
    after: number,
    limit: number,
  ): { readonly hashes: readonly DefinitionHash[]; readonly next: number | null };
  /** Notes these as unused from now on and forgets the note about all others; putting one ends its note. */
  noteUnusedDefinitions(unused: readonly DefinitionHash[], nowMs: number): void;
  /** Drops at most `limit` definitions that were noted at this time or before; answers how many. */
  dropDefinitions(notedUntil: number, limit: number): number;
  /** Forgets nodes among `dead` whose lease ended before this time and that own nothing unfinished. */
  forgetNodes(dead: readonly NodeId[], leaseBefore: number): number;
  /** Notes that something was done just now. */
  noteUpkeep(what: UpkeepTask, atMs: number): void;
  /** When it was last done, epoch milliseconds; null: never. */
  lastUpkeep(what: UpkeepTask): number | null;
  space(): Space;
  /** Gives unused pages back to the file system; true when there are none left. */
  giveBack(maxMs: number): boolean;
  /** Keeps some room beside the database for clearing up on a full disk, when there is plenty. */
  keepReserve(): void;
  /** Gives that room up; false when there is none. */
  spendReserve(): boolean;
  /** Writes the log of changes into the database; `whole`: and makes it empty, if nobody is reading it. */
  checkpoint(how: 'passing' | 'whole'): void;
}
