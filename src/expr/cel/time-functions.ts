/**
 * The getters of timestamps and durations, in UTC or in the zone that is given: a name of the IANA
 * database or an offset such as `+01:00`. The machine's zone is never read.
 */
import { type Civil, civilOf } from '../expr-lang/civil.ts';
import { spend } from '../expr-lang/runtime.ts';
import { KIND, type Zone } from '../expr-lang/time-values.ts';
import { fixedZone, namedZone, UTC } from '../expr-lang/zones.ts';
import { toInt } from './arithmetic.ts';
import { CelFault, NO_OVERLOAD } from './fault.ts';
import { type FunctionRow, method } from './function-row.ts';
import type { CelRuntime } from './runtime.ts';
import { isDuration, isTime } from './values.ts';

const OFFSET = /^([+-]?)(\d{1,2}):(\d{1,2})$/;
const MAX_ZONE_NAME = 100;
const ZONE_STEPS = 10;
const GETTER_STEPS = 5;

function zoneOf(rt: CelRuntime, name: string): Zone {
  spend(rt, ZONE_STEPS, 0);
  const zone = name.length > MAX_ZONE_NAME ? null : readZone(name);
  if (zone !== null) return zone;
  const given = JSON.stringify(name.slice(0, MAX_ZONE_NAME));
  throw new CelFault(`there is no timezone ${given}; write "Europe/Berlin" or "+01:00"`);
}

function readZone(name: string): Zone | null {
  const offset = OFFSET.exec(name);
  if (offset === null) return namedZone(name);
  const [, sign, hours, minutes] = offset;
  if (Number(hours) > 23 || Number(minutes) > 59) return null;
  const seconds = Number(hours) * 3600 + Number(minutes) * 60;
  return fixedZone(sign === '-' ? -seconds : seconds);
}

/** A getter of timestamps and, where `ofDuration` is given, of durations. */
function getter(
  name: string,
  read: (civil: Civil) => number,
  ofDuration: ((ns: bigint) => bigint) | null = null,
): FunctionRow {
  return method(name, [1, 2], (rt, time, zone) => {
    if (isDuration(time)) {
      if (ofDuration === null || zone !== undefined) return NO_OVERLOAD;
      return toInt(ofDuration(time.ns));
    }
    if (!isTime(time)) return NO_OVERLOAD;
    if (zone !== undefined && typeof zone !== 'string') return NO_OVERLOAD;
    spend(rt, GETTER_STEPS, 0);
    const within = zone === undefined ? UTC : zoneOf(rt, zone);
    return read(civilOf({ [KIND]: 'date', ns: time.ns, zone: within }));
  });
}

const SECOND_NS = 1_000_000_000n;

export const TIME_FUNCTIONS: readonly FunctionRow[] = [
  getter('getFullYear', ({ year }) => year),
  getter('getMonth', ({ month }) => month - 1),
  getter('getDayOfMonth', ({ day }) => day - 1),
  getter('getDate', ({ day }) => day),
  getter('getDayOfWeek', ({ weekday }) => weekday),
  getter('getDayOfYear', ({ yearDay }) => yearDay - 1),
  getter(
    'getHours',
    ({ hour }) => hour,
    (ns) => ns / (3_600n * SECOND_NS),
  ),
  getter(
    'getMinutes',
    ({ minute }) => minute,
    (ns) => ns / (60n * SECOND_NS),
  ),
  getter(
    'getSeconds',
    ({ second }) => second,
    (ns) => ns / SECOND_NS,
  ),
  // Of a duration the part below a second, as the specification's tests have it.
  getter(
    'getMilliseconds',
    ({ nanosecond }) => Math.floor(nanosecond / 1e6),
    (ns) => (ns % SECOND_NS) / 1_000_000n,
  ),
];
