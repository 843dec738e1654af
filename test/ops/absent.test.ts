/**
 * Arguments that are not given: one rule for every optional field of every operation, at every depth.
 */
import { beforeAll, describe, expect, test } from 'bun:test';
import * as v from 'valibot';
import { isAbsent, readInput } from '../../src/ops/read-input.ts';
import { errorOf, openHarness, person, steps } from './harness.ts';

interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly wrapped?: Shape;
  readonly item?: Shape;
}

const inner = (shape: Shape): Shape => (shape.wrapped === undefined ? shape : inner(shape.wrapped));

interface Field {
  readonly path: string;
  readonly shape: Shape;
}

/** Every field of an input that may be left out, also inside objects and lists. */
function optionalFields(shape: Shape, path = ''): Field[] {
  const { entries, item } = inner(shape);
  if (item !== undefined) return optionalFields(item, `${path}[]`);
  return Object.entries(entries ?? {}).flatMap(([key, field]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return [
      ...(field.type === 'optional' ? [{ path: at, shape: field }] : []),
      ...optionalFields(field, at),
    ];
  });
}

const { ops, close } = openHarness();
void close();
const ALL = [...Object.entries(ops.operations), ...Object.entries(ops.streams)].flatMap(
  ([name, operation]) =>
    optionalFields(operation.input as unknown as Shape).map((field) => ({ name, ...field })),
);

/** What null and "" mean where they are not plainly "not given". */
const NULL_IS_A_VALUE = new Set([
  'define.edits[].value',
  'signal.payload',
  ...['schedule_add', 'schedule_update'].flatMap((name) =>
    ['version', 'agent_id', 'pause_after', 'first_at'].map((field) => `${name}.${field}`),
  ),
]);
const NEVER = new Set(['token_create.agent', 'token_create.expires']);
const EMPTY_IS_A_VALUE = new Set([
  'define.description',
  'define.edits[].value',
  'signal.payload',
  'signal.reasoning',
]);
/** A key that is sent as "" was meant to be one: it stays an error. */
const EMPTY_IS_AN_ERROR = new Set([
  'run.idempotency_key',
  'rerun.idempotency_key',
  'signal.idempotency_key',
]);

const TEXTS = new Set(['string', 'picklist', 'union', 'number', 'boolean']);

describe('an optional argument', () => {
  test.each(ALL.map((field) => [`${field.name}.${field.path}`, field] as const))(
    '%s',
    (path, { shape }) => {
      expect(isAbsent(shape, null)).toBe(!NULL_IS_A_VALUE.has(path) && !NEVER.has(path));
      if (!TEXTS.has(inner(shape).type)) return;
      const isText =
        !EMPTY_IS_A_VALUE.has(path) && !NEVER.has(path) && !EMPTY_IS_AN_ERROR.has(path);
      expect(isAbsent(shape, '')).toBe(isText);
    },
  );
});

describe('what clients send that must send every argument', () => {
  const harness = openHarness();
  const all = {
    template_name: '',
    rerun_of: '',
    version: 0,
    agent_id: '',
    wait: '',
    context: null,
  };

  test('starts the definition that is there', async () => {
    const definition = steps({ id: 'a', action: 'test.noop', params: { value: 1 } });
    const result = await harness.ops.run(person, { ...all, definition } as never);
    expect(result).toMatchObject({ status: 'completed' });
  });

  test('and nothing when nothing is there', async () => {
    const run = harness.ops.run(person, { ...all, definition: {} } as never);
    expect((await errorOf(run, 'VALIDATION_ERROR')).message).toContain('none is given');
  });

  test('lists everything with an empty filter', async () => {
    const filter = { status: '', agent_id: '', name: '', since: null, cursor: '', limit: 0 };
    const { workflows } = await harness.ops.query(person, {
      resource: 'workflows',
      filter: { ...filter, template_name: '', workflow_id: '' } as never,
    });
    expect(workflows).toHaveLength(1);
  });
});

test('numbers and booleans are read from their texts where no text is legal', () => {
  const schema = v.strictObject({
    limit: v.optional(v.pipe(v.number(), v.integer())),
    all: v.optional(v.boolean()),
    name: v.optional(v.string()),
  });
  expect(readInput(schema, { limit: '2', all: 'true', name: '3' }).input).toEqual({
    limit: 2,
    all: true,
    name: '3',
  });
  for (const limit of ['9007199254740992', '1e999']) {
    expect(readInput(schema, { limit }).input).toEqual({ limit });
  }
  expect(readInput(schema, { limit: 'two', all: 'yes' }).input).toEqual({
    limit: 'two',
    all: 'yes',
  });
});

test('a list is no object', async () => {
  const harness = openHarness();
  const query = harness.ops.query(person, { resource: 'workflows', filter: [] as never });
  expect((await errorOf(query, 'VALIDATION_ERROR')).message).toContain(
    'filter: must be an object, not a list',
  );
  const run = harness.ops.run(person, { source: ['x'] as never });
  expect((await errorOf(run, 'VALIDATION_ERROR')).message).toContain(
    'source: must be an object, not a list',
  );
  for (const operation of ['run', 'define', 'validate'] as const) {
    const given = harness.ops[operation](person, { name: 'x', definition: [] } as never);
    expect((await errorOf(given, 'VALIDATION_ERROR')).message).toContain(
      'must be a workflow definition (an object, or its JSON text)',
    );
  }
});

describe('a version', () => {
  const harness = openHarness();
  const one = (value: number) => steps({ id: 'a', action: 'test.noop', params: { value } });

  beforeAll(async () => {
    await harness.ops.define(person, { name: 't', definition: one(1) });
    await harness.ops.define(person, { name: 't', definition: one(2) });
  });

  test.each([1, '1', 'v1', 'V1', ' v1 '])('may be written %j', async (version) => {
    const input = { template_name: 't', version };
    expect(await harness.ops.template(person, input)).toMatchObject({ version: 1 });
    const run = await harness.ops.run(person, input);
    const { workflow_id } = run as { workflow_id: string };
    expect(await harness.ops.status(person, { workflow_id })).toMatchObject({ version: 1 });
    const again = await harness.ops.rerun(person, { workflow_id, version: 'latest' });
    expect(await harness.ops.status(person, { workflow_id: again.workflow_id })).toMatchObject({
      version: 2,
    });
  });

  test.each(['0', 'v0', 'one', 1.5, -1])('is not %j', async (version) => {
    const run = harness.ops.run(person, { template_name: 't', version });
    expect((await errorOf(run, 'VALIDATION_ERROR')).message).toContain('"v3" or "latest"');
  });

  test('is a number in what edits are made on', async () => {
    const edits = [{ path: 'steps.a.params.value', value: 9 }];
    const define = (base: string) => harness.ops.define(person, { name: 't', edits, base });
    await errorOf(define('latest'), 'VALIDATION_ERROR');
    expect(await define('v2')).toMatchObject({ version: 3 });
  });
});
