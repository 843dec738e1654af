/** A new release of the zone rules moves instants, not times: none twice, none lost. */
// zone: the same in every time zone of the machine
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { ScheduleCalculator, ScheduleRow } from '../../src/model/schedule.ts';
import { compareReleases, isOverruled, replacesRules } from '../../src/model/zone-rules.ts';
import { runtimeZone } from '../../src/zones/runtime.ts';
import type { ZoneSource } from '../../src/zones/source.ts';
import { type Period, zoneOfPeriods } from '../../src/zones/zone.ts';
import { calculatorOf, createWorld, START, type World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ZONE = 'Test/Place';

/** Rules of one zone: hours ahead of UTC, and from when. */
function source(release: string, ...offsets: readonly (readonly [number, number])[]): ZoneSource {
  const periods: Period[] = offsets.map(([hours, fromMs]) => ({
    from: fromMs / 1000,
    offset: hours * 3600,
    abbreviation: '',
  }));
  const zone = zoneOfPeriods(ZONE, periods);
  return {
    kind: 'bundled',
    release,
    names: () => [ZONE],
    find: (name) => (name === ZONE ? zone : null),
  };
}
const EVER = Number.NEGATIVE_INFINITY;
const WEST_8 = calculatorOf(source('2026a', [-8, EVER]));
const WEST_7 = calculatorOf(source('2026b', [-7, EVER]));
/** The same change of an hour in the other direction. */
const BACK_8 = calculatorOf(source('2026b', [-8, EVER]));
const BEFORE_7 = calculatorOf(source('2026a', [-7, EVER]));

let world: World;
let close: (() => Promise<void>) | null = null;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.close());

const add = (by: ScheduleCalculator, change: Partial<ScheduleRow> = {}): ScheduleRow =>
  world.add({ expression: '0 9 * * *', timezone: ZONE, overlap: 'allow', ...change }, by);

/** Ends the daemon that runs, and starts one with other rules. */
async function upgrade(to: ScheduleCalculator): Promise<void> {
  await close?.();
  const daemon = world.daemon(undefined, to);
  close = () => daemon.close();
  await world.pass(1);
}
const run = async (by: ScheduleCalculator, ms: number): Promise<void> => {
  close = null;
  await upgrade(by);
  await world.pass(ms);
};
const seen = (): string[] =>
  world
    .all()
    .map(
      ({ dueAt, local, outcome }) =>
        `${new Date(dueAt).toISOString().slice(8, 16)} = ${local?.local.slice(8)} ${outcome}`,
    );

describe('a zone that turns out an hour further east', () => {
  test('moves the next time and repeats none', async () => {
    add(WEST_8);
    await run(WEST_8, 17.5 * HOUR);
    await upgrade(WEST_7);
    await world.pass(DAY);
    expect(seen()).toEqual(['01T17:00 = 01T09:00 started', '02T16:00 = 02T09:00 started']);
  });

  test('loses no time that had passed by the new rules and not by the old', async () => {
    add(WEST_8);
    await run(WEST_8, 16.5 * HOUR);
    await upgrade(WEST_7);
    expect(seen()).toEqual(['01T16:00 = 01T09:00 started']);
    await world.pass(DAY);
    expect(seen()).toHaveLength(2);
  });

  test('keeps a time whose instant another one had', async () => {
    add(WEST_8, { expression: '0 9,10 * * *' });
    await run(WEST_8, 17.5 * HOUR);
    await upgrade(WEST_7);
    await world.pass(DAY);
    expect(seen()).toEqual([
      '01T17:00 = 01T09:00 started',
      '01T17:00 = 01T10:00 started',
      '02T16:00 = 02T09:00 started',
      '02T17:00 = 02T10:00 started',
    ]);
  });
});

describe('a zone that turns out an hour further west', () => {
  test('repeats no time', async () => {
    add(BEFORE_7);
    await run(BEFORE_7, 16.5 * HOUR);
    await upgrade(BACK_8);
    await world.pass(DAY + HOUR);
    expect(seen()).toEqual(['01T16:00 = 01T09:00 started', '02T17:00 = 02T09:00 started']);
  });

  test('repeats none that is calculated anew either', async () => {
    const { id } = add(BEFORE_7);
    await run(BEFORE_7, 16.5 * HOUR);
    await close?.();
    const row = world.store.schedule(id);
    const [again] = BACK_8.due(row ?? add(BACK_8), { afterMs: world.clock.now(), limit: 1 });
    expect(again?.at).toBe(START + 17 * HOUR);
    world.store.changeSchedule(id, row?.revision ?? 0, {
      nextAt: again?.at ?? null,
      fireAt: again?.at ?? null,
      nextLocal: again?.local ?? null,
      updatedAt: START,
    });
    await run(BACK_8, DAY + HOUR);
    expect(seen()).toEqual(['01T16:00 = 01T09:00 started', '02T17:00 = 02T09:00 started']);
  });

  test('waits for a time that has not come by the new rules', async () => {
    add(BEFORE_7);
    await run(BEFORE_7, 15 * HOUR);
    await upgrade(BACK_8);
    await world.pass(1.5 * HOUR);
    expect(seen()).toEqual([]);
    await world.pass(HOUR);
    expect(seen()).toEqual(['01T17:00 = 01T09:00 started']);
  });

  test('an interval waits until the clocks show a new time', async () => {
    add(BEFORE_7, { expression: '0 * * * *' });
    await run(BEFORE_7, 2.5 * HOUR);
    await upgrade(BACK_8);
    await world.pass(3 * HOUR);
    expect(seen().map((line) => line.slice(11))).toEqual(
      [18, 19, 20, 21].map((hour) => `31T${hour}:00 started`),
    );
  });
});

test('one time as the clocks show it moves with them', async () => {
  add(WEST_8, { expression: '2026-01-01T09:00:00' });
  await run(WEST_8, HOUR);
  await upgrade(WEST_7);
  expect(world.store.schedule('s')?.nextAt).toBe(START + 16 * HOUR);
});

test('both passes of an hour are two times of an interval, and one of a fixed time', async () => {
  const fold = calculatorOf(source('2026b', [2, EVER], [1, START + 2 * HOUR]));
  world.add({ id: 'fixed', name: 'fixed', expression: '30 3 * * *', timezone: ZONE }, fold);
  add(fold, { expression: '*/30 3 * * *' });
  await run(fold, 6 * HOUR);
  expect(world.all().map(({ local }) => [local?.local.slice(11), local?.pass])).toEqual([
    ['03:00', 0],
    ['03:30', 0],
    ['03:00', 1],
    ['03:30', 1],
  ]);
  expect(world.all('fixed').map(({ local }) => local?.pass)).toEqual([0]);
});

describe('a process with older rules', () => {
  test('does not fire what a newer one has other rules for, and says so', async () => {
    add(WEST_7);
    await run(WEST_8, 20 * HOUR);
    expect(seen()).toEqual([]);
    expect(world.store.schedule('s')).toMatchObject({
      enabled: true,
      nextAt: START + 16 * HOUR,
      zoneRules: { release: '2026b' },
    });
    expect(world.warned).toHaveLength(1);
    expect(world.warned[0]).toContain('IANA 2026b, which has other rules for Test/Place');
    expect(world.told).toMatchObject([{ kind: 'schedule_missed' }]);
    world.daemon(undefined, WEST_7);
    await world.pass(1);
    expect(world.all()).toMatchObject([{ outcome: 'missed' }]);
  });

  test('fires what its rules say the same of', async () => {
    add(calculatorOf(source('2026z', [-8, EVER])));
    await run(WEST_8, 20 * HOUR);
    expect(seen()).toEqual(['01T17:00 = 01T09:00 started']);
    expect(world.store.schedule('s')?.zoneRules?.release).toBe('2026z');
  });

  test('fires @every, which no zone moves', async () => {
    add(WEST_7, { expression: '@every 1h' });
    await run(WEST_8, 2.5 * HOUR);
    expect(world.all()).toHaveLength(2);
  });

  test('of a release that nobody knows overrules none that is known', async () => {
    const unknown = calculatorOf(source('unknown', [-9, EVER]));
    add(WEST_8);
    await run(unknown, 20 * HOUR);
    expect(seen()).toEqual([]);
    expect(world.store.schedule('s')?.zoneRules?.release).toBe('2026a');
  });
});

test('a zone that the rules here lack is left to others, and that is said', async () => {
  add(WEST_8);
  const other = calculatorOf({ ...source('2026a', [0, EVER]), names: () => [], find: () => null });
  await run(other, 17 * HOUR + MINUTE);
  expect(world.store.schedule('s')).toMatchObject({ enabled: true, pausedReason: null });
  expect(world.warned[0]).toContain('there is no time zone');
  expect(world.told.map(({ kind }) => kind)).toEqual(['schedule_missed']);
  world.daemon(undefined, WEST_8);
  await world.pass(1);
  expect(seen()).toEqual(['01T17:00 = 01T09:00 started']);
});

test('what stays held keeps nobody from sleeping and holds no other schedule up', async () => {
  for (let i = 0; i < 60; i += 1) add(WEST_7, { id: `h${i}`, name: `h${i}` });
  add(WEST_8);
  await run(WEST_8, 20 * HOUR);
  expect(seen()).toEqual(['01T17:00 = 01T09:00 started']);
  add(WEST_8, { id: 'every', name: 'every', expression: '@every 1h' });
  await world.pass(90 * MINUTE);
  expect(world.all('every')).toHaveLength(1);
});

test('releases are compared by year and letter', () => {
  const before = ['2025b', '2026', '2026a', '2026f', '2026z', '2026aa', '2027a'];
  for (const [i, one] of before.entries()) {
    for (const [j, other] of before.entries()) {
      expect(Math.sign(compareReleases(one, other) ?? Number.NaN)).toBe(Math.sign(i - j));
    }
  }
  expect(compareReleases('unknown', '2026a')).toBeNull();
  expect(compareReleases('2026a', '2026-rc1')).toBeNull();
});

test('an unknown release gives way to a known one, and to another unknown one', () => {
  const known = { release: '2026a', fromYear: 2026, hash: 'a' };
  const unknown = { release: 'unknown', fromYear: 2026, hash: 'b' };
  expect(replacesRules(known, unknown)).toBe(true);
  expect(replacesRules(unknown, known)).toBe(false);
  expect(isOverruled(unknown, known)).toBe(true);
  expect(isOverruled({ ...unknown, hash: 'a' }, known)).toBe(false);
  expect(isOverruled({ ...unknown, hash: 'c' }, unknown)).toBe(false);
  expect(replacesRules({ ...known, fromYear: 2027 }, known)).toBe(true);
});

test('the rules of the runtime are read around one instant', () => {
  const at = Date.parse('2026-03-28T12:00:00Z');
  const zone = runtimeZone('Europe/Berlin', at);
  expect(zone?.changesBetween(at / 1000, at / 1000 + 2 * 86_400)).toMatchObject([
    { from: Date.parse('2026-03-29T01:00:00Z') / 1000, offset: 7200 },
  ]);
  expect(zone?.periodAt(at / 1000).offset).toBe(3600);
  expect(runtimeZone('Mars/Base', at)).toBeNull();
});
