/**
 * Reads dates by Go layouts, and by the usual forms when no layout is given.
 */
import { daysIn, joinNs, secondsOf } from './civil.ts';
import { type Field, type LayoutPart, MONTHS, parseLayout, RFC3339, WEEKDAYS } from './layout.ts';
import { type ExprDate, KIND, type Zone } from './time-values.ts';
import { fixedZone, localToUnix } from './zones.ts';

const USUAL_LAYOUTS = [
  '2006-01-02',
  '15:04:05',
  '2006-01-02 15:04:05',
  RFC3339,
  '02 Jan 06 15:04 MST',
  'Monday, 02-Jan-06 15:04:05 MST',
  'Mon, 02 Jan 2006 15:04:05 MST',
];

/** The zones that RFC 822 names; other abbreviations mean different things to different people. */
const ABBREVIATED: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  UT: 0,
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
};

const MAX_OFFSET_HOURS = 24;

interface Reading {
  readonly values: Partial<Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second', number>>;
  yearDay: number | null;
  nanosecond: number;
  afternoon: boolean | null;
  zone: Zone | null;
  /** The letters of a zone, such as CEST. */
  zoneName: string;
}

/** Reads a date by the usual forms; null when it has none of them. Without a zone it is in `zone`. */
export function parseUsualDate(text: string, zone: Zone): ExprDate | null {
  for (const layout of USUAL_LAYOUTS) {
    const date = parseDate(text, layout, zone);
    if (date !== null) return date;
  }
  return null;
}

/** Reads a date by a layout; null when it does not fit. Without a zone of its own it is in `zone`. */
export function parseDate(text: string, layout: string, zone: Zone): ExprDate | null {
  const reading: Reading = {
    values: {},
    yearDay: null,
    nanosecond: 0,
    afternoon: null,
    zone: null,
    zoneName: '',
  };
  const parts = parseLayout(layout);
  let rest = text;
  for (const [index, part] of parts.entries()) {
    const taken = part.field === null ? takeText(part.text, rest) : take(part, rest, reading);
    if (taken === null) return null;
    rest = rest.slice(taken);
    const seconds = part.field === 'second' || part.field === 'second2';
    if (seconds && parts[index + 1]?.field !== 'fraction') {
      rest = rest.slice(takeFraction(rest, reading));
    }
  }
  return rest === '' ? finish(reading, zone) : null;
}

function takeText(expected: string, rest: string): number | null {
  return rest.startsWith(expected) ? expected.length : null;
}

function take(part: LayoutPart, rest: string, reading: Reading): number | null {
  switch (part.field) {
    case 'fraction':
      return takeFraction(rest, reading);
    case 'offset':
      return takeOffset(part.text, rest, reading);
    case 'zoneName':
      return takeZoneName(rest, reading);
    case 'PM':
    case 'pm':
      return takeHalf(part.field, rest, reading);
    case 'monthName':
    case 'monthShort':
      return takeMonth(part.field === 'monthName', rest, reading);
    case 'weekday':
    case 'weekdayShort':
      return takeWeekday(part.field === 'weekday', rest);
    case null:
      return null;
    default:
      return takeNumber(part.field, rest, reading);
  }
}

type NumberField = keyof Reading['values'] | 'yearDay' | 'year2';
const NUMBER_FIELDS: Partial<Record<Field, readonly [NumberField, RegExp]>> = {
  year: ['year', /^[0-9]{4}/],
  year2: ['year2', /^[0-9]{2}/],
  month2: ['month', /^[0-9]{2}/],
  month: ['month', /^[0-9]{1,2}/],
  day2: ['day', /^[0-9]{2}/],
  daySpace: ['day', /^ ?[0-9]{1,2}/],
  day: ['day', /^[0-9]{1,2}/],
  yearDay: ['yearDay', /^[0-9]{3}/],
  yearDaySpace: ['yearDay', /^(?:[ 0-9][ 0-9]?)?[0-9]/],
  hour24: ['hour', /^[0-9]{1,2}/],
  hour12two: ['hour', /^[0-9]{2}/],
  hour12: ['hour', /^[0-9]{1,2}/],
  minute2: ['minute', /^[0-9]{2}/],
  minute: ['minute', /^[0-9]{1,2}/],
  second2: ['second', /^[0-9]{2}/],
  second: ['second', /^[0-9]{1,2}/],
};

function takeNumber(field: Field, rest: string, reading: Reading): number | null {
  const [name, pattern] = NUMBER_FIELDS[field] ?? [];
  const found = pattern?.exec(rest)?.[0];
  if (name === undefined || found === undefined) return null;
  const value = Number(found);
  if (name === 'yearDay') reading.yearDay = value;
  else if (name === 'year2') reading.values.year = value < 69 ? 2000 + value : 1900 + value;
  else reading.values[name] = value;
  return found.length;
}

function takeFraction(rest: string, reading: Reading): number {
  const found = /^[.,]([0-9]+)/.exec(rest);
  if (found === null) return 0;
  reading.nanosecond = Number((found[1] ?? '').slice(0, 9).padEnd(9, '0'));
  return found[0].length;
}

function takeMonth(long: boolean, rest: string, reading: Reading): number | null {
  const index = indexOfName(MONTHS, long, rest);
  if (index < 0) return null;
  reading.values.month = index + 1;
  return long ? (MONTHS[index] ?? '').length : 3;
}

function takeWeekday(long: boolean, rest: string): number | null {
  const index = indexOfName(WEEKDAYS, long, rest);
  if (index < 0) return null;
  return long ? (WEEKDAYS[index] ?? '').length : 3;
}

function indexOfName(names: readonly string[], long: boolean, rest: string): number {
  const lower = rest.slice(0, 10).toLowerCase();
  return names.findIndex((name) =>
    lower.startsWith((long ? name : name.slice(0, 3)).toLowerCase()),
  );
}

function takeHalf(field: 'PM' | 'pm', rest: string, reading: Reading): number | null {
  const found = (field === 'PM' ? /^(?:AM|PM)/ : /^(?:am|pm)/).exec(rest)?.[0];
  if (found === undefined) return null;
  reading.afternoon = found.toLowerCase() === 'pm';
  return 2;
}

function takeOffset(layout: string, rest: string, reading: Reading): number | null {
  if (layout.startsWith('Z') && rest.startsWith('Z')) {
    reading.zone = fixedZone(0);
    return 1;
  }
  const shape = layout.slice(1).replace(/0[07]/g, '([0-9]{2})');
  const found = new RegExp(`^([+-])${shape}`).exec(rest);
  if (found === null) return null;
  const [whole, sign, hours, minutes = '0', seconds = '0'] = found;
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  if (h > 24 || m > 59 || s > 59) return null;
  const size = h * 3600 + m * 60 + s;
  reading.zone = fixedZone(sign === '-' ? -size : size);
  return whole.length;
}

/** `CEST`, `GMT+3`, or `+03` where the zone has no letters. */
const ZONE_NAME = /^(?:GMT[+-][0-9]{1,2}|[+-][0-9]{2}|ChST|MeST|[A-Z]{3}ST|[A-Z]{3}T|[A-Z]{2,4})/;

function takeZoneName(rest: string, reading: Reading): number | null {
  const name = ZONE_NAME.exec(rest)?.[0] ?? '';
  reading.zoneName = name;
  return name === '' ? null : name.length;
}

/** The moment and zone of a local time with the letters of a zone; null when nobody knows them. */
function namedMoment(name: string, local: number, fallback: Zone): [number, Zone] | null {
  const instant = fallback.instantNamed(name, local);
  if (instant !== null) return [instant, fallback];
  const signed = /^(?:GMT)?([+-][0-9]{1,2})$/.exec(name);
  const known = Object.hasOwn(ABBREVIATED, name) ? ABBREVIATED[name] : undefined;
  const hours = signed === null ? known : Number(signed[1]);
  if (hours === undefined || Math.abs(hours) > MAX_OFFSET_HOURS) return null;
  const zone = hours === 0 ? fixedZone(0) : fixedZone(hours * 3600, name);
  return [local - hours * 3600, zone];
}

function finish(reading: Reading, fallback: Zone): ExprDate | null {
  const { year = 0, minute = 0, second = 0 } = reading.values;
  const hour = hourOf(reading);
  const date = dayOf(reading, year);
  if (date === null || hour === null || minute > 59 || second > 59) return null;
  const local = secondsOf(year, date.month, date.day, hour, minute, second);
  const moment = momentOf(reading, local, fallback);
  if (moment === null) return null;
  const [seconds, zone] = moment;
  return { [KIND]: 'date', ns: joinNs(seconds, reading.nanosecond), zone };
}

/** An offset counts before letters. A zone that has this offset then keeps its own rules. */
function momentOf(reading: Reading, local: number, fallback: Zone): [number, Zone] | null {
  const { zone, zoneName } = reading;
  if (zone === null) {
    if (zoneName !== '') return namedMoment(zoneName, local, fallback);
    return [localToUnix(fallback, local), fallback];
  }
  const seconds = localToUnix(zone, local);
  const fits = fallback.offsetAt(seconds) === local - seconds;
  const named = zoneName === '' || fallback.abbreviationAt(seconds) === zoneName;
  return [seconds, fits && named && zone !== fallback ? fallback : zone];
}

function hourOf(reading: Reading): number | null {
  const { hour = 0 } = reading.values;
  if (reading.afternoon === null) return hour > 23 ? null : hour;
  if (hour > 12) return null;
  return (hour % 12) + (reading.afternoon ? 12 : 0);
}

function dayOf(reading: Reading, year: number): { month: number; day: number } | null {
  const { month = 1, day = 1 } = reading.values;
  if (reading.yearDay !== null) {
    const last = daysIn(year, 2) + 337;
    return reading.yearDay < 1 || reading.yearDay > last
      ? null
      : { month: 1, day: reading.yearDay };
  }
  return month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ? null : { month, day };
}
