/**
 * When a schedule fires: reading what was written, and the times of it. Pure: no clock is read, and the
 * same question has the same answer on every machine with the same zone database.
 *
 * `@every` counts from `firstAt` (that time included), else from the schedule's creation (excluded).
 */
import type {
  ReadTiming,
  ScheduleCalculator,
  ScheduleTiming,
  TimeRange,
} from '../model/schedule.ts';
import { toRfc3339 } from '../model/time.ts';
import { localText } from '../zones/local-text.ts';
import { findZone } from '../zones/names.ts';
import { createCron, type NextTime } from './cron.ts';
import { type Expression, type ReadExpression, readExpression } from './expression.ts';

/** Expressions that are kept ready; more only costs speed. */
const MAX_KEPT = 1000;
const HASH_DIGITS = 12;

/** A calculator; `sha256` gives lower-case hex. */
export function createCalculator(sha256: (text: string) => string): ScheduleCalculator {
  const kept = new Map<string, NextTime>();

  const nextTime = (expression: Expression & { kind: 'cron' }, zone: string): NextTime => {
    const key = `${zone} ${expression.pattern}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (kept.size >= MAX_KEPT) kept.clear();
    const found = findZone(zone);
    // A zone that the chosen source lacks: such a schedule has no times, and doctor says so.
    if (found === null) return () => null;
    const made = createCron(expression.pattern, found);
    kept.set(key, made);
    return made;
  };
  const timesOf = (
    read: ReadExpression & { ok: true },
    timing: Pick<ScheduleTiming, 'createdAt' | 'firstAt'>,
    range: TimeRange,
  ): readonly number[] => {
    const { expression, timezone } = read;
    const from = Math.max(range.afterMs, (timing.firstAt ?? Number.NEGATIVE_INFINITY) - 1);
    if (expression.kind === 'once') return upTo(range, from, () => expression.atMs);
    if (expression.kind === 'every') return upTo(range, from, everyFrom(expression.ms, timing));
    return upTo(range, from, nextTime(expression, timezone));
  };

  return {
    read(written, nowMs): ReadTiming {
      const read = readExpression(written.expression, written.timezone);
      if (!read.ok) return read;
      const { text, timezone, expression, eitherDay } = read;
      const timing = { createdAt: nowMs, firstAt: null };
      if (timesOf(read, timing, { afterMs: nowMs, limit: 1 }).length === 0) {
        return neverFires(expression, nowMs);
      }
      const doubt = eitherDay === undefined ? {} : { eitherDay };
      return { ok: true, expression: text, timezone, ...doubt };
    },
    times(timing, range) {
      const read = readExpression(timing.expression, timing.timezone);
      return read.ok ? timesOf(read, timing, range) : [];
    },
    local(atMs, timezone) {
      const zone = findZone(timezone);
      return zone === null ? toRfc3339(atMs) : localText(zone, atMs);
    },
    jitter(scheduleId, dueAt, jitterMs) {
      if (jitterMs === 0) return 0;
      const digits = sha256(`${scheduleId} ${dueAt}`).slice(0, HASH_DIGITS);
      return Math.floor((Number.parseInt(digits, 16) / 16 ** HASH_DIGITS) * (jitterMs + 1));
    },
  };
}

function neverFires(expression: Expression, nowMs: number): ReadTiming {
  if (expression.kind === 'once') {
    const message = `${toRfc3339(expression.atMs)} has passed (it is ${toRfc3339(nowMs)})`;
    return { ok: false, field: 'expression', message, hint: 'give a time that is still to come' };
  }
  return {
    ok: false,
    field: 'expression',
    message: 'it never fires: no date fits its day and month',
    hint: 'look at day-of-month and month, such as the 30th of February',
  };
}

/** Times one after another, each later than the one before. */
function upTo(
  { untilMs = Number.POSITIVE_INFINITY, limit }: TimeRange,
  fromMs: number,
  next: NextTime,
): readonly number[] {
  const times: number[] = [];
  let after = fromMs;
  while (times.length < limit) {
    const at = next(after);
    if (at === null || at <= after || at > untilMs) break;
    times.push(at);
    after = at;
  }
  return times;
}

function everyFrom(
  ms: number,
  { createdAt, firstAt }: Pick<ScheduleTiming, 'createdAt' | 'firstAt'>,
): NextTime {
  const first = firstAt ?? createdAt + ms;
  return (afterMs) => {
    if (afterMs < first) return first;
    return first + (Math.floor((afterMs - first) / ms) + 1) * ms;
  };
}
