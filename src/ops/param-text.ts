/**
 * Params written on a command line: `key=value` typed by the input schema, `key:=json` as JSON.
 *
 * `a.b=1` sets a key inside an object unless the schema has a property of that very name. A value
 * that does not fit its type is an error that says so; nothing is guessed.
 */
import { AppError, messageOf } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from '../model/json.ts';

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
    return JSON.parse(raw) as Json;
  } catch (thrown) {
    throw bad(text, `the value is not JSON (${messageOf(thrown)})`);
  }
}

const READERS: Readonly<Record<string, (raw: string) => Json | undefined>> = {
  null: (raw) => (raw === 'null' ? null : undefined),
  boolean: (raw) => (raw === 'true' ? true : raw === 'false' ? false : undefined),
  integer: (raw) => (/^-?\d{1,15}$/.test(raw) ? Number(raw) : undefined),
  number: (raw) => (/^-?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(raw) ? Number(raw) : undefined),
  object: (raw) => parsedIf(raw, isJsonObject),
  array: (raw) => parsedIf(raw, Array.isArray),
  string: (raw) => raw,
};

function parsedIf(raw: string, fits: (value: unknown) => boolean): Json | undefined {
  try {
    const value = JSON.parse(raw) as Json;
    return fits(value) ? value : undefined;
  } catch {
    // Not JSON is simply not a value of this type; the caller says so.
    return undefined;
  }
}

/** By the schema's type or types (a text last); without one a text stays a text. */
function typed(text: string, raw: string, types: readonly string[]): Json {
  if (types.length === 0) return raw;
  for (const [type, read] of Object.entries(READERS)) {
    if (!types.includes(type)) continue;
    const value = read(raw);
    if (value !== undefined) return value;
  }
  throw bad(text, `the value must be ${types.join(' or ')}`);
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
