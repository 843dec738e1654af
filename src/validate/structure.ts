/**
 * The shape of a definition and of the package around it: known fields, types, ranges, limits.
 *
 * What is right of a broken definition is handed on, so that its references, cycles and params are
 * checked in the same go.
 */
import { type Definition, INTERRUPT_POLICIES } from '../model/definition.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import {
  anyJson,
  described,
  duration,
  type Field,
  type Fields,
  fail,
  flag,
  listOf,
  mapOf,
  name,
  object,
  oneOf,
  type Reader,
  type Reading,
  readFields,
  shapeOf,
  text,
  whole,
} from './fields.ts';
import type { DefinitionLimits } from './limits.ts';
import { isPackage } from './package.ts';
import { readRetry, readStep, readSteps } from './structure-step.ts';

const field = (read: Reader): Field => ({ read });
const required = (read: Reader, what: string): Field => ({ read, required: what });

const TOP = { nesting: 0, isHook: false } as const;

const topSteps: Reader = (reading, value, path) => {
  if (isJsonArray(value) && value.length === 0) {
    return fail(reading, path, 'a workflow needs at least one step');
  }
  return readSteps(reading, value, path, TOP);
};

const hook: Reader = (reading, value, path) => {
  if (!isJsonObject(value))
    return fail(reading, path, `a step is an object, not ${described(value)}`);
  return readStep(reading, value, path, { nesting: 0, isHook: true });
};

const DEFINITION: Fields = {
  steps: required(topSteps, 'the list of what is done'),
  inputs: field(object),
  context: field(object),
  output: field(anyJson),
  timeout: field(duration),
  on_timeout: field(oneOf(['fail', 'suspend', 'cancel'])),
  on_complete: field(hook),
  on_error: field(hook),
  on_interrupt: field(oneOf(INTERRUPT_POLICIES)),
  fail_fast: field(flag),
  max_concurrency: field(whole(1)),
  concurrency: field(
    shapeOf('concurrency', {
      key: required(name, 'runs with the same key are counted together'),
      limit: required(whole(1), 'how many run at once'),
      when_full: field(oneOf(['queue', 'reject', 'replace'])),
    }),
  ),
  order: field(oneOf(['graph', 'sequence'])),
  defaults: field(
    shapeOf('defaults', {
      timeout: field(duration),
      retry: field(readRetry),
      on_interrupt: field(oneOf(INTERRUPT_POLICIES)),
      params: field(mapOf(object)),
    }),
  ),
  working_dir: field(name),
  metadata: field(object),
};

const CRON = shapeOf('a cron trigger', {
  name: field(name),
  expression: required(name, 'when it fires'),
  timezone: field(name),
  params: field(object),
  version: field(anyJson),
  agent_id: field(name),
  enabled: field(flag),
  overlap: field(oneOf(['skip', 'queue', 'cancel_running', 'allow'])),
  catch_up: field(anyJson),
  jitter: field(duration),
  pause_after: field(whole(1)),
});

const WEBHOOK = shapeOf('a webhook trigger', {
  name: required(name, 'its address'),
  secret: required(name, 'names the secret that signs requests'),
});

const TRIGGERS = shapeOf('triggers', {
  cron: field(listOf(CRON)),
  webhook: field(listOf(WEBHOOK)),
});

/** `definition` is read by itself. */
const PACKAGE: Fields = {
  name: field(name),
  description: field(text),
  category: field(text),
  input_schema: field(anyJson),
  output_schema: field(anyJson),
  triggers: field(TRIGGERS),
  definition: required(anyJson, 'the workflow itself'),
};

export interface Structure {
  /** What is right of the definition; null when there is nothing to go on with. */
  readonly definition: Definition | null;
  readonly issues: readonly Issue[];
  /** Where the definition is written: `definition` in a package, else nothing. */
  readonly prefix: IssuePath;
  readonly steps: number;
}

/** Checks the shape of a workflow as it was read. */
export function checkStructure(raw: Json, limits: DefinitionLimits): Structure {
  const reading: Reading = { issues: [], limits, steps: 0, stopped: false };
  const none = { definition: null, issues: reading.issues, prefix: [], steps: 0 };
  if (!isJsonObject(raw)) {
    const hint = 'begin with { "steps": [ … ] }';
    fail(reading, [], `a workflow is an object with \`steps\`, not ${described(raw)}`, hint);
    return none;
  }
  const prefix = isPackage(raw) ? ['definition'] : [];
  const value = isPackage(raw) ? packaged(reading, raw) : raw;
  if (value === null) return none;
  const hint = (key: string): string | null => packageHint(key, prefix.length > 0);
  const kept = readFields(reading, value, prefix, 'a workflow', DEFINITION, { hint });
  const usable = Array.isArray(kept.steps) && !reading.stopped;
  const whole_ = reading.issues.length === 0 ? value : kept;
  return {
    definition: usable ? (whole_ as unknown as Definition) : null,
    issues: reading.issues,
    prefix,
    steps: reading.steps,
  };
}

function packaged(reading: Reading, raw: JsonObject): JsonObject | null {
  readFields(reading, raw, [], 'a package', PACKAGE);
  const definition = raw.definition;
  if (definition !== undefined && isJsonObject(definition)) return definition;
  const found = definition === undefined ? 'nothing' : described(definition);
  fail(reading, ['definition'], `this must be an object with \`steps\`, not ${found}`);
  return null;
}

function packageHint(key: string, inPackage: boolean): string | null {
  if (!Object.hasOwn(PACKAGE, key) || key === 'definition') return null;
  return inPackage
    ? `\`${key}\` belongs beside \`definition\`, not into it`
    : `\`${key}\` belongs to a package: { "name": …, "${key}": …, "definition": { "steps": … } }`;
}
