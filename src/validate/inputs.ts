/**
 * A run's effective inputs: what the schema, the definition and the caller give, in this order, and
 * whether they fit the schema, before a run exists.
 */
import type { WorkflowPackage } from '../model/definition.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  ownValue,
  setOwn,
} from '../model/json.ts';
import { errorAt } from './issues.ts';
import { checkAgainstSchema } from './schema-check.ts';

export interface EffectiveInputs {
  readonly inputs: JsonObject;
  /** Paths begin at `params`; [] when the inputs fit. */
  readonly issues: Issue[];
}

/**
 * The inputs of a run. The definition's own inputs may still hold `${{ }}`: those values are checked
 * only when they are known, the caller's as they are.
 */
export function effectiveInputs(
  pack: Pick<WorkflowPackage, 'definition' | 'inputSchema'>,
  params: JsonObject,
): EffectiveInputs {
  const { definition, inputSchema } = pack;
  const own = definition.inputs ?? {};
  const merged: Record<string, Json> = {};
  for (const source of [own, params]) {
    for (const [key, value] of Object.entries(source)) setOwn(merged, key, value);
  }
  if (inputSchema === null) return { inputs: merged, issues: [] };
  const inputs = withDefaults(inputSchema, inputSchema, merged, 0) as JsonObject;
  const unresolved = Object.keys(own)
    .filter((key) => !Object.hasOwn(params, key))
    .flatMap((key) => unresolvedPaths(own[key] as Json, [key]));
  const issues = checkAgainstSchema(inputSchema, inputs)
    .filter(({ path }) => !unresolved.some((open) => startsWith(path, open)))
    .map(({ path, message, code }) =>
      errorAt(['params', ...path], message, code === undefined ? {} : { code }),
    );
  return { inputs, issues };
}

/** Paths of the texts in a value that hold `${{ }}`. */
function unresolvedPaths(value: Json, path: IssuePath): IssuePath[] {
  if (typeof value === 'string') return value.includes('${{') ? [path] : [];
  if (isJsonArray(value)) return value.flatMap((item, i) => unresolvedPaths(item, [...path, i]));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => unresolvedPaths(item, [...path, key]));
}

const startsWith = (path: IssuePath, start: IssuePath): boolean =>
  start.every((part, i) => path[i] === part);

const MAX_DEPTH = 32;

/** A value with the `default` of every missing property filled in, at any depth. */
function withDefaults(root: Json, schema: Json, value: Json, depth: number): Json {
  const target = resolved(root, schema);
  if (target === null || !isJsonObject(value) || depth > MAX_DEPTH) return value;
  const properties = ownValue(target, 'properties');
  if (properties === undefined || !isJsonObject(properties)) return value;
  const filled: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    const below = ownValue(properties, key);
    setOwn(filled, key, below === undefined ? item : withDefaults(root, below, item, depth + 1));
  }
  for (const [key, below] of Object.entries(properties)) {
    const known = resolved(root, below);
    const preset = known === null ? undefined : ownValue(known, 'default');
    if (!Object.hasOwn(value, key) && preset !== undefined) setOwn(filled, key, preset);
  }
  return filled;
}

/** The schema object a schema is or refers to, one reference far. */
function resolved(root: Json, schema: Json): JsonObject | null {
  if (!isJsonObject(schema)) return null;
  const reference = ownValue(schema, '$ref');
  if (typeof reference !== 'string' || !reference.startsWith('#/')) return schema;
  let at: Json | undefined = root;
  for (const part of reference.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    at = at !== undefined && isJsonObject(at) ? ownValue(at, key) : undefined;
  }
  return at !== undefined && isJsonObject(at) ? at : null;
}
