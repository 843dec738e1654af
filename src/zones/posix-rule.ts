/**
 * The rule at the end of a TZif file, in the form of the POSIX variable `TZ`: what the clocks do after
 * the last change that is listed (RFC 9636, section 3.3.1).
 */
import type { Period } from './zone.ts';

interface Clock {
  readonly abbreviation: string;
  /** Seconds ahead of UTC. */
  readonly offset: number;
}

/** A change that comes every year. */
type Day =
  | { readonly kind: 'julian'; readonly day: number }
  | { readonly kind: 'zero-based'; readonly day: number }
  | {
      readonly kind: 'weekday';
      readonly month: number;
      readonly week: number;
      readonly day: number;
    };

interface Change {
  readonly day: Day;
  /** Seconds of the wall clock from midnight; may be negative or over a day. */
  readonly time: number;
}

export interface PosixRule {
  readonly standard: Clock;
  /** The other clock with its begin and end each year, null when there is none. */
  readonly summer: (Clock & { readonly begins: Change; readonly ends: Change }) | null;
}

const HOUR = 3600;
const DAY_MS = 86_400_000;
const NAME = '(<[A-Za-z0-9+-]+>|[A-Za-z]+)';
const OFFSET = '([+-]?\\d+(?::\\d+(?::\\d+)?)?)';
const RULE = new RegExp(`^${NAME}${OFFSET}(?:${NAME}${OFFSET}?,([^,]+),([^,]+))?$`);

/** Parses a rule; null when the text is none. */
export function parsePosixRule(text: string): PosixRule | null {
  const match = RULE.exec(text);
  if (match === null) return null;
  const [, name = '', behind = '', summerName, summerBehind, begin, end] = match;
  // POSIX counts what the clocks are behind UTC.
  const standard = { abbreviation: bare(name), offset: -secondsOf(behind) + 0 };
  if (summerName === undefined) return { standard, summer: null };
  const begins = changeOf(begin ?? '');
  const ends = changeOf(end ?? '');
  if (begins === null || ends === null) return null;
  const offset = summerBehind === undefined ? standard.offset + HOUR : -secondsOf(summerBehind) + 0;
  return { standard, summer: { abbreviation: bare(summerName), offset, begins, ends } };
}

const bare = (name: string): string => name.replace(/^<|>$/g, '');

function secondsOf(text: string): number {
  const negative = text.startsWith('-');
  const [hours = 0, minutes = 0, seconds = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  const sum = hours * HOUR + minutes * 60 + seconds;
  return negative ? -sum : sum;
}

function changeOf(text: string): Change | null {
  const [day = '', time] = text.split('/');
  const seconds = time === undefined ? 2 * HOUR : secondsOf(time);
  const weekday = /^M(\d+)\.(\d+)\.(\d+)$/.exec(day);
  if (weekday !== null) {
    const [month = 1, week = 1, weekDay = 0] = weekday.slice(1).map(Number);
    return { day: { kind: 'weekday', month, week, day: weekDay }, time: seconds };
  }
  const counted = /^(J?)(\d+)$/.exec(day);
  if (counted === null) return null;
  const kind = counted[1] === 'J' ? 'julian' : 'zero-based';
  return { day: { kind, day: Number(counted[2]) }, time: seconds };
}

/** Gives the periods of a rule that begin after `after` (seconds since 1970), up to a year. */
export function periodsOfRule(rule: PosixRule, after: number, lastYear: number): Period[] {
  const { standard, summer } = rule;
  if (summer === null) return [];
  const periods: Period[] = [];
  const firstYear = new Date(after * 1000).getUTCFullYear();
  for (let year = firstYear; year <= lastYear; year += 1) {
    const begin = instantOf(summer.begins, year) - standard.offset;
    const end = instantOf(summer.ends, year) - summer.offset;
    const both = [
      { from: begin, offset: summer.offset, abbreviation: summer.abbreviation },
      { from: end, offset: standard.offset, abbreviation: standard.abbreviation },
    ].sort((a, b) => a.from - b.from);
    periods.push(...both.filter(({ from }) => from > after));
  }
  return periods;
}

/** The wall time of a change in a year, as seconds as if it were UTC. */
function instantOf({ day, time }: Change, year: number): number {
  return dateOf(day, year) / 1000 + time;
}

function dateOf(day: Day, year: number): number {
  const newYear = Date.UTC(year, 0, 1);
  if (day.kind === 'zero-based') return newYear + day.day * DAY_MS;
  if (day.kind === 'julian') {
    // Day 60 is the first of March also in leap years.
    const leap = new Date(Date.UTC(year, 1, 29)).getUTCMonth() === 1;
    return newYear + (day.day - (leap && day.day >= 60 ? 0 : 1)) * DAY_MS;
  }
  const first = new Date(Date.UTC(year, day.month - 1, 1));
  const days = new Date(Date.UTC(year, day.month, 0)).getUTCDate();
  let date = 1 + ((day.day - first.getUTCDay() + 7) % 7) + (day.week - 1) * 7;
  // The fifth week means the last one.
  if (date > days) date -= 7;
  return Date.UTC(year, day.month - 1, date);
}
