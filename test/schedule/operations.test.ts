/** The operations on schedules, over a store in memory. */
// zone: the same in every time zone of the machine
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { agent, errorOf, type Harness, noop, openHarness, person, steps } from '../ops/harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = openHarness();
  await harness.ops.define(person, {
    name: 'report',
    definition: steps(noop('a')),
    input_schema: {
      type: 'object',
      properties: { day: { type: 'string' }, n: { type: 'integer' } },
      required: ['day'],
      additionalProperties: false,
    },
  });
});
afterEach(() => harness.close());

const DAILY = {
  name: 'nightly',
  template_name: 'report',
  expression: '0 2 * * *',
  params: { day: 'today' },
};
const add = (more: object = {}) => harness.ops.schedule_add(person, { ...DAILY, ...more });

describe('adding', () => {
  test('answers with what will happen', async () => {
    const { schedule } = await add({ timezone: 'Europe/Berlin' });
    expect(schedule).toEqual({
      name: 'nightly',
      template: 'report',
      version: null,
      params: { day: 'today' },
      agent_id: null,
      expression: '0 2 * * *',
      timezone: 'Europe/Berlin',
      overlap: 'skip',
      catch_up: '1h',
      jitter_ms: 0,
      pause_after: null,
      enabled: true,
      created_at: expect.any(String),
      created_by: 'cli:ann',
      next: [1, 2, 3, 4, 5].map((day) => `2026-01-0${day}T01:00:00.000Z`),
    });
  });

  test.each([
    ['0 0 */2 * 1', '*/2', '2026-01-03 00:00, 2026-01-05 00:00, 2026-01-07 00:00'],
    ['0 0 15 * */3', '*/3', '2026-01-03 00:00, 2026-01-04 00:00, 2026-01-07 00:00'],
    ['0 0 */10,5 * MON-FRI', '*/10,5', '2026-01-02 00:00, 2026-01-05 00:00, 2026-01-06 00:00'],
  ])('warns that either day field of %s is enough', async (expression, field, times) => {
    const { warnings = [] } = await add({ expression });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ path: 'expression', code: 'EITHER_DAY' });
    expect(warnings[0]?.message).toContain(`also beside ${field}; next in UTC: ${times}`);
    const triggers = { cron: [{ expression, params: { day: 'x' } }] };
    const defined = await harness.ops.define(person, {
      name: 'other',
      definition: steps(noop('a')),
      triggers,
    });
    expect(defined.warnings.map(({ code, path }) => [code, path])).toContainEqual([
      'EITHER_DAY',
      'triggers.cron[0].expression',
    ]);
  });

  test.each(['0 0 1 * 1', '0 0 */2 * *', '*/5 * * * 1', '0 0 */1 * 1', '@daily', '@every 5m'])(
    'says nothing about %s',
    async (expression) => {
      expect((await add({ expression })).warnings).toBeUndefined();
    },
  );

  test('params may be texts, typed by the input schema', async () => {
    const { schedule } = await add({ params: undefined, param_texts: ['day=x', 'n=3'] });
    expect(schedule.params).toEqual({ day: 'x', n: 3 });
  });

  test.each([
    [{ expression: '0 0 30 2 *' }, /expression: it never fires/],
    [{ expression: '99 * * * *' }, /expression: minute: "99" is out of range/],
    [{ timezone: 'Mars' }, /timezone: there is no time zone "Mars"/],
    [{ expression: 'TZ=UTC 0 0 * * *', timezone: 'Asia/Tokyo' }, /timezone: .*differs/],
    [{ expression: '2026-03-01T09:00' }, /neither an offset nor a time zone/],
    [{ catch_up: 'sometimes' }, /catch_up: "sometimes" is not a duration/],
    [{ jitter: '2d' }, /jitter: "2d" is over a day/],
    [{ first_at: 'soon' }, /first_at: "soon" is no time/],
    [{ params: {} }, /day/],
    [{ params: { day: 'x', other: 1 } }, /other/],
    [{ overlap: 'maybe' }, /overlap/],
    [{ pause_after: 0 }, /pause_after/],
    [{ name: 'a\nb' }, /name/],
    [{ expression: '2026-02-01T00:00:00Z', first_at: '2026-03-01T00:00:00Z' }, /never fires/],
  ])('%o is refused', async (change, message) => {
    const error = await errorOf(add(change), 'VALIDATION_ERROR');
    expect(`${error.message} ${JSON.stringify(error.details ?? '')}`).toMatch(message);
    expect(harness.store.schedules({ limit: 9 }).items).toEqual([]);
  });

  test('an unknown template, a version it does not have, a name that is taken', async () => {
    await errorOf(add({ template_name: 'repart' }), 'NOT_FOUND');
    await errorOf(add({ version: 7 }), 'NOT_FOUND');
    await add();
    const error = await errorOf(add(), 'CONFLICT');
    expect(error.hint).toContain('schedule_update');
  });

  test('is for operators', async () => {
    await errorOf(harness.ops.schedule_add(agent('bot'), DAILY), 'PERMISSION_DENIED');
    await errorOf(harness.ops.schedule_run(agent('bot'), { name: 'nightly' }), 'PERMISSION_DENIED');
    await add();
    const viewer = { agentId: null, role: 'viewer', sender: 'person' } as const;
    const looking = { caller: viewer, exec: null };
    const next = await harness.ops.schedule_next(looking, { name: 'nightly' });
    expect(next.times).toHaveLength(5);
  });
});

describe('changing', () => {
  test('what is left out stays; new times begin now', async () => {
    await add({ timezone: 'Europe/Berlin', jitter: '5m', overlap: 'queue' });
    const { schedule } = await harness.ops.schedule_update(person, {
      name: 'nightly',
      new_name: 'weekly',
      expression: '@weekly',
      catch_up: 'all',
      pause_after: 3,
    });
    expect(schedule).toMatchObject({
      name: 'weekly',
      expression: '@weekly',
      timezone: 'Europe/Berlin',
      jitter_ms: 300_000,
      overlap: 'queue',
      catch_up: 'all',
      pause_after: 3,
      params: { day: 'today' },
      next: [
        '2026-01-03T23:00:00.000Z',
        '2026-01-10T23:00:00.000Z',
        ...Array(3).fill(expect.any(String)),
      ],
    });
    await errorOf(harness.ops.schedule_update(person, { name: 'nightly' }), 'NOT_FOUND');
  });

  test('a new expression may bring its own zone; a time with an offset needs none', async () => {
    await add({ timezone: 'Europe/Berlin' });
    const update = (expression: string) =>
      harness.ops.schedule_update(person, { name: 'nightly', expression });
    expect((await update('TZ=Asia/Tokyo @daily')).schedule.timezone).toBe('Asia/Tokyo');
    const once = await update('2027-01-01T00:00:00+01:00');
    expect(once.schedule.next).toEqual(['2026-12-31T23:00:00.000Z']);
  });

  test('a name of another, params that do not fit', async () => {
    await add();
    await add({ name: 'other' });
    await errorOf(
      harness.ops.schedule_update(person, { name: 'other', new_name: 'nightly' }),
      'CONFLICT',
    );
    await errorOf(
      harness.ops.schedule_update(person, { name: 'other', params: { n: 'x' } }),
      'VALIDATION_ERROR',
    );
  });

  test('disabled ones have no next time; enabling begins anew', async () => {
    await add();
    const off = await harness.ops.schedule_disable(person, { name: 'nightly' });
    expect(off.schedule).toMatchObject({ enabled: false, next: [] });
    const on = await harness.ops.schedule_enable(person, { name: 'nightly' });
    expect(on.schedules[0]?.next).toHaveLength(5);
    await errorOf(harness.ops.schedule_enable(person, {}), 'VALIDATION_ERROR');
  });

  test('all enables what was paused, not what somebody disabled', async () => {
    await add();
    await add({ name: 'off', enabled: false });
    harness.store.suspendSchedules('restored', 0);
    const list = await harness.ops.query(person, {
      resource: 'schedules',
      filter: { status: 'paused' },
    });
    expect(list.schedules?.map((each) => each.paused_reason)).toEqual(['restored']);
    const { schedules } = await harness.ops.schedule_enable(person, { all: true });
    expect(schedules.map((each) => each.name)).toEqual(['nightly']);
    expect(harness.store.scheduleByName('off')?.enabled).toBe(false);
  });

  test('removing takes the history along', async () => {
    await add();
    expect(await harness.ops.schedule_remove(person, { name: 'nightly' })).toEqual({
      name: 'nightly',
      removed: true,
    });
    await errorOf(harness.ops.schedule_remove(person, { name: 'nightly' }), 'NOT_FOUND');
  });
});

describe('looking', () => {
  test('next: of a schedule, or of an expression, with local times', async () => {
    const trial = await harness.ops.schedule_next(person, {
      expression: '30 2 * * *',
      timezone: 'Europe/Berlin',
      after: '2026-03-27T12:00:00Z',
      count: 3,
    });
    expect(trial.times).toEqual([
      { at: '2026-03-28T01:30:00.000Z', local: '2026-03-28 02:30:00 GMT+01:00' },
      { at: '2026-03-29T01:00:00.000Z', local: '2026-03-29 03:00:00 GMT+02:00' },
      { at: '2026-03-30T00:30:00.000Z', local: '2026-03-30 02:30:00 GMT+02:00' },
    ]);
    await errorOf(harness.ops.schedule_next(person, {}), 'VALIDATION_ERROR');
    await errorOf(harness.ops.schedule_next(person, { name: 'none' }), 'NOT_FOUND');
  });

  test('the list pages, filters, and shows one with its history', async () => {
    await add();
    await add({ name: 'b' });
    await add({ name: 'c' });
    await harness.ops.schedule_run(person, { name: 'b', wait: 'forever' });
    const query = (filter: object) => harness.ops.query(person, { resource: 'schedules', filter });
    const page = await query({ limit: 2 });
    expect(page.schedules?.map((each) => each.name)).toEqual(['b', 'c']);
    expect(page.schedules?.[0]?.last?.run?.status).toBe('completed');
    const rest = await query({ limit: 2, cursor: page.next_cursor });
    expect(rest.schedules?.map((each) => each.name)).toEqual(['nightly']);
    expect((await query({ name: 'b' })).schedules?.[0]?.history).toHaveLength(1);
    expect((await query({ template_name: 'none' })).schedules).toEqual([]);
    await errorOf(query({ step_id: 'x' }), 'VALIDATION_ERROR');
  });
});

describe('starting', () => {
  test('now: a run that knows its schedule', async () => {
    await add({ agent_id: 'reporter' });
    const result = await harness.ops.schedule_run(person, { name: 'nightly', wait: 'forever' });
    expect(result).toMatchObject({ status: 'completed', due_at: expect.any(String) });
    const status = await harness.ops.status(person, { workflow_id: result.workflow_id });
    expect(status).toMatchObject({
      agent_id: 'reporter',
      template: 'report',
      input: { day: 'today' },
      trigger: { type: 'schedule', schedule: 'nightly', origin: 'manual', due_at: result.due_at },
    });
    const { occurrences } = await harness.ops.schedule_history(person, { name: 'nightly' });
    expect(occurrences).toMatchObject([
      { outcome: 'started', origin: 'manual', run: { status: 'completed', removed: false } },
    ]);
  });

  test('several at the same moment are several', async () => {
    await add();
    const runs = await Promise.all(
      [1, 2, 3].map(() => harness.ops.schedule_run(person, { name: 'nightly' })),
    );
    expect(new Set(runs.map((run) => run.workflow_id)).size).toBe(3);
  });

  test('what cannot start says why', async () => {
    await add();
    await harness.ops.define(person, { name: 'report', archived: true });
    const error = await errorOf(harness.ops.schedule_run(person, { name: 'nightly' }), 'CONFLICT');
    expect(error.message).toContain('archived');
  });

  test('from a process that does not execute it is left to one that does', async () => {
    await add();
    const result = await harness.reader.schedule_run(person, { name: 'nightly' });
    expect(result.status).toBe('pending');
  });

  test('a backfill counts first, queues once, and keeps to its limit', async () => {
    await add();
    const range = { name: 'nightly', start: '2025-12-01T00:00:00Z', end: '2025-12-10T23:00:00Z' };
    const dry = await harness.ops.schedule_backfill(person, { ...range, dry_run: true });
    expect(dry).toMatchObject({
      times: 10,
      queued: 10,
      already: 0,
      first: '2025-12-01T02:00:00.000Z',
      last: '2025-12-10T02:00:00.000Z',
    });
    expect((await harness.ops.schedule_history(person, { name: 'nightly' })).occurrences).toEqual(
      [],
    );
    await harness.ops.schedule_backfill(person, { ...range, parallel: 3 });
    const again = await harness.ops.schedule_backfill(person, range);
    expect(again).toMatchObject({ times: 10, queued: 0, already: 10 });
    const { occurrences } = await harness.ops.schedule_history(person, {
      name: 'nightly',
      outcome: ['queued'],
    });
    expect(occurrences).toHaveLength(10);
    const few = harness.ops.schedule_backfill(person, { ...range, limit: 9 });
    expect((await errorOf(few, 'VALIDATION_ERROR')).message).toContain('more than 9 times');
    const future = { ...range, end: '2030-01-01T00:00:00Z' };
    await errorOf(harness.ops.schedule_backfill(person, future), 'VALIDATION_ERROR');
    const turned = { ...range, start: range.end, end: range.start };
    await errorOf(harness.ops.schedule_backfill(person, turned), 'VALIDATION_ERROR');
  });
});
