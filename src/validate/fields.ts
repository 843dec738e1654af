/**
 * Readers of shapes: each checks one JSON value, reports what is wrong with it, and gives back the
 * part of it that is right (`undefined` when nothing is), so that later checks go on with the rest.
 */
import { nearestName } from '../core/graph-nearest.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  jsonType,
  setOwn,
} from '../model/json.ts';
import { parseDuration } from '../model/time.ts';
import { errorAt } from './issues.ts';
import type { DefinitionLimits } from './limits.ts';

export interface Reading {
  readonly issues: Issue[];
  readonly limits: DefinitionLimits;
  /** Steps seen so far. */
  steps: number;
  /** True once a limit was exceeded: what lies beyond is not looked at. */
  stopped: boolean;
}

export type Reader = (reading: Reading, value: Json, path: IssuePath) => Json | undefined;

export interface Field {
  readonly read: Reader;
  /** What a required field is, for the message when it is missing. */
  readonly required?: string;
}

export type Fields = Readonly<Record<string, Field>>;

/** Names that are allowed in every object of a definition and mean nothing to the engine. */
const FREE_FIELDS: ReadonlySet<string> = new Set([
  '$schema',
  'features',
  'tags',
  'labels',
  'title',
]);

const isFreeField = (name: string): boolean => FREE_FIELDS.has(name) || name.startsWith('x-');

export function fail(
  reading: Reading,
  path: IssuePath,
  message: string,
  hint?: string | undefined,
): undefined {
  if (isFull(reading)) return undefined;
  reading.issues.push(errorAt(path, message, { hint }));
  return undefined;
}

/** Nobody reads on; a text made of errors must not take for ever. */
const isFull = (reading: Reading): boolean => reading.issues.length >= MAX_ISSUES;
const MAX_ISSUES = 1000;

const wrongType = (reading: Reading, path: IssuePath, wanted: string, value: Json): undefined =>
  fail(reading, path, `this must be ${wanted}, not ${described(value)}`);

/** A value in a few words: `the number 5`, `the text "abc"`, `a list`. */
export function described(value: Json): string {
  const type = jsonType(value);
  if (type === 'null') return 'null';
  if (type === 'list') return 'a list';
  if (type === 'object') return 'an object';
  const text = JSON.stringify(value);
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return `the ${type === 'string' ? 'text' : type} ${short}`;
}

export const anyJson: Reader = (_reading, value) => value;

export const text: Reader = (reading, value, path) =>
  typeof value === 'string' ? value : wrongType(reading, path, 'a text', value);

export const name: Reader = (reading, value, path) => {
  if (value === '') return fail(reading, path, 'this must not be empty');
  return text(reading, value, path);
};

/** An expression; one that was written as a bare `true` or number gets told to be quoted. */
export const expression: Reader = (reading, value, path) => {
  if (typeof value !== 'boolean' && typeof value !== 'number') return text(reading, value, path);
  const hint = `put it in quotes: "${value}"`;
  return fail(reading, path, `an expression is a text, not ${described(value)}`, hint);
};

export const flag: Reader = (reading, value, path) =>
  typeof value === 'boolean' ? value : wrongType(reading, path, 'true or false', value);

export const object: Reader = (reading, value, path) =>
  isJsonObject(value) ? value : wrongType(reading, path, 'an object', value);

/** A duration; its text is parsed with the rest of the plan. */
export const duration: Reader = (reading, value, path) => {
  if (typeof value === 'string') return value;
  const parsed = parseDuration(value);
  return fail(reading, path, parsed.ok ? 'a duration is a text' : parsed.message);
};

/** A whole number within bounds. */
export function whole(min: number, max = Number.MAX_SAFE_INTEGER): Reader {
  return (reading, value, path) => {
    const wanted = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      return wrongType(reading, path, `a whole number, ${wanted}`, value);
    }
    if (value >= min && value <= max) return value;
    return fail(reading, path, `this must be ${wanted}, not ${value}`);
  };
}

/** A number from `min` to `max`. */
export function within(min: number, max: number): Reader {
  return (reading, value, path) => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    return wrongType(reading, path, `a number from ${min} to ${max}`, value);
  };
}

/** One of some words. */
export function oneOf(words: readonly string[]): Reader {
  const listed = words.map((word) => `"${word}"`).join(', ');
  return (reading, value, path) => {
    if (typeof value === 'string' && words.includes(value)) return value;
    const near = typeof value === 'string' ? nearestName(value, words) : null;
    const hint = near === null ? undefined : `did you mean "${near}"?`;
    return fail(reading, path, `this must be one of ${listed}, not ${described(value)}`, hint);
  };
}

/** A list; elements that are wrong are left out. */
export function listOf(read: Reader): Reader {
  return (reading, value, path) => {
    if (!isJsonArray(value)) return wrongType(reading, path, 'a list', value);
    return value.flatMap((item, i) => {
      const kept = read(reading, item, [...path, i]);
      return kept === undefined ? [] : [kept];
    });
  };
}

/** An object whose values are all of one kind. */
export function mapOf(read: Reader): Reader {
  return (reading, value, path) => {
    if (!isJsonObject(value)) return wrongType(reading, path, 'an object', value);
    const kept: Record<string, Json> = {};
    for (const [key, item] of Object.entries(value)) {
      const read_ = read(reading, item, [...path, key]);
      if (read_ !== undefined) setOwn(kept, key, read_);
    }
    return kept;
  };
}

export interface ShapeOptions {
  /** Says what an unknown field should have been, or null to look for a near name. */
  readonly hint?: (field: string) => string | null;
}

/** An object of known fields. */
export function shapeOf(what: string, fields: Fields, options: ShapeOptions = {}): Reader {
  return (reading, value, path) => {
    if (!isJsonObject(value)) return wrongType(reading, path, `an object (${what})`, value);
    return readFields(reading, value, path, what, fields, options);
  };
}

/** The known fields of an object that are right; unknown and missing ones are reported. */
export function readFields(
  reading: Reading,
  value: JsonObject,
  path: IssuePath,
  what: string,
  fields: Fields,
  options: ShapeOptions = {},
): JsonObject {
  const kept: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) {
      if (!isFreeField(key)) reportUnknown(reading, [...path, key], key, what, fields, options);
      continue;
    }
    const read = field.read(reading, item, [...path, key]);
    if (read !== undefined) kept[key] = read;
  }
  for (const [key, field] of Object.entries(fields)) {
    if (field.required === undefined || Object.hasOwn(value, key)) continue;
    fail(reading, [...path, key], `${what} needs \`${key}\`: ${field.required}`);
  }
  return kept;
}

function reportUnknown(
  reading: Reading,
  path: IssuePath,
  key: string,
  what: string,
  fields: Fields,
  options: ShapeOptions,
): void {
  if (isFull(reading)) return;
  const known = Object.keys(fields);
  const near = nearestName(key, known);
  const hint =
    options.hint?.(key) ??
    (near === null ? `known are ${known.join(', ')}` : `did you mean "${near}"?`);
  fail(reading, path, `${what} has no field ${JSON.stringify(key)}`, hint);
}
