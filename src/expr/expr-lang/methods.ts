/**
 * The methods of dates, durations and timezones: `now().Year()`, `duration("90m").Hours()`.
 * Nothing else has methods; what the data holds is never called.
 */
import { type Civil, civilOf, isoWeekYear, secondsOf } from './civil.ts';
import { formatDuration } from './durations.ts';
import { compareNumeric, narrowInt } from './int64.ts';
import { formatDate, formatRfc3339, nameOf } from './layout.ts';
import { charge, fail, type Runtime, spend } from './runtime.ts';
import { addTimes, dateOf, durationOf, subtractTimes } from './time-arithmetic.ts';
import { type ExprDate, type ExprDuration, KIND, type NamedInt } from './time-values.ts';
import {
  describe,
  isDate,
  isDuration,
  isNamedInt,
  isZone,
  needCount,
  needText,
  typeOf,
} from './values.ts';
import { localToUnix, UTC } from './zones.ts';

type Method<T> = (rt: Runtime, self: T, args: readonly unknown[], at: number) => unknown;

/** A method asks the zone for its offset, which takes microseconds. */
const METHOD_STEPS = 50;
const MAX_LAYOUT = 1_000;
const MAX_CALENDAR_STEP = 4_000_000;
/** The first moment of the year 1, from which dates are rounded. */
const ZERO_NS = -62_135_596_800_000_000_000n;
const MAX_UNIX_SECONDS = 300_000_000_000;

const civil =
  (field: keyof Civil): Method<ExprDate> =>
  (_rt, self) =>
    civilOf(self)[field];

const namedInt =
  (kind: NamedInt[typeof KIND], field: 'month' | 'weekday'): Method<ExprDate> =>
  (_rt, self) => ({ [KIND]: kind, int: civilOf(self)[field] });

const unix =
  (unitNs: bigint): Method<ExprDate> =>
  (_rt, self) =>
    narrowInt(floorDiv(self.ns, unitNs));

const ordered =
  (holds: (order: number) => boolean): Method<ExprDate> =>
  (rt, self, [other], at) =>
    holds(compareNumeric(self.ns, needDate(rt, other, at).ns));

const DATE_METHODS: ReadonlyMap<string, Method<ExprDate>> = new Map<string, Method<ExprDate>>([
  ['Year', civil('year')],
  ['Month', namedInt('month', 'month')],
  ['Day', civil('day')],
  ['Hour', civil('hour')],
  ['Minute', civil('minute')],
  ['Second', civil('second')],
  ['Nanosecond', civil('nanosecond')],
  ['Weekday', namedInt('weekday', 'weekday')],
  ['ISOWeek', (_rt, self) => isoWeekYear(civilOf(self))],
  ['YearDay', civil('yearDay')],
  ['Unix', unix(1_000_000_000n)],
  ['UnixMilli', unix(1_000_000n)],
  ['UnixMicro', unix(1_000n)],
  ['UnixNano', unix(1n)],
  ['Before', ordered((order) => order < 0)],
  ['After', ordered((order) => order > 0)],
  ['Equal', ordered((order) => order === 0)],
  ['Compare', (rt, self, [other], at) => compareNumeric(self.ns, needDate(rt, other, at).ns)],
  ['Add', (rt, self, [by], at) => addTimes(rt, self, needDuration(rt, by, at), at)],
  ['Sub', (rt, self, [other], at) => subtractTimes(rt, self, needDate(rt, other, at), at)],
  ['AddDate', addDate],
  ['UTC', (rt, self, _args, at) => dateOf(rt, self.ns, UTC, at)],
  ['Local', (rt, self, _args, at) => dateOf(rt, self.ns, UTC, at)],
  ['Location', (_rt, self) => self.zone],
  ['Zone', (_rt, self) => self.zone.abbreviationAt(civilOf(self).seconds)],
  ['IsZero', (_rt, self) => self.ns === ZERO_NS],
  ['Round', (rt, self, [unit], at) => roundDate(rt, self, needDuration(rt, unit, at).ns, true, at)],
  [
    'Truncate',
    (rt, self, [unit], at) => roundDate(rt, self, needDuration(rt, unit, at).ns, false, at),
  ],
  ['In', inZone],
  ['Format', (rt, self, [layout], at) => formatted(rt, self, layout, at)],
  ['String', (_rt, self) => formatRfc3339(self)],
]);

const length =
  (unitNs: number): Method<ExprDuration> =>
  (_rt, self) =>
    Number(self.ns) / unitNs;

const whole =
  (unitNs: bigint): Method<ExprDuration> =>
  (_rt, self) =>
    narrowInt(self.ns / unitNs);

const DURATION_METHODS: ReadonlyMap<string, Method<ExprDuration>> = new Map<
  string,
  Method<ExprDuration>
>([
  ['Hours', length(3_600_000_000_000)],
  ['Minutes', length(60_000_000_000)],
  ['Seconds', length(1_000_000_000)],
  ['Milliseconds', whole(1_000_000n)],
  ['Microseconds', whole(1_000n)],
  ['Nanoseconds', whole(1n)],
  ['Abs', (rt, self, _args, at) => durationOf(rt, self.ns < 0n ? -self.ns : self.ns, at)],
  ['Round', (rt, self, [unit], at) => roundTo(rt, self, needDuration(rt, unit, at).ns, true, at)],
  [
    'Truncate',
    (rt, self, [unit], at) => roundTo(rt, self, needDuration(rt, unit, at).ns, false, at),
  ],
  ['String', (_rt, self) => formatDuration(self.ns)],
]);

const ARITIES: ReadonlyMap<string, number> = new Map([
  ...['Before', 'After', 'Equal', 'Compare', 'Add', 'Sub', 'In', 'Format', 'Round', 'Truncate'].map(
    (name) => [name, 1] as const,
  ),
  ['AddDate', 3] as const,
]);

/** How many arguments the method takes; null when there is no method of that name. */
export function methodArity(name: string): number | null {
  if (!DATE_METHODS.has(name) && !DURATION_METHODS.has(name)) return null;
  return ARITIES.get(name) ?? 0;
}

/** Calls a method. @throws ExprError when the value has none of that name. */
export function callMethod(
  rt: Runtime,
  self: unknown,
  name: string,
  args: readonly unknown[],
  at: number,
): unknown {
  spend(rt, METHOD_STEPS, at);
  charge(rt, 64, at);
  const date = isDate(self) ? DATE_METHODS.get(name) : undefined;
  if (date !== undefined && isDate(self)) return date(rt, self, args, at);
  const duration = isDuration(self) ? DURATION_METHODS.get(name) : undefined;
  if (duration !== undefined && isDuration(self)) return duration(rt, self, args, at);
  if (isZone(self) && name === 'String') return self.name;
  if (isNamedInt(self) && name === 'String') return nameOf(self);
  return fail(rt, at, `${describe(self)} has no method ${name}()`);
}

function needDate(rt: Runtime, value: unknown, at: number): ExprDate {
  return isDate(value) ? value : fail(rt, at, `a date is needed here, got ${typeOf(value)}`);
}

function needDuration(rt: Runtime, value: unknown, at: number): ExprDuration {
  return isDuration(value)
    ? value
    : fail(rt, at, `a duration is needed here, got ${typeOf(value)}`);
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

function addDate(rt: Runtime, self: ExprDate, args: readonly unknown[], at: number): unknown {
  const steps = args.map((arg) => needCount(rt, arg, 'AddDate()', at));
  if (steps.some((step) => Math.abs(step) > MAX_CALENDAR_STEP)) {
    return fail(rt, at, 'AddDate() got a number that is too large');
  }
  const [years = 0, months = 0, days = 0] = steps;
  const from = civilOf(self);
  const local = secondsOf(
    from.year + years,
    from.month + months,
    from.day + days,
    from.hour,
    from.minute,
    from.second,
  );
  if (!(Math.abs(local) < MAX_UNIX_SECONDS)) fail(rt, at, 'a date is in the years 0 to 9999');
  const seconds = localToUnix(self.zone, local);
  return dateOf(rt, BigInt(seconds) * 1_000_000_000n + BigInt(from.nanosecond), self.zone, at);
}

function inZone(rt: Runtime, self: ExprDate, [zone]: readonly unknown[], at: number): unknown {
  if (isZone(zone)) return dateOf(rt, self.ns, zone, at);
  return fail(rt, at, `In() needs a timezone("…"), got ${describe(zone)}`);
}

function formatted(rt: Runtime, self: ExprDate, layout: unknown, at: number): string {
  const text = needText(rt, layout, 'Format()', at);
  if (text.length > MAX_LAYOUT) fail(rt, at, `a layout has at most ${MAX_LAYOUT} characters`);
  spend(rt, text.length, at);
  charge(rt, 10 * text.length, at);
  return formatDate(self, text);
}

/** To a multiple of `unit` since the year 1: the nearest, halves later, or the one before. */
function roundDate(
  rt: Runtime,
  self: ExprDate,
  unit: bigint,
  nearest: boolean,
  at: number,
): ExprDate {
  if (unit <= 0n) return self;
  const rest = (((self.ns - ZERO_NS) % unit) + unit) % unit;
  const later = nearest && 2n * rest >= unit;
  return dateOf(rt, self.ns - rest + (later ? unit : 0n), self.zone, at);
}

/** To a multiple of `unit`: the nearest, halves away from zero, or the next one towards zero. */
function roundTo(
  rt: Runtime,
  self: ExprDuration,
  unit: bigint,
  nearest: boolean,
  at: number,
): ExprDuration {
  if (unit <= 0n) return self;
  const rest = self.ns % unit;
  const size = rest < 0n ? -rest : rest;
  const down = self.ns - rest;
  if (!nearest || 2n * size < unit) return durationOf(rt, down, at);
  return durationOf(rt, self.ns < 0n ? down - unit : down + unit, at);
}
