/**
 * Whether any object at all can fit a JSON Schema: what says `type: array`, or `false`, never fits the
 * params of a run. Only what is certain counts; a schema that cannot be judged admits objects.
 */
import { isJsonArray, isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';

const MAX_DEPTH = 32;

/** False when surely no object fits. */
export const admitsObject = (schema: Json): boolean => admits(schema, schema, 0);

function admits(root: Json, schema: Json, depth: number): boolean {
  if (typeof schema === 'boolean') return schema;
  if (!isJsonObject(schema) || depth > MAX_DEPTH) return true;
  const below = (each: Json): boolean => admits(root, each, depth + 1);
  const target = ownValue(schema, '$ref');
  if (typeof target === 'string' && !below(referred(root, target))) return false;
  if (!typeAdmits(schema) || !valuesAdmit(schema)) return false;
  return (
    listOf(schema, 'allOf').every(below) &&
    anyAdmits(schema, 'anyOf', below) &&
    anyAdmits(schema, 'oneOf', below)
  );
}

function typeAdmits(schema: JsonObject): boolean {
  const type = ownValue(schema, 'type');
  if (typeof type === 'string') return type === 'object';
  return type === undefined || !isJsonArray(type) || type.includes('object');
}

function valuesAdmit(schema: JsonObject): boolean {
  const fixed = ownValue(schema, 'const');
  if (fixed !== undefined && !isJsonObject(fixed)) return false;
  const values = ownValue(schema, 'enum');
  return values === undefined || !isJsonArray(values) || values.some((each) => isJsonObject(each));
}

function listOf(schema: JsonObject, key: string): readonly Json[] {
  const list = ownValue(schema, key);
  return list !== undefined && isJsonArray(list) ? list : [];
}

function anyAdmits(schema: JsonObject, key: string, below: (each: Json) => boolean): boolean {
  const list = listOf(schema, key);
  return list.length === 0 || list.some(below);
}

/** The schema that a local reference names; true when it is not found, which is told elsewhere. */
function referred(root: Json, reference: string): Json {
  if (reference === '#') return true;
  if (!reference.startsWith('#/')) return true;
  let at: Json | undefined = root;
  for (const part of reference.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    at = at !== undefined && isJsonObject(at) ? ownValue(at, key) : undefined;
  }
  return at ?? true;
}
