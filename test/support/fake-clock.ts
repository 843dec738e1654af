/**
 * A clock whose time passes by itself as fast as work allows: when the event loop comes round, the
 * earliest timer fires and time jumps to it. Nothing sleeps, and a year of waiting takes a moment.
 */
import type { Clock } from '../../src/model/ports.ts';

export interface FakeClock extends Clock {
  /** Stops firing timers; what is registered later never fires. */
  stop(): void;
  /** Moves the wall clock (not the monotonic one) by this much. */
  jump(ms: number): void;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Rounds of the event loop without work before time moves on. */
const QUIET_ROUNDS = 3;

export function createFakeClock(startMs = Date.parse('2026-01-01T00:00:00Z')): FakeClock {
  let monotonic = 0;
  let offset = startMs;
  let order = 0;
  let pumping = false;
  let stopped = false;
  const timers = new Set<Timer>();

  const earliest = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      const earlier = first === undefined || timer.at < first.at;
      if (earlier || (timer.at === first?.at && timer.order < first.order)) first = timer;
    }
    return first;
  };
  const pump = (quiet: number): void => {
    setImmediate(() => {
      if (stopped || timers.size === 0) {
        pumping = false;
        return;
      }
      if (quiet > 0) {
        pump(quiet - 1);
        return;
      }
      const timer = earliest();
      if (timer !== undefined) {
        timers.delete(timer);
        monotonic = Math.max(monotonic, timer.at);
        timer.callback();
      }
      pump(QUIET_ROUNDS);
    });
  };

  return {
    now: () => Math.round(offset + monotonic),
    monotonic: () => monotonic,
    soon: (callback) => {
      setImmediate(callback);
    },
    after(ms, callback) {
      order += 1;
      const timer = { at: monotonic + Math.max(0, ms), order, callback };
      timers.add(timer);
      if (!pumping && !stopped) {
        pumping = true;
        pump(QUIET_ROUNDS);
      }
      return () => timers.delete(timer);
    },
    stop() {
      stopped = true;
      timers.clear();
    },
    jump(ms) {
      offset += ms;
    },
  };
}
