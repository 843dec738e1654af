/**
 * A workflow as it is written: a bare definition, or a package with the definition in it.
 */
import type { Definition, WorkflowPackage } from '../model/definition.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';

/** True for a package (with `definition`), false for a bare definition. */
export const isPackage = (raw: Json): raw is JsonObject =>
  isJsonObject(raw) && Object.hasOwn(raw, 'definition') && !Object.hasOwn(raw, 'steps');

/** The package a value stands for; null when there is no object for a definition. */
export function packOf(raw: Json): WorkflowPackage | null {
  if (!isJsonObject(raw)) return null;
  if (!isPackage(raw)) return { ...EMPTY, definition: asDefinition(raw) };
  const definition = ownValue(raw, 'definition');
  if (definition === undefined || !isJsonObject(definition)) return null;
  const triggers = ownValue(raw, 'triggers');
  return {
    name: textOf(raw, 'name'),
    description: textOf(raw, 'description'),
    category: textOf(raw, 'category'),
    inputSchema: ownValue(raw, 'input_schema') ?? null,
    outputSchema: ownValue(raw, 'output_schema') ?? null,
    triggers: isJsonObject(triggers) ? triggers : null,
    definition: asDefinition(definition),
  };
}

const EMPTY: Omit<WorkflowPackage, 'definition'> = {
  name: null,
  description: null,
  category: null,
  inputSchema: null,
  outputSchema: null,
  triggers: null,
};

function textOf(object: JsonObject, key: string): string | null {
  const value = ownValue(object, key);
  return typeof value === 'string' ? value : null;
}

/** Taken at its word: only `validateWorkflow` makes it true. */
const asDefinition = (value: JsonObject): Definition => value as unknown as Definition;
