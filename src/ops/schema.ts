/** `schema`: the JSON Schema of a workflow file, for editors. */
import type { JsonObject } from '../model/json.ts';
import { workflowJsonSchema } from '../validate/json-schema.ts';
import { NOT_MCP, type Operation } from './operation.ts';
import type { OpsParts } from './parts.ts';
import { schemaInput, schemaOutput } from './schemas.ts';

export function createSchema(parts: OpsParts): Operation<typeof schemaInput, typeof schemaOutput> {
  return {
    name: 'schema',
    summary: 'Give the JSON Schema of workflow files',
    input: schemaInput,
    output: schemaOutput,
    surfaces: NOT_MCP,
    access: 'read',
    handle: async () => ({ schema: workflowJsonSchema(parts.actions) as JsonObject }),
  };
}
