/**
 * The environment of a command: that of the defaults, and over it, name by name, the step's own.
 *
 * A null takes a name away; `"*": null` takes everything away that stands before it.
 */
import { isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';

/** Takes away all names before it. */
export const ALL_NAMES = '*';

/** `over` laid over `under`; what is no object replaces it, as nothing can be known of its names. */
export function mergedEnv(under: Json | undefined, over: Json): Json {
  if (!isJsonObject(under) || !isJsonObject(over)) return over;
  const clears = Object.hasOwn(over, ALL_NAMES);
  const merged: Record<string, Json> = {};
  const layers: readonly JsonObject[] = clears ? [over] : [under, over];
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer)) setOwn(merged, name, value);
  }
  return merged;
}

/** The names of an environment that its author wrote, null when they all are. */
export function writtenNames(env: Json | undefined): readonly string[] | null {
  if (env === undefined) return null;
  if (!isJsonObject(env)) return [];
  const names = Object.keys(env).filter((name) => !name.includes('${{'));
  return names.length === Object.keys(env).length ? null : names;
}
