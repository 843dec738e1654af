/**
 * The loop: inputs of a run are decided together, runs that are ready in the same turn are committed
 * together, and only after the commit is anything published, answered or started.
 *
 * One group is under way at a time; what comes in meanwhile makes the next group. A commit that fails
 * wrote nothing: states are discarded, inputs kept, and the group decided again with back-off.
 */

import type { PublishedEvent } from '../model/engine.ts';
import { messageOf, type StepFailure } from '../model/error.ts';
import type { EngineInput } from '../model/input.ts';
import type { AppendOutcome } from '../model/store.ts';
import type { LiveRun } from './live-run.ts';
import { type Decided, decideTurn, type TurnParts, undoTurn } from './turn.ts';

export interface MailboxParts extends TurnParts {
  readonly mayWrite: () => boolean;
  readonly publish: (events: readonly PublishedEvent[]) => void;
  /** After the commit: start and stop commands, answer, park. */
  readonly onCommitted: (run: LiveRun, decided: Decided) => void;
  readonly onNothing: (run: LiveRun, decided: Decided) => void;
  readonly onLost: (run: LiveRun) => void;
  readonly onDuplicate: (
    run: LiveRun,
    outcome: Extract<AppendOutcome, { reason: 'duplicate' }>,
  ) => void;
  /** A run whose very first commit failed: true when it shall be given up. */
  readonly onStorageError: (run: LiveRun, error: StepFailure) => boolean;
}

export interface Mailbox {
  deliver(run: LiveRun, input: EngineInput): void;
  /** Looks at a run in the next turn, also without inputs. */
  wake(run: LiveRun): void;
  /** Resolves when nothing is being decided or committed. */
  idle(): Promise<void>;
}

const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 2000;

/** The mailbox of one engine. */
export function createMailbox(parts: MailboxParts): Mailbox {
  const { clock, log, store } = parts.deps;
  const ready = new Set<LiveRun>();
  let scheduled = false;
  let flushing: Promise<void> | null = null;

  const wake = (run: LiveRun): void => {
    ready.add(run);
    if (scheduled || flushing !== null) return;
    scheduled = true;
    clock.soon(() => {
      scheduled = false;
      flushing ??= flush().finally(() => {
        flushing = null;
        for (const left of ready) {
          wake(left);
          break;
        }
      });
    });
  };

  const flush = async (): Promise<void> => {
    while (ready.size > 0) {
      const runs = [...ready].filter((run) => !run.lost);
      ready.clear();
      await commitGroup(runs);
    }
  };

  const commitGroup = async (runs: readonly LiveRun[]): Promise<void> => {
    const group: Decided[] = [];
    for (const run of runs) {
      const decided = decideSafely(run);
      if (decided === null) continue;
      if (decided.append === null) parts.onNothing(run, decided);
      else group.push(decided);
    }
    if (group.length === 0) return;
    try {
      if (!parts.mayWrite()) throw new Error('the lease of this process has run out');
      const outcomes = await store.append(group.flatMap(({ append }) => append ?? []));
      group.forEach((decided, index) => settle(decided, outcomes[index]));
    } catch (thrown) {
      for (const decided of group) storageFailed(decided, thrown);
    }
  };

  /** A fault of ours in one run's decision must not stop the others. */
  const decideSafely = (run: LiveRun): Decided | null => {
    try {
      return decideTurn(parts, run);
    } catch (thrown) {
      log.error('a run could not be decided', {
        workflow_id: run.runId,
        error: messageOf(thrown),
        stack: thrown instanceof Error ? thrown.stack : undefined,
      });
      run.lost = true;
      parts.onLost(run);
      return null;
    }
  };

  const settle = (decided: Decided, outcome: AppendOutcome | undefined): void => {
    const { run, append } = decided;
    if (outcome?.ok === true && append !== null) {
      run.storageFailures = 0;
      run.committedSeq += append.events.length;
      run.starting = null;
      const first = outcome.lastEventId - append.events.length + 1;
      parts.publish(
        append.events.map((event, at) => ({ id: first + at, runId: run.runId, event })),
      );
      parts.onCommitted(run, decided);
    } else {
      undoTurn(parts, decided);
      run.lost = true;
      if (outcome?.ok === false && outcome.reason === 'duplicate') parts.onDuplicate(run, outcome);
      else parts.onLost(run);
    }
  };

  const storageFailed = (decided: Decided, thrown: unknown): void => {
    const { run } = decided;
    undoTurn(parts, decided);
    run.storageFailures += 1;
    const error: StepFailure = { code: 'STORE_ERROR', message: messageOf(thrown) };
    if (parts.onStorageError(run, error)) return;
    if (run.storageFailures === 1) {
      log.error('events could not be written; the run waits', {
        workflow_id: run.runId,
        error: error.message,
      });
    }
    const delay = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(run.storageFailures, 10));
    clock.after(delay, () => wake(run));
  };

  return {
    deliver(run, input) {
      run.inputs.push(input);
      wake(run);
    },
    wake,
    async idle() {
      while (flushing !== null || scheduled || ready.size > 0) {
        await (flushing ?? new Promise<void>((done) => clock.soon(done)));
      }
    },
  };
}
