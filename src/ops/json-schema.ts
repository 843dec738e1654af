/**
 * JSON Schemas of operations, for tool lists, OpenAPI and forms.
 *
 * The shapes that a JSON Schema library cannot read off (any JSON, an object that may come as JSON
 * text) are named here; everything else follows from the schema that input is checked with.
 */
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import { definitionValue, json, jsonObject, objectOrText, versionInput } from './shapes.ts';

type Known = ReadonlyMap<unknown, JsonSchema>;

const known = (): Known =>
  new Map<unknown, JsonSchema>([
    [json, {}],
    [jsonObject, { type: 'object' }],
    [objectOrText, { type: 'object' }],
    [definitionValue, { type: ['object', 'string'] }],
    [versionInput, { type: ['integer', 'string'] }],
  ]);

/** What callers may send. */
export const inputJsonSchema = (schema: GenericSchema): JsonSchema => convert(schema, 'input');

/** What they get back. */
export const outputJsonSchema = (schema: GenericSchema): JsonSchema => convert(schema, 'output');

const isRegex = (action: object): action is { readonly requirement: RegExp } =>
  'requirement' in action && action.requirement instanceof RegExp;

function convert(schema: GenericSchema, typeMode: 'input' | 'output'): JsonSchema {
  const shapes = known();
  return toJsonSchema(schema, {
    typeMode,
    errorMode: 'throw',
    // What no schema can say only narrows what it does say.
    ignoreActions: ['check', 'partial_check', 'raw_check'],
    overrideAction: ({ valibotAction, jsonSchema }) => {
      // A schema's pattern is one of Unicode anyway.
      const isUnicode = isRegex(valibotAction) && valibotAction.requirement.flags === 'u';
      return isUnicode ? { ...jsonSchema, pattern: valibotAction.requirement.source } : undefined;
    },
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      const shape = shapes.get(valibotSchema);
      if (shape === undefined) return undefined;
      const { description } = jsonSchema;
      return description === undefined ? shape : { ...shape, description };
    },
  });
}
