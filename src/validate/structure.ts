/**
 * The shape of a definition and of the package around it: known fields, types, ranges, limits.
 *
 * What is right of a broken definition is handed on, so that its references, cycles and params are
 * checked in the same go.
 */
import {
  DEFAULTS_STEPS,
  type Definition,
  INTERRUPT_POLICIES,
  type WorkflowPackage,
} from '../model/definition.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import {
  canonicalJson,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  setOwn,
} from '../model/json.ts';
import {
  anyJson,
  described,
  type Field,
  type Fields,
  fail,
  flag,
  mapOf,
  name,
  object,
  oneOf,
  type Reader,
  type Reading,
  readFields,
  shapeOf,
  someJson,
  text,
  timeLimit,
  whole,
} from './fields.ts';
import type { DefinitionLimits } from './limits.ts';
import { isPackage, packageOf } from './package.ts';
import { concurrency } from './structure-concurrency.ts';
import { readRetry, readStep, readSteps } from './structure-step.ts';
import { readTriggers } from './structure-triggers.ts';

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

/** Labels: texts, numbers and booleans by name; told from each other by their text. */
const readLabels: Reader = (reading, value, path) => {
  if (!isJsonObject(value))
    return fail(reading, path, `this must be an object, not ${described(value)}`);
  const kept: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === null) continue;
    if (typeof item === 'object') {
      fail(
        reading,
        [...path, key],
        `a label is a text, a number or a boolean, not ${described(item)}`,
      );
    } else setOwn(kept, key, item);
  }
  return kept;
};

const DEFINITION: Fields = {
  steps: required(topSteps, 'the list of what is done'),
  inputs: field(object),
  context: field(object),
  output: field(anyJson),
  timeout: field(timeLimit),
  on_timeout: field(oneOf(['fail', 'suspend', 'cancel'])),
  on_complete: field(hook),
  on_error: field(hook),
  on_interrupt: field(oneOf(INTERRUPT_POLICIES)),
  fail_fast: field(flag),
  max_concurrency: field(whole(1)),
  concurrency: field(concurrency),
  order: field(oneOf(['graph', 'sequence'])),
  defaults: field(
    shapeOf('defaults', {
      steps: field(oneOf(DEFAULTS_STEPS)),
      timeout: field(timeLimit),
      retry: field(readRetry),
      on_interrupt: field(oneOf(INTERRUPT_POLICIES)),
      params: field(mapOf(object, { optional: true })),
    }),
  ),
  working_dir: field(name),
  metadata: field(object),
  labels: field(readLabels),
};

/** What stands around a definition: in a package, or beside the steps of a bare one. */
const PARTS: Fields = {
  name: field(name),
  description: field(text),
  category: field(text),
  input_schema: field(someJson),
  output_schema: field(someJson),
  triggers: field(readTriggers),
};

/** `definition` is read by itself. */
const PACKAGE: Fields = {
  ...PARTS,
  labels: field(readLabels),
  definition: required(anyJson, 'the workflow itself'),
};

const BARE: Fields = { ...DEFINITION, ...PARTS };

export interface Structure {
  /** What is right of the definition and what stands around it; null when there is no object. */
  readonly pack: WorkflowPackage | null;
  /** Whether the definition has steps to go on with. */
  readonly usable: boolean;
  readonly issues: readonly Issue[];
  /** Where the definition is written: `definition` in a package, else nothing. */
  readonly prefix: IssuePath;
}

/** Checks the shape of a workflow as it was read. */
export function checkStructure(raw: Json, limits: DefinitionLimits): Structure {
  const reading: Reading = { issues: [], limits, steps: 0, stopped: false };
  const none = { pack: null, usable: false, issues: reading.issues, prefix: [] };
  if (!isJsonObject(raw)) {
    const hint = 'begin with { "steps": [ … ] }';
    fail(reading, [], `a workflow is an object with \`steps\`, not ${described(raw)}`, hint);
    return none;
  }
  const around = isPackage(raw) ? readFields(reading, raw, [], 'a package', PACKAGE) : {};
  const prefix = isPackage(raw) ? ['definition'] : [];
  const value = isPackage(raw) ? inside(reading, raw) : raw;
  if (value === null) return none;
  const hint = (key: string): string | null =>
    key === 'definition' ? 'a package has `definition`, a bare definition has `steps`' : null;
  const kept = readFields(reading, value, prefix, 'a workflow', BARE, { hint });
  const usable = Array.isArray(kept.steps) && !reading.stopped;
  return { pack: joined(reading, around, kept), usable, issues: reading.issues, prefix };
}

function labelsOf({ labels }: JsonObject): JsonObject {
  return labels !== undefined && isJsonObject(labels) ? labels : {};
}

function inside(reading: Reading, raw: JsonObject): JsonObject | null {
  const definition = raw.definition;
  if (definition !== undefined && isJsonObject(definition)) return definition;
  const found = definition === undefined ? 'nothing' : described(definition);
  fail(reading, ['definition'], `this must be an object with \`steps\`, not ${found}`);
  return null;
}

/** A package and the definition in it; what both say must be the same. */
function joined(reading: Reading, around: JsonObject, kept: JsonObject): WorkflowPackage {
  const parts: Record<string, Json> = {};
  const definition: Record<string, Json> = {};
  for (const [key, value] of Object.entries(kept)) {
    setOwn(Object.hasOwn(PARTS, key) ? parts : definition, key, value);
  }
  for (const [key, value] of Object.entries(around)) {
    if (!Object.hasOwn(PARTS, key)) continue;
    const inner = parts[key];
    if (inner !== undefined && canonicalJson(inner) !== canonicalJson(value)) {
      const message = `the package and its definition have different values of \`${key}\``;
      fail(reading, ['definition', key], message, 'write it once');
    }
    parts[key] = value;
  }
  const labels = { ...labelsOf(kept), ...labelsOf(around) };
  if (Object.keys(labels).length > 0) definition.labels = labels;
  return {
    ...packageOf(parts),
    definition: definition as unknown as Definition,
  };
}
