/**
 * Fills in the `default`s of a JSON Schema, wherever a schema says them for a place that exists.
 *
 * What always applies is looked at in this order, and the first that gives a default wins: the schema at
 * the place itself, what its `$ref` leads to (over any number of hops), the members of its `allOf`,
 * `dependentSchemas` of properties that are there, and the branch of `if` that applies to the value as it
 * is filled so far. Under `anyOf`, `oneOf` and `not` nothing is filled: which of them applies may depend
 * on what would be filled.
 */
import { AppError } from '../model/error.ts';
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  ownValue,
  setOwn,
} from '../model/json.ts';
import { createResolver, type Resolve } from './schema-places.ts';

/** Limits of filling one value; messages name them. */
const DEFAULTS_LIMITS = {
  /** Defaults that one value may get. */
  filled: 10_000,
  /** How deep values are filled. */
  depth: 200,
} as const;

/** True when a value fits a subschema; references lead where they lead in the whole schema. */
type Fits = (subschema: Json, value: Json) => boolean;

interface Filling {
  readonly resolve: Resolve;
  readonly fits: Fits;
  /** Schemas whose default is being filled: one inside itself would never end. */
  readonly open: Set<Json>;
  left: number;
}

/**
 * Returns the value with every default filled in; the value itself when there is none.
 *
 * @throws AppError LIMIT_EXCEEDED for more defaults than `DEFAULTS_LIMITS.filled`
 */
export function withDefaults(schema: Json, value: Json, fits: Fits): Json {
  const resolve = createResolver(schema);
  return fill({ resolve, fits, open: new Set(), left: DEFAULTS_LIMITS.filled }, schema, value, 0);
}

function fill(filling: Filling, schema: Json, value: Json, depth: number): Json {
  if (typeof value !== 'object' || value === null || depth > DEFAULTS_LIMITS.depth) return value;
  let filled: Json = value;
  for (const one of alwaysApplied(filling, schema)) filled = fillOwn(filling, one, filled, depth);
  for (const one of alwaysApplied(filling, schema)) {
    for (const branch of branchesOf(filling, one, filled)) {
      filled = fill(filling, branch, filled, depth + 1);
    }
  }
  return filled;
}

/** A schema, what it refers to and the members of its `allOf`, nearest first, each once. */
function alwaysApplied({ resolve }: Filling, schema: Json): readonly JsonObject[] {
  const found = new Set<JsonObject>();
  const visit = (one: Json | undefined): void => {
    if (one === undefined || !isJsonObject(one) || found.has(one)) return;
    found.add(one);
    const reference = ownValue(one, '$ref');
    if (typeof reference === 'string') visit(resolve(reference));
    const all = ownValue(one, 'allOf');
    if (isJsonArray(all)) for (const member of all) visit(member);
  };
  visit(schema);
  return [...found];
}

/** Schemas that apply because of what the value holds. */
function branchesOf({ fits }: Filling, schema: JsonObject, value: Json): Json[] {
  const found: Json[] = [];
  const dependent = ownValue(schema, 'dependentSchemas');
  if (dependent !== undefined && isJsonObject(dependent) && isJsonObject(value)) {
    for (const [key, one] of Object.entries(dependent)) {
      if (Object.hasOwn(value, key)) found.push(one);
    }
  }
  const test = ownValue(schema, 'if');
  const [then, otherwise] = [ownValue(schema, 'then'), ownValue(schema, 'else')];
  if (test === undefined || (then === undefined && otherwise === undefined)) return found;
  const branch = fits(test, value) ? then : otherwise;
  if (branch !== undefined) found.push(branch);
  return found;
}

/** Fills what the keywords of one schema object say about properties and items. */
function fillOwn(filling: Filling, schema: JsonObject, value: Json, depth: number): Json {
  if (isJsonArray(value)) return fillItems(filling, schema, value, depth);
  return isJsonObject(value) ? fillProperties(filling, schema, value, depth) : value;
}

function fillProperties(
  filling: Filling,
  schema: JsonObject,
  value: JsonObject,
  depth: number,
): JsonObject {
  const own = ownValue(schema, 'properties');
  const properties = own !== undefined && isJsonObject(own) ? own : {};
  const rest = ownValue(schema, 'additionalProperties');
  const filled: Record<string, Json> = {};
  let changed = false;
  for (const [key, item] of Object.entries(value)) {
    const below = ownValue(properties, key) ?? rest;
    const next = below === undefined ? item : fill(filling, below, item, depth + 1);
    changed ||= next !== item;
    setOwn(filled, key, next);
  }
  for (const [key, below] of Object.entries(properties)) {
    if (Object.hasOwn(value, key)) continue;
    const preset = defaultOf(filling, below, depth + 1);
    if (preset === undefined) continue;
    changed = true;
    setOwn(filled, key, preset);
  }
  return changed ? filled : value;
}

function fillItems(
  filling: Filling,
  schema: JsonObject,
  items: readonly Json[],
  depth: number,
): readonly Json[] {
  const first = ownValue(schema, 'prefixItems');
  const prefix = first !== undefined && isJsonArray(first) ? first : [];
  const rest = ownValue(schema, 'items');
  const filled = items.map((item, i) => {
    const below = i < prefix.length ? prefix[i] : rest;
    return below === undefined ? item : fill(filling, below, item, depth + 1);
  });
  // A list has no gaps: it goes on only as long as each next place has a default.
  for (const below of prefix.slice(items.length)) {
    const preset = defaultOf(filling, below, depth + 1);
    if (preset === undefined) break;
    filled.push(preset);
  }
  const same = filled.length === items.length && filled.every((item, i) => item === items[i]);
  return same ? items : filled;
}

/** The default of a place, itself filled; undefined when there is none. */
function defaultOf(filling: Filling, schema: Json, depth: number): Json | undefined {
  const holder = alwaysApplied(filling, schema).find((one) => Object.hasOwn(one, 'default'));
  if (holder === undefined || filling.open.has(holder)) return undefined;
  filling.left -= 1;
  if (filling.left < 0) throw tooManyDefaults();
  filling.open.add(holder);
  const preset = fill(filling, schema, holder.default as Json, depth);
  filling.open.delete(holder);
  return preset;
}

function tooManyDefaults(): AppError {
  const message = `the schema fills in more than ${DEFAULTS_LIMITS.filled} defaults`;
  const hint = 'give the value, or a schema with fewer nested defaults (limit defaults.filled)';
  return new AppError('LIMIT_EXCEEDED', message, { hint });
}
