/**
 * Arithmetic with dates and durations: date ± duration, date - date, duration ± duration, and
 * durations times or by a number. A result is null when neither side is a time: not its business.
 */
import { isInt, isNumeric } from './int64.ts';
import { fail, type Runtime } from './runtime.ts';
import { type ExprDate, type ExprDuration, KIND } from './time-values.ts';
import { describe, isDate, isDuration } from './values.ts';

/** Dates outside the years ±9999 have no text form. */
const MAX_DATE_NS = 253_402_300_799_999_999_999n;
const MIN_DATE_NS = -62_167_219_200_000_000_000n;
const MAX_DURATION_NS = 9_223_372_036_854_775_807n;

const DAY_NS = 86_400_000_000_000n;

/** A date from nanoseconds since 1970. @throws ExprError outside the years 0 to 9999 of its zone. */
export function dateOf(rt: Runtime, ns: bigint, zone: ExprDate['zone'], at: number): ExprDate {
  const atEdge = ns > MAX_DATE_NS - DAY_NS || ns < MIN_DATE_NS + DAY_NS;
  const seconds = atEdge ? Number(ns / 1_000_000_000n) : 0;
  const local = atEdge ? ns + BigInt(zone.offsetAt(seconds)) * 1_000_000_000n : ns;
  const outside = (value: bigint): boolean => value > MAX_DATE_NS || value < MIN_DATE_NS;
  if (atEdge && (outside(ns) || outside(local))) fail(rt, at, 'a date is in the years 0 to 9999');
  return { [KIND]: 'date', ns, zone };
}

/** A duration in nanoseconds. @throws ExprError beyond about 292 years. */
export function durationOf(rt: Runtime, ns: bigint, at: number): ExprDuration {
  if (ns > MAX_DURATION_NS || ns < -MAX_DURATION_NS) {
    fail(rt, at, 'a duration is at most about 292 years');
  }
  return { [KIND]: 'duration', ns };
}

export function addTimes(rt: Runtime, left: unknown, right: unknown, at: number): unknown {
  if (isDuration(left)) {
    if (isDuration(right)) return durationOf(rt, left.ns + right.ns, at);
    if (isDate(right)) return dateOf(rt, right.ns + left.ns, right.zone, at);
  }
  if (isDate(left) && isDuration(right)) return dateOf(rt, left.ns + right.ns, left.zone, at);
  return null;
}

export function subtractTimes(rt: Runtime, left: unknown, right: unknown, at: number): unknown {
  if (isDate(left)) {
    if (isDate(right)) return durationOf(rt, left.ns - right.ns, at);
    if (isDuration(right)) return dateOf(rt, left.ns - right.ns, left.zone, at);
  }
  if (isDuration(left) && isDuration(right)) return durationOf(rt, left.ns - right.ns, at);
  return null;
}

export function multiplyTimes(rt: Runtime, left: unknown, right: unknown, at: number): unknown {
  if (isDuration(left) && isNumeric(right)) return scaled(rt, left, right, at);
  if (isDuration(right) && isNumeric(left)) return scaled(rt, right, left, at);
  return null;
}

/** Duration by number is a duration, duration by duration a float. */
export function divideTimes(
  rt: Runtime,
  left: ExprDuration,
  right: unknown,
  at: number,
): ExprDuration | number {
  if (isDuration(right)) {
    if (right.ns === 0n) return fail(rt, at, 'division by zero');
    return Number(left.ns) / Number(right.ns);
  }
  if (!isNumeric(right)) return fail(rt, at, `\`/\` cannot divide by ${describe(right)}`);
  if (Number(right) === 0) return fail(rt, at, 'division by zero');
  const ns = isInt(right) ? left.ns / BigInt(right) : rounded(rt, Number(left.ns) / right, at);
  return durationOf(rt, ns, at);
}

function scaled(
  rt: Runtime,
  duration: ExprDuration,
  by: number | bigint,
  at: number,
): ExprDuration {
  const ns = isInt(by) ? duration.ns * BigInt(by) : rounded(rt, Number(duration.ns) * by, at);
  return durationOf(rt, ns, at);
}

function rounded(rt: Runtime, ns: number, at: number): bigint {
  if (Number.isFinite(ns)) return BigInt(Math.trunc(ns));
  return fail(rt, at, 'the result is not a finite number');
}
