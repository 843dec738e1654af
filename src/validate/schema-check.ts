/**
 * Checks a value against a JSON Schema (draft 2020-12); all problems at once, each at its place.
 */
import { type OutputUnit, type Schema, validate } from '@cfworker/json-schema';
import type { IssuePath } from '../model/issue.ts';
import { formatIssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, jsonType, ownValue } from '../model/json.ts';
import { PATTERN_NOTE, withoutPatterns } from './pattern-free.ts';

export interface SchemaProblem {
  readonly path: IssuePath;
  readonly message: string;
}

const MAX_PROBLEMS = 50;

/** What keeps a value from fitting a schema, [] when it fits. Never throws. */
export function checkAgainstSchema(schema: Json, value: Json): SchemaProblem[] {
  let rewritten: Json;
  let errors: readonly OutputUnit[];
  try {
    rewritten = withoutPatterns(schema, value);
    errors = validate(value, rewritten as Schema | boolean, '2020-12', undefined, false).errors;
  } catch (thrown) {
    // A schema that is not linted may be anything: a broken reference or pattern, an endless one.
    const why = thrown instanceof Error ? thrown.message.split('\n')[0] : String(thrown);
    return [{ path: [], message: `the schema cannot be applied: ${why}` }];
  }
  const problems = errors
    .filter((unit) => isTelling(unit))
    .slice(0, MAX_PROBLEMS)
    .map((unit) => problemOf(unit, rewritten, value));
  if (problems.length > 0 || errors.length === 0) return problems;
  return [{ path: [], message: 'this does not fit the schema' }];
}

/** The same as lines of text: `user.age: must be an integer, not string`. */
export function describeSchemaProblems(schema: Json, value: Json): string[] {
  return checkAgainstSchema(schema, value).map(({ path, message }) => {
    const at = formatIssuePath(path);
    return at === '' ? message : `${at}: ${message}`;
  });
}

/** Keywords that only say that something below them does not fit. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'properties',
  'additionalProperties',
  'unevaluatedProperties',
  'items',
  'prefixItems',
  'unevaluatedItems',
  'dependentSchemas',
  'allOf',
  '$ref',
  'if',
  'then',
  'else',
]);

/** What the alternatives of `anyOf` and `oneOf` lack is noise beside the fact that none fits. */
const isTelling = ({ keyword, keywordLocation }: OutputUnit): boolean =>
  !WRAPPERS.has(keyword) && !/\/(?:anyOf|oneOf)\/\d/.test(keywordLocation);

function problemOf(unit: OutputUnit, schema: Json, value: Json): SchemaProblem {
  const path = segmentsOf(unit.instanceLocation);
  const holder = schemaAt(schema, segmentsOf(unit.keywordLocation).slice(0, -1));
  const wanted = holder === undefined ? undefined : ownValue(holder, unit.keyword);
  if (unit.keyword === 'required') {
    const name = /"(.*)"/s.exec(unit.error)?.[1] ?? '';
    return { path: [...asIssuePath(path, value), name], message: 'is missing' };
  }
  const note = holder === undefined ? undefined : ownValue(holder, PATTERN_NOTE);
  const found = valueAt(value, path);
  return {
    path: asIssuePath(path, value),
    message: messageOf(unit, wanted, found, typeof note === 'string' ? note : null),
  };
}

function messageOf(
  unit: OutputUnit,
  wanted: Json | undefined,
  found: Json | undefined,
  pattern: string | null,
): string {
  if (pattern !== null) return `does not match the pattern ${pattern}`;
  switch (unit.keyword) {
    case 'type':
      return `must be ${typeNames(wanted)}, not ${jsonType(found)}`;
    case 'enum':
      return `must be one of ${short(wanted)}`;
    case 'const':
      return `must be ${short(wanted)}`;
    case 'false':
      return 'is not allowed';
    case 'anyOf':
      return 'fits none of the alternatives (anyOf)';
    case 'oneOf':
      return 'must fit exactly one of the alternatives (oneOf)';
    default:
      return unit.error.replace(/\.$/, '').replace(/^Instance /, 'the value ');
  }
}

const typeNames = (wanted: Json | undefined): string =>
  isJsonArray(wanted) ? wanted.join(' or ') : String(wanted);

function short(value: Json | undefined): string {
  const text = isJsonArray(value)
    ? value.map((item) => JSON.stringify(item)).join(', ')
    : JSON.stringify(value ?? null);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Parts of a location such as `#/a/0`. */
function segmentsOf(location: string): string[] {
  return location
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The schema object at a keyword location, references followed. */
function schemaAt(root: Json, segments: readonly string[]): Record<string, Json> | undefined {
  let at: Json | undefined = root;
  for (const segment of segments) {
    if (at === undefined || at === null || typeof at !== 'object') return undefined;
    const next: Json | undefined = isJsonArray(at) ? at[Number(segment)] : ownValue(at, segment);
    const isRef: boolean = segment === '$ref' && typeof next === 'string' && next.startsWith('#');
    at = isRef ? valueAt(root, segmentsOf(next as string)) : next;
  }
  return at !== undefined && isJsonObject(at) ? (at as Record<string, Json>) : undefined;
}

function valueAt(root: Json, segments: readonly string[]): Json | undefined {
  let at: Json | undefined = root;
  for (const segment of segments) {
    if (isJsonArray(at)) at = at[Number(segment)];
    else if (at !== undefined && isJsonObject(at)) at = ownValue(at, segment);
    else return undefined;
  }
  return at;
}

/** A location's parts with list indices as numbers. */
function asIssuePath(segments: readonly string[], value: Json): (string | number)[] {
  let at: Json | undefined = value;
  return segments.map((segment) => {
    const inList = isJsonArray(at);
    at = at === undefined ? undefined : valueAt(at, [segment]);
    return inList ? Number(segment) : segment;
  });
}
