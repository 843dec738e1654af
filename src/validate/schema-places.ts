/**
 * How many subschemas of a JSON Schema apply to one place of a value, and whether that ends. Known
 * from the schema alone, before any value is.
 */
import { AppError } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import { inPlaceSchemas, SCHEMA_LIMITS, tooMuch } from './schema-work.ts';

/** What a reference such as `#/$defs/a` or `#name` leads to in the same schema, or undefined. */
export type Resolve = (reference: string) => Json | undefined;

interface Place {
  readonly evaluations: number;
  readonly depth: number;
}

interface Count {
  readonly resolve: Resolve;
  /** Null while it is being counted. */
  readonly places: Map<JsonObject, Place | null>;
}

/** Keywords whose value is data and not a schema. */
export const DATA_KEYWORDS: ReadonlySet<string> = new Set([
  'enum',
  'const',
  'default',
  'examples',
  'required',
  'dependentRequired',
]);
/** Keywords whose value is an object of schemas under free names. */
export const MAP_KEYWORDS: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);

/**
 * @throws AppError VALIDATION_ERROR when a schema leads back to itself without looking further into
 * the value; LIMIT_EXCEEDED when too many apply to one place
 */
export function checkPlaces(root: Json, resolve: Resolve): void {
  const count: Count = { resolve, places: new Map() };
  for (const schema of schemasWithin(root)) placeOf(count, schema, 1);
}

/** A schema and all that are written in it, at any depth. */
function* schemasWithin(root: Json): Generator<JsonObject> {
  const open: Json[] = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (isJsonArray(next)) for (const item of next) open.push(item);
    if (!isJsonObject(next)) continue;
    yield next;
    for (const [key, value] of Object.entries(next)) open.push(schemasUnder(key, value));
  }
}

function schemasUnder(keyword: string, value: Json): Json {
  if (DATA_KEYWORDS.has(keyword) || keyword.startsWith('x-')) return [];
  return MAP_KEYWORDS.has(keyword) && isJsonObject(value) ? Object.values(value) : value;
}

const SINGLE: Place = { evaluations: 1, depth: 1 };

function placeOf(count: Count, schema: Json, depth: number): Place {
  if (!isJsonObject(schema)) return SINGLE;
  const known = count.places.get(schema);
  if (known === null) throw endless(schema);
  if (known !== undefined) return known;
  if (depth > SCHEMA_LIMITS.depth) throw tooDeep();
  count.places.set(schema, null);
  let evaluations = 1;
  let below = 0;
  for (const inner of applied(count, schema)) {
    const place = placeOf(count, inner, depth + 1);
    evaluations += place.evaluations;
    below = Math.max(below, place.depth);
  }
  if (below >= SCHEMA_LIMITS.depth) throw tooDeep();
  if (evaluations > SCHEMA_LIMITS.evaluations) {
    const most = `more than ${SCHEMA_LIMITS.evaluations} evaluations at one place of the value`;
    throw tooMuch(most, 'evaluations');
  }
  const place = { evaluations, depth: below + 1 };
  count.places.set(schema, place);
  return place;
}

function applied({ resolve }: Count, schema: JsonObject): Json[] {
  const found = inPlaceSchemas(schema, () => true);
  const reference = ownValue(schema, '$ref');
  const target = typeof reference === 'string' ? resolve(reference) : undefined;
  return target === undefined ? found : [target, ...found];
}

const tooDeep = (): AppError =>
  tooMuch(`more than ${SCHEMA_LIMITS.depth} schemas within each other at one place`, 'depth');

function endless(schema: JsonObject): AppError {
  const { $ref } = schema;
  const which = typeof $ref === 'string' ? ` ("$ref": ${JSON.stringify($ref)})` : '';
  const message = `a schema refers to itself without end${which}`;
  const hint = 'refer to it from below `properties` or `items`';
  return new AppError('VALIDATION_ERROR', message, { hint });
}

/** References into one schema, each resolved once. */
export function createResolver(root: Json): Resolve {
  const targets = new Map<string, Json | undefined>();
  let anchors: ReadonlyMap<string, Json> | null = null;
  return (reference) => {
    if (reference === '#') return root;
    if (!targets.has(reference)) {
      anchors ??= anchorsOf(root);
      const found = reference.startsWith('#/')
        ? pointedAt(root, reference)
        : anchors.get(reference.slice(1));
      targets.set(reference, found);
    }
    return targets.get(reference);
  };
}

function anchorsOf(root: Json): ReadonlyMap<string, Json> {
  const found = new Map<string, Json>();
  for (const schema of schemasWithin(root)) {
    const anchor = ownValue(schema, '$anchor');
    if (typeof anchor === 'string') found.set(anchor, schema);
  }
  return found;
}

function pointedAt(root: Json, pointer: string): Json | undefined {
  let at: Json | undefined = root;
  for (const part of pointer.slice(2).split('/')) {
    const key = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (isJsonArray(at)) at = at[Number(key)];
    else if (at !== undefined && isJsonObject(at)) at = ownValue(at, key);
    else return undefined;
  }
  return at;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
