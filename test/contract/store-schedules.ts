/** Contract of schedules, their occurrences, notices and triggers. */
import { describe, expect, test } from 'bun:test';
import { asRunId } from '../../src/model/ids.ts';
import { DISABLED, type ScheduleRow, type WebhookRow } from '../../src/model/schedule.ts';
import type { NewOccurrence, ScheduleRecord, WebhookUse } from '../../src/model/schedule-store.ts';
import type { Store } from '../../src/model/store.ts';
import { append, completed, message, newRun, patch, T0 } from './store-fixtures.ts';

export const schedule = (id: string, change: Partial<ScheduleRow> = {}): ScheduleRow => ({
  id,
  name: id,
  template: 'deploy',
  version: null,
  params: { env: 'prod' },
  agentId: null,
  expression: '0 2 * * *',
  timezone: 'UTC',
  overlap: 'skip',
  catchUpMs: 3_600_000,
  jitterMs: 0,
  enabled: true,
  pausedReason: null,
  pauseAfter: null,
  countedFrom: T0,
  createdAt: T0,
  updatedAt: T0,
  firstAt: null,
  nextAt: T0 + 10,
  fireAt: T0 + 12,
  nextLocal: null,
  zoneRules: null,
  owner: null,
  createdBy: 'cli:ann',
  revision: 1,
  ...change,
});

export const occurrence = (dueAt: number, change: Partial<NewOccurrence> = {}): NewOccurrence => ({
  dueAt,
  local: null,
  outcome: 'started',
  reason: null,
  origin: 'schedule',
  waitsFor: null,
  parallel: null,
  run: null,
  replaces: [],
  ...change,
});

export const record = (
  scheduleId: string,
  revision: number,
  change: Partial<ScheduleRecord> = {},
): ScheduleRecord => ({
  scheduleId,
  revision,
  at: T0 + 50,
  occurrences: [],
  sends: [],
  next: null,
  pause: null,
  notices: [],
  ...change,
});

async function end(store: Store, run: string, status: 'completed' | 'failed'): Promise<void> {
  const id = asRunId(run);
  const claim = store.claim(id, append(run).owner, []);
  await store.append([
    append(run, {
      epoch: claim?.epoch ?? 0,
      events: [completed(1)],
      patch: patch({
        status,
        endedAt: T0 + 500,
        release: true,
        error: status === 'failed' ? { code: 'EXECUTION_ERROR', message: 'no' } : null,
      }),
    }),
  ]);
}

function rowContract(subject: { readonly store: Store }): void {
  test('a schedule is found by id and name; a name belongs to one', () => {
    const { store } = subject;
    expect(store.addSchedule(schedule('a'))).toBe(true);
    expect(store.addSchedule(schedule('b', { name: 'a' }))).toBe(false);
    expect(store.schedule('a')).toEqual(schedule('a'));
    expect(store.scheduleByName('a')?.id).toBe('a');
    expect(store.schedule('b')).toBeNull();
    expect(store.scheduleByName('none')).toBeNull();
  });

  test('a change needs the revision it was made for, and raises it', () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    store.addSchedule(schedule('b'));
    const changed = store.changeSchedule('a', 1, {
      params: { n: 2 },
      catchUpMs: null,
      version: 3,
      updatedAt: T0 + 1,
    });
    const expected = { params: { n: 2 }, catchUpMs: null, version: 3, updatedAt: T0 + 1 };
    expect(changed).toEqual({ ok: true, schedule: schedule('a', { ...expected, revision: 2 }) });
    const stale = store.changeSchedule('a', 1, { updatedAt: T0 });
    expect(stale).toEqual({ ok: false, reason: 'changed' });
    expect(store.changeSchedule('a', 2, { name: 'b', updatedAt: T0 })).toEqual({
      ok: false,
      reason: 'name_taken',
    });
    expect(store.changeSchedule('none', 1, { updatedAt: T0 }).ok).toBe(false);
  });

  test('what fires next is the earliest of the enabled ones', () => {
    const { store } = subject;
    expect(store.nextFireAt()).toBeNull();
    store.addSchedule(schedule('late', { fireAt: T0 + 30 }));
    store.addSchedule(schedule('soon', { fireAt: T0 + 20 }));
    store.addSchedule(schedule('off', { fireAt: T0 + 5, enabled: false }));
    store.addSchedule(schedule('over', { nextAt: null, fireAt: null }));
    expect(store.nextFireAt()).toBe(T0 + 20);
    expect(store.dueSchedules(T0 + 19, 9)).toEqual([]);
    expect(store.dueSchedules(T0 + 30, 9).map((row) => row.id)).toEqual(['soon', 'late']);
    expect(store.dueSchedules(T0 + 30, 1)).toHaveLength(1);
  });

  test('they are listed by name, in pages', () => {
    const { store } = subject;
    const owner = { template: 't', entry: { expression: '@daily' } };
    store.addSchedule(schedule('2', { name: 'b', owner }));
    store.addSchedule(schedule('1', { name: 'c', template: 'other' }));
    store.addSchedule(schedule('3', { name: 'a', enabled: false }));
    const first = store.schedules({ limit: 2 });
    expect(first.items.map((row) => row.name)).toEqual(['a', 'b']);
    const rest = store.schedules({ limit: 2, cursor: first.nextCursor ?? '' });
    expect(rest).toEqual({
      items: [schedule('1', { name: 'c', template: 'other' })],
      nextCursor: null,
    });
    expect(store.schedules({ limit: 9, owner: 't' }).items[0]?.owner).toEqual(owner);
    expect(store.schedules({ limit: 9, template: 'other' }).items).toHaveLength(1);
    expect(store.schedules({ limit: 9, enabled: false }).items).toHaveLength(1);
  });

  test('suspending pauses what is enabled, once', () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    store.addSchedule(schedule('b', { enabled: false }));
    const backfilled = occurrence(T0 - 9, { outcome: 'queued', origin: 'backfill' });
    store.record(record('b', 1, { occurrences: [backfilled] }));
    expect(store.suspendSchedules('restored', T0 + 7)).toBe(1);
    expect(store.schedulesWithQueued()).toEqual([]);
    expect(store.suspendSchedules('again', T0 + 8)).toBe(0);
    expect(store.schedule('a')).toMatchObject({ enabled: false, pausedReason: 'restored' });
    expect(store.schedule('b')?.pausedReason).toBeNull();
    expect(store.nextFireAt()).toBeNull();
  });
}

const PLACE = { zone: 'UTC', local: '2026-03-29T02:30', pass: 0 };
const RULES = { release: '2026f', fromYear: 2026, hash: 'abc' };

function placeContract(subject: { readonly store: Store }): void {
  test('a place on the clocks is decided once, whatever the instant', () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    store.addSchedule(schedule('b'));
    const at = (ms: number, change: Partial<NewOccurrence> = {}): ScheduleRecord =>
      record('a', store.schedule('a')?.revision ?? 0, {
        occurrences: [occurrence(T0 + ms, { local: PLACE, ...change })],
      });
    expect(store.record(at(10, { outcome: 'missed' }))).toMatchObject({ ok: true, taken: [] });
    expect(store.record(at(3_600_010))).toMatchObject({ ok: true, taken: [T0 + 3_600_010] });
    const again = at(3_600_010, { replaces: ['missed'], run: newRun('r1') });
    expect(store.record(again)).toMatchObject({ ok: true, taken: [] });
    expect(store.occurrences({ scheduleId: 'a', limit: 9 }).items).toMatchObject([
      { dueAt: T0 + 10, local: PLACE, outcome: 'started', run: { runId: 'r1' } },
    ]);
    expect(store.occurrenceAt('a', PLACE)?.dueAt).toBe(T0 + 10);
    expect(store.occurrenceAt('a', { ...PLACE, pass: 1 })).toBeNull();
    expect(store.occurrenceAt('a', { ...PLACE, zone: 'Europe/Berlin' })).toBeNull();
    expect(store.occurrenceAt('b', PLACE)).toBeNull();
  });

  test('both passes of a time are two, and a time without place keeps its place', () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    const passes = [0, 1].map((pass) => occurrence(T0 + pass, { local: { ...PLACE, pass } }));
    const none = [occurrence(T0 + 5), occurrence(T0 + 6)];
    const all = record('a', 1, { occurrences: [...passes, ...none] });
    expect(store.record(all)).toMatchObject({ taken: [] });
    const queued = occurrence(T0, { outcome: 'skipped', replaces: ['started'] });
    expect(store.record(record('a', 2, { occurrences: [queued] }))).toMatchObject({ taken: [] });
    expect(store.occurrence('a', T0)).toMatchObject({ outcome: 'skipped', local: PLACE });
    expect(store.occurrence('a', T0 + 5)?.local).toBeNull();
  });

  test('a next time that is set without its place has none', () => {
    const { store } = subject;
    store.addSchedule(schedule('a', { nextLocal: PLACE, zoneRules: RULES }));
    expect(store.schedule('a')).toMatchObject({ nextLocal: PLACE, zoneRules: RULES });
    store.changeSchedule('a', 1, { overlap: 'allow', updatedAt: T0 });
    expect(store.schedule('a')?.nextLocal).toEqual(PLACE);
    store.changeSchedule('a', 2, { nextAt: T0 + 99, fireAt: T0 + 99, updatedAt: T0 });
    expect(store.schedule('a')).toMatchObject({ nextLocal: null, zoneRules: RULES });
  });

  test('some schedules can be left out of what fires', () => {
    const { store } = subject;
    store.addSchedule(schedule('a', { fireAt: T0 + 1 }));
    store.addSchedule(schedule('b', { fireAt: T0 + 2 }));
    expect(store.nextFireAt(['a'])).toBe(T0 + 2);
    expect(store.nextFireAt(['a', 'b'])).toBeNull();
    expect(store.dueSchedules(T0 + 5, 9, ['a']).map(({ id }) => id)).toEqual(['b']);
    expect(store.unplacedSchedules(9)).toEqual([]);
    expect(store.unplacedOccurrences(9)).toEqual([]);
  });
}

function recordContract(subject: { readonly store: Store }): void {
  test('an occurrence and its run come together, and only once', () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    const first = record('a', 1, {
      occurrences: [occurrence(T0 + 10, { run: newRun('r1') })],
      next: { nextAt: T0 + 20, fireAt: T0 + 21, nextLocal: PLACE, zoneRules: RULES },
    });
    expect(store.record(first)).toEqual({ ok: true, revision: 2, taken: [] });
    expect(store.schedule('a')).toMatchObject({
      nextAt: T0 + 20,
      fireAt: T0 + 21,
      nextLocal: PLACE,
      zoneRules: RULES,
      revision: 2,
    });
    expect(store.head(asRunId('r1'))?.status).toBe('pending');
    expect(store.claimable(T0 + 99, [], 9)).toEqual([asRunId('r1')]);

    const stale = { ...first, occurrences: [occurrence(T0 + 10, { run: newRun('r2') })] };
    expect(store.record(stale)).toEqual({ ok: false, reason: 'changed' });
    expect(store.record({ ...stale, revision: 2 })).toEqual({
      ok: true,
      revision: 3,
      taken: [T0 + 10],
    });
    expect(store.head(asRunId('r2'))).toBeNull();
    expect(store.record(record('none', 1)).ok).toBe(false);
  });

  test('of several at once each is written for itself', () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    store.addSchedule(schedule('b'));
    const of = (id: string, revision: number, run: string) =>
      record(id, revision, { occurrences: [occurrence(T0 + 10, { run: newRun(run) })] });
    expect(store.recordAll([of('a', 1, 'r1'), of('b', 9, 'r2'), of('b', 1, 'r3')])).toEqual([
      { ok: true, revision: 2, taken: [] },
      { ok: false, reason: 'changed' },
      { ok: true, revision: 2, taken: [] },
    ]);
    expect(store.head(asRunId('r2'))).toBeNull();
    expect(store.occurrenceOfRun(asRunId('r3'))?.scheduleId).toBe('b');
    expect(store.recordAll([])).toEqual([]);
  });

  test('one that waits is started later, and no more than once', () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    const queued = occurrence(T0 + 10, { outcome: 'queued', waitsFor: asRunId('r0') });
    store.record(
      record('a', 1, { occurrences: [queued, occurrence(T0 + 5, { outcome: 'missed' })] }),
    );
    const backfilled = occurrence(T0 + 3, { outcome: 'queued', origin: 'backfill', parallel: 2 });
    store.record(record('a', 2, { occurrences: [backfilled] }));
    expect(store.schedulesWithQueued()).toEqual(['a']);
    expect(store.queuedOccurrences('a', 'itself', 9).map((row) => row.dueAt)).toEqual([T0 + 10]);
    expect(store.queuedOccurrences('a', 'backfill', 9)).toMatchObject([
      { dueAt: T0 + 3, parallel: 2 },
    ]);
    const start = (run: string, revision: number) =>
      store.record(
        record('a', revision, {
          occurrences: [occurrence(T0 + 10, { run: newRun(run), replaces: ['queued'] })],
        }),
      );
    expect(start('r1', 3)).toMatchObject({ ok: true, taken: [] });
    expect(start('r2', 4)).toMatchObject({ ok: true, taken: [T0 + 10] });
    expect(store.occurrence('a', T0 + 10)).toMatchObject({ outcome: 'started', waitsFor: null });
    expect(store.queuedOccurrences('a', 'itself', 9)).toEqual([]);
    expect(store.head(asRunId('r2'))).toBeNull();
  });

  test('its result is that of its run, in pages from the newest', async () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    store.record(
      record('a', 1, {
        occurrences: [
          occurrence(T0 + 1, { run: newRun('r1') }),
          occurrence(T0 + 2, { run: newRun('r2'), origin: 'manual' }),
          occurrence(T0 + 3, { outcome: 'skipped', reason: 'because' }),
        ],
      }),
    );
    expect(store.unfinishedRuns('a')).toEqual([
      { runId: asRunId('r1'), status: 'pending', origin: 'schedule', dueAt: T0 + 1 },
      { runId: asRunId('r2'), status: 'pending', origin: 'manual', dueAt: T0 + 2 },
    ]);
    await end(store, 'r1', 'failed');
    expect(store.unfinishedRuns('a').map((run) => run.runId)).toEqual([asRunId('r2')]);
    expect(store.occurrenceOfRun(asRunId('r1'))?.run).toEqual({
      runId: asRunId('r1'),
      status: 'failed',
      durationMs: 500,
      error: { code: 'EXECUTION_ERROR', message: 'no' },
      removed: false,
    });
    expect(store.occurrenceOfRun(asRunId('none'))).toBeNull();
    const page = store.occurrences({ scheduleId: 'a', limit: 2 });
    expect(page.items.map((row) => row.dueAt)).toEqual([T0 + 3, T0 + 2]);
    expect(page.items[0]).toMatchObject({ outcome: 'skipped', reason: 'because', run: null });
    const rest = store.occurrences({ scheduleId: 'a', limit: 2, cursor: page.nextCursor ?? '' });
    expect(rest.items.map((row) => row.dueAt)).toEqual([T0 + 1]);
    expect(
      store.occurrences({ scheduleId: 'a', limit: 9, outcomes: ['skipped'] }).items,
    ).toHaveLength(1);
    expect(
      store.occurrences({ scheduleId: 'a', limit: 9, since: T0 + 2, until: T0 + 2 }).items,
    ).toHaveLength(1);
    expect(store.occurrence('a', T0 + 9)).toBeNull();
  });

  test('its result stays when the run is removed', async () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    store.record(record('a', 1, { occurrences: [occurrence(T0 + 1, { run: newRun('r1') })] }));
    await end(store, 'r1', 'failed');
    const before = store.occurrence('a', T0 + 1);
    store.removeRuns([asRunId('r1')], []);
    expect(store.head(asRunId('r1'))).toBeNull();
    const { run } = before ?? {};
    expect(run?.status).toBe('failed');
    const kept = { ...before, run: run ? { ...run, removed: true } : null };
    expect(store.occurrence('a', T0 + 1) as unknown).toEqual(kept);
    expect(store.occurrenceOfRun(asRunId('r1')) as unknown).toEqual(kept);
  });

  test('messages and notices belong to the same transaction; pausing skips what waits', () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    store.createPending(newRun('r0'));
    store.record(
      record('a', 1, {
        occurrences: [occurrence(T0 + 1, { outcome: 'queued' })],
        sends: [message('r0')],
        notices: [{ kind: 'schedule_missed', payload: { schedule: 'a' } }],
      }),
    );
    expect(store.unsettled(asRunId('r0'))).toHaveLength(1);
    const [notice] = store.untoldScheduleNotices(9);
    expect(notice).toMatchObject({ kind: 'schedule_missed', payload: { schedule: 'a' } });
    store.scheduleNoticeTold(notice?.id ?? 0);
    expect(store.untoldScheduleNotices(9)).toEqual([]);
    store.record(record('a', 1, { notices: [{ kind: 'schedule_paused', payload: {} }] }));
    expect(store.untoldScheduleNotices(9)).toEqual([]);

    store.record(record('a', 2, { pause: '3 failures' }));
    expect(store.schedule('a')).toMatchObject({ enabled: false, pausedReason: '3 failures' });
    expect(store.occurrence('a', T0 + 1)).toMatchObject({ outcome: 'skipped', reason: DISABLED });
  });

  test('old occurrences are forgotten, unless something is still to come of them', async () => {
    const { store } = subject;
    store.addSchedule(schedule('a'));
    const many = [1, 2, 3, 4, 5].map((n) => occurrence(T0 + n, { outcome: 'missed' }));
    const running = occurrence(T0, { run: newRun('r1') });
    const queued = occurrence(T0 - 1, { outcome: 'queued' });
    store.record(record('a', 1, { occurrences: [...many, running, queued] }));
    expect(store.pruneOccurrences('a', 2)).toBe(3);
    expect(
      store.occurrences({ scheduleId: 'a', limit: 9 }).items.map((row) => row.dueAt - T0),
    ).toEqual([5, 4, 0, -1]);
    await end(store, 'r1', 'completed');
    expect(store.pruneOccurrences('a', 2)).toBe(1);
    expect(store.removeSchedule('a')).toBe(true);
    expect(store.removeSchedule('a')).toBe(false);
    expect(store.occurrences({ scheduleId: 'a', limit: 9 }).items).toEqual([]);
    expect(store.head(asRunId('r1'))).not.toBeNull();
  });
}

function triggerContract(subject: { readonly store: Store }): void {
  const webhook = (name: string, template = 't', secret = 'KEY'): WebhookRow => ({
    name,
    template,
    secret,
    form: 'opcode',
    equalBodies: false,
    createdAt: T0,
  });
  const change = { template: 't', at: T0, add: [], change: [], remove: [], webhooks: [] };

  test('schedules and webhooks of a template change together', () => {
    const { store } = subject;
    const owned = schedule('a', { owner: { template: 't', entry: 1 } });
    expect(
      store.applyTriggers({ ...change, add: [owned], webhooks: [webhook('in'), webhook('also')] }),
    ).toEqual({ ok: true });
    expect(store.webhooksOf('t').map((row) => row.name)).toEqual(['also', 'in']);
    store.applyTriggers({
      ...change,
      change: [{ id: 'a', to: { entry: 2, overlap: 'allow', updatedAt: T0 + 1 } }],
      webhooks: [{ ...webhook('in', 't', 'OTHER'), createdAt: T0 + 9 }],
    });
    expect(store.schedule('a')).toMatchObject({
      owner: { entry: 2 },
      overlap: 'allow',
      revision: 2,
    });
    expect(store.webhook('in')).toEqual(webhook('in', 't', 'OTHER'));
    expect(store.webhook('also')).toBeNull();
    store.applyTriggers({ ...change, remove: ['a'], add: [schedule('b', { name: 'a' })] });
    expect(store.scheduleByName('a')?.id).toBe('b');
    expect(store.webhooksOf('t')).toEqual([]);
  });

  const use = (change: Partial<WebhookUse>): WebhookUse => ({
    secretDigest: 'digest',
    webhook: 'in',
    signature: 's1',
    delivery: null,
    at: T0,
    until: T0 + 100,
    repeatable: false,
    ...change,
  });

  test('a signed request is remembered by its delivery and its signature', () => {
    const { store } = subject;
    const first = use({ delivery: 'd1' });
    expect(store.useWebhook(first)).toEqual({ kind: 'first' });
    expect(store.useWebhook(first)).toEqual({ kind: 'repeat', webhook: 'in', runId: null });
    store.noteWebhookRun(first, asRunId('r1'));
    const known = { kind: 'repeat', webhook: 'in', runId: asRunId('r1') } as const;
    expect(store.useWebhook(use({ delivery: 'd1', signature: 's2' }))).toEqual(known);
    expect(store.useWebhook(use({ delivery: null }))).toEqual(known);
    expect(store.useWebhook(use({ delivery: 'd2' }))).toEqual({ kind: 'replayed' });
    expect(store.useWebhook(use({ webhook: 'other', delivery: 'd3', repeatable: true }))).toEqual({
      kind: 'replayed',
    });
    expect(store.useWebhook(use({ webhook: 'other', delivery: 'd1' }))).toEqual(known);
    expect(store.useWebhook(use({ delivery: 'd2', secretDigest: 'x' }))).toEqual({ kind: 'first' });
  });

  test('without a delivery id the signature is the key, and none can be added later', () => {
    const { store } = subject;
    expect(store.useWebhook(use({}))).toEqual({ kind: 'first' });
    expect(store.useWebhook(use({}))).toMatchObject({ kind: 'repeat' });
    expect(store.useWebhook(use({ delivery: 'd1' }))).toEqual({ kind: 'replayed' });
  });

  test('a webhook of equal bodies gets each delivery, and each only once', () => {
    const { store } = subject;
    for (const delivery of ['d1', 'd2']) {
      expect(store.useWebhook(use({ delivery, repeatable: true }))).toEqual({ kind: 'first' });
      expect(store.useWebhook(use({ delivery, repeatable: true }))).toMatchObject({
        kind: 'repeat',
      });
    }
  });

  test('what can no longer come again is forgotten', () => {
    const { store } = subject;
    store.useWebhook(use({ delivery: 'd1' }));
    expect(store.useWebhook(use({ delivery: 'd2', at: T0 + 100 }))).toEqual({ kind: 'first' });
  });

  test('a name of somebody else refuses all of it', () => {
    const { store } = subject;
    store.applyTriggers({ ...change, template: 'u', webhooks: [webhook('in', 'u')] });
    store.addSchedule(schedule('hand'));
    const add = [schedule('x')];
    expect(store.applyTriggers({ ...change, add, webhooks: [webhook('in')] })).toEqual({
      ok: false,
      taken: 'in',
    });
    const taken = [...add, schedule('y', { name: 'hand' })];
    expect(store.applyTriggers({ ...change, add: taken })).toEqual({ ok: false, taken: 'hand' });
    expect(store.schedule('x')).toBeNull();
    expect(store.webhook('in')?.template).toBe('u');
  });
}

export function scheduleContract(subject: { readonly store: Store }): void {
  describe('schedules', () => rowContract(subject));
  describe('occurrences', () => recordContract(subject));
  describe('places on clocks', () => placeContract(subject));
  describe('triggers', () => triggerContract(subject));
}
