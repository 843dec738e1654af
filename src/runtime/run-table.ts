/**
 * The runs this process has to do with: those in memory, those it takes on again when they wake, and
 * starts whose caller still waits for the first commit.
 */
import type { StartedRun } from '../model/engine.ts';
import type { RunId } from '../model/ids.ts';
import { createFoldedStates, type FoldedStates } from './folded.ts';
import type { LiveRun, Settling } from './live-run.ts';

export interface RunTable {
  readonly live: Map<RunId, LiveRun>;
  /** Runs started or claimed here, and their children: taken on again when they wake. */
  readonly family: Set<RunId>;
  /** States of runs that left memory. */
  readonly folded: FoldedStates;
  readonly claiming: Map<RunId, Promise<LiveRun | null>>;
  /** A promise for a run's first commit. */
  awaitStart(runId: RunId): Promise<StartedRun>;
  resolveStart(runId: RunId, started: StartedRun): void;
  rejectStart(runId: RunId, error: Error): void;
  /** Runs given up because the lease could not be kept; their rows still name this node. */
  readonly dropped: Set<RunId>;
  /** What runs given up here have left at work, until it is gone. */
  readonly leftovers: Map<RunId, Set<Settling>>;
  stopping: boolean;
}

interface Waiting {
  readonly resolve: (run: StartedRun) => void;
  readonly reject: (error: Error) => void;
}

export function createRunTable(): RunTable {
  const starts = new Map<RunId, Waiting>();
  const take = (runId: RunId): Waiting | undefined => {
    const waiting = starts.get(runId);
    starts.delete(runId);
    return waiting;
  };
  return {
    live: new Map(),
    family: new Set(),
    folded: createFoldedStates(),
    claiming: new Map(),
    dropped: new Set(),
    leftovers: new Map(),
    stopping: false,
    awaitStart: (runId) => new Promise((resolve, reject) => starts.set(runId, { resolve, reject })),
    resolveStart: (runId, started) => take(runId)?.resolve(started),
    rejectStart: (runId, error) => take(runId)?.reject(error),
  };
}
