/**
 * When a schedule fires: reading what was written, and the times of it. Pure: no clock is read, and the
 * same question has the same answer on every machine with the same zone database.
 *
 * `@every` counts from `firstAt` (that time included), else from the schedule's creation (excluded).
 */
import type {
  DueTime,
  LocalTime,
  ReadTiming,
  ScheduleCalculator,
  ScheduleTiming,
  TimeRange,
} from '../model/schedule.ts';
import { toRfc3339 } from '../model/time.ts';
import { localText } from '../zones/local-text.ts';
import { findZone } from '../zones/names.ts';
import { runtimeZone } from '../zones/runtime.ts';
import { type ZoneSource, zoneSource } from '../zones/source.ts';
import { instantsOf, type Zone } from '../zones/zone.ts';
import { type CronTime, createCron, type NextCronTime, timeFrom } from './cron.ts';
import { type Expression, type ReadExpression, readExpression } from './expression.ts';

/** Expressions that are kept ready; more only costs speed. */
const MAX_KEPT = 1000;
const HASH_DIGITS = 12;
/** Digits of the hash of a zone's changes, and the years that it is over. */
const RULES_DIGITS = 16;
const RULES_YEARS = 3;

interface ReadyCron {
  readonly zone: Zone;
  readonly next: NextCronTime;
}
type NextDue = (afterMs: number) => DueTime | null;

/**
 * Makes a calculator.
 *
 * @param sha256 gives lower-case hex
 * @param source where the rules of zones come from; that of the process when left out
 */
export function createCalculator(
  sha256: (text: string) => string,
  source: () => ZoneSource = zoneSource,
): ScheduleCalculator {
  const find = (name: string): Zone | null => findZone(name, source());
  const read = (timing: { readonly expression: string; readonly timezone: string | null }) =>
    readExpression(timing.expression, timing.timezone, find);
  const cronOf = keptCrons(find);
  /** The cron of a timing, null for every other kind and for a zone that there is not. */
  const readyCron = (timing: ScheduleTiming): ReadyCron | null => {
    const found = read(timing);
    return found.ok && found.expression.kind === 'cron'
      ? cronOf(found.expression.pattern, found.timezone)
      : null;
  };
  const dueOf = (
    found: ReadExpression & { ok: true },
    timing: Pick<ScheduleTiming, 'createdAt' | 'firstAt'>,
    range: TimeRange,
  ): readonly DueTime[] => {
    const { expression, timezone } = found;
    const from = Math.max(range.afterMs, (timing.firstAt ?? Number.NEGATIVE_INFINITY) - 1);
    if (expression.kind === 'once') {
      return upTo(range, from, () => ({ at: expression.atMs, local: null }));
    }
    if (expression.kind === 'every') return upTo(range, from, everyFrom(expression.ms, timing));
    const cron = cronOf(expression.pattern, timezone);
    return cron === null ? [] : upTo(range, from, (after) => dueAs(cron.next(after), timezone));
  };

  return {
    read(written, nowMs): ReadTiming {
      const found = read(written);
      if (!found.ok) return found;
      const { text, timezone, expression, eitherDay } = found;
      const timing = { createdAt: nowMs, firstAt: null };
      if (dueOf(found, timing, { afterMs: nowMs, limit: 1 }).length === 0) {
        return neverFires(expression, nowMs);
      }
      const doubt = eitherDay === undefined ? {} : { eitherDay };
      return { ok: true, expression: text, timezone, ...doubt };
    },
    times(timing, range) {
      const found = read(timing);
      return found.ok ? dueOf(found, timing, range).map(({ at }) => at) : [];
    },
    due(timing, range) {
      const found = read(timing);
      return found.ok ? dueOf(found, timing, range) : [];
    },
    dueFrom(timing, { local, pass }) {
      const cron = readyCron(timing);
      if (cron === null) return null;
      const wall = Date.parse(`${local}Z`) / 1000;
      return dueAs(timeFrom(cron.next, cron.zone, { wall, pass }), timing.timezone);
    },
    locate(timing, at) {
      const cron = readyCron(timing);
      return cron === null ? null : located(timing, cron, at);
    },
    zoneRules(timing, fromYear) {
      const zone = find(timing.timezone);
      if (zone === null || /^@every/i.test(timing.expression)) return null;
      const hash = sha256(rulesText(zone, fromYear)).slice(0, RULES_DIGITS);
      return { release: source().release, fromYear, hash };
    },
    local(atMs, timezone) {
      const zone = find(timezone);
      return zone === null ? toRfc3339(atMs) : localText(zone, atMs);
    },
    jitter(scheduleId, dueAt, jitterMs) {
      if (jitterMs === 0) return 0;
      const digits = sha256(`${scheduleId} ${dueAt}`).slice(0, HASH_DIGITS);
      return Math.floor((Number.parseInt(digits, 16) / 16 ** HASH_DIGITS) * (jitterMs + 1));
    },
  };
}

/** Calculations of patterns, which are kept; null for a zone that the source lacks: it has no times. */
function keptCrons(
  find: (name: string) => Zone | null,
): (pattern: string, timezone: string) => ReadyCron | null {
  const kept = new Map<string, ReadyCron>();
  return (pattern, timezone) => {
    const zone = find(timezone);
    if (zone === null) return null;
    const key = `${timezone} ${pattern}`;
    const known = kept.get(key);
    // A zone of another source is another object.
    if (known?.zone === zone) return known;
    if (kept.size >= MAX_KEPT) kept.clear();
    const made = { zone, next: createCron(pattern, zone) };
    kept.set(key, made);
    return made;
  };
}

const MINUTES = 16;
const localOf = (wall: number): string => new Date(wall * 1000).toISOString().slice(0, MINUTES);

const dueAs = (time: CronTime | null, zone: string): DueTime | null =>
  time === null
    ? null
    : { at: time.atMs, local: { zone, local: localOf(time.wall), pass: time.pass } };

/**
 * Where a recorded time stands. Who has recorded no place had the rules of the runtime, so a time of
 * the pattern by these comes first; one that the pattern has by no rules stands where the clocks do.
 */
function located({ expression, timezone }: ScheduleTiming, cron: ReadyCron, at: number): LocalTime {
  const before = runtimeZone(timezone, at);
  const read = readExpression(expression, timezone, () => cron.zone);
  const pattern = read.ok && read.expression.kind === 'cron' ? read.expression.pattern : '';
  const nexts = before === null ? [cron.next] : [createCron(pattern, before), cron.next];
  for (const next of nexts) {
    const due = dueAs(next(at - 1), timezone);
    if (due?.at === at && due.local !== null) return due.local;
  }
  const seconds = Math.floor(at / 1000);
  const wall = seconds + cron.zone.periodAt(seconds).offset;
  const found = instantsOf(cron.zone, wall);
  const pass = found.kind === 'twice' && found.second === seconds ? 1 : 0;
  return { zone: timezone, local: localOf(wall), pass };
}

/** The offsets of a zone over the years, each with the second from which it holds. */
function rulesText(zone: Zone, fromYear: number): string {
  const [from = 0, to = 0] = [fromYear, fromYear + RULES_YEARS].map(
    (year) => Date.UTC(year, 0, 1) / 1000,
  );
  const first = zone.periodAt(from).offset;
  const lines = [`${first}`];
  let before = first;
  for (const { from: at, offset } of zone.changesBetween(from, to)) {
    if (offset !== before) lines.push(`${at} ${offset}`);
    before = offset;
  }
  return lines.join('\n');
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
  next: NextDue,
): readonly DueTime[] {
  const times: DueTime[] = [];
  let after = fromMs;
  while (times.length < limit) {
    const due = next(after);
    if (due === null || due.at <= after || due.at > untilMs) break;
    times.push(due);
    after = due.at;
  }
  return times;
}

function everyFrom(
  ms: number,
  { createdAt, firstAt }: Pick<ScheduleTiming, 'createdAt' | 'firstAt'>,
): NextDue {
  const first = firstAt ?? createdAt + ms;
  return (afterMs) => {
    const at = afterMs < first ? first : first + (Math.floor((afterMs - first) / ms) + 1) * ms;
    return { at, local: null };
  };
}
