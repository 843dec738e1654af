/**
 * JSON that came from outside: read without losing digits and without depth that could hurt.
 */
import { isJsonArray, isJsonObject, type Json } from '../model/json.ts';

/** Deeper values stay text: what walks them later may recurse. */
const MAX_JSON_DEPTH = 500;

/** Only such texts can hold a number that a double cannot. */
const MAY_HOLD_BIG_NUMBERS = /\d{16}|[eE][+]?\d{3}/;

/**
 * The value of a JSON text, undefined when it is none. A whole number beyond ±2^53 becomes a text of
 * its digits.
 */
export function parseJsonText(text: string): Json | undefined {
  let value: Json;
  try {
    value = MAY_HOLD_BIG_NUMBERS.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch {
    // Not JSON is an ordinary answer here.
    return undefined;
  }
  return isDeeperThan(value, MAX_JSON_DEPTH) ? undefined : value;
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  if (source === undefined) return value;
  return /^-?\d+$/.test(source) || !Number.isFinite(value) ? source : value;
}

function isDeeperThan(value: Json, levels: number): boolean {
  if (isJsonArray(value)) {
    return levels === 0 || value.some((item) => isDeeperThan(item, levels - 1));
  }
  if (!isJsonObject(value)) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(item, levels - 1));
}
