/**
 * `@every` counts real time: a wall clock that was ahead and is set right must not silence it until the
 * wall has caught up. Pure.
 */
import type { ScheduleCalculator, ScheduleRow } from '../model/schedule.ts';

/** From when it counts now, and its next time. */
export interface CountedOn {
  readonly firstAt: number;
  readonly nextAt: number;
  readonly fireAt: number;
}

/**
 * How an `@every` schedule goes on whose next time is further ahead than one interval; null for every
 * other, and for one whose first time is still to come. `setByMs`: by how much the wall clock was set,
 * null when nobody saw it. The distance to the next time stays; times that were used already are not met
 * again.
 */
export function countOn(
  calculator: ScheduleCalculator,
  schedule: ScheduleRow,
  setByMs: number | null,
  nowMs: number,
): CountedOn | null {
  const { nextAt, firstAt, createdAt } = schedule;
  if (nextAt === null || nextAt === firstAt || !/^@every\b/i.test(schedule.expression)) return null;
  const [one = 0, two = 0] = calculator.times(schedule, { afterMs: nextAt - 1, limit: 2 });
  const intervalMs = two - one;
  if (intervalMs <= 0 || nextAt - nowMs <= intervalMs) return null;
  const anchor = firstAt ?? createdAt + intervalMs;
  const kept = nextAt + (setByMs ?? 0);
  const wanted = kept > nowMs && kept - nowMs <= intervalMs ? kept : nowMs + intervalMs;
  // A time has one run for ever: on the same grid those of the time ahead would be met again.
  const next = (wanted - anchor) % intervalMs === 0 ? wanted + 1 : wanted;
  const steps = Math.max(0, Math.floor((next - anchor) / intervalMs));
  return {
    firstAt: next - steps * intervalMs,
    nextAt: next,
    fireAt: next + calculator.jitter(schedule.id, next, schedule.jitterMs),
  };
}
