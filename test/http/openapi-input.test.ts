/**
 * The description of inputs against the server: what the document refuses the server refuses, what it
 * takes the server takes, and every parameter of a query string stands in both.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { onlyReads, servedOf } from '../../src/http/api.ts';
import { fieldsOf, type Shape, shapeOf } from '../../src/http/api-shape.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../src/model/json.ts';
import { checkAgainstSchema } from '../../src/validate/schema-check.ts';
import { person } from '../ops/harness.ts';
import { type ApiWorld, openApi } from './api-world.ts';

let world: ApiWorld;
let document: JsonObject;
let run: string;
beforeAll(async () => {
  world = openApi();
  const served = servedOf(world.ops);
  const made = openApiDocument({ ...served, version: '1.2.3', url: world.url });
  document = JSON.parse(JSON.stringify(made)) as JsonObject;
  await world.ops.define(person, { name: 'hello', definition: DEFINITION });
  await world.ops.define(person, { name: 'gone', definition: DEFINITION });
  const started = await world.ops.run(person, { template_name: 'hello' });
  run = 'workflow_id' in started ? started.workflow_id : '';
  await world.ops.schedule_add(person, {
    name: 'daily',
    template_name: 'hello',
    expression: '@daily',
  });
});
afterAll(() => world.close());

const DEFINITION = { steps: [{ id: 'a', action: 'test.noop', params: { value: 1 } }] };
const SOURCE = { text: JSON.stringify(DEFINITION) };

interface Told {
  readonly error: { readonly message: string; readonly hint: string };
}

async function get(path: string): Promise<{ readonly status: number; readonly body: Json }> {
  const response = await fetch(`${world.url}${path}`);
  return { status: response.status, body: (await response.json()) as Json };
}

const schemas = (): JsonObject => (document.components as JsonObject).schemas as JsonObject;

const fits = (name: string, value: Json): boolean => {
  const schema = schemas()[name];
  if (!isJsonObject(schema)) throw new Error(`there is no ${name}`);
  return (
    checkAgainstSchema({ ...schema, components: document.components ?? null }, value).length === 0
  );
};

const inputName = (operation: string): string =>
  `${operation[0]?.toUpperCase() ?? ''}${operation.slice(1)}Input`;

/** `RUN` stands for a run that is there. */
type Row = readonly [operation: string, input: JsonObject, isTaken: boolean];
const FORMS: readonly Row[] = [
  ['run', {}, false],
  ['run', { template_name: 'hello' }, true],
  ['run', { definition: DEFINITION }, true],
  ['run', { source: SOURCE }, true],
  ['run', { template_name: 'hello', version: 1 }, true],
  ['run', { template_name: 'hello', version: 'v1' }, true],
  ['run', { template_name: 'hello', version: 'newest' }, false],
  ['run', { template_name: 'hello', version: 0.5 }, false],
  ['run', { template_name: 'hello', definition: DEFINITION }, false],
  ['run', { template_name: 'hello', source: SOURCE }, false],
  ['run', { definition: DEFINITION, source: SOURCE }, false],
  ['run', { definition: DEFINITION, version: 1 }, false],
  ['run', { rerun_of: 'RUN' }, true],
  ['run', { rerun_of: 'RUN', definition: DEFINITION }, true],
  ['run', { rerun_of: 'RUN', dry_run: false }, true],
  ['run', { rerun_of: 'RUN', dry_run: true }, false],
  ['run', { rerun_of: 'RUN', template_name: 'hello' }, false],
  ['rerun', {}, false],
  ['rerun', { workflow_id: 'RUN' }, true],
  ['rerun', { workflow_id: 'RUN', version: 1 }, true],
  ['rerun', { workflow_id: 'RUN', version: 1, definition: DEFINITION }, false],
  ['rerun', { workflow_id: 'RUN', source: SOURCE, definition: DEFINITION }, false],
  ['rerun', { workflow_id: 'RUN', from_step: 'a' }, true],
  ['rerun', { workflow_id: 'RUN', from_step: 'a', failed: false }, true],
  ['rerun', { workflow_id: 'RUN', from_step: 'a', failed: true }, false],
  ['define', {}, false],
  ['define', { name: 'hello' }, false],
  ['define', { name: 'other', definition: DEFINITION }, true],
  ['define', { name: 'other', source: SOURCE }, true],
  ['define', { name: 'other', definition: DEFINITION, source: SOURCE }, false],
  ['define', { name: 'hello', edits: [], definition: DEFINITION, validate_only: true }, true],
  ['define', { name: 'hello', edits: [{ path: 'x' }], definition: DEFINITION }, false],
  ['define', { edits: [{ path: 'steps[0].id', value: 'a' }] }, false],
  ['define', { name: 'hello', edits: [{ path: 'steps[0].id', value: 'a' }], base: 1 }, true],
  ['define', { name: 'hello', definition: DEFINITION, base: 1 }, false],
  [
    'define',
    { name: 'hello', edits: [{ path: 'steps[0].id', value: 'a' }], base: 'latest' },
    false,
  ],
  ['define', { name: 'gone', archived: true }, true],
  ['validate', {}, false],
  ['validate', { template_name: 'hello' }, true],
  ['validate', { template_name: 'hello', version: 1 }, true],
  ['validate', { definition: DEFINITION }, true],
  ['validate', { definition: DEFINITION, version: 1 }, false],
  ['validate', { template_name: 'hello', definition: DEFINITION }, false],
  ['diagram', { format: 'dot' }, false],
  ['diagram', { format: 'dot', template_name: 'hello' }, true],
  ['diagram', { format: 'dot', workflow_id: 'RUN' }, true],
  ['diagram', { format: 'dot', workflow_id: 'RUN', template_name: 'hello' }, false],
  ['diagram', { format: 'dot', workflow_id: 'RUN', version: 1 }, false],
  ['diagram', { format: 'dot', definition: DEFINITION, version: 1 }, false],
  ['diagram', { format: 'pdf', template_name: 'hello' }, false],
  ['events', { workflow_id: 'RUN', after: 0 }, true],
  ['events', { workflow_id: 'RUN', after: 0, after_id: 0 }, false],
  ['schedule_next', {}, false],
  ['schedule_next', { name: 'daily' }, true],
  ['schedule_next', { expression: '@daily', timezone: 'UTC' }, true],
  ['schedule_next', { name: 'daily', expression: '@daily' }, false],
  ['schedule_next', { name: 'daily', timezone: 'UTC' }, false],
  ['schedule_enable', {}, false],
  ['schedule_enable', { name: 'daily' }, true],
  ['schedule_enable', { all: true }, true],
  ['schedule_enable', { name: 'daily', all: false }, true],
  ['schedule_enable', { name: 'daily', all: true }, false],
];

const TIMES = ['2027-01-31T12:00:00Z', '2027-01-31 12:00:00.5+01:00'];
const NO_TIMES = ['2027-01-31', '2027-01-31T12:00:00', 'tomorrow'];
const DURATIONS = ['30s', ' 1h30m ', '.5d', '250ms'];
const NO_DURATIONS = ['30', 'soon', '-5s', '1 h', '1w'];
const ALL_BUT_TIMES = [...NO_DURATIONS, '2027-01-31'];

/** Fields whose text has a form: where, what is taken, what is not. */
const TEXTS: readonly (readonly [string, JsonObject, string, readonly Json[], readonly Json[]])[] =
  [
    ['run', { template_name: 'hello' }, 'wait', [...DURATIONS, 0, '0', 'forever'], NO_DURATIONS],
    ['status', { workflow_id: 'RUN' }, 'wait', [...DURATIONS, 0, '0', 'forever'], NO_DURATIONS],
    ['overview', {}, 'failed_within', DURATIONS, [...NO_DURATIONS, '0']],
    ['gc', { dry_run: true }, 'older_than', [...DURATIONS, '0'], [...NO_DURATIONS, 'all']],
    ['schedule_update', { name: 'daily' }, 'catch_up', [...DURATIONS, 0, '0', 'all'], NO_DURATIONS],
    ['schedule_update', { name: 'daily' }, 'jitter', DURATIONS.slice(0, 2), [...NO_DURATIONS, '0']],
    ['schedule_update', { name: 'daily' }, 'first_at', [...TIMES, null], NO_TIMES],
    ['schedule_next', { name: 'daily' }, 'after', TIMES, NO_TIMES],
    ['schedule_history', { name: 'daily' }, 'since', TIMES, NO_TIMES],
    ['schedule_history', { name: 'daily' }, 'until', TIMES, NO_TIMES],
    ['token_create', { role: 'viewer' }, 'expires', [...DURATIONS, ...TIMES], ALL_BUT_TIMES],
  ];

const RESOURCE_FILTERS: readonly Row[] = [
  ['workflows', { status: 'failed' }, true],
  ['workflows', { status: 'failed, completed' }, true],
  ['workflows', { status: ['failed', 'active'] }, true],
  ['workflows', { status: 'broken' }, false],
  ['workflows', { status: ['broken'] }, false],
  ['workflows', { step_id: 'a' }, false],
  ['workflows', { limit: 5 }, true],
  ['workflows', { since: 'yesterday' }, false],
  ['events', { event_type: 'step_started' }, true],
  ['events', { status: 'failed' }, false],
  ['templates', { versions: true, template_name: 'hello' }, true],
  ['templates', { status: 'archived' }, true],
  ['templates', { status: 'failed' }, false],
  ['decisions', { status: 'pending' }, true],
  ['decisions', { name: 'x' }, false],
  ['actions', { name: 'fs' }, true],
  ['actions', { status: 'x' }, false],
  ['secrets', { agent_id: 'x' }, false],
  ['reference', { since: '2027-01-31T12:00:00Z' }, false],
  ['agents', { name: 'x' }, true],
  ['agents', { label: 'x' }, false],
  ['audit', { status: 'refused' }, true],
  ['audit', { status: 'pending' }, false],
  ['schedules', { status: 'paused' }, true],
  ['schedules', { workflow_id: 'x' }, false],
];

/** The same with the run that is there. */
const ready = (input: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, value === 'RUN' ? run : value]),
  );

async function agrees(operation: string, given: JsonObject, isTaken: boolean): Promise<void> {
  const input = ready(given);
  const shown = `${operation} ${JSON.stringify(given)}`;
  const { status, body } = await world.post(operation, input);
  expect(`${shown}: ${status === 400 ? 'refused' : 'taken'}`).toBe(
    `${shown}: ${isTaken ? 'taken' : 'refused'}`,
  );
  if (isTaken) expect([shown, status, body]).toEqual([shown, 200, expect.anything()]);
  const isNothing = Object.values(input).some((each) => isJsonArray(each) && each.length === 0);
  if (!isNothing)
    expect(`${shown}: ${fits(inputName(operation), input)}`).toBe(`${shown}: ${isTaken}`);
}

describe('the document and the server agree on', () => {
  test.each(
    FORMS.map(([operation, input, isTaken]) => [operation, JSON.stringify(input), isTaken]),
  )('%s %s', async (operation, input, isTaken) => {
    await agrees(String(operation), JSON.parse(String(input)) as JsonObject, isTaken === true);
  });

  test.each(TEXTS.map((row) => [`${row[0]}.${row[2]}`, row] as const))(
    'the texts of %s',
    async (_, [operation, rest, field, good, bad]) => {
      for (const value of good) await agrees(operation, { ...rest, [field]: value }, true);
      for (const value of bad) await agrees(operation, { ...rest, [field]: value }, false);
    },
  );

  test.each(
    RESOURCE_FILTERS.map(([resource, filter, isTaken]) => [
      resource,
      JSON.stringify(filter),
      isTaken,
    ]),
  )('the filter of %s: %s', async (resource, filter, isTaken) => {
    const input = { resource: String(resource), filter: JSON.parse(String(filter)) as Json };
    await agrees('query', input, isTaken === true);
  });

  test('every text that has a form: no field of a time or a duration is without', () => {
    const NAMES =
      /^(wait|timeout|jitter|catch_up|older_than|expires|.*_within|since|until|start|end|first_at)$/;
    const open = Object.entries(schemas()).flatMap(([name, schema]) =>
      name.endsWith('Input')
        ? Object.entries(((schema as JsonObject).properties ?? {}) as JsonObject).flatMap(
            ([field, property]) =>
              NAMES.test(field) && !/"pattern"|"enum"/.test(JSON.stringify(property))
                ? [`${name}.${field}`]
                : [],
          )
        : [],
    );
    expect(open).toEqual([]);
  });
});

/** Leaves of an input, as a query string names them. */
function leaves(shape: Shape, prefix = ''): string[] {
  return Object.entries(fieldsOf(shape) ?? {}).flatMap(([name, field]) =>
    fieldsOf(field) === null ? [`${prefix}${name}`] : leaves(field, `${prefix}${name}.`),
  );
}

describe('parameters of a query string', () => {
  const gets = () => {
    const { operations, streams } = servedOf(world.ops);
    return [...operations, ...streams].filter(([, each]) => onlyReads(each));
  };
  const described = (path: string): JsonObject[] => {
    const item = (document.paths as JsonObject)[path] as JsonObject;
    return ((item.get as JsonObject).parameters ?? []) as JsonObject[];
  };
  const namesIn = (path: string, where: string): string[] =>
    described(path).flatMap((each) => (each.in === where ? [String(each.name)] : []));

  test('that the server takes are in the document, and the other way round', async () => {
    expect(gets().length).toBeGreaterThan(10);
    for (const [name, { input }] of gets()) {
      if (name === 'events') continue;
      const path = `/api/v1/${name}`;
      expect([name, namesIn(path, 'query').sort()]).toEqual([name, leaves(shapeOf(input)).sort()]);
      const wrong = await get(`${path}?nonsense=1`);
      expect([name, wrong.status, (wrong.body as unknown as Told).error.message]).toEqual([
        name,
        400,
        `${name}: there is no field nonsense`,
      ]);
    }
  });

  test('of the stream of events and of its page are together those of their path', async () => {
    const names = namesIn('/api/v1/events', 'query');
    expect(names.sort()).toEqual(['after', 'after_id', 'limit', 'types', 'workflow_id']);
    const refused = await get('/stream?nonsense=1');
    const ofStream = (refused.body as unknown as Told).error.hint
      .replace('there are ', '')
      .split(', ');
    const { events } = world.ops.operations;
    const ofPage = leaves(shapeOf(events.input));
    expect([...new Set([...ofStream, ...ofPage])].sort()).toEqual(names.sort());
  });

  test('that go on behind an item are a header of every stream', () => {
    for (const [name] of servedOf(world.ops).streams) {
      const item = (document.paths as JsonObject)[`/api/v1/${name}`] as JsonObject;
      for (const method of Object.values(item) as JsonObject[]) {
        const parameters = (method.parameters ?? []) as JsonObject[];
        const headers = parameters.flatMap((each) => (each.in === 'header' ? [each.name] : []));
        expect([name, headers]).toEqual([name, ['last-event-id']]);
      }
    }
  });
});

describe('errors', () => {
  test('of every kind have the one shape of the document', async () => {
    const answers = [
      await get('/api/v1/nothing'),
      await get('/api/v1/run'),
      await get('/api/v1/status'),
      await get('/api/v1/status?workflow_id=0000'),
      await get('/elsewhere'),
      await world.post('define', { name: 'x', definition: { steps: [{ id: 1 }] } }),
      await world.post('define', { name: 'x', oops: 1 }),
      await world.post('run', { template_name: 'hello', wait: 'soon' }),
      await world.post('signal', { workflow_id: run, signal_type: 'cancel' }),
      await world.post('query', { resource: 'workflows', filter: { nothing: 1 } }),
    ];
    for (const { status, body } of answers) {
      const shown = JSON.stringify(body);
      expect([shown, status >= 400]).toEqual([shown, true]);
      expect([shown, fits('Error', body as JsonObject)]).toEqual([shown, true]);
    }
  });

  test('nothing in the document is a mark for its own reader', () => {
    expect(JSON.stringify(document)).not.toContain('"absent"');
  });
});
