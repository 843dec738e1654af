/**
 * What both stores must agree on, as pure functions: what a valid append is, when a run that nobody
 * owns must be looked at next, and how an idempotency key answers.
 *
 * Nothing here touches a database; SQL that states the same rule stands beside its query.
 */
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import { type PlaceRefusal, placeConflict, type WokenRun } from '../model/place.ts';
import { isRunEnded, type RunStatus } from '../model/run-status.ts';
import type { AppendOutcome, RunAppend } from '../model/store.ts';

/** The runs that an append or start has woken, as a part of its outcome. */
export const wokenBy = (woken: readonly WokenRun[]): { readonly woken?: readonly WokenRun[] } =>
  woken.length === 0 ? {} : { woken };

export const LOST: AppendOutcome = { ok: false, reason: 'lost' };

/** Why a time of a schedule has started nothing: its template has too many runs and takes no more. */
export function noPlaceReason(refusal: PlaceRefusal): string {
  const { code, message } = placeConflict(refusal);
  return `${code}: ${message}`;
}

/** The outcome for a start whose idempotency key already belongs to `runId`. */
export const duplicateOf = (runId: RunId, sameRequest: boolean): AppendOutcome => ({
  ok: false,
  reason: 'duplicate',
  runId,
  sameRequest,
});

/**
 * Returns when the sequences are gapless and the parts belong together.
 * @throws INTERNAL when the caller broke the port's rules; nothing has been written then
 */
export function assertAppend(append: RunAppend): void {
  const { runId, expectedSeq, create } = append;
  append.events.forEach((event, index) => {
    if (event.seq !== expectedSeq + 1 + index) {
      throw broken(runId, `event ${event.seq} follows ${expectedSeq + index}`);
    }
  });
  if (create !== null && (create.runId !== runId || expectedSeq !== 0)) {
    throw broken(runId, 'a new run is created under its own id, from sequence 0');
  }
  if (create !== null && create.place !== null) {
    throw broken(runId, 'a run that asks for a place is added first, then claimed');
  }
  if (append.children.some((child) => child.idempotency !== null)) {
    throw broken(runId, 'a child run takes no idempotency key');
  }
}

function broken(runId: RunId, what: string): AppError {
  return new AppError('INTERNAL', `append to run ${runId}: ${what}`, { details: { run: runId } });
}

export interface WakeFacts {
  readonly status: RunStatus;
  /** What the engine asked for. */
  readonly wakeAt: number | null;
  readonly claimableFrom: number;
  /** True while it waits for its turn under `concurrency`: that wakes it, no time does. */
  readonly awaitsTurn: boolean;
  /** When the oldest unsettled message came, or null. */
  readonly oldestUnsettled: number | null;
}

/** When an unowned run must be looked at: its own wish (a pending run: when it may be claimed), or its mail. */
export function wakeTime(facts: WakeFacts): number | null {
  const ownWish = ownWake(facts);
  if (facts.oldestUnsettled === null) return ownWish;
  return ownWish === null ? facts.oldestUnsettled : Math.min(ownWish, facts.oldestUnsettled);
}

/** When the run itself wants to be looked at; never for one that has ended. */
export function ownWake(facts: Omit<WakeFacts, 'oldestUnsettled'>): number | null {
  if (isRunEnded(facts.status)) return null;
  if (facts.wakeAt !== null) return facts.wakeAt;
  return facts.status === 'pending' && !facts.awaitsTurn ? facts.claimableFrom : null;
}
