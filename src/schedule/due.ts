/**
 * What becomes of a schedule's times that have come: which one is started now, which were missed, and
 * which is next. Pure.
 *
 * With a catch-up window at most one run makes up for what was missed: that of the newest time, if it
 * is not later than the window. Without end (`all`) every time is taken, oldest first.
 */
import type { DueTime, NextTime, ScheduleCalculator, ScheduleRow } from '../model/schedule.ts';
import { nextOf } from '../model/schedule.ts';
import { formatDuration, toRfc3339 } from '../model/time.ts';

/** A time that fires not later than this is in time, whatever the window says. */
const ON_TIME_MS = 30_000;
/** Missed times that are recorded one by one; the last of them stands for all that follow. */
const MAX_MISSED = 100;

export interface MissedTime {
  readonly due: DueTime;
  readonly reason: string;
}

export interface DuePlan {
  /** The time to start a run for, or null. */
  readonly due: DueTime | null;
  readonly missed: readonly MissedTime[];
  /** True when somebody should hear of what was missed. */
  readonly isLate: boolean;
  /** Null: as it is. */
  readonly next: NextTime | null;
}

/** What to do with a schedule whose `fireAt` has come. */
export function planDue(
  calculator: ScheduleCalculator,
  schedule: ScheduleRow,
  nowMs: number,
): DuePlan {
  const { nextAt, catchUpMs } = schedule;
  if (nextAt === null) {
    return { due: null, missed: [], isLate: false, next: null };
  }
  if (catchUpMs === null) {
    const next = nextOf(calculator, schedule, nextAt);
    const due = { at: nextAt, local: schedule.nextLocal };
    return { due, missed: [], isLate: false, next };
  }
  const newest = newestDue(calculator, schedule, nextAt, nowMs);
  const lateMs = nowMs - fireAtOf(calculator, schedule, newest.at);
  const isInTime = lateMs <= Math.max(catchUpMs, ON_TIME_MS);
  const reason = isInTime
    ? `nobody was there; the run for ${toRfc3339(newest.at)} made up for it`
    : `nobody was there within ${formatDuration(catchUpMs)} (catch_up)`;
  const missed = missedTimes(calculator, schedule, isInTime ? newest.at - 1 : newest.at, reason);
  return {
    due: isInTime ? newest : null,
    missed,
    isLate: missed.length > 0 && nowMs - nextAt > ON_TIME_MS + schedule.jitterMs,
    next: nextOf(calculator, schedule, newest.at),
  };
}

function fireAtOf(
  calculator: ScheduleCalculator,
  { id, jitterMs }: ScheduleRow,
  dueAt: number,
): number {
  return dueAt + calculator.jitter(id, dueAt, jitterMs);
}

/** The newest time from `nextAt` on that has fired by now, jitter included. */
function newestDue(
  calculator: ScheduleCalculator,
  schedule: ScheduleRow,
  nextAt: number,
  nowMs: number,
): DueTime {
  const fired = ({ at }: DueTime): boolean => fireAtOf(calculator, schedule, at) <= nowMs;
  let until = nowMs;
  for (let span = FIRST_SPAN_MS; until > nextAt; span *= 2) {
    const from = Math.max(until - span, nextAt);
    const times = calculator.due(schedule, { afterMs: from, untilMs: until, limit: MAX_STEPS });
    const newest = times.findLast(fired);
    if (newest !== undefined) return newest;
    until = from;
  }
  return { at: nextAt, local: schedule.nextLocal };
}

/** Looking back begins with an hour and takes twice as much each time, so it is never far. */
const FIRST_SPAN_MS = 3_600_000;
const MAX_STEPS = 1_000_000;

/** Times from `nextAt` to `untilMs` as missed. */
function missedTimes(
  calculator: ScheduleCalculator,
  schedule: ScheduleRow,
  untilMs: number,
  reason: string,
): readonly MissedTime[] {
  const afterMs = (schedule.nextAt ?? 0) - 1;
  const limit = MAX_MISSED + 1;
  const times = calculator.due(schedule, { afterMs, untilMs, limit });
  const missed = times.slice(0, MAX_MISSED).map((due) => ({ due, reason }));
  const last = missed.at(-1);
  if (times.length <= MAX_MISSED || last === undefined) return missed;
  const rest = `${reason}; so were all times after it until ${toRfc3339(untilMs)}`;
  return [...missed.slice(0, -1), { due: last.due, reason: rest }];
}
