/**
 * What happens when a time comes while a run of its schedule is unfinished, and when too many runs
 * have failed. Pure. A suspended run is unfinished.
 */
import type { RunId } from '../model/ids.ts';
import type { OccurrenceRow, Overlap } from '../model/schedule.ts';
import type { UnfinishedRun } from '../model/schedule-store.ts';

export type Verdict =
  | { readonly kind: 'start' }
  | {
      readonly kind: 'leave';
      readonly outcome: 'skipped' | 'held';
      readonly reason: string;
      readonly heldBy: RunId | null;
    }
  | {
      readonly kind: 'wait';
      readonly reason: string;
      readonly heldBy: RunId | null;
      /** Runs that are told to stop. */
      readonly cancel: readonly RunId[];
      /** A waiting time whose place this one takes. */
      readonly replaces: number | null;
    };

/** Backfills have a limit of their own and stand in nobody's way. */
export const inTheWay = (runs: readonly UnfinishedRun[]): readonly UnfinishedRun[] =>
  runs.filter((run) => run.origin !== 'backfill');

/** The run that waits for somebody, when one of these does. */
export const suspendedAmong = (runs: readonly UnfinishedRun[]): RunId | null =>
  runs.find((run) => run.status === 'suspended')?.runId ?? null;

/** Says that it waits for a run that itself waits for somebody. */
export const heldReason = (runId: RunId): string =>
  `held back by a suspended run (${runId}), which waits for somebody`;

/** Decides over one time; `waiting` is the time that is queued already. */
export function overlapVerdict(
  overlap: Overlap,
  running: readonly UnfinishedRun[],
  waiting: number | null,
): Verdict {
  const [first] = running;
  if (overlap === 'allow' || (first === undefined && waiting === null)) return { kind: 'start' };
  const heldBy = suspendedAmong(running);
  const reason =
    heldBy !== null
      ? heldReason(heldBy)
      : first === undefined
        ? 'another time is about to start'
        : `run ${first.runId} is unfinished`;
  if (overlap === 'cancel_running') {
    const cancel = running.map(({ runId }) => runId);
    return {
      kind: 'wait',
      reason: 'the run before it is cancelled',
      heldBy: null,
      cancel,
      replaces: waiting,
    };
  }
  if (overlap === 'skip') {
    return { kind: 'leave', outcome: heldBy === null ? 'skipped' : 'held', reason, heldBy };
  }
  if (waiting === null) return { kind: 'wait', reason, heldBy, cancel: [], replaces: null };
  const behind = `${reason}, and another time waits already`;
  return { kind: 'leave', outcome: 'skipped', reason: behind, heldBy: null };
}

/** Failures in a row that end with the newest result, from newest to oldest; [] when it was good. */
export function failuresInARow(
  occurrences: readonly OccurrenceRow[],
  countedFrom: number,
): readonly OccurrenceRow[] {
  const failures: OccurrenceRow[] = [];
  for (const occurrence of occurrences) {
    if (occurrence.origin !== 'schedule' || occurrence.decidedAt < countedFrom) continue;
    if (occurrence.run?.status === 'completed') break;
    if (occurrence.outcome === 'failed' || occurrence.run?.status === 'failed') {
      failures.push(occurrence);
    }
  }
  return failures;
}
