/**
 * An input for each operation that shows what it is for; where there is none here, one is made of the
 * fields that must be given. Tests check each against its operation.
 */
import type { JsonObject } from '../model/json.ts';

const RUN_ID = '01934c5e-8a2b-7c3d-9e4f-5a6b7c8d9e0f';

const DEFINITION = {
  steps: [{ id: 'sum', action: 'cel.eval', params: { expression: 'inputs.a + inputs.b' } }],
};

/** By operation. */
export const EXAMPLES: Readonly<Record<string, JsonObject>> = {
  run: { template_name: 'nightly-report', params: { day: '2026-01-31' }, wait: '30s' },
  rerun: { workflow_id: RUN_ID, failed: true, wait: '30s' },
  define: { name: 'sum', definition: DEFINITION, description: 'Adds two numbers' },
  validate: { definition: DEFINITION },
  schema: {},
  status: { workflow_id: RUN_ID, wait: '30s', until: 'ended' },
  overview: { limit: 10 },
  signal: {
    workflow_id: RUN_ID,
    signal_type: 'decision',
    step_id: 'approve',
    payload: { choice: 'ship' },
    reasoning: 'the tests are green',
  },
  query: { resource: 'workflows', filter: { status: ['failed'], limit: 50 } },
  template: { template_name: 'nightly-report' },
  events: { workflow_id: RUN_ID, after: '9f86d081884c.0', limit: 100 },
  logs: { workflow_id: RUN_ID, step_id: 'build' },
  diagram: { workflow_id: RUN_ID, format: 'svg' },
  nodes: {},
  recover: { workflow_id: RUN_ID },
  followEvents: { workflow_id: RUN_ID },
  followLogs: { workflow_id: RUN_ID },
};

/** As much of JSON Schema as an example is made from. */
interface Sampled {
  readonly type?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly anyOf?: readonly Sampled[];
  readonly items?: Sampled;
  readonly minItems?: number;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Sampled>>;
  readonly required?: readonly string[];
}

/** The least value that has the types of a schema. */
export function sampleOf(schema: Sampled): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return sampleOf(schema.anyOf[0] ?? {});
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return 'text';
    case 'integer':
    case 'number':
      return schema.minimum ?? 0;
    case 'boolean':
      return false;
    case 'array':
      return (schema.minItems ?? 0) > 0 ? [sampleOf(schema.items ?? {})] : [];
    case 'null':
      return null;
    default:
      return sampleObject(schema);
  }
}

function sampleObject({ properties = {}, required = [] }: Sampled): unknown {
  return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {})]));
}
