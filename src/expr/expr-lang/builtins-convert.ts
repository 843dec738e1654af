/**
 * Conversions: `int float string type`, JSON and base64.
 */
import { plain } from './builtin-kinds.ts';
import { formatDuration } from './durations.ts';
import { fitsInt, isNumeric, type Numeric, narrowInt, parseInt64 } from './int64.ts';
import { compactJson, printJson, readJson } from './json.ts';
import { formatRfc3339, nameOf } from './layout.ts';
import { chargeText, fail, type Runtime, spend } from './runtime.ts';
import {
  describe,
  isDate,
  isDuration,
  isNamedInt,
  isZone,
  needText,
  plainInt,
  typeOf,
} from './values.ts';

const FLOAT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const HEX_FLOAT =
  /^([+-]?)0[xX](?=\.?[0-9a-fA-F])([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]{1,5})$/;
/** One underscore between two digits, or between the base and a digit. */
const SPACED = /(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])/g;
/** Enough together with a length that is a multiple of four. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const LONGEST_NUMBER = 400;

/** A whole number: a float loses its fraction, a string holds decimal digits, a duration is in ns. */
function toInt(rt: Runtime, given: unknown, at: number): Numeric {
  const value = plainInt(given);
  if (typeof value === 'string') {
    const parsed = parseInt64(value);
    if (parsed !== null) return parsed;
  } else if (typeof value === 'number') {
    const whole = Math.trunc(value) + 0;
    if (Number.isSafeInteger(whole)) return whole;
    const wide = BigInt(whole);
    if (fitsInt(wide)) return narrowInt(wide);
  } else if (typeof value === 'bigint') return value;
  else if (isDuration(value)) return narrowInt(value.ns);
  return fail(rt, at, `int() cannot make an int of ${describe(value)}`);
}

/** The number that a text is, NaN when it is none. */
function readFloat(text: string): number {
  if (text.length >= LONGEST_NUMBER) return Number.NaN;
  const digits = text.includes('_') ? text.replaceAll(SPACED, '') : text;
  if (FLOAT.test(digits)) return Number(digits);
  const hex = HEX_FLOAT.exec(digits);
  if (hex === null) return Number.NaN;
  const [, sign, whole = '', fraction = '', power] = hex;
  const size = scaledHex(BigInt(`0x0${whole}${fraction}`), Number(power) - 4 * fraction.length);
  return sign === '-' ? -size : size;
}

const MANTISSA_BITS = 53;

/** A whole number times a power of two, rounded once. */
function scaledHex(whole: bigint, power: number): number {
  const bits = whole.toString(2).length;
  // Below the smallest normal number a double has fewer bits.
  const kept = Math.min(MANTISSA_BITS, bits + power + 1074);
  const drop = bits - kept;
  if (whole === 0n || kept < 0) return 0;
  if (drop <= 0) return timesPower(Number(whole), power);
  const half = 1n << BigInt(drop - 1);
  const rest = whole & ((1n << BigInt(drop)) - 1n);
  const cut = whole >> BigInt(drop);
  const up = rest > half || (rest === half && (cut & 1n) === 1n);
  return timesPower(Number(up ? cut + 1n : cut), power + drop);
}

/** Exact: in two steps, because one power of two may be out of range. */
function timesPower(value: number, power: number): number {
  const half = Math.trunc(power / 2);
  return value * 2 ** half * 2 ** (power - half);
}

function toFloat(rt: Runtime, given: unknown, at: number): number {
  const value = plainInt(given);
  if (isNumeric(value)) return Number(value);
  const float = typeof value === 'string' ? readFloat(value) : Number.NaN;
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
  if (isNamedInt(value)) return nameOf(value);
  return isZone(value) ? value.name : compactJson(rt, value, at);
}

function encodeBase64(rt: Runtime, value: unknown, at: number): string {
  const text = needText(rt, value, 'toBase64()', at);
  chargeText(rt, 4 * text.length, at);
  return Buffer.from(text, 'utf8').toString('base64');
}

function decodeBase64(rt: Runtime, value: unknown, at: number): string {
  const given = needText(rt, value, 'fromBase64()', at);
  chargeText(rt, 2 * given.length, at);
  spend(rt, given.length >> 4, at);
  const text = given.replaceAll(/[\r\n]/g, '');
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
