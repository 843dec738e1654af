/**
 * Times of schedules by their place on the clocks: newer rules of a zone move the instant of a time, and
 * it is still the same time. Over the ports of store and calculator; no clock is read.
 */
import {
  type DueTime,
  type NextTime,
  nextAs,
  type OccurrenceRow,
  type ScheduleCalculator,
  type ScheduleRow,
} from './schedule.ts';
import type { ScheduleStore } from './schedule-store.ts';
import { isOverruled } from './zone-rules.ts';

/** The key under which a time is recorded, or would be, and what is there. */
export interface RecordedTime {
  readonly dueAt: number;
  readonly before: OccurrenceRow | null;
}

/**
 * Finds a time of a schedule. One that was recorded by other rules keeps the instant it was recorded
 * with; where another time was recorded at this instant it stands a millisecond beside it.
 */
export function recordedTime(
  store: Pick<ScheduleStore, 'occurrence' | 'occurrenceAt'>,
  scheduleId: string,
  { at, local }: DueTime,
): RecordedTime {
  const same = local === null ? null : store.occurrenceAt(scheduleId, local);
  if (same !== null) return { dueAt: same.dueAt, before: same };
  for (let dueAt = at; ; dueAt += 1) {
    const there = store.occurrence(scheduleId, dueAt);
    if (there === null || local === null || there.local === null) return { dueAt, before: there };
  }
}

const AT_ONCE = 500;
/** Where only it counts whether there are rules. */
const ANY_YEAR = 2000;

/** Notes where the times stand that programs without places have recorded. */
export function placeRecorded(
  store: Pick<ScheduleStore, 'unplacedOccurrences' | 'placeOccurrences' | 'schedule'>,
  calculator: ScheduleCalculator,
): void {
  for (;;) {
    const times = store.unplacedOccurrences(AT_ONCE);
    if (times.length === 0) return;
    const places = times.map(({ scheduleId, dueAt, origin }) => {
      const schedule = origin === 'manual' ? null : store.schedule(scheduleId);
      const local = schedule === null ? null : calculator.locate(schedule, dueAt);
      return { scheduleId, dueAt, local };
    });
    store.placeOccurrences(places);
  }
}

/** Why a process may not fire a schedule because of its time zone; null when it may. */
export function zoneProblem(calculator: ScheduleCalculator, schedule: ScheduleRow): string | null {
  const { timezone, zoneRules } = schedule;
  const own = calculator.zoneRules(schedule, zoneRules?.fromYear ?? ANY_YEAR);
  if (own !== null) {
    if (!isOverruled(own, zoneRules)) return null;
    return `its times go by IANA ${zoneRules?.release}, which has other rules for ${timezone} than ${own.release} here`;
  }
  const read = calculator.read(schedule, 0);
  return read.ok || read.field !== 'timezone' ? null : read.message;
}

/**
 * The next time of an enabled schedule by the rules of this process; null when the row holds it already.
 * The time stays the same one on the clocks, also when that has passed by these rules.
 */
export function followedNext(
  calculator: ScheduleCalculator,
  schedule: ScheduleRow,
  nowMs: number,
): NextTime | null {
  const due = dueByRules(calculator, schedule);
  if (due === undefined) return null;
  const next = nextAs(calculator, schedule, due, nowMs);
  const { nextAt, zoneRules, nextLocal } = next;
  const isSame =
    nextAt === schedule.nextAt &&
    nextLocal?.local === schedule.nextLocal?.local &&
    zoneRules?.hash === schedule.zoneRules?.hash &&
    zoneRules?.release === schedule.zoneRules?.release;
  return isSame ? null : next;
}

/** Undefined: it has no next time, or one that no zone moves. */
function dueByRules(
  calculator: ScheduleCalculator,
  schedule: ScheduleRow,
): DueTime | null | undefined {
  const { nextAt } = schedule;
  if (nextAt === null) return undefined;
  const place = schedule.nextLocal ?? calculator.locate(schedule, nextAt);
  if (place !== null) return calculator.dueFrom(schedule, place);
  // One time that is written as the clocks show it moves with them; `@every` does not.
  if (calculator.zoneRules(schedule, ANY_YEAR) === null) return undefined;
  const [once] = calculator.due(schedule, { afterMs: Number.MIN_SAFE_INTEGER, limit: 1 });
  return once === undefined ? undefined : { at: once.at, local: null };
}
