/**
 * Readers of shapes: each checks one JSON value, reports what is wrong with it, and gives back the
 * part of it that is right (`undefined` when nothing is), so that later checks go on with the rest.
 */
import { nearestName } from '../core/graph-nearest.ts';
import type { Issue, IssuePath, WarningCode } from '../model/issue.ts';
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  jsonType,
  setOwn,
} from '../model/json.ts';
import { isDigits } from '../model/json-text.ts';
import type { NewerCheckName } from '../model/newer-checks.ts';
import { parseDuration } from '../model/time.ts';
import { errorAt, warningAt } from './issues.ts';
import type { DefinitionLimits } from './limits.ts';

export interface Reading {
  readonly issues: Issue[];
  readonly limits: DefinitionLimits;
  /** Steps seen so far. */
  steps: number;
  /** True once a limit was exceeded: what lies beyond is not looked at. */
  stopped: boolean;
}

/**
 * Which of null and `""` a field that may be left out takes for "not given".
 *
 * `null`: null. `both`: null and `""`, of texts that have no empty value (names, durations,
 * expressions, words). `none`: neither, both are values (any JSON). `never`: neither, and the reader
 * refuses both, because a field that was meant to narrow a right must not silently be gone.
 */
type Absence = 'null' | 'both' | 'none' | 'never';

export interface Reader {
  (reading: Reading, value: Json, path: IssuePath): Json | undefined;
  /** `null` when it is left out. */
  readonly absence?: Absence;
}

/** A reader whose field takes other values for "not given". */
const absentAs = (absence: Absence, read: Reader): Reader =>
  Object.assign((reading: Reading, value: Json, path: IssuePath) => read(reading, value, path), {
    absence,
  });

/** A reader whose field null and `""` do not take away: what narrows a right. */
export const neverAbsent = (read: Reader): Reader => absentAs('never', read);
/** A reader of texts without an empty value, of its own kind. */
export const nonEmpty = (read: Reader): Reader => absentAs('both', read);

/** Whether a value of a field stands for "not given". */
function isAbsent(absence: Absence, value: Json): boolean {
  if (value === null) return absence === 'null' || absence === 'both';
  return value === '' && absence === 'both';
}

export interface Field {
  readonly read: Reader;
  /** What a required field is, for the message when it is missing. */
  readonly required?: string;
  /** The check that made it required, when it is newer than the first rules. */
  readonly check?: NewerCheckName;
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

/** Those of them that look as if they meant something. */
const IDLE_FIELDS: ReadonlySet<string> = new Set(['features', 'tags', 'labels', 'title']);

const isFreeField = (name: string): boolean => FREE_FIELDS.has(name) || name.startsWith('x-');

export interface FailOptions {
  readonly hint?: string | undefined;
  readonly check?: NewerCheckName | undefined;
}

export function fail(
  reading: Reading,
  path: IssuePath,
  message: string,
  options: FailOptions | string = {},
): undefined {
  if (isFull(reading)) return undefined;
  reading.issues.push(
    errorAt(path, message, typeof options === 'string' ? { hint: options } : options),
  );
  return undefined;
}

/** Notes what is allowed and probably not meant. */
export function warn(reading: Reading, path: IssuePath, code: WarningCode, message: string): void {
  if (!isFull(reading)) reading.issues.push(warningAt(path, code, message));
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
  if (isDigits(value)) {
    const nearest = Number(value).toExponential();
    return `${value.slice(0, 40)} (more digits than a number can hold; ${nearest} is the nearest)`;
  }
  const text = JSON.stringify(value);
  const short = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return `the ${type === 'string' ? 'text' : type} ${short}`;
}

export const anyJson: Reader = absentAs('none', (_reading, value) => value);

/** Any JSON but null. */
export const someJson: Reader = (_reading, value) => value;

export const text: Reader = (reading, value, path) =>
  typeof value === 'string' ? value : wrongType(reading, path, 'a text', value);

export const name: Reader = nonEmpty((reading, value, path) => {
  if (value === '') return fail(reading, path, 'this must not be empty');
  return text(reading, value, path);
});

/** An expression; one that was written as a bare `true` or number gets told to be quoted. */
export const expression: Reader = nonEmpty((reading, value, path) => {
  if (typeof value !== 'boolean' && typeof value !== 'number') return text(reading, value, path);
  const hint = `put it in quotes: "${value}"`;
  return fail(reading, path, `an expression is a text, not ${described(value)}`, hint);
});

export const flag: Reader = (reading, value, path) =>
  typeof value === 'boolean' ? value : wrongType(reading, path, 'true or false', value);

export const object: Reader = (reading, value, path) =>
  isJsonObject(value) ? value : wrongType(reading, path, 'an object', value);

/** A duration; its text is parsed with the rest of the plan. */
export const duration: Reader = nonEmpty((reading, value, path) => {
  if (typeof value === 'string') return value;
  const parsed = parseDuration(value);
  return fail(reading, path, parsed.ok ? 'a duration is a text' : parsed.message);
});

/** A limit: a duration that is longer than nothing, since 0 would end everything before it begins. */
export const timeLimit: Reader = nonEmpty((reading, value, path) => {
  const kept = duration(reading, value, path);
  const parsed = typeof kept === 'string' ? parseDuration(kept) : null;
  if (parsed?.ok !== true || parsed.ms > 0) return kept;
  const message = `a limit of ${described(value)} would end it before it begins`;
  return (
    fail(reading, path, message, { hint: 'leave it out for none', check: 'ZERO_TIMEOUT' }) ?? kept
  );
});

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
  return nonEmpty((reading, value, path) => {
    if (typeof value === 'string' && words.includes(value)) return value;
    const near = typeof value === 'string' ? nearestName(value, words) : null;
    const hint = near === null ? undefined : `did you mean "${near}"?`;
    return fail(reading, path, `this must be one of ${listed}, not ${described(value)}`, { hint });
  });
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

/** An object whose values are all of one kind; with `optional` null leaves a value out. */
export function mapOf(read: Reader, options: { readonly optional?: boolean } = {}): Reader {
  return (reading, value, path) => {
    if (!isJsonObject(value)) return wrongType(reading, path, 'an object', value);
    const kept: Record<string, Json> = {};
    for (const [key, item] of Object.entries(value)) {
      if (options.optional === true && item === null) continue;
      const read_ = read(reading, item, [...path, key]);
      if (read_ !== undefined) setOwn(kept, key, read_);
    }
    return kept;
  };
}

export interface ShapeOptions {
  /** Says what an unknown field should have been, or null to look for a near name. */
  readonly hint?: (field: string) => string | null;
  /** Names of fields that objects beside this one have: without a value they say nothing here. */
  readonly elsewhere?: ReadonlySet<string>;
}

/** An object of known fields. */
export function shapeOf(what: string, fields: Fields, options: ShapeOptions = {}): Reader {
  return (reading, value, path) => {
    if (!isJsonObject(value)) return wrongType(reading, path, `an object (${what})`, value);
    return readFields(reading, value, path, what, fields, options);
  };
}

/** An object without the fields that stand for "not given". */
export function given(
  value: JsonObject,
  fields: Fields,
  elsewhere: ReadonlySet<string> = NOWHERE,
): JsonObject {
  const isGiven = ([key, item]: readonly [string, Json]): boolean => {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field !== undefined) return !isAbsent(field.read.absence ?? 'null', item);
    return !(elsewhere.has(key) && isNothing(item));
  };
  const entries = Object.entries(value);
  if (entries.every(isGiven)) return value;
  const kept: Record<string, Json> = {};
  for (const [key, item] of entries.filter(isGiven)) setOwn(kept, key, item);
  return kept;
}

const NOWHERE: ReadonlySet<string> = new Set();

/** How other programs write a field of another kind of object that was never set. */
const isNothing = (value: Json): boolean =>
  value === null ||
  value === '' ||
  (isJsonArray(value) && value.length === 0) ||
  (isJsonObject(value) && Object.keys(value).length === 0);

/**
 * The fields of an object that are right, those that are free everywhere included; unknown and
 * missing ones are reported, and what stands for "not given" is left out.
 */
export function readFields(
  reading: Reading,
  value: JsonObject,
  path: IssuePath,
  what: string,
  fields: Fields,
  options: ShapeOptions = {},
): JsonObject {
  const kept: Record<string, Json> = {};
  const present = given(value, fields, options.elsewhere);
  for (const [key, item] of Object.entries(present)) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    const at = [...path, key];
    const read = field === undefined ? undefined : field.read(reading, item, at);
    if (read !== undefined) kept[key] = read;
    if (field !== undefined) continue;
    if (isFreeField(key)) setOwn(kept, key, item);
    else reportUnknown(reading, at, key, what, fields, options);
    if (IDLE_FIELDS.has(key)) warnIdle(reading, at, key, what);
  }
  reportMissing(reading, present, path, what, fields);
  return kept;
}

function reportMissing(
  reading: Reading,
  present: JsonObject,
  path: IssuePath,
  what: string,
  fields: Fields,
): void {
  for (const [key, field] of Object.entries(fields)) {
    if (field.required === undefined || Object.hasOwn(present, key)) continue;
    fail(reading, [...path, key], `${what} needs \`${key}\`: ${field.required}`, {
      check: field.check,
    });
  }
}

function warnIdle(reading: Reading, path: IssuePath, key: string, what: string): void {
  if (isFull(reading)) return;
  const hint =
    key === 'labels'
      ? 'labels are those of the workflow: write them beside `steps` or `definition`'
      : `remove it, or call it \`x-${key}\``;
  reading.issues.push(warningAt(path, 'NO_EFFECT', `\`${key}\` of ${what} has no effect`, hint));
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
  fail(reading, path, `${what} has no field ${JSON.stringify(key)}`, { hint });
}
