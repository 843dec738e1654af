/**
 * A run's effective inputs: what the schema, the definition and the caller give, in this order, and
 * whether they fit the schema, before a run exists.
 */
import type { WorkflowPackage } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';
import { errorAt } from './issues.ts';
import { checkAgainstSchema } from './schema-check.ts';
import { withDefaults } from './schema-defaults.ts';
import { createSubschemaCheck } from './subschema-fits.ts';

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
  const filled = filledInputs(inputSchema, merged);
  if ('error' in filled) return { inputs: merged, issues: [filled.error] };
  const { inputs } = filled;
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

/** Inputs with the schema's defaults, or why they cannot be filled in. */
function filledInputs(
  schema: Json,
  merged: JsonObject,
): { readonly inputs: JsonObject } | { readonly error: Issue } {
  try {
    return { inputs: withDefaults(schema, merged, createSubschemaCheck(schema)) as JsonObject };
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const hint = thrown.hint === undefined ? {} : { hint: thrown.hint };
    return { error: errorAt(['params'], thrown.message, { code: thrown.code, ...hint }) };
  }
}
