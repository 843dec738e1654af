/**
 * A clock that stands still until a test lets time pass: "before", "after" and "at the same moment" are
 * what the test says they are.
 */
import type { Clock } from '../../src/model/ports.ts';

export interface HandClock extends Clock {
  /** Time passes by itself as soon as nothing else happens (for closing down). */
  auto: boolean;
  /** Moves to the earliest timer due by `untilMs` (monotonic) and fires it; false when there is none. */
  fireNext(untilMs: number): boolean;
  /** Moves the wall clock, not the monotonic one. */
  jump(ms: number): void;
  /** Timers that are set. */
  timers(): number;
  stop(): void;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

export function createHandClock(startMs = Date.parse('2026-01-01T00:00:00Z')): HandClock {
  const timers = new Set<Timer>();
  let monotonic = 0;
  let offset = startMs;
  let stopped = false;
  let pumping = false;

  const earliest = (): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  };
  const pump = (): void => {
    if (pumping || stopped) return;
    pumping = true;
    setImmediate(() => {
      pumping = false;
      if (stopped || !clock.auto) return;
      clock.fireNext(Number.POSITIVE_INFINITY);
      if (timers.size > 0) pump();
    });
  };
  const clock: HandClock = {
    get auto() {
      return automatic;
    },
    set auto(on) {
      automatic = on;
      if (on) pump();
    },
    now: () => Math.round(offset + monotonic),
    monotonic: () => monotonic,
    soon: (callback) => {
      setImmediate(callback);
    },
    after(ms, callback) {
      const timer = { at: monotonic + Math.max(0, ms), callback };
      if (!stopped) timers.add(timer);
      if (automatic) pump();
      return () => timers.delete(timer);
    },
    fireNext(untilMs) {
      const timer = earliest();
      if (timer === undefined || timer.at > untilMs) {
        if (Number.isFinite(untilMs)) monotonic = Math.max(monotonic, untilMs);
        return false;
      }
      timers.delete(timer);
      monotonic = Math.max(monotonic, timer.at);
      timer.callback();
      return true;
    },
    jump(ms) {
      offset += ms;
    },
    timers: () => timers.size,
    stop() {
      stopped = true;
      timers.clear();
    },
  };
  let automatic = false;
  return clock;
}
