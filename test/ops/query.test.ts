/** Queries: every filter is honoured or refused, pages neither repeat nor lose a row. */
// zone: the same in every time zone of the machine
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { toRfc3339 } from '../../src/model/time.ts';
import {
  agent,
  ask,
  errorOf,
  type Harness,
  noop,
  openHarness,
  person,
  runOf,
  steps,
} from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = openHarness();
});
afterEach(() => harness.close());

type Input = Parameters<Harness['ops']['query']>[1];
const query = (resource: Input['resource'], filter: NonNullable<Input['filter']> = {}) =>
  harness.ops.query(person, { resource, filter });
const runs = async (filter: NonNullable<Input['filter']> = {}): Promise<string[]> =>
  ((await query('workflows', filter)).workflows ?? []).map((run) => run.workflow_id);

/** Rows of every page, one after the other. */
async function allPages<T>(
  resource: Input['resource'],
  filter: NonNullable<Input['filter']>,
  rows: (page: Awaited<ReturnType<typeof query>>) => readonly T[] | undefined,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await query(resource, cursor === undefined ? filter : { ...filter, cursor });
    found.push(...(rows(page) ?? []));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return found;
}

describe('workflows', () => {
  test('are summaries, newest first', async () => {
    const a = await runOf(harness.ops, { ...steps(noop('a')), metadata: { name: 'first' } });
    const b = await runOf(harness.ops, steps(ask('q')));
    const { workflows } = await query('workflows');
    expect(workflows?.map((run) => run.workflow_id)).toEqual([b.workflow_id, a.workflow_id]);
    expect(workflows?.[1]).toMatchObject({
      status: 'completed',
      name: 'first',
      template: null,
      waiting_for: [],
    });
    expect(workflows?.[0]?.waiting_for[0]?.text).toContain('Deploy?');
    expect(Object.keys(workflows?.[1] ?? {})).not.toContain('steps');
  });

  test('by status, agent, name, template, id and time', async () => {
    const definition = { ...steps(noop('a')), metadata: { name: 'n' } };
    await harness.ops.define(person, { name: 't', definition });
    const done = await runOf(harness.ops, definition, { agent_id: 'bot' });
    const waiting = await runOf(harness.ops, steps(ask('q')));
    const failed = await runOf(harness.ops, steps({ id: 'f', action: 'test.fail' }));
    const templated = await harness.ops.run(person, { template_name: 't' });
    const template = 'workflow_id' in templated ? templated.workflow_id : '';
    expect(await runs({ status: 'suspended' })).toEqual([waiting.workflow_id]);
    expect(await runs({ status: ['suspended', 'failed'] })).toEqual([
      failed.workflow_id,
      waiting.workflow_id,
    ]);
    expect(await runs({ status: 'suspended,failed' })).toHaveLength(2);
    expect(await runs({ agent_id: 'bot' })).toEqual([done.workflow_id]);
    expect(await runs({ name: 'n' })).toEqual([done.workflow_id]);
    expect(await runs({ template_name: 't' })).toEqual([template]);
    expect(await runs({ workflow_id: failed.workflow_id.slice(0, 8) })).toEqual([
      failed.workflow_id,
    ]);
    const other = { workflow_id: failed.workflow_id, status: 'completed' };
    expect(await runs(other)).toEqual([]);
    harness.engine.clock.jump(3_600_000);
    const hourLater = toRfc3339(harness.engine.clock.now() - 60_000);
    const late = await runOf(harness.ops, steps(noop('late')));
    expect(await runs({ since: hourLater })).toEqual([late.workflow_id]);
    expect(await runs({ until: hourLater })).toHaveLength(4);
  });

  test('page without repeating or losing one', async () => {
    for (let i = 0; i < 7; i++) await runOf(harness.ops, steps(noop('a')));
    const all = await runs();
    const paged = await allPages('workflows', { limit: 3 }, (page) => page.workflows);
    expect(paged.map((run) => run.workflow_id)).toEqual(all);
  });

  test('of a status that does not exist, or a time that is none, are refused', async () => {
    const error = await errorOf(query('workflows', { status: 'done' }), 'VALIDATION_ERROR');
    expect(error.hint).toContain('completed');
    await errorOf(query('workflows', { since: 'yesterday' }), 'VALIDATION_ERROR');
    await errorOf(query('workflows', { limit: -1 }), 'VALIDATION_ERROR');
    await errorOf(query('workflows', { cursor: 'zzz' }), 'VALIDATION_ERROR');
  });

  test('refuse a filter they do not have', async () => {
    const error = await errorOf(query('workflows', { step_id: 'a' }), 'VALIDATION_ERROR');
    expect(error.message).toContain('filter.step_id');
    expect(error.hint).toContain('status');
    await errorOf(query('actions', { status: 'x' }), 'VALIDATION_ERROR');
    await errorOf(query('workflows', { colour: 'x' } as never), 'VALIDATION_ERROR');
  });
});

describe('events', () => {
  test('by run, step, type, agent and template', async () => {
    await harness.ops.define(person, { name: 't', definition: steps(noop('a')) });
    const one = await runOf(harness.ops, steps(noop('a'), noop('b')), { agent_id: 'bot' });
    await harness.ops.run(person, { template_name: 't' });
    const of = async (filter: NonNullable<Input['filter']>) =>
      (await query('events', { limit: 100, ...filter })).events ?? [];
    const own = await of({ workflow_id: one.workflow_id });
    expect(own.every((event) => event.workflow_id === one.workflow_id)).toBe(true);
    expect(await of({ step_id: 'b' })).toHaveLength(2);
    const types = new Set((await of({ event_type: 'step_completed' })).map((e) => e.event_type));
    expect([...types]).toEqual(['step_completed']);
    expect(await of({ event_type: ['workflow_started', 'workflow_completed'] })).toHaveLength(4);
    expect((await of({ agent_id: 'bot' })).length).toBe(own.length);
    const templated = await of({ template_name: 't' });
    expect(templated.length).toBeGreaterThan(0);
    expect(templated.some((event) => event.workflow_id === one.workflow_id)).toBe(false);
  });

  test('page also when a filter leaves most of them out', async () => {
    for (let i = 0; i < 4; i++) {
      await runOf(harness.ops, steps(noop('a'), noop('b')), { agent_id: i % 2 ? 'odd' : 'even' });
    }
    const all = (await query('events', { agent_id: 'odd', limit: 1000 })).events ?? [];
    const paged = await allPages('events', { agent_id: 'odd', limit: 3 }, (page) => page.events);
    expect(paged).toEqual(all);
    expect(paged.length).toBeGreaterThan(6);
  });
});

describe('decisions', () => {
  test('by status, run, step, target and template', async () => {
    const definition = steps(ask('q', {}, { target_agent: 'ops-bot' }), ask('r'));
    await harness.ops.define(person, { name: 't', definition });
    const { workflow_id } = await runOf(harness.ops, definition);
    await harness.ops.run(person, { template_name: 't' });
    const payload = { choice: 'yes' };
    await harness.ops.signal(person, {
      workflow_id,
      signal_type: 'decision',
      step_id: 'r',
      payload,
    });
    const of = async (filter: NonNullable<Input['filter']>) =>
      ((await query('decisions', filter)).decisions ?? []).map((each) => each.step_id);
    expect(await of({})).toHaveLength(3);
    expect(await of({ status: 'pending,resolved,cancelled' })).toHaveLength(4);
    expect(await of({ status: 'pending' })).toHaveLength(3);
    expect(await of({ status: 'resolved' })).toEqual(['r']);
    expect(await of({ workflow_id, status: ['pending', 'resolved'] })).toHaveLength(2);
    expect(await of({ agent_id: 'ops-bot' })).toEqual(['q', 'q']);
    expect(await of({ step_id: 'q', template_name: 't' })).toEqual(['q']);
    expect(await of({ since: '2030-01-01T00:00:00Z' })).toEqual([]);
  });
});

describe('templates and actions', () => {
  test('every version of one template, newest first', async () => {
    for (const id of ['a', 'b', 'c']) {
      await harness.ops.define(person, { name: 't', definition: steps(noop(id)) });
    }
    await harness.ops.define(person, { name: 'tt', definition: steps(noop('a')) });
    const versions = async (filter: Parameters<typeof query>[1]) =>
      ((await query('templates', filter)).templates ?? []).map((each) => each.version);
    expect(await versions({ template_name: 't' })).toEqual([3]);
    expect(await versions({ template_name: 't', versions: true })).toEqual([3, 2, 1]);
    const filter = { template_name: 't', versions: true, limit: 2 };
    const pages = await allPages('templates', filter, (page) => page.templates);
    expect(pages.map((each) => each.version)).toEqual([3, 2, 1]);
    expect(await versions({ template_name: 'none', versions: true })).toEqual([]);
    const unnamed = query('templates', { versions: true });
    expect(unnamed).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
    const bad = query('templates', { template_name: 't', versions: true, cursor: 'x' });
    expect(bad).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });

  test('templates by name, agent and status', async () => {
    const define = (name: string, ctx = person) =>
      harness.ops.define(ctx, { name, definition: steps(noop('a')) });
    await define('deploy-web');
    await define('deploy-api', agent('bot'));
    await define('old');
    await harness.ops.define(person, { name: 'old', archived: true });
    const of = async (filter: NonNullable<Input['filter']>) =>
      ((await query('templates', filter)).templates ?? []).map((each) => each.name);
    expect(await of({})).toEqual(['deploy-api', 'deploy-web']);
    expect(await of({ name: 'web' })).toEqual(['deploy-web']);
    expect(await of({ template_name: 'deploy' })).toEqual([]);
    expect(await of({ agent_id: 'bot' })).toEqual(['deploy-api']);
    expect(await of({ status: 'archived' })).toEqual(['old']);
    expect(
      (await allPages('templates', { limit: 1 }, (page) => page.templates)).map((t) => t.name),
    ).toEqual(['deploy-api', 'deploy-web']);
  });

  test('actions with their params, in pages by name', async () => {
    const { actions } = await query('actions', { name: 'noop' });
    expect(actions).toEqual([
      {
        name: 'test.noop',
        description: 'gives its value back',
        effect: 'pure',
        params: { value: { type: 'any' } },
      },
    ]);
    const all = (await query('actions', { limit: 100 })).actions ?? [];
    const paged = await allPages('actions', { limit: 2 }, (page) => page.actions);
    expect(paged).toEqual(all);
  });
});

describe('secrets', () => {
  test('by name, in pages, and a part of the name finds them', async () => {
    const names = await allPages('secrets', { limit: 1 }, (page) => page.secrets);
    expect(names.map((each) => each.name)).toEqual(['API_KEY', 'TOKEN']);
    expect((await query('secrets', { name: 'KEY' })).secrets).toEqual([
      { name: 'API_KEY', source: 'environment' },
    ]);
  });
});

describe('the manual', () => {
  test('lists its pages with their sections', async () => {
    expect((await query('reference')).reference).toEqual([
      {
        name: 'actions',
        title: 'Actions',
        sections: ['actions#start', 'actions#http', 'actions#shell'],
      },
      { name: 'errors', title: 'Errors', sections: ['errors#start'] },
    ]);
  });

  test('gives a page section by section, and one section', async () => {
    const [contents, ...sections] = await allPages(
      'reference',
      { name: 'actions', limit: 1 },
      (page) => page.reference,
    );
    expect(contents).toEqual({
      name: 'actions',
      title: 'Actions',
      sections: [
        'actions#start: What steps do.',
        'actions#http: Requests.',
        'actions#shell: Commands.',
      ],
    });
    expect(sections.map((each) => each.text)).toEqual([
      '# Actions\n\nWhat steps do.',
      '## http\n\nRequests.',
      '## shell\n\nCommands.',
    ]);
    const { reference } = await query('reference', { name: 'actions#shell' });
    expect(reference).toMatchObject([{ title: 'shell', text: '## shell\n\nCommands.' }]);
  });

  test('is found by a link, and by words of a heading or of the text', async () => {
    const link = await query('reference', { name: 'references/actions.md#shell' });
    expect(link.reference).toMatchObject([{ name: 'actions#shell' }]);
    const heading = await query('reference', { name: 'Shell' });
    expect(heading.reference).toMatchObject([{ name: 'actions#shell' }]);
    const text = await query('reference', { name: 'actions#requests' });
    expect(text.reference).toMatchObject([{ name: 'actions#http' }]);
    expect((await query('reference', { name: 'codes' })).reference).toHaveLength(1);
  });

  test('says what there is when a name is wrong', async () => {
    const error = await errorOf(query('reference', { name: 'acton' }), 'NOT_FOUND');
    expect(error.hint).toBe('it has actions, errors');
  });
});
