/**
 * Go's way to say how a date is written: an example of the moment Mon Jan 2 15:04:05 2006 -0700.
 * Cuts a layout into fields and the text between them, and writes dates by it.
 */
import { type Civil, civilOf } from './civil.ts';
import type { ExprDate, NamedInt } from './time-values.ts';
import { KIND } from './time-values.ts';

export type Field =
  | 'year'
  | 'year2'
  | 'month2'
  | 'month'
  | 'monthName'
  | 'monthShort'
  | 'day2'
  | 'daySpace'
  | 'day'
  | 'yearDay'
  | 'yearDaySpace'
  | 'weekday'
  | 'weekdayShort'
  | 'hour24'
  | 'hour12two'
  | 'hour12'
  | 'minute2'
  | 'minute'
  | 'second2'
  | 'second'
  | 'PM'
  | 'pm'
  | 'zoneName'
  | 'offset'
  | 'fraction';

export interface LayoutPart {
  /** Null for text that stands as it is. */
  readonly field: Field | null;
  readonly text: string;
}

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
export const WEEKDAYS = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];
export const RFC3339 = '2006-01-02T15:04:05.999999999Z07:00';

const FIELDS: Readonly<Record<string, Field>> = {
  '2006': 'year',
  '06': 'year2',
  '01': 'month2',
  '1': 'month',
  January: 'monthName',
  Jan: 'monthShort',
  '02': 'day2',
  _2: 'daySpace',
  '2': 'day',
  '002': 'yearDay',
  __2: 'yearDaySpace',
  Monday: 'weekday',
  Mon: 'weekdayShort',
  '15': 'hour24',
  '03': 'hour12two',
  '3': 'hour12',
  '04': 'minute2',
  '4': 'minute',
  '05': 'second2',
  '5': 'second',
  PM: 'PM',
  pm: 'pm',
  MST: 'zoneName',
};
const OFFSET = '[Z-]07(?::00:00|0000|:00|00)?';
const NEXT = new RegExp(
  `(?<offset>${OFFSET})|(?<fraction>[.,](?:0+|9+)(?![0-9]))|(?<name>January|Jan(?![a-z])|Monday|` +
    'Mon(?![a-z])|MST|2006|002|__2|_2(?!006)|0[1-6]|15|[1-5]|PM|pm)',
  'g',
);

/** The fields of a layout and what stands between them. */
export function parseLayout(layout: string): LayoutPart[] {
  const parts: LayoutPart[] = [];
  let done = 0;
  for (const match of layout.matchAll(NEXT)) {
    if (match.index > done) parts.push({ field: null, text: layout.slice(done, match.index) });
    const { name, fraction } = match.groups ?? {};
    const other = fraction === undefined ? 'offset' : 'fraction';
    parts.push({ field: name === undefined ? other : (FIELDS[name] ?? null), text: match[0] });
    done = match.index + match[0].length;
  }
  if (done < layout.length) parts.push({ field: null, text: layout.slice(done) });
  return parts;
}

/** The date in its zone, written by a layout. */
export function formatDate(date: ExprDate, layout: string): string {
  const civil = civilOf(date);
  return parseLayout(layout)
    .map(({ field, text }) => (field === null ? text : write(field, text, civil, date)))
    .join('');
}

/** The date as RFC 3339 with as many digits of a second as it has. */
export function formatRfc3339(date: ExprDate): string {
  return formatDate(date, RFC3339);
}

const two = (value: number): string => String(value).padStart(2, '0');
const hour12 = (hour: number): number => hour % 12 || 12;

function write(field: Field, text: string, civil: Civil, date: ExprDate): string {
  switch (field) {
    case 'year':
      return String(civil.year).padStart(4, '0');
    case 'year2':
      return two(civil.year % 100);
    case 'zoneName':
      return zoneName(date, civil);
    case 'offset':
      return writeOffset(text, civil.offset);
    case 'fraction':
      return writeFraction(text, civil.nanosecond);
    case 'PM':
      return civil.hour < 12 ? 'AM' : 'PM';
    case 'pm':
      return civil.hour < 12 ? 'am' : 'pm';
    default:
      return writeDay(field, civil) ?? writeClock(field, civil);
  }
}

function writeDay(field: Field, civil: Civil): string | null {
  switch (field) {
    case 'month2':
      return two(civil.month);
    case 'month':
      return String(civil.month);
    case 'monthName':
      return MONTHS[civil.month - 1] ?? '';
    case 'monthShort':
      return (MONTHS[civil.month - 1] ?? '').slice(0, 3);
    case 'day2':
      return two(civil.day);
    case 'daySpace':
      return String(civil.day).padStart(2, ' ');
    case 'day':
      return String(civil.day);
    case 'yearDay':
      return String(civil.yearDay).padStart(3, '0');
    case 'yearDaySpace':
      return String(civil.yearDay).padStart(3, ' ');
    case 'weekday':
      return WEEKDAYS[civil.weekday] ?? '';
    case 'weekdayShort':
      return (WEEKDAYS[civil.weekday] ?? '').slice(0, 3);
    default:
      return null;
  }
}

function writeClock(field: Field, civil: Civil): string {
  switch (field) {
    case 'hour24':
      return two(civil.hour);
    case 'hour12two':
      return two(hour12(civil.hour));
    case 'hour12':
      return String(hour12(civil.hour));
    case 'minute2':
      return two(civil.minute);
    case 'minute':
      return String(civil.minute);
    case 'second2':
      return two(civil.second);
    default:
      return String(civil.second);
  }
}

/** What the time is called; an offset without a name is written as `-0700`. */
function zoneName(date: ExprDate, { seconds, offset }: Civil): string {
  return date.zone.abbreviationAt(seconds) || writeOffset('-0700', offset);
}

/** The name of a month or weekday. */
export function nameOf(value: NamedInt): string {
  const name = value[KIND] === 'month' ? MONTHS[value.int - 1] : WEEKDAYS[value.int];
  return name ?? String(value.int);
}

function writeOffset(text: string, offset: number): string {
  if (text.startsWith('Z') && offset === 0) return 'Z';
  const size = Math.abs(offset);
  const parts = [size / 3600, (size % 3600) / 60, size % 60].map((part) => two(Math.trunc(part)));
  const separator = text.includes(':') ? ':' : '';
  const count = text.replace(/[^0-9]/g, '').length / 2;
  return (offset < 0 ? '-' : '+') + parts.slice(0, count).join(separator);
}

function writeFraction(text: string, nanosecond: number): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .slice(0, text.length - 1);
  if (text[1] === '0') return text.charAt(0) + digits;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : text.charAt(0) + short;
}
