/**
 * Whether a JSON Schema is itself one: keywords of draft 2020-12, their types, references, patterns.
 *
 * A validator ignores what it does not know, so a typo would silently allow everything. Names that no
 * keyword is near to are annotations and allowed.
 */
import { nearestName } from '../core/graph-nearest.ts';
import { AppError, type ErrorCode, messageOf } from '../model/error.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import { described } from './fields.ts';
import { errorAt } from './issues.ts';
import { compilePattern } from './schema-pattern.ts';
import { checkPlaces, createResolver, type Resolve } from './schema-places.ts';
import { createWork, type Work } from './schema-work.ts';

interface Lint {
  readonly resolve: Resolve;
  readonly work: Work;
  /** Whether a name near to a keyword is taken for a typo. */
  readonly typos: boolean;
  readonly issues: Issue[];
}

type Check = (lint: Lint, value: Json, path: IssuePath) => void;

const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'];
/** Other languages' names for types. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'integer',
  long: 'integer',
  float: 'number',
  double: 'number',
  bool: 'boolean',
  str: 'string',
  text: 'string',
  list: 'array',
  dict: 'object',
  map: 'object',
};
const MAX_DEPTH = 100;

/** Everything wrong with a schema; `path` is where it is written. */
export const lintSchema = (schema: Json, path: IssuePath): Issue[] => lintAt(schema, path, true);

/** The same of a schema that others wrote, whose annotations may have any name. */
export const lintUnknownSchema = (schema: Json): Issue[] => lintAt(schema, [], false);

function lintAt(schema: Json, path: IssuePath, typos: boolean): Issue[] {
  const resolve = createResolver(schema);
  const lint: Lint = { resolve, work: createWork(), typos, issues: [] };
  try {
    checkSchema(lint, schema, path);
    if (lint.issues.length === 0) checkPlaces(schema, resolve);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    addError(lint, path, thrown);
  }
  return lint.issues;
}

function addError(lint: Lint, path: IssuePath, { code, message, hint }: AppError): void {
  add(lint, path, message, hint, code);
}

function add(
  lint: Lint,
  path: IssuePath,
  message: string,
  hint?: string | undefined,
  code: ErrorCode = 'VALIDATION_ERROR',
): void {
  lint.issues.push(errorAt(path, message, { hint, code }));
}

const checkSchema: Check = (lint, schema, path) => {
  if (typeof schema === 'boolean') return;
  if (!isJsonObject(schema)) {
    add(lint, path, `a JSON Schema is an object, true or false, not ${described(schema)}`);
    return;
  }
  if (path.length > MAX_DEPTH) {
    add(lint, path.slice(0, 12), `the schema nests deeper than ${MAX_DEPTH} levels`);
    return;
  }
  lint.work.spend(2);
  for (const [keyword, value] of Object.entries(schema)) {
    checkKeyword(lint, keyword, value, [...path, keyword]);
  }
  // Bounds that nothing fits are legal in the standard, and a mistake in a schema of one's own.
  if (lint.typos) checkBounds(lint, schema, path);
};

function checkKeyword(lint: Lint, keyword: string, value: Json, path: IssuePath): void {
  const check = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
  if (check !== undefined) {
    check(lint, value, path);
    return;
  }
  const replaced = Object.hasOwn(REPLACED, keyword) ? REPLACED[keyword] : undefined;
  if (replaced !== undefined) {
    const why = UNSUPPORTED.has(keyword)
      ? 'is not supported here'
      : 'is no keyword of JSON Schema 2020-12';
    add(lint, path, `"${keyword}" ${why}`, replaced);
    return;
  }
  if (!lint.typos || keyword.startsWith('x-') || keyword.startsWith('$')) return;
  const near = nearestName(keyword, Object.keys(KEYWORDS));
  if (near !== null) {
    add(lint, path, `"${keyword}" is no keyword of JSON Schema`, `did you mean "${near}"?`);
  }
}

const wanted =
  (what: string, test: (value: Json) => boolean): Check =>
  (lint, value, path) => {
    if (!test(value)) add(lint, path, `this must be ${what}, not ${described(value)}`);
  };

const isText = (value: Json): boolean => typeof value === 'string';
const isNumber = (value: Json): boolean => typeof value === 'number';
const text = wanted('a text', isText);
const flag = wanted('true or false', (value) => typeof value === 'boolean');
const number = wanted('a number', isNumber);
const count = wanted('a whole number, 0 or more', (v) => Number.isInteger(v) && Number(v) >= 0);
const texts = wanted('a list of texts', (v) => isJsonArray(v) && v.every(isText));
const anything: Check = () => undefined;

const schemas: Check = (lint, value, path) => {
  if (!isJsonArray(value) || value.length === 0) {
    add(lint, path, `this must be a list of schemas, not ${described(value)}`);
    return;
  }
  for (const [i, item] of value.entries()) checkSchema(lint, item, [...path, i]);
};

const schemaMap: Check = (lint, value, path) => {
  if (!isJsonObject(value)) {
    add(lint, path, `this must be an object of schemas, not ${described(value)}`);
    return;
  }
  for (const [key, item] of Object.entries(value)) checkSchema(lint, item, [...path, key]);
};

const patternMap: Check = (lint, value, path) => {
  schemaMap(lint, value, path);
  if (!isJsonObject(value)) return;
  for (const key of Object.keys(value)) pattern(lint, key, [...path, key]);
};

const pattern: Check = (lint, value, path) => {
  if (typeof value !== 'string') {
    text(lint, value, path);
    return;
  }
  try {
    compilePattern(value, lint.work);
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    add(lint, path, `this is no regular expression: ${messageOf(thrown)}`);
  }
};

const type: Check = (lint, value, path) => {
  const names = isJsonArray(value) ? value : [value];
  if (names.length === 0) add(lint, path, 'this list of types is empty');
  for (const name of names) {
    if (typeof name === 'string' && TYPES.includes(name)) continue;
    const meant = typeof name === 'string' ? (TYPE_NAMES[name.toLowerCase()] ?? null) : null;
    const near = meant ?? (typeof name === 'string' ? nearestName(name, TYPES) : null);
    const hint = near === null ? undefined : `did you mean "${near}"?`;
    add(lint, path, `a type is one of ${TYPES.join(', ')}, not ${described(name)}`, hint);
  }
};

const required: Check = (lint, value, path) => {
  if (typeof value !== 'boolean') {
    texts(lint, value, path);
    return;
  }
  const hint = 'list the names in the `required` of the object around it';
  add(lint, path, '`required` is a list of names, not true or false', hint);
};

const exclusive: Check = (lint, value, path) => {
  if (typeof value !== 'boolean') {
    number(lint, value, path);
    return;
  }
  add(lint, path, 'this is the bound itself, a number, not true or false');
};

const items: Check = (lint, value, path) => {
  if (isJsonArray(value)) {
    add(lint, path, '`items` is one schema for all', 'one for each place is `prefixItems`');
  } else checkSchema(lint, value, path);
};

const dependentRequired: Check = (lint, value, path) => {
  if (!isJsonObject(value)) {
    add(lint, path, `this must be an object of lists, not ${described(value)}`);
    return;
  }
  for (const [key, names] of Object.entries(value)) texts(lint, names, [...path, key]);
};

const multiple: Check = (lint, value, path) => {
  if (typeof value !== 'number' || value <= 0) {
    add(lint, path, `this must be a number above 0, not ${described(value)}`);
  }
};

const reference: Check = (lint, value, path) => {
  if (typeof value !== 'string') {
    text(lint, value, path);
    return;
  }
  if (!value.startsWith('#')) {
    const hint = 'put what it refers to under `$defs` and write "#/$defs/…"';
    add(lint, path, `only references into the same schema are followed, not "${value}"`, hint);
  } else if (lint.resolve(value) === undefined) {
    add(lint, path, `"${value}" leads to nothing in this schema`);
  }
};

const list = wanted('a list', isJsonArray);

const KEYWORDS: Readonly<Record<string, Check>> = {
  $schema: text,
  $id: text,
  $anchor: text,
  $ref: reference,
  $comment: text,
  $vocabulary: anything,
  $defs: schemaMap,
  definitions: schemaMap,
  type,
  enum: list,
  const: anything,
  title: text,
  description: text,
  default: anything,
  examples: list,
  deprecated: flag,
  readOnly: flag,
  writeOnly: flag,
  format: text,
  multipleOf: multiple,
  minimum: number,
  maximum: number,
  exclusiveMinimum: exclusive,
  exclusiveMaximum: exclusive,
  minLength: count,
  maxLength: count,
  pattern,
  items,
  prefixItems: schemas,
  contains: checkSchema,
  minContains: count,
  maxContains: count,
  minItems: count,
  maxItems: count,
  uniqueItems: flag,
  unevaluatedItems: checkSchema,
  properties: schemaMap,
  patternProperties: patternMap,
  additionalProperties: checkSchema,
  unevaluatedProperties: checkSchema,
  propertyNames: checkSchema,
  required,
  minProperties: count,
  maxProperties: count,
  dependentRequired,
  dependentSchemas: schemaMap,
  allOf: schemas,
  anyOf: schemas,
  oneOf: schemas,
  not: checkSchema,
  if: checkSchema,
  then: checkSchema,
  else: checkSchema,
  contentEncoding: text,
  contentMediaType: text,
  contentSchema: checkSchema,
};

/** Keywords of older drafts and of other formats, with what is written instead. */
const REPLACED: Readonly<Record<string, string>> = {
  id: 'write "$id"',
  additionalItems: 'write `prefixItems` and `items`',
  dependencies: 'write `dependentRequired` or `dependentSchemas`',
  nullable: 'write a list of types: ["string", "null"]',
  optional: 'leave the name out of `required`',
  divisibleBy: 'write `multipleOf`',
  $dynamicRef: 'write "$ref": a schema that is completed elsewhere is not supported',
  $dynamicAnchor: 'write "$anchor" and "$ref"',
  $recursiveRef: 'write "$ref": "#"',
};

/** Those of them that the standard has. */
const UNSUPPORTED: ReadonlySet<string> = new Set(['$dynamicRef', '$dynamicAnchor']);

const BOUNDS: readonly (readonly [string, string])[] = [
  ['minimum', 'maximum'],
  ['minLength', 'maxLength'],
  ['minItems', 'maxItems'],
  ['minProperties', 'maxProperties'],
];

function checkBounds(lint: Lint, schema: JsonObject, path: IssuePath): void {
  for (const [low, high] of BOUNDS) {
    const min = ownValue(schema, low);
    const max = ownValue(schema, high);
    if (typeof min !== 'number' || typeof max !== 'number' || min <= max) continue;
    add(lint, [...path, low], `\`${low}\` is ${min}, above \`${high}\`, which is ${max}`);
  }
}
