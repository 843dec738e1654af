/**
 * What a daemon does by itself once a day: retention, in the night, or soon after a start that comes a
 * day or more after the last one (a machine that is off at night).
 *
 * The wall clock is looked at every few minutes, so that it may jump; nothing runs twice in a night.
 */
import { messageOf } from '../model/error.ts';
import type { Clock, Logger } from '../model/ports.ts';
import type { OpsDeps } from './deps.ts';
import { rulesOf } from './gc.ts';
import { collectGarbage } from './retention.ts';
import type { Retention } from './upkeep-deps.ts';

export interface NightlySettings {
  readonly enabled: boolean;
  /** Local time, `HH:MM`. */
  readonly at: string;
  readonly retention: Retention;
}

export interface NightlyDeps extends Pick<OpsDeps, 'store' | 'processes'> {
  readonly clock: Clock;
  readonly log: Logger;
  /** As they are now. */
  readonly settings: () => NightlySettings;
  /** From 0 up to 1: where in the half hour after the time it begins. */
  readonly random: number;
}

export interface Nightly {
  /** Stops what is under way between two pieces. */
  close(): Promise<void>;
}

const LOOK_MS = 300_000;
const SPREAD_MS = 1_800_000;
const OVERDUE_MS = 26 * 3_600_000;
const AFTER_START_MS = 600_000;

/** Looks after retention until it is closed. */
export function startNightly(deps: NightlyDeps): Nightly {
  const { clock, store, log } = deps;
  const stop = new AbortController();
  let underWay: Promise<void> = Promise.resolve();
  let cancel: () => void = () => undefined;
  const startedAt = clock.now();
  let due = firstDue(startedAt);

  function firstDue(nowMs: number): number {
    const last = store.lastUpkeep('gc');
    const night = nextTime(nowMs, deps.settings().at) + deps.random * SPREAD_MS;
    const isOverdue = last !== null && nowMs - last > OVERDUE_MS;
    return isOverdue ? Math.min(night, nowMs + AFTER_START_MS) : night;
  }
  const collect = async (): Promise<void> => {
    const { retention } = deps.settings();
    try {
      const rules = rulesOf(retention, clock.now());
      const request = { rules, keepLast: retention.keepLast, abort: stop.signal };
      const result = await collectGarbage(deps, request);
      log.info('old runs were removed', {
        runs: result.runs,
        bytes_before: result.bytesBefore,
        bytes_after: result.bytesAfter,
        duration_ms: Math.round(result.durationMs),
      });
    } catch (thrown) {
      log.error('old runs could not be removed', { error: messageOf(thrown) });
    }
  };
  const look = (): void => {
    const nowMs = clock.now();
    // Set back by the clock or by the settings, the next night comes earlier.
    const next = nextTime(nowMs, deps.settings().at) + deps.random * SPREAD_MS;
    if (nowMs >= due) {
      due = next;
      if (deps.settings().enabled) underWay = collect();
    } else due = Math.min(due, next);
    void underWay.then(() => {
      if (!stop.signal.aborted) cancel = clock.after(LOOK_MS, look);
    });
  };
  cancel = clock.after(LOOK_MS, look);

  return {
    async close() {
      stop.abort();
      cancel();
      await underWay;
    },
  };
}

/** The first moment after this one at which clocks here show the time `HH:MM`. */
export function nextTime(nowMs: number, time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  const next = new Date(nowMs);
  next.setHours(hours, minutes, 0, 0);
  if (next.getTime() <= nowMs) {
    next.setDate(next.getDate() + 1);
    next.setHours(hours, minutes, 0, 0);
  }
  return next.getTime();
}
