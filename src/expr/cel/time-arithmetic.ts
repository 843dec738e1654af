/**
 * Sums and differences of timestamps (years 1 to 9999) and durations (64 bits of nanoseconds).
 */
import { fitsInt } from '../expr-lang/int64.ts';
import { CelFault, NO_OVERLOAD } from './fault.ts';
import {
  type CelDuration,
  type CelTime,
  isDuration,
  isTime,
  makeDuration,
  makeTime,
} from './values.ts';

const MIN_TIME_NS = -62_135_596_800_000_000_000n;
const MAX_TIME_NS = 253_402_300_799_999_999_999n;

/** A timestamp. @throws CelFault outside of the years 1 to 9999 */
export function timeOf(ns: bigint): CelTime {
  if (ns >= MIN_TIME_NS && ns <= MAX_TIME_NS) return makeTime(ns);
  throw new CelFault('timestamp out of range: the years are 0001 to 9999');
}

/** A duration. @throws CelFault beyond about 292 years */
export function durationOf(ns: bigint): CelDuration {
  if (fitsInt(ns)) return makeDuration(ns);
  throw new CelFault('duration out of range: it is at most about 292 years');
}

/** The sum of two times, NO_OVERLOAD when they have none. */
export function addTimes(a: unknown, b: unknown): unknown {
  if (isDuration(a)) {
    if (isDuration(b)) return durationOf(a.ns + b.ns);
    if (isTime(b)) return timeOf(a.ns + b.ns);
  }
  return isTime(a) && isDuration(b) ? timeOf(a.ns + b.ns) : NO_OVERLOAD;
}

/** The difference of two times, NO_OVERLOAD when they have none. */
export function subtractTimes(a: unknown, b: unknown): unknown {
  if (isTime(a)) {
    if (isTime(b)) return durationOf(a.ns - b.ns);
    if (isDuration(b)) return timeOf(a.ns - b.ns);
  }
  return isDuration(a) && isDuration(b) ? durationOf(a.ns - b.ns) : NO_OVERLOAD;
}
