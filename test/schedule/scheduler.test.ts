/** The scheduler of a daemon, minute by minute, over a clock that the test moves. */
// zone: the same in every time zone of the machine
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { RunId } from '../../src/model/ids.ts';
import { createWorld, runsOf, START, type World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.close());

const last = (): RunId => runsOf(world).at(-1) as RunId;

describe('firing', () => {
  test('happens at the time, not before the first, and goes on', async () => {
    world.add({ expression: '@every 90s', overlap: 'allow' });
    world.daemon();
    await world.pass(89_999);
    expect(world.seen()).toEqual([]);
    await world.pass(1);
    expect(world.seen()).toEqual(['01:30 started']);
    expect(world.executed).toEqual(runsOf(world));
    await world.pass(180_000);
    expect(world.seen()).toEqual(['01:30 started', '03:00 started', '04:30 started']);
    expect(world.executed).toHaveLength(3);
  });

  test('jitter moves the firing, not the time', async () => {
    const row = world.add({ expression: '@every 10m', jitterMs: 5 * MINUTE, id: 'j', name: 'j' });
    world.daemon();
    expect(row.fireAt).toBeGreaterThan(row.nextAt ?? 0);
    await world.pass((row.fireAt ?? 0) - START - 1);
    expect(world.all('j')).toEqual([]);
    await world.pass(1);
    expect(world.all('j').map(({ dueAt, decidedAt }) => [dueAt, decidedAt])).toEqual([
      [START + 10 * MINUTE, row.fireAt ?? 0],
    ]);
  });

  test('a single time fires once and is over', async () => {
    world.add({ expression: '2026-01-01T00:05:00Z' });
    world.daemon();
    await world.pass(HOUR);
    expect(world.seen()).toEqual(['05:00 started']);
    expect(world.store.schedule('s')?.nextAt).toBeNull();
  });

  test('schedules that are added, changed or removed later are seen', async () => {
    world.daemon();
    await world.pass(MINUTE);
    const row = world.add({ expression: '@every 2s', overlap: 'allow' });
    await world.pass(4000);
    expect(world.all()).toHaveLength(2);
    const { revision } = world.store.schedule('s') ?? row;
    world.store.changeSchedule('s', revision, { enabled: false, updatedAt: world.clock.now() });
    await world.pass(MINUTE);
    expect(world.all()).toHaveLength(2);
  });

  test('what cannot become a run is recorded as failed, with the reason', async () => {
    world.add({ expression: '@every 1m' });
    world.refusal = { outcome: 'failed', reason: 'template "deploy" is archived' };
    world.daemon();
    await world.pass(MINUTE);
    expect(world.all()).toMatchObject([
      { outcome: 'failed', reason: 'template "deploy" is archived' },
    ]);
  });

  test('a store that cannot be written is tried again, and nothing is lost or doubled', async () => {
    world.add({ expression: '@every 1m', overlap: 'allow' });
    let broken = true;
    world.daemon({
      ...world.store,
      recordAll(records) {
        if (broken) throw new Error('the disk is full');
        return world.store.recordAll(records);
      },
    });
    await world.pass(3 * MINUTE);
    expect(world.all()).toEqual([]);
    broken = false;
    await world.pass(MINUTE);
    expect(world.seen()).toEqual([
      '01:00 missed',
      '02:00 missed',
      '03:00 started',
      '04:00 started',
    ]);
  });
});

describe('overlap', () => {
  test('skip leaves a time out while a run is unfinished', async () => {
    world.add({ expression: '@every 1m', overlap: 'skip' });
    world.daemon();
    await world.pass(2 * MINUTE);
    expect(world.all()[1]).toMatchObject({
      outcome: 'skipped',
      reason: `run ${last()} is unfinished`,
    });
    await world.end(last(), 'completed');
    await world.pass(MINUTE);
    expect(world.seen()).toEqual(['01:00 started', '02:00 skipped', '03:00 started']);
    expect(world.told).toEqual([]);
  });

  test('a suspended run holds times back, and is told once', async () => {
    world.add({ expression: '@every 1m', overlap: 'skip' });
    world.daemon();
    await world.pass(MINUTE);
    const held = last();
    await world.end(held, 'suspended');
    await world.pass(3 * MINUTE);
    expect(world.seen().slice(1)).toEqual(['02:00 held', '03:00 held', '04:00 held']);
    expect(world.all()[1]).toMatchObject({ waitsFor: held });
    expect(world.all()[1]?.reason).toContain('held back by a suspended run');
    expect(world.told.map(({ kind, name }) => [kind, name])).toEqual([['schedule_missed', 's']]);
    expect(world.told[0]?.message).toContain('held back by a suspended run');
    await world.end(held, 'completed');
    await world.pass(MINUTE);
    await world.end(last(), 'suspended');
    await world.pass(MINUTE);
    expect(world.told).toHaveLength(2);
  });

  test('queue keeps one waiting, which starts when the run has ended', async () => {
    world.add({ expression: '@every 1m', overlap: 'queue' });
    world.daemon();
    await world.pass(3 * MINUTE);
    expect(world.seen()).toEqual(['01:00 started', '02:00 queued', '03:00 skipped']);
    await world.end(last(), 'failed');
    await world.pass(0);
    expect(world.seen()).toEqual(['01:00 started', '02:00 started', '03:00 skipped']);
    expect(world.executed).toHaveLength(2);
  });

  test('what is queued behind a run says so when that run becomes suspended', async () => {
    world.add({ expression: '@every 1m', overlap: 'queue' });
    world.daemon();
    await world.pass(2 * MINUTE);
    expect(world.told).toEqual([]);
    await world.end(last(), 'suspended');
    await world.pass(30_000);
    expect(world.all()[1]).toMatchObject({ outcome: 'queued', waitsFor: last() });
    expect(world.told).toHaveLength(1);
    await world.pass(2 * MINUTE);
    expect(world.told).toHaveLength(1);
  });

  test('cancel_running cancels, and starts when what ran has ended', async () => {
    world.add({ expression: '@every 1m', overlap: 'cancel_running' });
    world.daemon();
    await world.pass(3 * MINUTE);
    const first = last();
    const mail = world.store.unsettled(first);
    expect(mail.map((row) => row.body)).toMatchObject([{ type: 'cancel', by: 'schedule:s' }]);
    expect(world.seen()).toEqual(['01:00 started', '02:00 skipped', '03:00 queued']);
    await world.end(first, 'failed');
    await world.pass(0);
    expect(world.seen()).toEqual(['01:00 started', '02:00 skipped', '03:00 started']);
    expect(world.all()[1]?.reason).toContain('took its place');
  });

  test('allow starts beside what runs', async () => {
    world.add({ expression: '@every 1m', overlap: 'allow' });
    world.daemon();
    await world.pass(3 * MINUTE);
    expect(world.store.unfinishedRuns('s')).toHaveLength(3);
  });

  test('disabling drops what waits', async () => {
    world.add({ expression: '@every 1m', overlap: 'queue' });
    world.daemon();
    await world.pass(2 * MINUTE);
    const { revision } = world.store.schedule('s') ?? { revision: 0 };
    world.store.changeSchedule('s', revision, { enabled: false, updatedAt: START });
    await world.end(last(), 'completed');
    await world.pass(MINUTE);
    expect(world.seen()).toEqual(['01:00 started', '02:00 skipped']);
  });
});

describe('after a time without a daemon', () => {
  test('one run makes up for what was missed within the window', async () => {
    world.add({ expression: '@every 10m', overlap: 'allow' });
    await world.pass(55 * MINUTE);
    world.daemon();
    await world.pass(0);
    expect(world.seen()).toEqual([
      '10:00 missed',
      '20:00 missed',
      '30:00 missed',
      '40:00 missed',
      '50:00 started',
    ]);
    expect(world.all()[0]?.reason).toContain('made up for it');
    expect(world.told).toMatchObject([{ kind: 'schedule_missed', name: 's', data: { count: 4 } }]);
    await world.pass(5 * MINUTE);
    expect(world.all()).toHaveLength(6);
  });

  test('nothing older than the window is made up for', async () => {
    world.add({ expression: '0 * * * *', catchUpMs: 30 * MINUTE });
    await world.pass(2 * HOUR + 40 * MINUTE);
    world.daemon();
    await world.pass(0);
    expect(world.seen()).toEqual(['00:00 missed', '00:00 missed']);
    expect(world.all()[0]?.reason).toContain('within 30m');
    await world.pass(20 * MINUTE);
    expect(world.all()[2]?.outcome).toBe('started');
  });

  test('with a window of nothing only what is in time fires', async () => {
    world.add({ expression: '@every 1h', catchUpMs: 0 });
    await world.pass(HOUR + 20_000);
    world.daemon();
    await world.pass(HOUR);
    expect(world.all().map((row) => row.outcome)).toEqual(['started', 'skipped']);
    const other = createWorld();
    other.add({ expression: '@every 1h', catchUpMs: 0 });
    await other.pass(HOUR + 40_000);
    other.daemon();
    await other.pass(0);
    expect(other.all().map((row) => row.outcome)).toEqual(['missed']);
    await other.close();
  });

  test('`all` starts every one, in order', async () => {
    world.add({ expression: '@every 10m', overlap: 'allow', catchUpMs: null });
    await world.pass(35 * MINUTE);
    world.daemon();
    await world.pass(0);
    expect(world.seen()).toEqual(['10:00 started', '20:00 started', '30:00 started']);
    expect(world.executed).toEqual(runsOf(world));
    expect(world.told).toEqual([]);
  });

  test('a year without a daemon is recorded in bounded room', async () => {
    world.add({ expression: '* * * * *', timezone: 'Europe/Berlin' });
    await world.pass(365 * 24 * HOUR);
    world.daemon();
    await world.pass(0);
    expect(world.all()).toHaveLength(101);
    expect(world.all().at(-1)).toMatchObject({ outcome: 'started', dueAt: world.clock.now() });
    expect(world.all().at(-2)?.reason).toContain('so were all times after it');
  });

  test('what was queued before starts now', async () => {
    world.add({ expression: '@every 1h', overlap: 'queue' });
    const first = world.daemon();
    await world.pass(2 * HOUR);
    await first.close();
    await world.end(last(), 'completed');
    await world.pass(30 * MINUTE);
    world.daemon();
    await world.pass(0);
    expect(world.all().map((row) => row.outcome)).toEqual(['started', 'started']);
  });
});

describe('the clock', () => {
  test('set forward by hours: times in between are made up for as after a pause', async () => {
    world.add({ expression: '@every 1h', overlap: 'allow' });
    world.daemon();
    await world.pass(30 * MINUTE);
    world.clock.jump(5 * HOUR);
    await world.pass(1000);
    expect(world.all().map((row) => row.outcome)).toEqual([...Array(4).fill('missed'), 'started']);
  });

  test('set back by hours: no time fires twice, and it goes on where it was', async () => {
    world.add({ expression: '0 * * * *', overlap: 'allow' });
    world.daemon();
    await world.pass(5 * HOUR);
    expect(world.all()).toHaveLength(5);
    world.clock.jump(-3 * HOUR);
    await world.pass(3 * HOUR);
    expect(world.all()).toHaveLength(5);
    await world.pass(HOUR);
    expect(world.all()).toHaveLength(6);
    expect(new Set(world.all().map((row) => row.dueAt)).size).toBe(6);
  });

  test.each([
    ['by whole intervals', -3 * HOUR],
    ['by less than a whole one', -3 * HOUR - 17 * MINUTE],
  ])('set back by hours, %s: what counts real time goes on counting it', async (_, setBy) => {
    world.add({ expression: '@every 1h', overlap: 'allow' });
    world.daemon();
    await world.pass(5 * HOUR + 20 * MINUTE);
    expect(world.all()).toHaveLength(5);
    world.clock.jump(setBy);
    await world.pass(39 * MINUTE);
    expect(world.all()).toHaveLength(5);
    await world.pass(MINUTE + 1000);
    expect(world.all()).toHaveLength(6);
    await world.pass(5 * HOUR);
    expect(world.all().map((row) => row.outcome)).toEqual(Array(11).fill('started'));
    expect(new Set(world.all().map((row) => row.dueAt)).size).toBe(11);
  });

  test('ahead for a moment and set right: an interval of seconds is not silent for hours', async () => {
    world.add({ expression: '@every 2s', overlap: 'allow' });
    world.daemon();
    await world.pass(20_000);
    world.clock.jump(3 * HOUR);
    await world.pass(10_000);
    world.clock.jump(-3 * HOUR);
    const before = world.executed.length;
    await world.pass(20_100);
    expect(world.executed.length - before).toBe(10);
  });

  test('set right while no daemon lived: it fires within one interval', async () => {
    const at = START + 9 * HOUR;
    world.add({ expression: '@every 1h', overlap: 'allow', nextAt: at, fireAt: at });
    world.daemon();
    await world.pass(HOUR + 1000);
    expect(world.all()).toHaveLength(1);
  });

  test('far ahead for a while: the schedule is not silent until then', async () => {
    world.add({ expression: '0 * * * *', overlap: 'allow' });
    world.daemon();
    await world.pass(HOUR);
    world.clock.jump(10 * 365 * 24 * HOUR);
    await world.pass(1000);
    world.clock.jump(-10 * 365 * 24 * HOUR);
    await world.pass(3 * HOUR);
    const early = world.all().filter(({ dueAt }) => dueAt <= world.clock.now());
    expect(early.filter((row) => row.outcome === 'started')).toHaveLength(4);
  });

  test('set back while no daemon lived', async () => {
    world.add({
      expression: '0 * * * *',
      nextAt: START + 9000 * HOUR,
      fireAt: START + 9000 * HOUR,
    });
    world.daemon();
    await world.pass(HOUR);
    expect(world.all().map((row) => row.dueAt)).toEqual([START + HOUR]);
  });
});

describe('a change of the clocks', () => {
  /** Every time that was started from here on for so many hours, in UTC. */
  async function startedIn(from: string, hours: number, expression: string): Promise<string[]> {
    world.clock.jump(Date.parse(from) - world.clock.now());
    world.add({ expression, timezone: 'Europe/Berlin', overlap: 'allow' });
    world.daemon();
    await world.pass(hours * HOUR);
    expect(world.all().every((row) => row.outcome === 'started')).toBe(true);
    expect(world.all().map((row) => row.decidedAt)).toEqual(world.all().map((row) => row.dueAt));
    return world.all().map((row) => new Date(row.dueAt).toISOString().slice(11, 16));
  }

  test('forward: a fixed time in the gap starts once, at its end', async () => {
    const times = await startedIn('2026-03-28T12:00:00Z', 40, '30 2 * * *');
    expect(times).toEqual(['01:00', '00:30']);
  });

  test('back: a fixed time that comes twice starts the first time only', async () => {
    const times = await startedIn('2026-10-24T12:00:00Z', 40, '30 2 * * *');
    expect(times).toEqual(['00:30', '01:30']);
  });

  test('forward: an interval keeps its distance', async () => {
    const times = await startedIn('2026-03-28T23:50:00Z', 3, '*/30 * * * *');
    expect(times).toEqual(['00:00', '00:30', '01:00', '01:30', '02:00', '02:30']);
  });

  test('back: an interval keeps its distance', async () => {
    const times = await startedIn('2026-10-24T23:50:00Z', 3, '*/30 * * * *');
    expect(times).toEqual(['00:00', '00:30', '01:00', '01:30', '02:00', '02:30']);
  });

  test('a daemon that was away over it makes up for the right times', async () => {
    world.clock.jump(Date.parse('2026-03-28T12:00:00Z') - world.clock.now());
    world.add({ expression: '30 2 * * *', timezone: 'Europe/Berlin', catchUpMs: null });
    await world.pass(40 * HOUR);
    world.daemon();
    await world.pass(0);
    expect(world.all().map((row) => new Date(row.dueAt).toISOString())).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });
});

describe('failures in a row', () => {
  test('pause the schedule with the reason, and are told', async () => {
    world.add({ expression: '@every 1m', overlap: 'allow', pauseAfter: 2 });
    world.daemon();
    for (const status of ['failed', 'completed', 'failed', 'failed'] as const) {
      await world.pass(MINUTE);
      await world.end(last(), status);
    }
    const row = world.store.schedule('s');
    expect(row).toMatchObject({ enabled: false });
    expect(row?.pausedReason).toBe('2 failures in a row, the last: EXECUTION_ERROR: it broke');
    await world.pass(0);
    expect(world.told).toMatchObject([{ kind: 'schedule_paused', name: 's', template: 'deploy' }]);
    await world.pass(5 * MINUTE);
    expect(world.all()).toHaveLength(4);
    const now = world.clock.now();
    const change = { enabled: true, pausedReason: null, countedFrom: now, updatedAt: now };
    world.store.changeSchedule('s', row?.revision ?? 0, change);
    await world.pass(MINUTE);
    expect(world.store.schedule('s')?.enabled).toBe(true);
  });

  test('are seen at the next time when the run ended elsewhere', async () => {
    world.add({ expression: '@every 1m', overlap: 'allow', pauseAfter: 1 });
    const first = world.daemon();
    await world.pass(MINUTE);
    await first.close();
    await world.end(last(), 'failed');
    world.store.changeSchedule('s', 2, { enabled: true, pausedReason: null, updatedAt: START });
    world.daemon();
    await world.pass(MINUTE);
    expect(world.store.schedule('s')?.enabled).toBe(false);
    expect(world.all()).toHaveLength(1);
  });
});

describe('a backfill', () => {
  const queue = (dueAts: readonly number[], parallel: number): void => {
    const { revision } = world.store.schedule('s') ?? { revision: 0 };
    world.store.record({
      scheduleId: 's',
      revision,
      at: START,
      occurrences: dueAts.map((dueAt) => ({
        dueAt,
        local: null,
        outcome: 'queued',
        reason: null,
        origin: 'backfill',
        waitsFor: null,
        parallel,
        run: null,
        replaces: ['missed'],
      })),
      sends: [],
      next: null,
      pause: null,
      notices: [],
    });
  };

  test('runs one by one, or so many at once, beside the times of the schedule', async () => {
    world.add({ expression: '0 0 * * *', overlap: 'skip' });
    world.daemon();
    queue(
      [1, 2, 3].map((n) => START - n * 24 * HOUR),
      2,
    );
    await world.pass(1000);
    const started = () => world.all().filter((row) => row.outcome === 'started');
    expect(started()).toHaveLength(2);
    expect(started().every((row) => row.origin === 'backfill')).toBe(true);
    await world.end(runsOf(world)[0] as RunId, 'completed');
    await world.pass(1000);
    expect(started()).toHaveLength(3);
    await world.pass(24 * HOUR);
    expect(world.all().at(-1)).toMatchObject({ origin: 'schedule', outcome: 'started' });
  });
});
