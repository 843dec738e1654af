/**
 * Whether a JSON Schema is one: each keyword of 2020-12 holds a value of the kind it must hold.
 *
 * The library takes `{"type": "intt"}` for a schema that nothing fits; that would be told as a fault
 * of the data. Unknown keywords are annotations, as the standard says.
 */
import { isJsonArray, isJsonObject, type Json } from '../model/json.ts';

const TYPES = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'];

type Kind =
  | 'schema'
  | 'schemas'
  | 'schema map'
  | 'text'
  | 'texts'
  | 'count'
  | 'number'
  | 'bool'
  | 'list'
  | 'type';

const KEYWORDS: Readonly<Record<string, Kind>> = {
  type: 'type',
  enum: 'list',
  required: 'texts',
  properties: 'schema map',
  patternProperties: 'schema map',
  $defs: 'schema map',
  definitions: 'schema map',
  dependentSchemas: 'schema map',
  additionalProperties: 'schema',
  unevaluatedProperties: 'schema',
  propertyNames: 'schema',
  items: 'schema',
  unevaluatedItems: 'schema',
  contains: 'schema',
  not: 'schema',
  if: 'schema',
  then: 'schema',
  else: 'schema',
  prefixItems: 'schemas',
  allOf: 'schemas',
  anyOf: 'schemas',
  oneOf: 'schemas',
  pattern: 'text',
  format: 'text',
  $ref: 'text',
  $id: 'text',
  $anchor: 'text',
  minLength: 'count',
  maxLength: 'count',
  minItems: 'count',
  maxItems: 'count',
  minContains: 'count',
  maxContains: 'count',
  minProperties: 'count',
  maxProperties: 'count',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'number',
  exclusiveMaximum: 'number',
  multipleOf: 'number',
  uniqueItems: 'bool',
};

/** The first thing wrong with a schema, with its place (`/properties/a/type`), or null. */
export function schemaProblem(schema: Json, place = ''): string | null {
  if (typeof schema === 'boolean') return null;
  if (!isJsonObject(schema)) return `${place === '' ? 'it' : place} must be an object or a bool`;
  for (const [keyword, value] of Object.entries(schema)) {
    const kind = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
    const problem = kind === undefined ? null : keywordProblem(kind, value, `${place}/${keyword}`);
    if (problem !== null) return problem;
  }
  return null;
}

type Nested = 'schema' | 'schemas' | 'schema map' | 'type';

const FITS: Readonly<
  Record<Exclude<Kind, Nested>, readonly [wanted: string, fits: (value: Json) => boolean]>
> = {
  text: ['a text', (value) => typeof value === 'string'],
  texts: [
    'a list of texts',
    (value) => isJsonArray(value) && value.every((item) => typeof item === 'string'),
  ],
  count: ['a whole number, 0 or more', (value) => Number.isInteger(value) && Number(value) >= 0],
  number: ['a number', (value) => typeof value === 'number'],
  bool: ['true or false', (value) => typeof value === 'boolean'],
  list: ['a list', isJsonArray],
};

function keywordProblem(kind: Kind, value: Json, place: string): string | null {
  switch (kind) {
    case 'schema':
      return schemaProblem(value, place);
    case 'schemas':
      return isJsonArray(value) ? firstProblem(value.entries(), place) : `${place} must be a list`;
    case 'schema map':
      return isJsonObject(value)
        ? firstProblem(Object.entries(value), place)
        : `${place} must be an object`;
    case 'type':
      return typeProblem(value, place);
    default: {
      const [wanted, fits] = FITS[kind];
      return fits(value) ? null : `${place} must be ${wanted}`;
    }
  }
}

function firstProblem(
  schemas: Iterable<readonly [string | number, Json]>,
  place: string,
): string | null {
  for (const [key, schema] of schemas) {
    const problem = schemaProblem(schema, `${place}/${key}`);
    if (problem !== null) return problem;
  }
  return null;
}

function typeProblem(value: Json, place: string): string | null {
  const names = isJsonArray(value) ? value : [value];
  const unknown = names.find((name) => typeof name !== 'string' || !TYPES.includes(name));
  if (unknown === undefined) return null;
  return `${place} ${JSON.stringify(unknown)} is no type, known are ${TYPES.join(', ')}`;
}
