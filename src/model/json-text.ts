/**
 * JSON text that enters the product: definitions, parameters, messages, answers, outputs.
 *
 * One rule for numbers at every door. A whole number written without point and exponent beyond
 * ±(2^53 − 1) becomes the text of its digits, because a double would round it; `1e20` and `1.0e16`
 * say themselves that they are doubles; `-0` is 0; what no double can hold is refused. What the
 * product wrote itself (log, rows) is read with `JSON.parse`: it went through here before.
 */
import type { Json } from './json.ts';

/** Only texts that match can hold a number that needs more than `JSON.parse`. */
const MAY_NEED_CARE = /\d{16}|[eE][-+]?\d{2}|(?:^|[\s,:[])-0/;
const WHOLE = /^-?\d+$/;

/**
 * Parses a JSON text by the rule above.
 *
 * @throws SyntaxError for text that is no JSON, or that holds a number no double can hold
 */
export function parseJson(text: string): Json {
  if (!MAY_NEED_CARE.test(text)) return JSON.parse(text) as Json;
  return JSON.parse(text, keepNumber) as Json;
}

/**
 * Reads one number as it is written in JSON or YAML (decimal digits, point, exponent).
 *
 * @returns the number, or its digits as text when a double would round them
 * @throws SyntaxError when no double can hold it
 */
export function readNumber(source: string): number | string {
  const number = Number(source);
  if (Number.isSafeInteger(number)) return number + 0;
  if (WHOLE.test(source)) return source;
  if (Number.isFinite(number)) return number;
  throw new SyntaxError(`the number ${shortNumber(source)} is larger than any number can be`);
}

/** Gives the digits of a whole number beyond ±(2^53 − 1) as text, any other number as it is. */
export function numberToJson(value: number | bigint): number | string {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number + 0;
  return typeof value === 'bigint' ? String(value) : value;
}

function keepNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number') return value;
  const source = context?.source;
  return source === undefined ? value : readNumber(source);
}

const SHOWN = 40;
const shortNumber = (source: string): string =>
  source.length <= SHOWN ? source : `${source.slice(0, SHOWN)}…`;

/**
 * Prints JSON that another door of the product will read: doubles that are whole and beyond
 * ±(2^53 − 1) get an exponent, so that they stay doubles there.
 */
export function printJson(value: Json): string {
  const text = JSON.stringify(value);
  return /\d{16}/.test(text) ? JSON.stringify(value, withExponent) : text;
}

/** The runtime has `JSON.rawJSON`; the types of this language version do not. */
type WithRawJson = typeof JSON & { rawJSON(text: string): unknown };

function withExponent(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) {
    return value;
  }
  return (JSON as WithRawJson).rawJSON(value.toExponential());
}
