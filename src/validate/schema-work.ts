/**
 * How much work a JSON Schema may ask for. The validator has no bounds of its own and runs on the main
 * thread, so its work is added up before it begins, by walking schema and value as it would.
 *
 * A unit is about the time of one small subschema at one place of the value (one to three
 * microseconds). What is dearer than that (long lists of names, large enums, long texts) counts more.
 */
import { AppError } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';

/** Limits of one check; messages name them. */
export const SCHEMA_LIMITS = {
  /** Units of work that one schema with one value may take. */
  work: 100_000,
  /** Subschemas that may apply to one and the same place of a value. */
  evaluations: 10_000,
  /** How deep values may nest, and subschemas that apply to the same place. */
  depth: 200,
} as const;

/** Total depth of schemas within values that the validator is sure to have the stack for. */
const MAX_STACK = 1000;

export interface Work {
  /** @throws AppError LIMIT_EXCEEDED when all units are spent */
  spend(units: number): void;
}

/** The allowance of one check. */
export function createWork(): Work {
  let left: number = SCHEMA_LIMITS.work;
  return {
    spend(units) {
      left -= units;
      if (left < 0) throw tooMuch(`more than ${SCHEMA_LIMITS.work} units of work`, 'work');
    },
  };
}

/** The error of a limit, which it names. */
export function tooMuch(what: string, limit: keyof typeof SCHEMA_LIMITS): AppError {
  const message = `checking this takes ${what} (limit schema.${limit})`;
  return new AppError('LIMIT_EXCEEDED', message, { hint: 'use a simpler schema or less data' });
}

/** Where references lead: schemas by absolute URI, as the validator has it. */
export type Lookup = Readonly<Record<string, unknown>>;

interface Walk {
  readonly lookup: Lookup;
  readonly work: Work;
  readonly widths: Map<JsonObject, number>;
}

/**
 * Spends what the validator would take at most: every branch is counted, whether it applies or not.
 * @throws AppError LIMIT_EXCEEDED
 */
export function chargeEvaluation(schema: Json, lookup: Lookup, value: Json, work: Work): void {
  charge({ lookup, work, widths: new Map() }, schema, value, 0);
}

function charge(walk: Walk, schema: Json, value: Json, depth: number): void {
  walk.work.spend(1);
  if (!isJsonObject(schema)) return;
  if (depth > MAX_STACK) throw tooMuch(`more than ${MAX_STACK} schemas within each other`, 'depth');
  walk.work.spend(widthOf(walk, schema) + sizeAt(schema, value));
  for (const inner of samePlace(walk, schema, value)) charge(walk, inner, value, depth + 1);
  if (isJsonArray(value)) chargeItems(walk, schema, value, depth + 1);
  else if (isJsonObject(value)) chargeProperties(walk, schema, value, depth + 1);
}

/** What a schema costs wherever it is applied, by the length of its own lists. */
function widthOf(walk: Walk, schema: JsonObject): number {
  const known = walk.widths.get(schema);
  if (known !== undefined) return known;
  const { properties, required, dependentRequired, enum: list, const: constant } = schema;
  const names = count(properties) / 8 + count(required) / 4;
  const dependent =
    dependentRequired === undefined ? 0 : JSON.stringify(dependentRequired).length / 64;
  const texts = [list, constant].filter((one) => one !== undefined);
  const chars = texts.reduce<number>((sum, one) => sum + JSON.stringify(one).length, 0);
  const width = names + dependent + chars / 256;
  walk.widths.set(schema, width);
  return width;
}

const count = (value: Json | undefined): number =>
  isJsonArray(value) ? value.length : isJsonObject(value) ? Object.keys(value).length : 0;

/** Characters whose check takes one unit, for formats that are not checked in a glance. */
const SLOW_FORMATS: Readonly<Record<string, number>> = {
  uri: 0.5,
  'uri-reference': 0.5,
  'uri-template': 1,
  'json-pointer': 2,
  'json-pointer-uri-fragment': 2,
};

/** What a schema costs by the size of the value it is applied to. */
function sizeAt(schema: JsonObject, value: Json): number {
  if (typeof value === 'string') {
    const { format } = schema;
    const slow = typeof format === 'string' ? (SLOW_FORMATS[format] ?? 256) : 1024;
    return value.length / slow;
  }
  const branches = count(schema.allOf) + count(schema.anyOf) + count(schema.oneOf);
  return (count(value) * (1 + 2 * branches)) / 8;
}

/** The subschemas that apply to the same place of the value. */
function samePlace({ lookup }: Walk, schema: JsonObject, value: Json): Json[] {
  const target = referredTo(schema, lookup);
  const found = inPlaceSchemas(schema, (key) => isJsonObject(value) && Object.hasOwn(value, key));
  return target === undefined ? found : [target, ...found];
}

function referredTo(schema: JsonObject, lookup: Lookup): Json | undefined {
  if (schema.$ref === undefined) return undefined;
  // The validator keeps the reference's absolute form beside it, out of sight of `Object.keys`.
  const { __absolute_ref__: absolute } = schema;
  return lookup[String(absolute ?? schema.$ref)] as Json | undefined;
}

/** Subschemas that look at what the schema itself looks at, references aside. */
export function inPlaceSchemas(schema: JsonObject, has: (key: string) => boolean): Json[] {
  const found: Json[] = [];
  for (const list of [schema.allOf, schema.anyOf, schema.oneOf]) {
    if (isJsonArray(list)) for (const item of list) found.push(item);
  }
  for (const one of [schema.not, schema.if, schema.then, schema.else]) {
    if (one !== undefined) found.push(one);
  }
  const { dependentSchemas } = schema;
  if (isJsonObject(dependentSchemas)) {
    for (const [key, one] of Object.entries(dependentSchemas)) if (has(key)) found.push(one);
  }
  return found;
}

function chargeItems(walk: Walk, schema: JsonObject, items: readonly Json[], depth: number): void {
  const { prefixItems, items: rest, contains, unevaluatedItems } = schema;
  const first = isJsonArray(prefixItems) ? prefixItems : [];
  for (const [i, inner] of first.slice(0, items.length).entries()) {
    charge(walk, inner, items[i] ?? null, depth);
  }
  if (rest !== undefined) {
    for (let i = first.length; i < items.length; i++) charge(walk, rest, items[i] ?? null, depth);
  }
  for (const inner of [contains, unevaluatedItems]) {
    if (inner !== undefined) for (const item of items) charge(walk, inner, item, depth);
  }
}

function chargeProperties(walk: Walk, schema: JsonObject, value: JsonObject, depth: number): void {
  const { additionalProperties, unevaluatedProperties, propertyNames } = schema;
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  for (const [key, inner] of Object.entries(properties)) {
    if (Object.hasOwn(value, key)) charge(walk, inner, value[key] ?? null, depth);
  }
  const others = additionalProperties ?? unevaluatedProperties;
  if (others === undefined && propertyNames === undefined) return;
  const known = additionalProperties === undefined ? {} : properties;
  for (const [key, item] of Object.entries(value)) {
    if (propertyNames !== undefined) charge(walk, propertyNames, key, depth);
    if (others !== undefined && !Object.hasOwn(known, key)) charge(walk, others, item, depth);
  }
}
