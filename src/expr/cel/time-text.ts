/**
 * Timestamps and durations as text. A time that does not exist (February 30, hour 24) is none.
 */
import { daysIn, joinNs, secondsOf } from '../expr-lang/civil.ts';

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
const NS_DIGITS = 9;
const MAX_TEXT = 200;

/** Nanoseconds since 1970 of an RFC 3339 text, null when it is none. */
export function parseTime(text: string): bigint | null {
  const match = text.length > MAX_TEXT ? null : RFC3339.exec(text);
  if (match === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) && hour <= 23;
  if (!exists || minute > 59 || second > 59) return null;
  const [fraction = '', sign = '+', offsetHour = '0', offsetMinute = '0'] = match.slice(7);
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -60 : 60);
  const seconds = secondsOf(year, month, day, hour, minute, second) - offset;
  return joinNs(seconds, Number(fraction.slice(0, NS_DIGITS).padEnd(NS_DIGITS, '0')));
}

const SECOND_NS = 1_000_000_000n;

/** RFC 3339 in UTC; the fraction has 3, 6 or 9 digits, or none. */
export function timeText(ns: bigint): string {
  return timeWith(ns, grouped);
}

/** RFC 3339 in UTC with the shortest fraction. */
export function shortTimeText(ns: bigint): string {
  return timeWith(ns, shortest);
}

function timeWith(ns: bigint, fraction: (digits: string) => string): string {
  const rest = ((ns % SECOND_NS) + SECOND_NS) % SECOND_NS;
  const seconds = Number((ns - rest) / SECOND_NS);
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}${fraction(String(rest).padStart(NS_DIGITS, '0'))}Z`;
}

/** Seconds with an `s`; the fraction has 3, 6 or 9 digits, or none. */
export function durationText(ns: bigint): string {
  return durationWith(ns, grouped);
}

/** Seconds with an `s` and the shortest fraction. */
export function shortDurationText(ns: bigint): string {
  return durationWith(ns, shortest);
}

function durationWith(ns: bigint, fraction: (digits: string) => string): string {
  const size = ns < 0n ? -ns : ns;
  const digits = fraction(String(size % SECOND_NS).padStart(NS_DIGITS, '0'));
  return `${ns < 0n ? '-' : ''}${size / SECOND_NS}${digits}s`;
}

function grouped(digits: string): string {
  if (/^0+$/.test(digits)) return '';
  return `.${digits.replace(/0{6}$|000$/, '')}`;
}

function shortest(digits: string): string {
  const kept = digits.replace(/0+$/, '');
  return kept === '' ? '' : `.${kept}`;
}
