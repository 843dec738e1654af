/**
 * A workflow as it is written: a bare definition, or a package with the definition in it.
 */
import type { WorkflowPackage } from '../model/definition.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';

/** True for a package (with `definition`), false for a bare definition. */
export const isPackage = (raw: Json): raw is JsonObject =>
  isJsonObject(raw) && Object.hasOwn(raw, 'definition') && !Object.hasOwn(raw, 'steps');

/** What stands around a definition, from the fields as they are written. */
export function packageOf(parts: JsonObject): Omit<WorkflowPackage, 'definition'> {
  const triggers = ownValue(parts, 'triggers');
  return {
    name: textOf(parts, 'name'),
    description: textOf(parts, 'description'),
    category: textOf(parts, 'category'),
    inputSchema: ownValue(parts, 'input_schema') ?? null,
    outputSchema: ownValue(parts, 'output_schema') ?? null,
    triggers: triggers !== undefined && isJsonObject(triggers) ? triggers : null,
  };
}

function textOf(object: JsonObject, key: string): string | null {
  const value = ownValue(object, key);
  return typeof value === 'string' ? value : null;
}
