/**
 * `text.format(list)`: the clauses %s %d %f %e %b %o %x %X and %% with a precision, as cel-go's
 * current release has them.
 */
import { chargeText, spend } from '../expr-lang/runtime.ts';
import { compareText } from '../expr-lang/text-order.ts';
import { exponential, fixed, plainDigits } from './digits.ts';
import { CelFault } from './fault.ts';
import type { CelRuntime } from './runtime.ts';
import { shortDurationText, shortTimeText } from './time-text.ts';
import {
  type CelUint,
  doubleOf,
  entryOf,
  isBytes,
  isDuration,
  isInt,
  isMap,
  isTime,
  isType,
  isUint,
  keysOf,
  typeName,
} from './values.ts';

const DEFAULT_PRECISION = 6;
const MAX_PRECISION = 100;
const CLAUSE = /%(%|(?:\.(\d*))?(.)?)/gsu;

/** The text with its clauses filled in. @throws CelFault */
export function formatText(rt: CelRuntime, text: string, args: readonly unknown[]): string {
  let next = 0;
  let result = '';
  let from = 0;
  for (const match of text.matchAll(CLAUSE)) {
    spend(rt, 1, 0);
    result += text.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[1] === '%') {
      result += '%';
      continue;
    }
    if (match[3] === undefined) throw new CelFault('format: the text ends within a clause');
    if (next >= args.length) throw new CelFault(`format: index ${next} out of range`);
    const part = formatClause(rt, match[3], precisionOf(match[2]), args[next]);
    next += 1;
    chargeText(rt, result.length + part.length, 0);
    result += part;
  }
  chargeText(rt, text.length, 0);
  return result + text.slice(from);
}

function precisionOf(digits: string | undefined): number {
  if (digits === undefined) return DEFAULT_PRECISION;
  const precision = digits === '' ? Number.NaN : Number(digits);
  if (precision <= MAX_PRECISION) return precision;
  throw new CelFault(`format: a precision is a number of at most ${MAX_PRECISION}`);
}

function formatClause(rt: CelRuntime, clause: string, precision: number, value: unknown): string {
  switch (clause) {
    case 's':
      return textOf(rt, value);
    case 'd':
      return decimal(value);
    case 'f':
      return real(value, 'fixed-point', (number) => fixed(number, precision));
    case 'e':
      return real(value, 'scientific', (number) => exponential(number, precision));
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : whole(value, 2, 'binary');
    case 'o':
      return whole(value, 8, 'octal');
    case 'x':
      return hexadecimal(rt, value);
    case 'X':
      return hexadecimal(rt, value).toUpperCase();
    default:
      throw new CelFault(`format: unrecognized formatting clause "${clause}"`);
  }
}

const refused = (clause: string, takes: string, value: unknown): CelFault =>
  new CelFault(`format: a ${clause} clause takes ${takes}, not ${typeName(value)}`);

function real(value: unknown, clause: string, print: (number: number) => string): string {
  const number = isInt(value) || isUint(value) ? intOf(value) : doubleOf(value);
  if (number === null) throw refused(clause, 'numbers', value);
  const double = Number(number);
  return Number.isFinite(double) ? print(double) : String(double);
}

const intOf = (value: number | bigint | CelUint): bigint =>
  isUint(value) ? value.value : BigInt(value);

function decimal(value: unknown): string {
  if (isInt(value) || isUint(value)) return String(intOf(value));
  const double = doubleOf(value);
  if (double === null) throw refused('decimal', 'numbers', value);
  return plainDigits(double);
}

function whole(value: unknown, base: number, clause: string): string {
  if (isInt(value) || isUint(value)) return intOf(value).toString(base);
  throw refused(clause, base === 2 ? 'ints, uints and bools' : 'ints and uints', value);
}

function hexadecimal(rt: CelRuntime, value: unknown): string {
  if (isInt(value) || isUint(value)) return intOf(value).toString(16);
  const isText = typeof value === 'string';
  if (!isText && !isBytes(value)) {
    throw refused('hexadecimal', 'ints, uints, strings and bytes', value);
  }
  const bytes = isText ? Buffer.from(value) : Buffer.from(value.bytes);
  chargeText(rt, 2 * bytes.length, 0);
  return bytes.toString('hex');
}

/** Any value as text; the keys of maps are sorted. */
function textOf(rt: CelRuntime, value: unknown): string {
  spend(rt, 1, 0);
  if (typeof value === 'string') return value;
  if (value === null || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return listText(rt, value);
  if (isMap(value)) return mapText(rt, value);
  if (isTime(value)) return shortTimeText(value.ns);
  if (isDuration(value)) return shortDurationText(value.ns);
  if (isBytes(value)) return Buffer.from(value.bytes).toString();
  if (isType(value)) return value.name;
  if (isInt(value) || isUint(value) || doubleOf(value) !== null) return decimal(value);
  throw refused('string', 'values other than messages', value);
}

function listText(rt: CelRuntime, list: readonly unknown[]): string {
  return between(
    rt,
    '[',
    list.map((item) => textOf(rt, item)),
    ']',
  );
}

function mapText(rt: CelRuntime, map: Parameters<typeof keysOf>[0]): string {
  const entries = keysOf(map).map((key) => ({
    key: textOf(rt, key),
    value: textOf(rt, entryOf(map, key)),
  }));
  entries.sort((a, b) => compareText(a.key, b.key));
  return between(
    rt,
    '{',
    entries.map(({ key, value }) => `${key}: ${value}`),
    '}',
  );
}

function between(rt: CelRuntime, open: string, parts: readonly string[], close: string): string {
  chargeText(
    rt,
    parts.reduce((length, part) => length + part.length + 2, 2),
    0,
  );
  return `${open}${parts.join(', ')}${close}`;
}
