/**
 * Conversions: `int float string type`, JSON and base64.
 */
import { plain } from './builtin-kinds.ts';
import { formatDuration } from './durations.ts';
import { fitsInt, isNumeric, type Numeric, narrowInt, parseInt64 } from './int64.ts';
import { compactJson, printJson, readJson } from './json.ts';
import { formatRfc3339 } from './layout.ts';
import { chargeText, fail, type Runtime, spend } from './runtime.ts';
import { describe, isDate, isDuration, isZone, needText, typeOf } from './values.ts';

const FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
/** Enough together with a length that is a multiple of four. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const LONGEST_NUMBER = 400;

/** A whole number: a float loses its fraction, a string holds decimal digits. */
function toInt(rt: Runtime, value: unknown, at: number): Numeric {
  if (typeof value === 'string') {
    const parsed = parseInt64(value);
    if (parsed !== null) return parsed;
  } else if (typeof value === 'number') {
    const whole = Math.trunc(value) + 0;
    if (Number.isSafeInteger(whole)) return whole;
    const wide = BigInt(whole);
    if (fitsInt(wide)) return narrowInt(wide);
  } else if (typeof value === 'bigint') return value;
  return fail(rt, at, `int() cannot make an int of ${describe(value)}`);
}

function toFloat(rt: Runtime, value: unknown, at: number): number {
  if (isNumeric(value)) return Number(value);
  const numeric = typeof value === 'string' && value.length < LONGEST_NUMBER && FLOAT.test(value);
  const float = numeric ? Number(value) : Number.NaN;
  if (Number.isFinite(float)) return float + 0;
  return fail(rt, at, `float() cannot make a float of ${describe(value)}`);
}

/** Any value as text: lists and maps as compact JSON. */
function toText(rt: Runtime, value: unknown, at: number): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return 'nil';
  if (typeof value !== 'object') return String(value);
  if (isDate(value)) return formatRfc3339(value);
  if (isDuration(value)) return formatDuration(value.ns);
  return isZone(value) ? value.name : compactJson(rt, value, at);
}

function encodeBase64(rt: Runtime, value: unknown, at: number): string {
  const text = needText(rt, value, 'toBase64()', at);
  chargeText(rt, 4 * text.length, at);
  return Buffer.from(text, 'utf8').toString('base64');
}

function decodeBase64(rt: Runtime, value: unknown, at: number): string {
  const text = needText(rt, value, 'fromBase64()', at);
  chargeText(rt, 2 * text.length, at);
  spend(rt, text.length >> 4, at);
  if (text.length % 4 !== 0 || !BASE64.test(text)) {
    return fail(rt, at, 'fromBase64() got a text that is not base64');
  }
  return Buffer.from(text, 'base64').toString('utf8');
}

export const CONVERT_BUILTINS = {
  int: plain(1, 1, (rt, [value], at) => toInt(rt, value, at)),
  float: plain(1, 1, (rt, [value], at) => toFloat(rt, value, at)),
  string: plain(1, 1, (rt, [value], at) => toText(rt, value, at)),
  type: plain(1, 1, (_rt, [value]) => typeOf(value)),
  toJSON: plain(1, 1, (rt, [value], at) => printJson(rt, value, at), true),
  fromJSON: plain(1, 1, (rt, [text], at) => readJson(rt, needText(rt, text, 'fromJSON()', at), at)),
  toBase64: plain(1, 1, (rt, [text], at) => encodeBase64(rt, text, at)),
  fromBase64: plain(1, 1, (rt, [text], at) => decodeBase64(rt, text, at)),
};
