/**
 * CEL values → JSON: ints beyond ±(2^53 − 1) are the text of their digits, timestamps RFC 3339,
 * durations like `90s`, bytes base64, types their names.
 */
import { type Json, setOwn } from '../../model/json.ts';
import { numberToJson } from '../../model/json-text.ts';
import { spend } from '../expr-lang/runtime.ts';
import { KIND } from '../expr-lang/time-values.ts';
import { CelFault } from './fault.ts';
import type { CelRuntime } from './runtime.ts';
import { durationText, timeText } from './time-text.ts';
import {
  entryOf,
  isBytes,
  isDuration,
  isMap,
  isMessage,
  isSpecial,
  isTime,
  isType,
  isUint,
  keysOf,
  type Special,
} from './values.ts';

/** A result that is larger than a result may be. */
export class ResultTooLarge extends Error {
  constructor(maxBytes: number) {
    super(`the result is larger than ${maxBytes} bytes`);
    this.name = 'ResultTooLarge';
  }
}

interface Conversion {
  readonly rt: CelRuntime;
  readonly maxBytes: number;
  bytes: number;
}

/** The value as JSON. @throws CelFault for what has no JSON form, ResultTooLarge */
export function resultOf(rt: CelRuntime, value: unknown, maxBytes: number): Json {
  if (typeof value === 'boolean') return value;
  return convert({ rt, maxBytes, bytes: 0 }, value);
}

function charge(conversion: Conversion, bytes: number): void {
  conversion.bytes += bytes;
  if (conversion.bytes > conversion.maxBytes) throw new ResultTooLarge(conversion.maxBytes);
}

function convert(conversion: Conversion, value: unknown): Json {
  spend(conversion.rt, 1, 0);
  charge(conversion, typeof value === 'string' ? value.length + 3 : 6);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' || typeof value === 'bigint') return jsonNumber(value);
  if (Array.isArray(value)) return value.map((item) => convert(conversion, item));
  if (isMap(value)) return convertMap(conversion, value);
  return isSpecial(value) ? convertSpecial(conversion, value) : null;
}

function jsonNumber(value: number | bigint): Json {
  if (typeof value === 'bigint' || Number.isFinite(value)) return numberToJson(value);
  throw new CelFault(`the result is ${value}, which no JSON number can be`);
}

function convertMap(conversion: Conversion, map: Parameters<typeof keysOf>[0]): Json {
  const object: Record<string, Json> = {};
  for (const key of keysOf(map)) {
    const name = String(isUint(key) ? key.value : key);
    charge(conversion, name.length);
    setOwn(object, name, convert(conversion, entryOf(map, key)));
  }
  return object;
}

function convertSpecial(conversion: Conversion, value: Special): Json {
  if (value[KIND] === 'double') return value.value + 0;
  if (isUint(value)) return numberToJson(value.value);
  if (isTime(value)) return timeText(value.ns);
  if (isDuration(value)) return durationText(value.ns);
  if (isType(value)) return value.name;
  if (isBytes(value)) {
    charge(conversion, value.bytes.length);
    return Buffer.from(value.bytes).toString('base64');
  }
  return isMessage(value) ? convert(conversion, value.toJson()) : null;
}
