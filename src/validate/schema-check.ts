/**
 * Checks a value against a JSON Schema (draft 2020-12); all problems at once, each at its place.
 *
 * Work is bounded before it begins (see `schema-work.ts`): this runs on the main thread.
 */
import { dereference, format, type OutputUnit, type Schema, validate } from '@cfworker/json-schema';
import { AppError, type ErrorCode, messageOf as textOf } from '../model/error.ts';
import type { IssuePath } from '../model/issue.ts';
import { formatIssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, jsonType, ownValue } from '../model/json.ts';
import { isDigits, tooManyDigits } from '../model/json-text.ts';
import { PATTERN_NOTE, type Rewritten, UNIQUE_NOTE, withoutPatterns } from './pattern-free.ts';
import { useStrictFormats } from './schema-formats.ts';
import { lintUnknownSchema } from './schema-lint.ts';
import { chargeEvaluation, createWork, tooMuch } from './schema-work.ts';

export interface SchemaProblem {
  readonly path: IssuePath;
  readonly message: string;
  /** Given when it could not be told whether the value fits: LIMIT_EXCEEDED for too much work. */
  readonly code?: ErrorCode;
}

const MAX_PROBLEMS = 50;

useStrictFormats();

/** What keeps a value from fitting a schema that was linted, [] when it fits. Never throws. */
export function checkAgainstSchema(schema: Json, value: Json): SchemaProblem[] {
  try {
    return problemsOf(schema, value);
  } catch (thrown) {
    const { code, message } = cannotApply(thrown);
    return [{ path: [], message, code }];
  }
}

/** The same as lines of text: `user.age: must be an integer, not string`. */
export function describeSchemaProblems(schema: Json, value: Json): string[] {
  return checkAgainstSchema(schema, value).map(({ path, message }) => {
    const at = formatIssuePath(path);
    return at === '' ? message : `${at}: ${message}`;
  });
}

/**
 * What keeps a value from fitting a schema known only now, [] when it fits; paths are like `a[0].b`.
 * @throws AppError VALIDATION_ERROR when the schema is none, LIMIT_EXCEEDED when it is too much work
 */
export function checkWithSchema(
  schema: Json,
  value: Json,
): { readonly path: string; readonly message: string }[] {
  const [issue] = lintUnknownSchema(schema);
  if (issue !== undefined) {
    const at = issue.path === '' ? '' : `${issue.path}: `;
    const hint = issue.hint === undefined ? '' : ` (${issue.hint})`;
    const isLimit = issue.code === 'LIMIT_EXCEEDED';
    const prefix = isLimit ? '' : 'the schema is not valid: ';
    const code = isLimit ? 'LIMIT_EXCEEDED' : 'VALIDATION_ERROR';
    throw new AppError(code, `${prefix}${at}${issue.message}${hint}`);
  }
  try {
    const problems = problemsOf(schema, value);
    return problems.map(({ path, message }) => ({ path: formatIssuePath(path), message }));
  } catch (thrown) {
    throw cannotApply(thrown);
  }
}

function problemsOf(schema: Json, value: Json): SchemaProblem[] {
  const work = createWork();
  const isFormat = (name: string): boolean => Object.hasOwn(format, name);
  const rewritten = withoutPatterns(schema, value, work, isFormat);
  const root = rewritten.schema as Schema | boolean;
  const lookup = dereference(root);
  for (const [uri, target] of rewritten.targets) lookup[uri] = target as Schema | boolean;
  chargeEvaluation(rewritten.schema, lookup, value, work);
  const { errors } = withFormats(rewritten.formats, () =>
    validate(value, root, '2020-12', lookup, false),
  );
  return told(errors, rewritten, value);
}

/** Why a schema could not be applied; one that is not linted may have any fault. */
function cannotApply(thrown: unknown): AppError {
  // Too many problems at once, or a constant too deep: more than the stack can take.
  const tooLarge = thrown instanceof RangeError;
  const cause = tooLarge ? tooMuch('more of the stack than there is', 'depth') : thrown;
  const code = cause instanceof AppError ? cause.code : 'VALIDATION_ERROR';
  const [why] = textOf(cause).split('\n');
  return new AppError(code, `the schema cannot be applied: ${why}`, { cause: thrown });
}

function told(errors: readonly OutputUnit[], schema: Rewritten, value: Json): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  for (const unit of errors) {
    if (problems.length === MAX_PROBLEMS) break;
    if (isTelling(unit)) problems.push(problemOf(unit, schema, value));
  }
  if (problems.length > 0 || errors.length === 0) return problems;
  return [{ path: [], message: 'this does not fit the schema' }];
}

/** Formats can only be given to the validator by its own table; they leave it with this call. */
function withFormats<T>(formats: Rewritten['formats'], run: () => T): T {
  try {
    for (const [name, test] of formats) format[name] = test;
    return run();
  } finally {
    for (const name of formats.keys()) delete format[name];
  }
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

function problemOf(unit: OutputUnit, schema: Rewritten, value: Json): SchemaProblem {
  const path = segmentsOf(unit.instanceLocation);
  const holder = schemaAt(schema, segmentsOf(unit.keywordLocation).slice(0, -1));
  const wanted = holder === undefined ? undefined : ownValue(holder, unit.keyword);
  if (unit.keyword === 'required') {
    const name = /"(.*)"/s.exec(unit.error)?.[1] ?? '';
    return { path: [...asIssuePath(path, value), name], message: 'is missing' };
  }
  const note = holder === undefined ? undefined : ownValue(holder, PATTERN_NOTE);
  if (holder?.[UNIQUE_NOTE] === true) {
    return { path: asIssuePath(path, value), message: 'holds the same item twice' };
  }
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
      if (isDigits(found) && takesNumbers(wanted)) {
        return `must be ${typeNames(wanted)}: ${tooManyDigits(found)}`;
      }
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

const takesNumbers = (wanted: Json | undefined): boolean =>
  [wanted].flat().some((type) => type === 'integer' || type === 'number');

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
function schemaAt(
  { schema: root, targets }: Rewritten,
  segments: readonly string[],
): Record<string, Json> | undefined {
  let at: Json | undefined = root;
  for (const segment of segments) {
    if (at === undefined || at === null || typeof at !== 'object') return undefined;
    const next: Json | undefined = isJsonArray(at) ? at[Number(segment)] : ownValue(at, segment);
    const isRef: boolean = segment === '$ref' && typeof next === 'string';
    at = isRef ? (targets.get(String(next)) ?? valueAt(root, segmentsOf(String(next)))) : next;
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
