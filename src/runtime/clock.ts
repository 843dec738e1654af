/** The real clock. Timers beyond 2^31 ms are cut into pieces, because setTimeout fires those at once. */
import type { Clock } from '../model/ports.ts';

const MAX_TIMEOUT_MS = 2_000_000_000;

/** A clock over the process's own time. */
export function createClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    soon: (callback) => {
      setImmediate(callback);
    },
    after(ms, callback) {
      let handle: ReturnType<typeof setTimeout>;
      const arm = (left: number): void => {
        const piece = Math.min(left, MAX_TIMEOUT_MS);
        handle = setTimeout(() => (left > piece ? arm(left - piece) : callback()), piece);
      };
      arm(Math.max(0, ms));
      return () => clearTimeout(handle);
    },
  };
}
