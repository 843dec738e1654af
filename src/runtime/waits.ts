/**
 * Who waits for something, by the run it is about: a wait is looked at when that run changed, not
 * whenever any did. With many waiting that would be the dearest part of a commit.
 *
 * What a wait is for stands in waiters.ts.
 */
import type { RunId } from '../model/ids.ts';
import type { Clock } from '../model/ports.ts';

/** The key of waits that any commit may end. */
export const ANY_RUN = '';

export interface Wait<T> {
  /** The run it is about, or `ANY_RUN`. */
  readonly key: RunId | typeof ANY_RUN;
  /** What it waited for, or null while that is not there. */
  readonly answer: () => T | null;
  /** Null waits for ever. */
  readonly waitMs: number | null;
  /** What is answered after `waitMs`, or at the close. */
  readonly late: (closing: boolean) => T;
}

export interface Waits {
  /** Resolves with the first answer that is not null; rejects with what `answer` throws. */
  until<T>(wait: Wait<T>): Promise<T>;
  /** Looks at the waits for one run, or at all; those for any run are always looked at. */
  look(runId?: RunId): void;
  count(): number;
  /** Ends every wait as late. */
  close(): void;
}

/** Looks whether a wait is over; `closing` ends it whatever it finds. */
type Look = (closing?: boolean) => void;

/** Nobody waits yet. */
export function createWaits(clock: Clock): Waits {
  const waiting = new Map<string, Set<Look>>();
  let count = 0;
  const enter = (key: string, look: Look): void => {
    const group = waiting.get(key) ?? new Set();
    group.add(look);
    waiting.set(key, group);
    count += 1;
  };
  const leave = (key: string, look: Look): void => {
    const group = waiting.get(key);
    if (group?.delete(look) !== true) return;
    count -= 1;
    if (group.size === 0) waiting.delete(key);
  };
  const lookAt = (key: string, closing = false): void => {
    for (const look of [...(waiting.get(key) ?? [])]) look(closing);
  };
  const lookAtAll = (closing = false): void => {
    for (const key of [...waiting.keys()]) lookAt(key, closing);
  };
  return {
    until: (wait) =>
      new Promise((resolve, reject) => {
        const { key, answer, waitMs, late } = wait;
        let cancel: () => void = () => undefined;
        const end = (finish: () => void): void => {
          leave(key, look);
          cancel();
          finish();
        };
        const look: Look = (closing = false) => {
          try {
            const value = closing ? late(true) : answer();
            if (value !== null) end(() => resolve(value));
          } catch (thrown) {
            end(() => reject(thrown as Error));
          }
        };
        enter(key, look);
        if (waitMs !== null) cancel = clock.after(waitMs, () => end(() => resolve(late(false))));
        look();
      }),
    look(runId) {
      if (runId === undefined) lookAtAll();
      else {
        lookAt(ANY_RUN);
        lookAt(runId);
      }
    },
    count: () => count,
    close: () => lookAtAll(true),
  };
}
