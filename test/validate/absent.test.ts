/**
 * Fields that are not given: null in every field that may be left out, and an empty text where the
 * type has no empty value; the required ones and those that narrow a right stay errors.
 */
import { describe, expect, test } from 'bun:test';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { workflowJsonSchema } from '../../src/validate/json-schema.ts';
import { check, evaluating as e, errorsOf, packOf, testRegistry } from './support.ts';

/** Every optional field of a definition with a value, and what of null and "" it takes for absent. */
type Absence = 'null' | 'both' | 'value' | 'never';
interface Shape {
  readonly what: string;
  /** A workflow with the object in it. */
  readonly around: (object: JsonObject) => JsonObject;
  readonly base: JsonObject;
  readonly fields: Readonly<Record<string, Absence>>;
}

const one = (step: JsonObject): JsonObject => ({ steps: [{ id: 'a', ...step }] });
const typed =
  (type: string) =>
  (config: JsonObject): JsonObject =>
    one({ type, config });
const run = { action: 'fs.read', params: { path: 'x' } };
const body = [e('x', '1')] as unknown as Json;
const RETRY: Readonly<Record<string, Absence>> = {
  backoff: 'both',
  delay: 'both',
  max_delay: 'both',
  jitter: 'null',
  on: 'null',
};

const SHAPES: readonly Shape[] = [
  {
    what: 'a definition',
    around: (object) => object,
    base: one(run),
    fields: {
      name: 'both',
      description: 'null',
      category: 'null',
      input_schema: 'null',
      output_schema: 'null',
      triggers: 'null',
      inputs: 'null',
      context: 'null',
      output: 'value',
      timeout: 'both',
      on_timeout: 'both',
      on_complete: 'null',
      on_error: 'null',
      on_interrupt: 'both',
      fail_fast: 'null',
      max_concurrency: 'null',
      concurrency: 'null',
      order: 'both',
      defaults: 'null',
      working_dir: 'both',
      metadata: 'null',
      labels: 'null',
    },
  },
  {
    what: 'a package',
    around: (object) => object,
    base: { definition: one(run) },
    fields: {
      name: 'both',
      description: 'null',
      category: 'null',
      input_schema: 'null',
      output_schema: 'null',
      triggers: 'null',
      labels: 'null',
    },
  },
  {
    what: 'concurrency',
    around: (concurrency) => ({ ...one(run), concurrency }),
    base: { key: 'k', limit: 1 },
    fields: { when_full: 'both' },
  },
  {
    what: 'defaults',
    around: (defaults) => ({ ...one(run), defaults }),
    base: {},
    fields: {
      steps: 'both',
      timeout: 'both',
      retry: 'null',
      on_interrupt: 'both',
      params: 'null',
    },
  },
  {
    what: 'defaults of an action',
    around: (params) => ({ ...one(run), defaults: { params } }),
    base: {},
    fields: { http: 'null' },
  },
  {
    what: 'an action step',
    around: one,
    base: run,
    fields: {
      type: 'both',
      depends_on: 'null',
      condition: 'both',
      trigger_rule: 'both',
      timeout: 'both',
      retry: 'null',
      on_error: 'null',
      on_interrupt: 'both',
      effect: 'both',
      description: 'null',
      config: 'both',
      run: 'both',
      shell: 'both',
    },
  },
  {
    what: 'a composite',
    around: one,
    base: { type: 'wait', config: { duration: '1s' } },
    fields: { action: 'both', params: 'both', run: 'both', effect: 'both', on_interrupt: 'both' },
  },
  { what: 'retry', around: (retry) => one({ ...run, retry }), base: { max: 1 }, fields: RETRY },
  {
    what: 'retry of the defaults',
    around: (retry) => ({ ...one(run), defaults: { retry } }),
    base: { max: 1 },
    fields: RETRY,
  },
  {
    what: 'on_error',
    around: (on_error) => one({ ...run, on_error }),
    base: { strategy: 'ignore' },
    fields: { fallback_step: 'both', on: 'null' },
  },
  {
    what: 'a condition',
    around: typed('condition'),
    base: { expression: 'true', branches: { a: body } },
    fields: { default: 'null', mode: 'both', over: 'both' },
  },
  {
    what: 'a for_each',
    around: typed('loop'),
    base: { over: '[1]', body },
    fields: { mode: 'both', condition: 'both', max_iter: 'null', max_concurrency: 'null' },
  },
  {
    what: 'a while',
    around: typed('loop'),
    base: { mode: 'while', condition: 'false', max_iter: 1, body },
    fields: { over: 'both', max_concurrency: 'both' },
  },
  {
    what: 'a parallel',
    around: typed('parallel'),
    base: { branches: [body] },
    fields: { mode: 'both', max_concurrency: 'null', settle: 'null' },
  },
  {
    what: 'a wait of some time',
    around: typed('wait'),
    base: { duration: '1s' },
    fields: { until: 'both', signal: 'both', timeout: 'both', on_timeout: 'both' },
  },
  {
    what: 'a wait for a signal',
    around: typed('wait'),
    base: { signal: 's' },
    fields: { duration: 'both', until: 'both', timeout: 'both', on_timeout: 'both' },
  },
  {
    what: 'a decision',
    around: typed('reasoning'),
    base: { prompt_context: 'go on?' },
    fields: {
      options: 'null',
      data_inject: 'null',
      timeout: 'both',
      fallback: 'both',
      target_agent: 'both',
      by: 'never',
    },
  },
  {
    what: 'an option',
    around: (option) =>
      one({ type: 'reasoning', config: { prompt_context: '?', options: [option] } }),
    base: { id: 'yes' },
    fields: { description: 'null', outcome: 'both' },
  },
  {
    what: 'a webhook trigger',
    around: (webhook) => ({ definition: one(run), triggers: { webhook: [webhook] } }),
    base: { name: 'h', secret: 'KEY' },
    fields: { form: 'both', equal_bodies: 'null' },
  },
  {
    what: 'concurrency of a group',
    around: (concurrency) => ({ ...one(run), concurrency }),
    base: { group: 'g' },
    fields: { key: 'both', when_full: 'both' },
  },
  {
    what: 'a cron trigger',
    around: (cron) => ({ definition: one(run), triggers: { cron: [cron] } }),
    base: { expression: '@daily' },
    fields: {
      name: 'both',
      timezone: 'both',
      params: 'null',
      version: 'both',
      agent_id: 'both',
      enabled: 'null',
      overlap: 'both',
      catch_up: 'both',
      jitter: 'both',
      pause_after: 'null',
    },
  },
];

/** Parts of the JSON Schema of workflows, and the shapes above that hold all their fields. */
type SchemaPart = Readonly<Record<string, unknown>>;
const schema = workflowJsonSchema(testRegistry) as { readonly $defs: SchemaPart };

/** The part behind names, through the alternatives that let a field be null. */
function partOf(...names: readonly string[]): SchemaPart {
  let part = schema.$defs as SchemaPart;
  for (const name of names) {
    const { anyOf } = part as { anyOf?: readonly SchemaPart[] };
    const holder = anyOf?.find((each) => Object.hasOwn(each, name)) ?? part;
    part = holder[name] as SchemaPart;
  }
  return part;
}

/** Fields of every object among the alternatives that may be left out. */
function optionalOf(part: SchemaPart): string[] {
  const {
    anyOf,
    properties = {},
    required = [],
  } = part as {
    anyOf?: readonly SchemaPart[];
    properties?: SchemaPart;
    required?: readonly string[];
  };
  return [
    ...Object.keys(properties).filter((key) => !required.includes(key)),
    ...(anyOf ?? []).flatMap(optionalOf),
  ];
}

const config = (type: string): SchemaPart => partOf(`${type}_step`, 'properties', 'config');
const triggers = ['workflow', 'properties', 'triggers', 'properties'];
const PARTS: readonly (readonly [SchemaPart, ...shapes: string[]])[] = [
  [partOf('workflow'), 'a definition'],
  [partOf('package'), 'a package'],
  [partOf('workflow', 'properties', 'concurrency'), 'concurrency', 'concurrency of a group'],
  [partOf('workflow', 'properties', 'defaults'), 'defaults'],
  [partOf('action_step'), 'an action step'],
  [partOf('condition_step'), 'an action step'],
  [partOf('loop_step'), 'an action step'],
  [partOf('parallel_step'), 'an action step'],
  [partOf('wait_step'), 'an action step'],
  [partOf('reasoning_step'), 'an action step'],
  [partOf('retry'), 'retry', 'retry of the defaults'],
  [partOf('on_error'), 'on_error'],
  [config('condition'), 'a condition'],
  [config('loop'), 'a for_each', 'a while'],
  [config('parallel'), 'a parallel'],
  [config('wait'), 'a wait of some time', 'a wait for a signal'],
  [config('reasoning'), 'a decision'],
  [partOf('reasoning_step', 'properties', 'config', 'properties', 'options', 'items'), 'an option'],
  [partOf(...triggers, 'cron', 'items'), 'a cron trigger'],
  [partOf(...triggers, 'webhook', 'items'), 'a webhook trigger'],
];
/** What is taken and means nothing, and the id, which the list of steps requires. */
const FREE = ['$schema', 'features', 'tags', 'title', 'labels', 'id'];

test.each(PARTS.map(([part, ...shapes]) => [shapes.join(', '), part, shapes] as const))(
  'the tables above name every optional field of %s',
  (_title, part, shapes) => {
    const tables = SHAPES.filter(({ what }) => shapes.includes(what));
    expect(tables).toHaveLength(shapes.length);
    const known = tables.flatMap(({ base, fields }) => Object.keys({ ...base, ...fields }));
    const optional = optionalOf(part);
    expect(optional.length).toBeGreaterThan(0);
    expect(optional.filter((key) => !known.includes(key) && !FREE.includes(key))).toEqual([]);
  },
);

const errors = (workflow: JsonObject): string[] =>
  errorsOf(check(workflow)).map(({ path, message }) => `${path}: ${message}`);

describe('an optional field', () => {
  for (const { what, around, base, fields } of SHAPES) {
    for (const [key, absence] of Object.entries(fields)) {
      test(`${key} of ${what} without a value`, () => {
        const plain = packOf(around(base));
        expect(errors(around(base))).toEqual([]);
        const withNull = around({ ...base, [key]: null });
        const withEmpty = around({ ...base, [key]: '' });
        if (absence === 'never' || absence === 'value') {
          expect(errors(withNull).length > 0).toBe(absence === 'never');
          expect(errors(withEmpty).length > 0).toBe(absence === 'never');
          return;
        }
        expect(errors(withNull)).toEqual([]);
        expect(packOf(withNull)).toEqual(plain);
        if (absence === 'null') return;
        expect(errors(withEmpty)).toEqual([]);
        expect(packOf(withEmpty)).toEqual(plain);
      });
    }
  }
});

test('a required field without a value is missing', () => {
  for (const value of [null, '']) {
    expect(errors(one({ type: 'condition', config: { expression: value, branches: {} } }))).toEqual(
      [
        "steps[0].config.expression: a condition step's config needs `expression`: its value chooses the branch",
      ],
    );
    expect(errors({ steps: [{ id: value, run: 'true' }] })[0]).toContain('a step needs an `id`');
    expect(errors(one({ run: value }))[0]).toContain('needs an `action` or `run`');
    expect(errors(one({ type: 'reasoning', config: { prompt_context: value } }))[0]).toContain(
      'needs `prompt_context`',
    );
  }
});

test('a webhook without its secret stays an error', () => {
  for (const secret of [null, '']) {
    const triggers = { webhook: [{ name: 'h', secret }] };
    expect(errors({ definition: one(run), triggers })[0]).toStartWith('triggers.webhook[0].secret');
  }
});

test('null inside any JSON is a value', () => {
  const pack = packOf({
    ...one({ action: 'fs.write', params: { path: 'x', content: null } }),
    inputs: { a: null, b: '' },
    context: { a: null },
    output: null,
    metadata: { a: null },
  });
  expect(pack?.definition).toMatchObject({
    inputs: { a: null, b: '' },
    context: { a: null },
    output: null,
    metadata: { a: null },
  });
  expect(pack?.definition.steps[0]?.params).toEqual({ path: 'x', content: null });
});

test('the skeletons of the former program are taken', () => {
  const step = {
    id: 'a',
    type: 'action',
    action: 'fs.read',
    params: { path: 'x' },
    depends_on: null,
    condition: '',
    timeout: '',
    retry: null,
    on_error: null,
    config: null,
  };
  const ask = {
    ...step,
    id: 'ask',
    type: 'reasoning',
    action: '',
    params: null,
    config: {
      prompt_context: 'go on?',
      data_inject: {},
      options: [],
      timeout: '',
      fallback: '',
      target_agent: '',
    },
  };
  const each = {
    ...step,
    id: 'each',
    type: 'loop',
    action: '',
    params: {},
    config: { mode: 'for_each', over: '[1]', condition: '', body: [step], max_iter: null },
  };
  expect(
    errors({
      steps: [step, ask, each] as unknown as Json,
      inputs: null,
      context: null,
      timeout: '',
      on_timeout: '',
      on_complete: null,
      on_error: null,
      metadata: null,
    }),
  ).toEqual([]);
});
