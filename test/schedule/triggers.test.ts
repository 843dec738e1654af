/** Triggers of templates: what they make, keep and remove, and what is wrong with them. */
// zone: the same in every time zone of the machine
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import type { Json } from '../../src/model/json.ts';
import { reconcileTriggers } from '../../src/ops/triggers.ts';
import { createCalculator } from '../../src/schedule/calculator.ts';
import { agent, errorOf, type Harness, noop, openHarness, person, steps } from '../ops/harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = openHarness();
});
afterEach(() => harness.close());

const define = (triggers: object, more: object = {}, ctx = person) =>
  harness.ops.define(ctx, {
    name: 'report',
    definition: steps(noop('a')),
    triggers: triggers as Record<string, Json>,
    ...more,
  });

const list = async () => {
  const { schedules = [] } = await harness.ops.query(person, { resource: 'schedules' });
  return schedules;
};

const NIGHT = { name: 'night', expression: '0 2 * * *', timezone: 'Europe/Berlin' };

describe('cron entries', () => {
  test('are told by who registers them: next times and addresses', async () => {
    const secret = 'HOOK';
    const made = await define({ cron: [NIGHT], webhook: [{ name: 'push', secret }] });
    expect(made.triggers).toEqual({
      schedules: [{ name: 'report/night', next_at: expect.stringMatching(/T0[01]:00:00/) }],
      webhooks: [{ path: '/hooks/push', form: 'opcode' }],
    });
    const without = { name: 'plain', definition: steps(noop('a')) };
    expect(await harness.ops.define(person, without)).not.toHaveProperty('triggers');
  });

  test('make schedules with all that they say', async () => {
    await define({
      cron: [
        {
          ...NIGHT,
          params: { n: 1 },
          overlap: 'queue',
          catch_up: 'all',
          jitter: '1m',
          pause_after: 2,
        },
        { expression: '@hourly', enabled: false, agent_id: 'bob', version: 1 },
      ],
    });
    expect(await list()).toMatchObject([
      { name: 'report/cron-2', enabled: false, agent_id: 'bob', version: 1, trigger_of: 'report' },
      {
        name: 'report/night',
        template: 'report',
        version: null,
        agent_id: null,
        params: { n: 1 },
        overlap: 'queue',
        catch_up: 'all',
        jitter_ms: 60_000,
        pause_after: 2,
        timezone: 'Europe/Berlin',
      },
    ]);
  });

  test('written as before, they leave alone what people have changed', async () => {
    await define({ cron: [NIGHT] });
    await harness.ops.schedule_disable(person, { name: 'report/night' });
    const { id } = harness.store.scheduleByName('report/night') ?? {};
    await define({ cron: [NIGHT] });
    await define({ cron: [NIGHT] }, { definition: steps(noop('b')) });
    expect((await list())[0]?.enabled).toBe(false);
    await define({ cron: [{ ...NIGHT, expression: '0 3 * * *' }] });
    expect((await list())[0]).toMatchObject({ enabled: true, expression: '0 3 * * *' });
    expect(harness.store.scheduleByName('report/night')?.id).toBe(id ?? '');
  });

  test('that are gone take their schedules along; hand-made ones stay', async () => {
    await define({ cron: [NIGHT, { ...NIGHT, name: 'day' }] });
    await harness.ops.schedule_add(person, {
      name: 'mine',
      template_name: 'report',
      expression: '@daily',
    });
    await define({ cron: [NIGHT] });
    expect((await list()).map((each) => each.name)).toEqual(['mine', 'report/night']);
    await harness.ops.define(person, { name: 'report', definition: steps(noop('a')) });
    expect((await list()).map((each) => each.name)).toEqual(['mine']);
  });

  test('cannot be removed by hand', async () => {
    await define({ cron: [NIGHT] });
    const error = await errorOf(
      harness.ops.schedule_remove(person, { name: 'report/night' }),
      'CONFLICT',
    );
    expect(error.hint).toContain('take the entry out');
  });

  test('rest while their template is archived', async () => {
    await define({ cron: [NIGHT, { ...NIGHT, name: 'off', enabled: false }] });
    await harness.ops.define(person, { name: 'report', archived: true });
    expect(harness.store.scheduleByName('report/night')).toMatchObject({
      enabled: false,
      pausedReason: 'its template is archived',
    });
    await harness.ops.define(person, { name: 'report', archived: false });
    expect((await list()).map((each) => each.enabled)).toEqual([true, false]);
    await harness.ops.define(person, { name: 'report', archived: true });
    await define({ cron: [NIGHT] });
    expect((await list()).map((each) => each.enabled)).toEqual([true]);
  });

  test('only validated, they make nothing', async () => {
    await define({ cron: [NIGHT] }, { validate_only: true });
    expect(await list()).toEqual([]);
  });

  test('are made good when a process died between the two writes', async () => {
    await define({ cron: [NIGHT], webhook: [{ name: 'in', secret: 'TOKEN' }] });
    const { store, engine } = harness;
    store.applyTriggers({
      template: 'report',
      at: 0,
      add: [],
      change: [],
      remove: [store.scheduleByName('report/night')?.id ?? ''],
      webhooks: [],
    });
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const calculator = createCalculator(sha256);
    const random = { uuid: () => 'new', sha256 };
    reconcileTriggers({ store, clock: engine.clock, calculator, random });
    expect(store.scheduleByName('report/night')?.owner?.template).toBe('report');
    expect(store.webhook('in')?.secret).toBe('TOKEN');
    const writes = store.dataVersion();
    reconcileTriggers({ store, clock: engine.clock, calculator, random });
    expect(store.dataVersion()).toBe(writes);
  });

  test('let an agent speak for itself only', async () => {
    const bot = agent('bot');
    await errorOf(define({ cron: [{ ...NIGHT, agent_id: 'boss' }] }, {}, bot), 'PERMISSION_DENIED');
    expect(await list()).toEqual([]);
    await define({ cron: [NIGHT] }, {}, bot);
    expect((await list())[0]?.agent_id).toBe('bot');
  });
});

describe('webhooks', () => {
  test('belong to one template', async () => {
    await define({ webhook: [{ name: 'in', secret: 'TOKEN' }] });
    expect(harness.store.webhook('in')).toMatchObject({ template: 'report', secret: 'TOKEN' });
    const other = define({ webhook: [{ name: 'in', secret: 'TOKEN' }] }, { name: 'other' });
    expect((await errorOf(other, 'CONFLICT')).message).toContain(
      'belongs to the template "report"',
    );
    expect(harness.store.template('other', null)).toBeNull();
    await define({});
    expect(harness.store.webhook('in')).toBeNull();
  });
});

describe('mistakes', () => {
  test.each([
    [{ cron: [{ expression: '99 * * * *' }] }, 'triggers.cron[0].expression', /out of range/],
    [{ cron: [{ ...NIGHT, timezone: 'Mars' }] }, 'triggers.cron[0].timezone', /no time zone/],
    [{ cron: [{ ...NIGHT, catch_up: 5 }] }, 'triggers.cron[0].catch_up', /no unit/],
    [{ cron: [{ ...NIGHT, jitter: '3d' }] }, 'triggers.cron[0].jitter', /over a day/],
    [{ cron: [{ ...NIGHT, version: 'new' }] }, 'triggers.cron[0].version', /it is not a version/],
    [{ cron: [NIGHT, NIGHT] }, 'triggers.cron[1].name', /there twice/],
    [{ cron: [{ ...NIGHT, name: 'a/b' }] }, 'triggers.cron[0].name', /is no name/],
    [{ webhook: [{ name: 'a/b', secret: 'K' }] }, 'triggers.webhook[0].name', /address/],
    [{ webhook: [{ name: 'in' }] }, 'triggers.webhook[0].secret', /secret/],
    [
      { webhook: [{ name: 'in', secret: 's3cr3t value!' }] },
      'triggers.webhook[0].secret',
      /not its value/,
    ],
  ])('%o', async (triggers, path, message) => {
    const error = await errorOf(define(triggers), 'VALIDATION_ERROR');
    const { issues } = error.details as { issues: { path: string; message: string }[] };
    expect(issues.map((issue) => issue.path)).toContain(path);
    expect(issues.find((issue) => issue.path === path)?.message).toMatch(message);
  });

  test('params that fit no run', async () => {
    const input_schema = { type: 'object', required: ['day'] };
    const error = await errorOf(define({ cron: [NIGHT] }, { input_schema }), 'VALIDATION_ERROR');
    expect(error.message).toContain('triggers.cron[0].params');
  });

  test('a time that has passed and a secret that is not there yet are warnings', async () => {
    const { warnings } = await define({
      cron: [{ expression: '2020-01-01T00:00:00Z' }],
      webhook: [{ name: 'in', secret: 'NEW_ONE' }],
    });
    expect(warnings.map((issue) => issue.path).sort()).toEqual([
      'triggers.cron[0].expression',
      'triggers.webhook[0].secret',
    ]);
    expect((await list())[0]?.next).toEqual([]);
  });
});
