/**
 * Where two JSON values differ, in words short enough for an error message.
 */
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  jsonEquals,
  jsonType,
  ownValue,
} from '../model/json.ts';

/** One place where two values differ; `path` is like `items[1].name`, empty for the whole value. */
export interface Difference {
  readonly path: string;
  readonly message: string;
}

const MAX_DIFFERENCES = 10;
const MAX_SHOWN = 80;
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** The first ten differences, in document order; none when the values are equal. */
export function differences(expected: Json, actual: Json): readonly Difference[] {
  const found: Difference[] = [];
  collect(found, '', expected, actual);
  return found;
}

function collect(found: Difference[], path: string, expected: Json, actual: Json): void {
  if (found.length >= MAX_DIFFERENCES || jsonEquals(expected, actual)) return;
  if (isJsonArray(expected) && isJsonArray(actual)) collectItems(found, path, expected, actual);
  else if (isJsonObject(expected) && isJsonObject(actual)) {
    collectKeys(found, path, expected, actual);
  } else found.push({ path, message: `expected ${brief(expected)}, got ${brief(actual)}` });
}

function collectItems(
  found: Difference[],
  path: string,
  expected: readonly Json[],
  actual: readonly Json[],
): void {
  if (expected.length !== actual.length) {
    found.push({ path, message: `expected ${items(expected)}, got ${items(actual)}` });
  }
  for (const [i, item] of expected.entries()) {
    const other = actual[i];
    if (other !== undefined) collect(found, `${path}[${i}]`, item, other);
  }
}

function collectKeys(
  found: Difference[],
  path: string,
  expected: JsonObject,
  actual: JsonObject,
): void {
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (found.length >= MAX_DIFFERENCES) return;
    const inside = below(path, key);
    const wanted = ownValue(expected, key);
    const given = ownValue(actual, key);
    if (given === undefined) found.push({ path: inside, message: 'is missing' });
    else if (wanted === undefined) found.push({ path: inside, message: 'is not expected' });
    else collect(found, inside, wanted, given);
  }
}

function below(path: string, key: string): string {
  if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

const items = (list: readonly Json[]): string =>
  list.length === 1 ? '1 item' : `${list.length} items`;

/** A value's type and JSON text, shortened. */
export function brief(value: Json): string {
  const text = JSON.stringify(value);
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return value === null ? 'null' : `${jsonType(value)} ${shown}`;
}
