/**
 * What is waited for: a run to settle, a signal's verdict, here or in another process.
 */
import type { Engine, RunStop, SignalOutcome } from '../model/engine.ts';
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { Clock } from '../model/ports.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { Store } from '../model/store.ts';
import type { EventBus } from './event-bus.ts';
import { ANY_RUN, createWaits, type Wait } from './waits.ts';

export interface Waiters {
  settled: Engine['settled'];
  verdict(inboxId: number, waitMs: number): Promise<SignalOutcome>;
  /** Resolves when this says so, or at the close. */
  untilTrue(holds: () => boolean): Promise<void>;
  /** Looks whether the wait for a run, or anybody's, is over. */
  check(runId?: RunId): void;
  count(): number;
  close(): void;
}

/** Waits end on events of this process, and on `check` for what others wrote. */
export function createWaiters(
  store: Pick<Store, 'head' | 'row' | 'unsettled'>,
  clock: Clock,
  bus: EventBus,
  poke: () => void,
  /** True while a run has inputs here that are still to be decided. */
  isBusy: (runId: RunId) => boolean,
): Waiters {
  const waits = createWaits(clock);
  // One publication is one run's; a commit without events changes what is waited for all the same.
  const stopListening = bus.onEvents(([first]) => waits.look(first?.runId));
  const until = <T>(wait: Wait<T>): Promise<T> => {
    const promise = waits.until(wait);
    poke();
    return promise;
  };
  const stopOf = (runId: RunId, orSuspended: boolean): RunStop | null => {
    const head = store.head(runId);
    if (head === null) throw new AppError('NOT_FOUND', `there is no run ${runId}`);
    if (isRunEnded(head.status)) return 'ended';
    if (!orSuspended || head.status !== 'suspended' || isBusy(runId)) return null;
    // What is in its inbox may move it on.
    return store.unsettled(runId).length > 0 ? null : 'suspended';
  };
  const verdictOf = (inboxId: number): SignalOutcome | null => {
    const verdict = store.row(inboxId)?.verdict ?? null;
    if (verdict === null) return null;
    return verdict.ok
      ? { ok: true, pending: false, result: verdict.result, error: null }
      : { ok: false, pending: false, result: {}, error: verdict.error };
  };

  return {
    async untilTrue(holds) {
      const answer = (): true | null => (holds() ? true : null);
      await until<true>({ key: ANY_RUN, answer, waitMs: null, late: () => true });
    },
    settled: (id, { timeoutMs, orSuspended }) => {
      const runId = id as RunId;
      return until<RunStop>({
        key: runId,
        answer: () => stopOf(runId, orSuspended),
        waitMs: timeoutMs,
        late: (closing) => (closing ? 'lost' : 'timeout'),
      });
    },
    verdict: (inboxId, waitMs) =>
      until<SignalOutcome>({
        key: ANY_RUN,
        answer: () => verdictOf(inboxId),
        waitMs,
        late: () => ({ ok: true, pending: true, result: {}, error: null }),
      }),
    check: waits.look,
    count: waits.count,
    close() {
      stopListening();
      waits.close();
    },
  };
}
