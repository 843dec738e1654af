/**
 * `now duration date timezone`. `now()` is the time the evaluation was given, in UTC.
 */
import { plain } from './builtin-kinds.ts';
import { parseDuration } from './durations.ts';
import { parseDate, parseUsualDate } from './parse-date.ts';
import { charge, fail, type Runtime, spend } from './runtime.ts';
import { dateOf, durationOf } from './time-arithmetic.ts';
import type { ExprDate, Zone } from './time-values.ts';
import { describe, isZone, needText } from './values.ts';
import { namedZone, UTC } from './zones.ts';

const MAX_TEXT = 200;

/** Making a zone takes most of a millisecond, so an evaluation keeps a few. */
const ZONE_STEPS = 10_000;
const MAX_KEPT_ZONES = 16;
const DATE_STEPS = 100;

function now(rt: Runtime, args: readonly unknown[], at: number): ExprDate {
  charge(rt, 64, at);
  const zone = args.length === 0 ? UTC : args[0];
  if (!isZone(zone)) return fail(rt, at, `now() takes a timezone("…"), got ${describe(zone)}`);
  return dateOf(rt, BigInt(Math.trunc(rt.env.nowMs)) * 1_000_000n, zone, at);
}

function toDuration(rt: Runtime, value: unknown, at: number): unknown {
  const text = needText(rt, value, 'duration()', at);
  spend(rt, 10, at);
  charge(rt, 64, at);
  const ns = parseDuration(text);
  if (ns !== null) return durationOf(rt, ns, at);
  return fail(rt, at, `duration() cannot read ${describe(text)}; write "1h30m", "1.5s" or "250ms"`);
}

function zoneOf(rt: Runtime, value: unknown, what: string, at: number): Zone {
  const name = needText(rt, value, what, at);
  rt.zones ??= new Map();
  const known = rt.zones.get(name);
  if (known !== undefined) return known;
  spend(rt, ZONE_STEPS, at);
  charge(rt, 256, at);
  const zone = name.length > MAX_TEXT ? null : namedZone(name);
  if (zone === null) return fail(rt, at, `${what}: there is no timezone ${describe(name)}`);
  if (rt.zones.size >= MAX_KEPT_ZONES) rt.zones.clear();
  rt.zones.set(name, zone);
  return zone;
}

function toDate(rt: Runtime, given: readonly unknown[], at: number): ExprDate {
  const [first] = given;
  const before = isZone(first) ? first : UTC;
  const args = isZone(first) ? given.slice(1) : given;
  if (args.length < 1 || args.length > 3) {
    return fail(rt, at, 'date() takes a text, and maybe a layout and the name of a timezone');
  }
  const text = needText(rt, args[0], 'date()', at);
  spend(rt, DATE_STEPS, at);
  charge(rt, 64, at);
  const zone = args.length > 2 ? zoneOf(rt, args[2], 'date()', at) : before;
  const layout = args.length > 1 ? needText(rt, args[1], 'date()', at) : null;
  if (text.length > MAX_TEXT || (layout !== null && layout.length > MAX_TEXT)) {
    return fail(rt, at, `date() reads texts of at most ${MAX_TEXT} characters`);
  }
  const date = layout === null ? parseUsualDate(text, zone) : parseDate(text, layout, zone);
  if (date !== null) return dateOf(rt, date.ns, date.zone, at);
  const form = layout === null ? 'a form like 2006-01-02T15:04:05Z' : `the form ${layout}`;
  return fail(rt, at, `date() cannot read ${describe(text)} in ${form}`);
}

export const TIME_BUILTINS = {
  now: plain(0, 1, now),
  duration: plain(1, 1, (rt, [text], at) => toDuration(rt, text, at)),
  date: plain(1, 4, toDate),
  timezone: plain(1, 1, (rt, [name], at) => zoneOf(rt, name, 'timezone()', at)),
};
