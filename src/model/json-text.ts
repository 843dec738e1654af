/**
 * JSON text that enters the product: definitions, parameters, messages, answers, outputs.
 *
 * One rule for numbers at every door. A whole number written without point and exponent beyond
 * ±(2^53 − 1) becomes the text of its digits, because a double would round it; `1e20` and `1.0e16`
 * say themselves that they are doubles; `-0` is 0; what no double can hold is refused. What the
 * product wrote itself (log, rows) is read with `JSON.parse`: it went through here before.
 */
import { messageOf } from './error.ts';
import type { Json } from './json.ts';

/** A number in a JSON text, or in YAML, that no double can hold. */
export class NumberTooLarge extends SyntaxError {
  override readonly name = 'NumberTooLarge';
}

/** Tells why a text could not be parsed: `the body is not JSON: …`, or the number in it. */
export function whyNotJson(what: string, thrown: unknown): string {
  const message = messageOf(thrown).replace(/^JSON Parse error: /, '');
  return thrown instanceof NumberTooLarge
    ? `${what}: ${message}`
    : `${what} is not JSON: ${message}`;
}

/** Only texts that match can hold a number that needs more than `JSON.parse`. */
const MAY_NEED_CARE = /\d{16}|[eE][-+]?\d{2}|(?:^|[\s,:[])-0/;
const WHOLE = /^-?\d+$/;

/** Tells whether a JSON text can hold a number that `JSON.parse` reads otherwise than `parseJson`. */
export const mayNeedCare = (text: string): boolean => MAY_NEED_CARE.test(text);

/**
 * Parses a JSON text by the rule above.
 *
 * @throws SyntaxError for text that is no JSON; NumberTooLarge for a number that no double can hold
 */
export function parseJson(text: string): Json {
  if (!mayNeedCare(text)) return JSON.parse(text) as Json;
  return JSON.parse(text, keepNumber) as Json;
}

/**
 * Reads one number as it is written in JSON or YAML (decimal digits, point, exponent).
 *
 * @returns the number, or its digits as text when a double would round them
 * @throws NumberTooLarge when no double can hold it
 */
export function readNumber(source: string): number | string {
  const number = Number(source);
  if (Number.isSafeInteger(number)) return number + 0;
  if (WHOLE.test(source)) return source;
  if (Number.isFinite(number)) return number;
  throw new NumberTooLarge(`the number ${shortNumber(source)} is larger than any number can be`);
}

/** Tells that a value is the text that a whole number beyond ±(2^53 − 1) became. */
export const isDigits = (value: unknown): value is string =>
  typeof value === 'string' && WHOLE.test(value) && typeof readNumber(value) === 'string';

/** Says why the text of such a number is not taken where a number is declared. */
export const tooManyDigits = (digits: string): string =>
  `${shortNumber(digits)} has more digits than a number can hold exactly (the limit is ` +
  '9007199254740991); declare it "string" to keep them';

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/** Gives the number that a text is; undefined for other texts, and for what no number holds exactly. */
export function numberIn(text: string): number | undefined {
  if (!NUMBER.test(text) || !Number.isFinite(Number(text))) return undefined;
  const number = readNumber(text);
  return typeof number === 'number' ? number : undefined;
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
export function printJson(value: unknown, indent = 0): string {
  const text = JSON.stringify(value, null, indent);
  return /\d{16}/.test(text) ? JSON.stringify(value, withExponent, indent) : text;
}

/** The runtime has `JSON.rawJSON`; the types of this language version do not. */
type WithRawJson = typeof JSON & { rawJSON(text: string): unknown };

function withExponent(_key: string, value: unknown): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) {
    return value;
  }
  return (JSON as WithRawJson).rawJSON(value.toExponential());
}
