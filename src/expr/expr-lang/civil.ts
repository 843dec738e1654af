/**
 * Calendar fields ↔ seconds since 1970, without a clock or a zone of this machine: the proleptic
 * Gregorian calendar over the years 0 to 9999.
 */
import type { ExprDate } from './time-values.ts';

export interface Civil {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Nanoseconds of the second. */
  readonly nanosecond: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 1 to 366. */
  readonly yearDay: number;
  /** Seconds east of UTC. */
  readonly offset: number;
  /** Seconds since 1970. */
  readonly seconds: number;
}

const SECOND_NS = 1_000_000_000n;
const DAY = 86_400;

/** Seconds since 1970 of a UTC calendar time; months and days may run over. */
export function secondsOf(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}

/** How many days the month has. */
export function daysIn(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
}

/** Whole seconds and the nanoseconds above them. */
function splitNs(ns: bigint): { readonly seconds: number; readonly nanosecond: number } {
  const nanosecond = ((ns % SECOND_NS) + SECOND_NS) % SECOND_NS;
  return { seconds: Number((ns - nanosecond) / SECOND_NS), nanosecond: Number(nanosecond) };
}

/** Nanoseconds since 1970. */
export function joinNs(seconds: number, nanosecond: number): bigint {
  return BigInt(seconds) * SECOND_NS + BigInt(nanosecond);
}

/** The calendar fields of a date in its own zone. */
export function civilOf(date: ExprDate): Civil {
  const { seconds, nanosecond } = splitNs(date.ns);
  const offset = date.zone.offsetAt(seconds);
  const local = new Date((seconds + offset) * 1000);
  const year = local.getUTCFullYear();
  const yearStart = secondsOf(year, 1, 1);
  return {
    year,
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    nanosecond,
    weekday: local.getUTCDay(),
    yearDay: Math.floor((seconds + offset - yearStart) / DAY) + 1,
    offset,
    seconds,
  };
}

/** The year that the ISO week of a day belongs to: that of its Thursday. */
export function isoWeekYear(civil: Civil): number {
  const thursday = civil.yearDay + 4 - (civil.weekday || 7);
  if (thursday < 1) return civil.year - 1;
  const days = secondsOf(civil.year + 1, 1, 1) - secondsOf(civil.year, 1, 1);
  return thursday > days / DAY ? civil.year + 1 : civil.year;
}
