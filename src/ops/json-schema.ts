/**
 * JSON Schemas of operations, for tool lists, OpenAPI and forms.
 *
 * The shapes that a JSON Schema library cannot read off (any JSON, an object that may come as JSON
 * text) are named here; everything else follows from the schema that input is checked with.
 */
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import { definitionValue, json, jsonObject, objectOrText } from './shapes.ts';

type Known = ReadonlyMap<unknown, JsonSchema>;

const known = (): Known =>
  new Map<unknown, JsonSchema>([
    [json, {}],
    [jsonObject, { type: 'object' }],
    [objectOrText, { type: 'object' }],
    [definitionValue, { type: ['object', 'string'] }],
  ]);

/** What callers may send. */
export const inputJsonSchema = (schema: GenericSchema): JsonSchema => convert(schema, 'input');

/** What they get back. */
export const outputJsonSchema = (schema: GenericSchema): JsonSchema => convert(schema, 'output');

function convert(schema: GenericSchema, typeMode: 'input' | 'output'): JsonSchema {
  const shapes = known();
  return toJsonSchema(schema, {
    typeMode,
    errorMode: 'throw',
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      const shape = shapes.get(valibotSchema);
      if (shape === undefined) return undefined;
      const { description } = jsonSchema;
      return description === undefined ? shape : { ...shape, description };
    },
  });
}
