/**
 * Params written on a command line: `key=value` typed by the input schema, `key:=json` as JSON.
 *
 * `a.b=1` sets a key inside an object unless the schema has a property of that very name. A value
 * that does not fit its type is an error that says so; nothing is guessed.
 */

import { AppError } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from '../model/json.ts';
import {
  NumberTooLarge,
  parseJson,
  readNumber,
  tooManyDigits,
  whyNotJson,
} from '../model/json-text.ts';

type Mutable = Record<string, Json>;

/** The params that the texts stand for. @throws VALIDATION_ERROR naming the text that is wrong */
export function typeParams(texts: readonly string[], schema: Json | null): JsonObject {
  const params: Mutable = {};
  for (const text of texts) {
    const match = /^([^=]*?)(:?=)([\s\S]*)$/.exec(text);
    if (match === null || match[1] === '' || match[1] === undefined) {
      throw bad(text, 'write key=value, or key:=json');
    }
    const [, key, sign, raw = ''] = match;
    const { path, type } = placeOf(key, schema);
    const value = sign === ':=' ? jsonOf(text, raw) : typed(text, raw, type);
    assign(params, path, value, text);
  }
  return params;
}

const bad = (text: string, message: string): AppError =>
  new AppError('VALIDATION_ERROR', `param "${text.slice(0, 80)}": ${message}`);

function placeOf(
  key: string,
  schema: Json | null,
): { readonly path: readonly string[]; readonly type: readonly string[] } {
  const whole = propertyOf(schema, key);
  if (whole !== undefined || !key.includes('.')) return { path: [key], type: typesOf(whole) };
  const path = key.split('.');
  let at: Json | undefined = schema ?? undefined;
  for (const part of path) at = propertyOf(at, part);
  return { path, type: typesOf(at) };
}

function propertyOf(schema: Json | undefined, key: string): Json | undefined {
  const properties = isJsonObject(schema) ? ownValue(schema, 'properties') : undefined;
  return isJsonObject(properties) ? ownValue(properties, key) : undefined;
}

function typesOf(schema: Json | undefined): readonly string[] {
  const type = isJsonObject(schema) ? ownValue(schema, 'type') : undefined;
  if (typeof type === 'string') return [type];
  return Array.isArray(type) ? type.filter((each): each is string => typeof each === 'string') : [];
}

function jsonOf(text: string, raw: string): Json {
  try {
    return parseJson(raw);
  } catch (thrown) {
    throw bad(text, whyNotJson('the value', thrown));
  }
}

/** Decimal digits, as JSON writes a number; zeros in front and a bare point are read, too. */
const NUMBER = /^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** The number in a text; undefined for what is none, a text for what has too many digits. */
function numberIn(raw: string): number | string | undefined {
  if (!NUMBER.test(raw)) return undefined;
  return readNumber(raw.replace(/^(-?)0+(?=\d)/, '$1'));
}

function exactOf(raw: string): number | undefined {
  const value = numberIn(raw);
  return typeof value === 'number' ? value : undefined;
}

const READERS: Readonly<Record<string, (raw: string) => Json | undefined>> = {
  null: (raw) => (raw === 'null' ? null : undefined),
  boolean: (raw) => (raw === 'true' ? true : raw === 'false' ? false : undefined),
  integer: (raw) => (/^-?\d+$/.test(raw) ? exactOf(raw) : undefined),
  number: exactOf,
  object: (raw) => parsedIf(raw, isJsonObject),
  array: (raw) => parsedIf(raw, Array.isArray),
  string: (raw) => raw,
};

function parsedIf(raw: string, fits: (value: unknown) => boolean): Json | undefined {
  try {
    const value = parseJson(raw);
    return fits(value) ? value : undefined;
  } catch (thrown) {
    if (thrown instanceof NumberTooLarge) throw thrown;
    // Not JSON is simply not a value of this type; the caller says so.
    return undefined;
  }
}

/** By the schema's type or types (a text last); without one a text stays a text. */
function typed(text: string, raw: string, types: readonly string[]): Json {
  if (types.length === 0) return raw;
  try {
    for (const [type, read] of Object.entries(READERS)) {
      if (!types.includes(type)) continue;
      const value = read(raw);
      if (value !== undefined) return value;
    }
  } catch (thrown) {
    if (thrown instanceof NumberTooLarge) throw bad(text, thrown.message);
    throw thrown;
  }
  throw bad(text, `the value must be ${types.join(' or ')}${whyNot(raw, types)}`);
}

/** More about a value that is not of its types, where numbers would have been taken. */
function whyNot(raw: string, types: readonly string[]): string {
  if (!types.includes('integer') && !types.includes('number')) return '';
  if (typeof numberIn(raw) === 'string') return `: ${tooManyDigits(raw)}`;
  if (NUMBER.test(raw)) return ': a whole number is written in digits alone, such as 1000';
  return ': a number is written in decimal digits without blanks, such as 10, -3 or 2.5e6';
}

function assign(params: Mutable, path: readonly string[], value: Json, text: string): void {
  let at = params;
  for (const key of path.slice(0, -1)) {
    const below: Json | undefined = ownValue(at, key);
    if (below === undefined) {
      const made: Mutable = {};
      setOwn<Json>(at, key, made);
      at = made;
    } else if (isJsonObject(below)) at = below as Mutable;
    else throw bad(text, `"${key}" already has a value that is no object`);
  }
  const last = path.at(-1) ?? '';
  if (Object.hasOwn(at, last)) throw bad(text, 'it is given twice');
  setOwn(at, last, value);
}
