/**
 * Committing a group: every run decided, everything written in one transaction, each run fenced,
 * and only then published, answered and started.
 *
 * A commit that fails wrote nothing: states are discarded, inputs kept, and the runs decided again
 * with back-off.
 */
import type { PublishedEvent } from '../model/engine.ts';
import { AppError, messageOf, type StepFailure } from '../model/error.ts';
import type { WokenRun } from '../model/place.ts';
import type { AppendOutcome } from '../model/store.ts';
import type { LiveRun } from './live-run.ts';
import { type Decided, decideTurn, type TurnParts, undoTurn } from './turn.ts';

export interface CommitParts extends TurnParts {
  readonly mayWrite: () => boolean;
  readonly publish: (events: readonly PublishedEvent[]) => void;
  /** After the commit: start and stop commands, answer, park. */
  readonly onCommitted: (run: LiveRun, decided: Decided, woken: readonly WokenRun[]) => void;
  readonly onNothing: (run: LiveRun, decided: Decided) => void;
  readonly onLost: (run: LiveRun) => void;
  readonly onDuplicate: (
    run: LiveRun,
    outcome: Extract<AppendOutcome, { reason: 'duplicate' }>,
  ) => void;
  /** A run whose very first commit failed: true when it shall be given up. */
  readonly onStorageError: (run: LiveRun, error: StepFailure) => boolean;
}

const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 2000;

/** Decides and commits these runs together; `again` is called for a run that has to be retried. */
export async function commitGroup(
  parts: CommitParts,
  runs: readonly LiveRun[],
  again: (run: LiveRun) => void,
): Promise<void> {
  const group: Decided[] = [];
  for (const run of runs) {
    const decided = decideSafely(parts, run, again);
    if (decided === null) continue;
    if (decided.append === null) {
      run.busy = false;
      safely(parts, run, () => parts.onNothing(run, decided));
    } else group.push(decided);
  }
  if (group.length === 0) return;
  const outcomes = await appendGroup(parts, group);
  group.forEach((decided, index) => {
    if (outcomes instanceof Error) storageFailed(parts, decided, outcomes, again);
    else safely(parts, decided.run, () => settle(parts, decided, outcomes[index], again));
  });
}

async function appendGroup(
  parts: CommitParts,
  group: readonly Decided[],
): Promise<readonly AppendOutcome[] | Error> {
  if (!parts.mayWrite()) return new Error('the lease of this process has run out');
  try {
    return await parts.deps.store.append(group.flatMap(({ append }) => append ?? []));
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

/** What follows a commit for one run must not keep the others of the group from theirs. */
function safely(parts: CommitParts, run: LiveRun, act: () => void): void {
  try {
    act();
  } catch (thrown) {
    parts.deps.log.error('a commit could not be followed up', {
      workflow_id: run.runId,
      error: messageOf(thrown),
    });
  }
}

/** A fault of ours in one run's decision must not stop the others. */
function decideSafely(
  parts: CommitParts,
  run: LiveRun,
  again: (run: LiveRun) => void,
): Decided | null {
  try {
    return decideTurn(parts, run);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'STORE_ERROR') {
      // Its log or inbox could not be read; nothing was taken from its inputs yet.
      backOff(parts, run, thrown.message, again);
      return null;
    }
    parts.deps.log.error('a run could not be decided', {
      workflow_id: run.runId,
      error: messageOf(thrown),
      stack: thrown instanceof Error ? thrown.stack : undefined,
    });
    run.lost = true;
    parts.onLost(run);
    return null;
  }
}

function settle(
  parts: CommitParts,
  decided: Decided,
  outcome: AppendOutcome | undefined,
  again: (run: LiveRun) => void,
): void {
  const { run, append } = decided;
  run.busy = false;
  if (outcome?.ok === true && append !== null) {
    run.storageFailures = 0;
    run.committedSeq += append.events.length;
    run.starting = null;
    for (const { name } of append.secrets?.used ?? []) run.savedSecrets?.add(name);
    const first = outcome.lastEventId - append.events.length + 1;
    parts.publish(append.events.map((event, at) => ({ id: first + at, runId: run.runId, event })));
    parts.onCommitted(run, decided, outcome.woken ?? []);
    return;
  }
  undoTurn(parts, decided);
  if (outcome?.ok === false && outcome.reason === 'places_changed') {
    // Another run took or left a place meanwhile: decided again, it is right for what holds now.
    again(run);
    return;
  }
  run.lost = true;
  if (outcome?.ok === false && outcome.reason === 'duplicate') parts.onDuplicate(run, outcome);
  else parts.onLost(run);
}

function storageFailed(
  parts: CommitParts,
  decided: Decided,
  thrown: Error,
  again: (run: LiveRun) => void,
): void {
  const { run } = decided;
  undoTurn(parts, decided);
  const error: StepFailure = { code: 'STORE_ERROR', message: thrown.message };
  if (!parts.onStorageError(run, error)) backOff(parts, run, thrown.message, again);
}

function backOff(
  parts: CommitParts,
  run: LiveRun,
  message: string,
  again: (run: LiveRun) => void,
): void {
  run.storageFailures += 1;
  if (run.storageFailures === 1) {
    parts.deps.log.error('events could not be written; the run waits', {
      workflow_id: run.runId,
      error: message,
    });
  }
  const delay = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(run.storageFailures, 10));
  parts.deps.clock.after(delay, () => again(run));
}
