/**
 * Times of a cron pattern in a zone.
 *
 * When clocks change: a pattern with a fixed hour and minute (no `*` and no step in either) whose time
 * is skipped comes once at the end of the gap, also when that is another day, and once, the first time,
 * when its time comes twice; a gap of a whole day drops the times of that day. All others (`*`, steps)
 * come at whatever the clock shows: not in the gap, and in both passes of the fold.
 */
import { instantsOf, type Period, type Zone } from '../zones/zone.ts';

/** A time of a pattern: the instant, and where it stands on the clocks of the zone. */
export interface CronTime {
  readonly atMs: number;
  /** What the clocks show, in seconds as if it were UTC; in a gap what the pattern asked for. */
  readonly wall: number;
  /** 1 for the second pass of a time that comes twice, else 0. */
  readonly pass: number;
}

/** The first time of the pattern after `afterMs`, or null when there is none. */
export type NextCronTime = (afterMs: number) => CronTime | null;

const MINUTE = 60;
const DAY = 86_400;
const MINUTES_PER_DAY = 1440;
/** Longer than any date waits for its next year (the 29th of February up to 8, and gaps). */
const MAX_DAYS = 40 * 366;

interface Pattern {
  /** Minutes of the day, rising. */
  readonly minutes: readonly number[];
  /** True for a date, given as seconds of its midnight as if it were UTC. */
  readonly fitsDate: (midnight: number) => boolean;
  readonly fixed: boolean;
}

/** Makes the calculation of a pattern as `readPattern` wrote it. */
export function createCron(pattern: string, zone: Zone): NextCronTime {
  const read = patternOf(pattern);
  const next = read.fixed ? nextFixed : nextShown;
  return (afterMs) => next(read, zone, Math.floor(afterMs / 1000));
}

/** The numbers that a field allows; null for `*`. */
function numbersOf(field: string, least: number, most: number): ReadonlySet<number> | null {
  if (field === '*') return null;
  const numbers = new Set<number>();
  for (const item of field.split(',')) {
    const [range = '*', step = '1'] = item.split('/');
    const [first = least, last = range === '*' ? most : first] =
      range === '*' ? [] : range.split('-').map(Number);
    for (let number = first; number <= last; number += Number(step)) numbers.add(number);
  }
  return numbers;
}

const isFixed = (field: string): boolean => !/[*/]/.test(field);

function patternOf(text: string): Pattern {
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = text.split(' ');
  const allowedMinutes = numbersOf(minute, 0, 59);
  const allowedHours = numbersOf(hour, 0, 23);
  const minutes: number[] = [];
  for (let at = 0; at < MINUTES_PER_DAY; at += 1) {
    if (allowedHours?.has(Math.floor(at / 60)) === false) continue;
    if (allowedMinutes?.has(at % 60) !== false) minutes.push(at);
  }
  const fitsDate = dateTest(
    numbersOf(day, 1, 31),
    numbersOf(month, 1, 12),
    numbersOf(weekday, 0, 6),
  );
  return { minutes, fitsDate, fixed: isFixed(minute) && isFixed(hour) };
}

/** With day and weekday both given either one is enough. */
function dateTest(
  days: ReadonlySet<number> | null,
  months: ReadonlySet<number> | null,
  weekdays: ReadonlySet<number> | null,
): (midnight: number) => boolean {
  return (midnight) => {
    const date = new Date(midnight * 1000);
    if (months?.has(date.getUTCMonth() + 1) === false) return false;
    if (days === null && weekdays === null) return true;
    return days?.has(date.getUTCDate()) === true || weekdays?.has(date.getUTCDay()) === true;
  };
}

const midnightOf = (wall: number): number => Math.floor(wall / DAY) * DAY;

/** The next time of a pattern with fixed times: each stands for one instant of its date. */
function nextFixed({ minutes, fitsDate }: Pattern, zone: Zone, after: number): CronTime | null {
  const today = midnightOf(after + zone.periodAt(after).offset);
  // A gap may have moved times of the day before to after this instant.
  for (let midnight = today - DAY, i = 0; i < MAX_DAYS; midnight += DAY, i += 1) {
    if (!fitsDate(midnight)) continue;
    for (const minute of minutes) {
      const wall = midnight + minute * MINUTE;
      const at = instantOf(zone, midnight, wall);
      if (at !== null && at > after) return { atMs: at * 1000, wall, pass: 0 };
    }
  }
  return null;
}

/** The instant of a fixed wall time; null when its whole day is skipped. */
function instantOf(zone: Zone, midnight: number, wall: number): number | null {
  const found = instantsOf(zone, wall);
  if (found.kind === 'once') return found.at;
  if (found.kind === 'twice') return found.first;
  const before = zone.periodAt(found.end - 1).offset;
  const [begins, ends] = [found.end + before, found.end + found.offset];
  return begins <= midnight && midnight + DAY <= ends ? null : found.end;
}

/** The next time that the clock shows, period by period. */
function nextShown(pattern: Pattern, zone: Zone, after: number): CronTime | null {
  const last = after + MAX_DAYS * DAY;
  let from = after + 1;
  let period: Period = zone.periodAt(from);
  for (;;) {
    // The first change after this instant bounds what this period shows.
    const [next] = nextChange(zone, from, last);
    const ends = next?.from ?? last;
    const wall = nextWall(pattern, from + period.offset, ends + period.offset);
    if (wall !== null) return shownAt(zone, wall, wall - period.offset);
    if (next === undefined) return null;
    period = next;
    from = next.from;
  }
}

function shownAt(zone: Zone, wall: number, at: number): CronTime {
  const found = instantsOf(zone, wall);
  return { atMs: at * 1000, wall, pass: found.kind === 'twice' && found.second === at ? 1 : 0 };
}

/** Spans in which a change is looked for: most zones have two a year. */
const SPANS = [400 * DAY, MAX_DAYS * DAY] as const;

function nextChange(zone: Zone, from: number, last: number): readonly Period[] {
  for (const span of SPANS) {
    const changes = zone.changesBetween(from, Math.min(from + span, last));
    if (changes.length > 0) return changes;
  }
  return [];
}

/** The first wall time of the pattern from `from` on and before `end`. */
function nextWall({ minutes, fitsDate }: Pattern, from: number, end: number): number | null {
  for (let midnight = midnightOf(from); midnight < end; midnight += DAY) {
    if (!fitsDate(midnight)) continue;
    const least = midnight < from ? Math.ceil((from - midnight) / MINUTE) : 0;
    const minute = minutes.find((at) => at >= least);
    if (minute === undefined) continue;
    const wall = midnight + minute * MINUTE;
    return wall < end ? wall : null;
  }
  return null;
}

/** Finds the first time of a pattern that is not before a place on the clocks of the zone. */
export function timeFrom(
  next: NextCronTime,
  zone: Zone,
  { wall, pass }: Pick<CronTime, 'wall' | 'pass'>,
): CronTime | null {
  const found = instantsOf(zone, wall);
  if (found.kind === 'gap') return next(found.end * 1000 - 1);
  if (found.kind === 'once') return next(found.at * 1000 - 1);
  return next((pass === 1 ? found.second : found.first) * 1000 - 1);
}
