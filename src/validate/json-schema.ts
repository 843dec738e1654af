/**
 * The JSON Schema (draft 2020-12) of a workflow file, for editors: completion, types, unknown fields.
 *
 * It knows the shape only. What a schema cannot say (references, cycles, expressions) is left to
 * `validateWorkflow`, which also is the authority where both speak.
 */
import type { ActionRegistry } from '../model/action.ts';
import {
  BACKOFFS,
  DEFAULTS_STEPS,
  EFFECTS,
  ERROR_STRATEGIES,
  INTERRUPT_POLICIES,
  SHELL_NAMES,
  type StepType,
  TRIGGER_RULES,
} from '../model/definition.ts';
import { ERROR_CODES } from '../model/error.ts';
import { MAX_STEP_ID_LENGTH, STEP_ID_PATTERN } from '../model/ids.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { actionRules, paramDefinitions, TEMPLATE_TEXT } from './json-schema-params.ts';

type Properties = Readonly<Record<string, Json>>;

const ref = (name: string): JsonObject => ({ $ref: `#/$defs/${name}` });
const text = (description?: string): JsonObject =>
  description === undefined ? { type: 'string' } : { type: 'string', description };
const word = (values: readonly string[], description?: string): JsonObject =>
  description === undefined ? { enum: values } : { enum: values, description };
const count = (minimum: number, description?: string): JsonObject =>
  description === undefined
    ? { type: 'integer', minimum }
    : { type: 'integer', minimum, description };
const listOf = (items: Json): JsonObject => ({ type: 'array', items });
const anyObject: JsonObject = { type: 'object' };

/** An object of these properties, and of those that are free everywhere; null is "not given". */
function closed(properties: Properties, required: readonly string[] = []): JsonObject {
  const optional = Object.entries(properties).map(([key, schema]): [string, Json] => [
    key,
    required.includes(key) || NEVER_ABSENT.has(key) ? schema : nullable(schema),
  ]);
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(optional),
      $schema: { type: 'string' },
      features: true,
      tags: true,
      title: true,
      labels: properties.labels ?? true,
    },
    patternProperties: { '^x-': true },
    additionalProperties: false,
    required,
  };
}

/** What would widen a right by being gone. */
const NEVER_ABSENT: ReadonlySet<string> = new Set(['by']);

const nullable = (schema: Json): Json =>
  schema === true ? schema : { anyOf: [schema, { type: 'null' }] };

const CODES = Object.keys(ERROR_CODES).filter((code) => code !== 'INTERNAL');

/** The schema of a workflow file whose steps use these actions (or plugin tools). */
export function workflowJsonSchema(actions: ActionRegistry): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Opcode workflow',
    if: { required: ['definition'] },
    // A key of this name makes the object look like a promise only to code that awaits it.
    ...branch('then', ref('package')),
    else: ref('workflow'),
    $defs: {
      package: packageSchema(),
      workflow: workflowSchema(),
      steps: listOf(ref('step')),
      step: stepSchema('step', actions),
      hook: stepSchema('hook', actions),
      ...stepTypes(),
      retry: retrySchema(),
      on_error: closed(
        {
          strategy: word(ERROR_STRATEGIES),
          fallback_step: text('a step of the same list'),
          on: { ...listOf(word(CODES)), minItems: 1 },
        },
        ['strategy'],
      ),
      duration: {
        type: 'string',
        description: 'such as 30s, 250ms, 1h30m',
        anyOf: [
          { pattern: '^\\s*(([0-9]+(\\.[0-9]+)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h|d))+\\s*$' },
          TEMPLATE_TEXT,
        ],
      },
      expression: text('CEL, or with a prefix: jq: expr: cel:'),
      id: {
        type: 'string',
        pattern: STEP_ID_PATTERN.source,
        maxLength: MAX_STEP_ID_LENGTH,
      },
      ...paramDefinitions(actions),
    },
  };
}

const branch = (keyword: 'then' | 'else', schema: Json): JsonObject => ({ [keyword]: schema });

/** What stands around a definition: in a package, or beside the steps of a bare one. */
function around(): Record<string, Json> {
  const cron = closed(
    {
      name: text(),
      expression: text('five fields, @daily…, @every 5m'),
      timezone: text(),
      params: anyObject,
      version: true,
      agent_id: text(),
      enabled: { type: 'boolean' },
      overlap: word(['skip', 'queue', 'cancel_running', 'allow']),
      catch_up: true,
      jitter: ref('duration'),
      pause_after: count(1),
    },
    ['expression'],
  );
  const webhook = closed(
    {
      name: text('its address is /hooks/<name>'),
      secret: text('name of the secret that signs'),
      form: word(['opcode', 'forge']),
      equal_bodies: { type: 'boolean' },
    },
    ['name', 'secret'],
  );
  return {
    name: text('the template it is registered as'),
    description: text(),
    category: text(),
    input_schema: { type: ['object', 'boolean'], description: 'JSON Schema of the params' },
    output_schema: { type: ['object', 'boolean'], description: 'JSON Schema of the output' },
    triggers: closed({ cron: listOf(cron), webhook: listOf(webhook) }),
    labels: LABELS,
  };
}

const LABELS: JsonObject = {
  type: 'object',
  description: 'kept with the template and its runs',
  additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
};

const packageSchema = (): JsonObject =>
  closed({ ...around(), definition: ref('workflow') }, ['definition']);

const WHEN_FULL = word(['queue', 'reject', 'replace']);

function workflowSchema(): JsonObject {
  return closed(
    {
      ...around(),
      steps: { ...listOf(ref('step')), minItems: 1 },
      inputs: { type: 'object', description: 'default inputs' },
      context: { type: 'object', description: 'what ${{context.*}} begins with' },
      output: { description: "the run's output, with ${{ }}" },
      timeout: ref('duration'),
      on_timeout: word(['fail', 'suspend', 'cancel']),
      on_complete: ref('hook'),
      on_error: ref('hook'),
      on_interrupt: word(INTERRUPT_POLICIES, 'what a crash means for unsafe steps'),
      fail_fast: { type: 'boolean' },
      max_concurrency: count(1, 'actions of this run at once'),
      concurrency: {
        anyOf: [
          closed({ key: text(), limit: count(1), when_full: WHEN_FULL }, ['key', 'limit']),
          closed({ group: text('of limits.groups'), key: text(), when_full: WHEN_FULL }, ['group']),
        ],
      },
      order: word(['graph', 'sequence']),
      defaults: closed({
        steps: word(DEFAULTS_STEPS),
        timeout: ref('duration'),
        retry: ref('retry'),
        on_interrupt: word(INTERRUPT_POLICIES),
        params: { type: 'object', additionalProperties: anyObject },
      }),
      working_dir: text(),
      metadata: anyObject,
    },
    ['steps'],
  );
}

function retrySchema(): JsonObject {
  return closed(
    {
      max: count(0, 'how often to try again'),
      backoff: word(BACKOFFS),
      delay: ref('duration'),
      max_delay: ref('duration'),
      jitter: { type: 'number', minimum: 0, maximum: 1 },
      on: listOf(word(CODES)),
    },
    ['max'],
  );
}

const COMMON: Properties = {
  id: ref('id'),
  depends_on: listOf(text('a step of the same list')),
  condition: ref('expression'),
  trigger_rule: word(TRIGGER_RULES),
  timeout: ref('duration'),
  retry: ref('retry'),
  on_error: ref('on_error'),
  description: text(),
};

const SOME_STEPS: JsonObject = { ...listOf(ref('step')), minItems: 1 };
const LISTS: JsonObject = { type: 'array', items: SOME_STEPS, minItems: 1 };

const CONFIGS: Readonly<Record<Exclude<StepType, 'action'>, JsonObject>> = {
  condition: closed(
    {
      expression: ref('expression'),
      branches: { type: 'object', additionalProperties: ref('steps') },
      default: ref('steps'),
    },
    ['expression'],
  ),
  loop: closed(
    {
      mode: word(['for_each', 'while', 'until']),
      over: { type: ['array', 'string'], description: 'the list to go through' },
      condition: ref('expression'),
      body: SOME_STEPS,
      max_iter: count(1),
      max_concurrency: count(1),
    },
    ['body'],
  ),
  parallel: closed(
    {
      branches: LISTS,
      mode: word(['all', 'race']),
      max_concurrency: count(1),
      settle: { type: 'boolean', description: 'what follows a race waits for its losers too' },
    },
    ['branches'],
  ),
  wait: {
    ...closed({
      duration: ref('duration'),
      until: text('an RFC 3339 time or an expression'),
      signal: text('the name of the signal'),
      timeout: ref('duration'),
      on_timeout: word(['fail', 'continue']),
    }),
    oneOf: [{ required: ['duration'] }, { required: ['until'] }, { required: ['signal'] }],
  },
  reasoning: closed(
    {
      prompt_context: { description: 'the question, with ${{ }}' },
      options: listOf(
        closed({ id: text(), description: text(), outcome: word(['continue', 'stop']) }, ['id']),
      ),
      data_inject: anyObject,
      timeout: ref('duration'),
      fallback: text('what is chosen at the timeout'),
      target_agent: text(),
      by: word(['any', 'person', 'agent']),
    },
    ['prompt_context'],
  ),
};

const isType = (type: string): JsonObject => ({
  properties: { type: { const: type } },
  required: ['type'],
});

/** A step's rules by type; a hook needs no id. */
function stepSchema(kind: 'step' | 'hook', actions: ActionRegistry): JsonObject {
  const typed = Object.keys(CONFIGS).map((type) => ({
    if: isType(type),
    ...branch('then', ref(`${type}_step`)),
  }));
  const action = {
    if: { anyOf: [isType('action'), { not: { required: ['type'] } }] },
    ...branch('then', { allOf: [ref('action_step'), ...actionRules(actions)] }),
  };
  return {
    type: 'object',
    properties: { type: word(['action', ...Object.keys(CONFIGS)]) },
    ...(kind === 'step' ? { required: ['id'] } : {}),
    allOf: [...typed, action],
  };
}

function stepTypes(): Record<string, Json> {
  const types: Record<string, Json> = {};
  for (const [type, config] of Object.entries(CONFIGS)) {
    types[`${type}_step`] = closed({ ...COMMON, type: { const: type }, config }, ['config']);
  }
  types.action_step = {
    ...closed({
      ...COMMON,
      type: { const: 'action' },
      action: ref('action'),
      params: anyObject,
      run: text('a shell command; fails when its exit code is not 0'),
      shell: word(SHELL_NAMES, 'which shell reads `run`'),
      on_interrupt: word(INTERRUPT_POLICIES),
      effect: word(EFFECTS),
    }),
    dependentRequired: { shell: ['run'] },
    oneOf: [{ required: ['action'] }, { required: ['run'] }],
  };
  return types;
}
