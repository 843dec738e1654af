/**
 * Sums and differences of timestamps (years 1 to 9999) and durations (64 bits of nanoseconds).
 */
import { fitsInt } from '../expr-lang/int64.ts';
import { CelFault, NO_OVERLOAD } from './fault.ts';
import { CelDuration, CelTime } from './values.ts';

const MIN_TIME_NS = -62_135_596_800_000_000_000n;
const MAX_TIME_NS = 253_402_300_799_999_999_999n;

/** A timestamp. @throws CelFault outside of the years 1 to 9999 */
export function timeOf(ns: bigint): CelTime {
  if (ns >= MIN_TIME_NS && ns <= MAX_TIME_NS) return new CelTime(ns);
  throw new CelFault('timestamp out of range: the years are 0001 to 9999');
}

/** A duration. @throws CelFault beyond about 292 years */
export function durationOf(ns: bigint): CelDuration {
  if (fitsInt(ns)) return new CelDuration(ns);
  throw new CelFault('duration out of range: it is at most about 292 years');
}

/** The sum of two times, NO_OVERLOAD when they have none. */
export function addTimes(a: unknown, b: unknown): unknown {
  if (a instanceof CelDuration) {
    if (b instanceof CelDuration) return durationOf(a.ns + b.ns);
    if (b instanceof CelTime) return timeOf(a.ns + b.ns);
  }
  return a instanceof CelTime && b instanceof CelDuration ? timeOf(a.ns + b.ns) : NO_OVERLOAD;
}

/** The difference of two times, NO_OVERLOAD when they have none. */
export function subtractTimes(a: unknown, b: unknown): unknown {
  if (a instanceof CelTime) {
    if (b instanceof CelTime) return durationOf(a.ns - b.ns);
    if (b instanceof CelDuration) return timeOf(a.ns - b.ns);
  }
  return a instanceof CelDuration && b instanceof CelDuration
    ? durationOf(a.ns - b.ns)
    : NO_OVERLOAD;
}
