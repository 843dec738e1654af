/**
 * Conversions between types: `int(x)`, `double(x)`, `string(x)` and their like. A text that is no
 * number is a fault; blanks around a number are not, because the output of a command ends in one.
 */
import { parseDuration } from '../expr-lang/durations.ts';
import { chargeText, scan } from '../expr-lang/runtime.ts';
import { toInt, toUint } from './arithmetic.ts';
import { CelFault, NO_OVERLOAD } from './fault.ts';
import { type FunctionRow, global } from './function-row.ts';
import type { CelRuntime } from './runtime.ts';
import { durationOf, timeOf } from './time-arithmetic.ts';
import { durationText, parseTime, timeText } from './time-text.ts';
import {
  type CelDouble,
  doubleOf,
  isBytes,
  isDuration,
  isInt,
  isTime,
  isUint,
  makeBytes,
  makeDouble,
  makeType,
  typeName,
} from './values.ts';

const SECOND_NS = 1_000_000_000n;
const MAX_SHOWN = 40;
/** Digits of the largest uint. */
const MAX_DIGITS = 20;

const shown = (text: string): string =>
  JSON.stringify(text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`);

const unreadable = (text: string, type: string): CelFault =>
  new CelFault(`${type}() cannot read ${shown(text)}`);

/** Whole seconds, rounded down. */
function secondsOf(ns: bigint): bigint {
  const rest = ns % SECOND_NS;
  return (ns - (rest < 0n ? rest + SECOND_NS : rest)) / SECOND_NS;
}

/** The whole number that a text is, blanks around it aside. @throws CelFault */
function wholeOf(rt: CelRuntime, text: string, form: RegExp, type: 'int' | 'uint'): bigint {
  scan(rt, 4 * text.length, 0);
  const digits = text.trim();
  if (!form.test(digits)) throw unreadable(text, type);
  // Very long ones take long to read, and do not fit.
  if (digits.replace(/^[+-]?0*/, '').length > MAX_DIGITS) {
    throw new CelFault(`${type} overflow during conversion`);
  }
  return BigInt(digits.replace(/^\+/, ''));
}

function int(rt: CelRuntime, value: unknown): unknown {
  if (isInt(value)) return value;
  if (typeof value === 'string') return toInt(wholeOf(rt, value, /^[+-]?\d+$/, 'int'));
  if (isUint(value)) return toInt(value.value);
  if (isTime(value)) return toInt(secondsOf(value.ns));
  if (isDuration(value)) return toInt(value.ns / SECOND_NS);
  const double = doubleOf(value);
  if (double === null) return NO_OVERLOAD;
  // ±2^63 as doubles stand for values that do not fit.
  if (!(Math.abs(double) < 2 ** 63)) throw new CelFault('int overflow during conversion');
  return toInt(BigInt(Math.trunc(double)));
}

function uint(rt: CelRuntime, value: unknown): unknown {
  if (isUint(value)) return value;
  if (isInt(value)) return toUint(BigInt(value));
  if (typeof value === 'string') return toUint(wholeOf(rt, value, /^\d+$/, 'uint'));
  const double = doubleOf(value);
  if (double === null) return NO_OVERLOAD;
  if (!(double >= 0 && double < 2 ** 64)) throw new CelFault('uint overflow during conversion');
  return toUint(BigInt(Math.trunc(double)));
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

function double(rt: CelRuntime, value: unknown): unknown {
  if (doubleOf(value) !== null) return value;
  if (isInt(value)) return makeDouble(Number(value));
  if (isUint(value)) return makeDouble(Number(value.value));
  if (typeof value !== 'string') return NO_OVERLOAD;
  scan(rt, 4 * value.length, 0);
  return readDouble(value);
}

function readDouble(source: string): number | CelDouble {
  const text = source.trim();
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinite = INFINITE.exec(text);
  if (infinite !== null) {
    return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const number = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(number)) throw unreadable(source, 'double');
  return makeDouble(number);
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function bool(_rt: CelRuntime, value: unknown): unknown {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return NO_OVERLOAD;
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw unreadable(value, 'bool');
}

function bytes(rt: CelRuntime, value: unknown): unknown {
  if (isBytes(value)) return value;
  if (typeof value !== 'string') return NO_OVERLOAD;
  chargeText(rt, value.length, 0);
  return makeBytes(Buffer.from(value));
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function string(rt: CelRuntime, value: unknown): unknown {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean' || isInt(value)) return String(value);
  if (isUint(value)) return String(value.value);
  if (isTime(value)) return timeText(value.ns);
  if (isDuration(value)) return durationText(value.ns);
  if (isBytes(value)) {
    chargeText(rt, value.bytes.length, 0);
    return decode(value.bytes);
  }
  const double = doubleOf(value);
  return double === null ? NO_OVERLOAD : doubleText(double);
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CelFault('string() cannot read bytes that are not UTF-8');
  }
}

const doubleText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

function timestamp(_rt: CelRuntime, value: unknown): unknown {
  if (isTime(value)) return value;
  if (isInt(value)) return timeOf(BigInt(value) * SECOND_NS);
  if (typeof value !== 'string') return NO_OVERLOAD;
  const ns = parseTime(value);
  if (ns !== null) return timeOf(ns);
  throw new CelFault(
    `timestamp() cannot read ${shown(value)}; write a time that exists as 2026-03-01T08:00:00Z`,
  );
}

function duration(_rt: CelRuntime, value: unknown): unknown {
  if (isDuration(value)) return value;
  if (isInt(value)) return durationOf(BigInt(value) * SECOND_NS);
  if (typeof value !== 'string') return NO_OVERLOAD;
  const ns = parseDuration(value);
  if (ns !== null) return durationOf(ns);
  throw new CelFault(`duration() cannot read ${shown(value)}; write 1h30m, 1.5s or 250ms`);
}

function type(_rt: CelRuntime, value: unknown): unknown {
  return makeType(typeName(value));
}

/** A function of one argument. */
const one = (name: string, run: FunctionRow['run']): FunctionRow => global(name, [1], run);

export const CONVERSIONS: readonly FunctionRow[] = [
  one('int', int),
  one('uint', uint),
  one('double', double),
  one('bool', bool),
  one('bytes', bytes),
  one('string', string),
  one('timestamp', timestamp),
  one('duration', duration),
  one('type', type),
  one('dyn', (_rt, value) => value),
];
