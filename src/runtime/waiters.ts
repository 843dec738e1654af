/**
 * Whoever waits for a run to settle or for a signal's verdict, here or in another process.
 */
import type { Engine, RunStop, SignalOutcome } from '../model/engine.ts';
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { Clock } from '../model/ports.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { Store } from '../model/store.ts';
import type { EventBus } from './event-bus.ts';

/** Looks whether a wait is over; `closing` ends it whatever it finds. */
type Look = (closing?: boolean) => void;

export interface Waiters {
  settled: Engine['settled'];
  verdict(inboxId: number, waitMs: number): Promise<SignalOutcome>;
  /** Resolves when this says so, or at the close. */
  untilTrue(holds: () => boolean): Promise<void>;
  /** Looks whether anybody's wait is over. */
  check(): void;
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
  const waiting = new Set<Look>();
  const check = (): void => {
    for (const look of [...waiting]) look();
  };
  const stopListening = bus.onEvents(check);

  /** Resolves with the first answer that is not null, or `late` after the wait or at the close. */
  const until = <T>(
    answer: () => T | null,
    waitMs: number | null,
    late: (closing: boolean) => T,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      let cancel: () => void = () => undefined;
      const end = (finish: () => void): void => {
        waiting.delete(look);
        cancel();
        finish();
      };
      const look: Look = (closing = false) => {
        if (closing) {
          end(() => resolve(late(true)));
          return;
        }
        try {
          const value = answer();
          if (value !== null) end(() => resolve(value));
        } catch (thrown) {
          end(() => reject(thrown as Error));
        }
      };
      waiting.add(look);
      if (waitMs !== null) cancel = clock.after(waitMs, () => end(() => resolve(late(false))));
      look();
      poke();
    });

  return {
    untilTrue: async (holds) => {
      await until<true>(
        () => (holds() ? true : null),
        null,
        () => true,
      );
    },
    check,
    count: () => waiting.size,
    settled: (runId, options) => {
      const stopOf = (): RunStop | null => {
        const head = store.head(runId as RunId);
        if (head === null) throw new AppError('NOT_FOUND', `there is no run ${runId}`);
        if (isRunEnded(head.status)) return 'ended';
        if (!options.orSuspended || head.status !== 'suspended' || isBusy(runId)) return null;
        // What is in its inbox may move it on.
        return store.unsettled(runId).length > 0 ? null : 'suspended';
      };
      return until<RunStop>(stopOf, options.timeoutMs, (closing) => (closing ? 'lost' : 'timeout'));
    },
    verdict: (inboxId, waitMs) =>
      until<SignalOutcome>(
        () => {
          const verdict = store.row(inboxId)?.verdict ?? null;
          if (verdict === null) return null;
          return verdict.ok
            ? { ok: true, pending: false, result: verdict.result, error: null }
            : { ok: false, pending: false, result: {}, error: verdict.error };
        },
        waitMs,
        () => ({ ok: true, pending: true, result: {}, error: null }),
      ),
    close() {
      stopListening();
      for (const look of [...waiting]) look(true);
    },
  };
}
