/** Crashes between any two steps, two daemons by mistake, and things in adversarial orders. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Overlap } from '../../src/model/schedule.ts';
import type { Store } from '../../src/model/store.ts';
import { type TempDatabases, tempDatabases } from '../store/sqlite/temp-database.ts';
import { TEST_MS } from '../support/patience.ts';
import { createWorld, runsOf, START, type World } from './world.ts';

const MINUTE = 60_000;

/** Calls between which nothing can happen. */
const ONLY_LOOKS = new Set(['dataVersion', 'scheduleWrites']);

/** The store of a process that dies at its n-th call: before the call takes effect, or after. */
function dying(
  store: Store,
  at: number,
  when: 'before' | 'after',
): { store: Store; died: () => boolean } {
  let calls = 0;
  let isDead = false;
  const wrapped = Object.fromEntries(
    Object.entries(store).map(([name, method]) => [
      name,
      (...args: unknown[]): unknown => {
        if (isDead) throw new Error('dead');
        if (!ONLY_LOOKS.has(name)) calls += 1;
        if (calls === at && when === 'before') {
          isDead = true;
          throw new Error('died');
        }
        const result = (method as (...all: unknown[]) => unknown)(...args);
        if (calls < at) return result;
        isDead = true;
        throw new Error('died');
      },
    ]),
  );
  return { store: wrapped as unknown as Store, died: () => isDead };
}

/** Every time has one run at most, and no run belongs to nobody. */
function expectSound(world: World, id = 's'): void {
  const ids = runsOf(world, id);
  expect(new Set(ids).size).toBe(ids.length);
  const inStore = world.store.queryRuns({ limit: 1000 }).items.map((row) => row.runId);
  expect([...inStore].sort()).toEqual([...ids].sort());
}

describe('a crash between any two steps', () => {
  test.each(['skip', 'queue', 'cancel_running', 'allow'] as const)(
    'with overlap %s loses no time and doubles none',
    async (overlap) => {
      let finished = false;
      for (let at = 1; !finished; at++) {
        for (const when of ['before', 'after'] as const) {
          const world = createWorld();
          world.add({ expression: '@every 1m', overlap });
          const mortal = dying(world.store, at, when);
          const first = world.daemon(mortal.store);
          await world.pass(2 * MINUTE + 500);
          finished = !mortal.died();
          await first.close();
          world.daemon();
          await world.pass(MINUTE);
          expectSound(world);
          expect(world.all().map((row) => row.dueAt - START)).toEqual(
            [1, 2, 3].map((n) => n * MINUTE),
          );
          expect(world.all().some((row) => row.outcome === 'started')).toBe(true);
          await world.close();
        }
        if (at > 300) throw new Error('the daemon never comes to an end');
      }
    },
  );

  test('while it tells: it tells again, under the same key', async () => {
    const world = createWorld();
    world.add({ expression: '@every 10m' });
    await world.pass(35 * MINUTE);
    const first = world.daemon({
      ...world.store,
      scheduleNoticeTold() {
        throw new Error('died');
      },
    });
    await world.pass(0);
    await first.close();
    world.daemon();
    await world.pass(1000);
    expect(world.told.length).toBeGreaterThanOrEqual(2);
    expect(new Set(world.told.map(({ key }) => key)).size).toBe(1);
    expect(world.store.untoldScheduleNotices(9)).toEqual([]);
    await world.close();
  });
});

describe('two daemons', () => {
  let files: TempDatabases;
  beforeEach(() => {
    files = tempDatabases();
  });
  afterEach(() => files.remove());

  test('on one database start each time once', async () => {
    const world = createWorld(files.open());
    const other = files.open();
    world.add({ expression: '@every 1s', overlap: 'allow' });
    world.add({ id: 'q', name: 'q', expression: '@every 3s', overlap: 'queue' });
    world.daemon();
    world.daemon(other);
    await world.pass(20_000);
    expect(world.all()).toHaveLength(20);
    expect(runsOf(world)).toHaveLength(20);
    expect(runsOf(world, 'q')).toHaveLength(1);
    expect(world.store.queryRuns({ limit: 100 }).items).toHaveLength(21);
    await world.close();
    other.close();
  });
});

type Step =
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'jump'; readonly ms: number }
  | { readonly do: 'end'; readonly status: 'completed' | 'failed' | 'suspended' }
  | { readonly do: 'daemon' | 'stop' | 'disable' | 'enable' };

const aStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('pass' as const),
    ms: fc.constantFrom(0, 500, 20_000, 61_000, 200_000),
  }),
  fc.record({
    do: fc.constant('jump' as const),
    ms: fc.constantFrom(-7_200_000, -90_000, 90_000, 7_200_000),
  }),
  fc.record({
    do: fc.constant('end' as const),
    status: fc.constantFrom('completed' as const, 'failed' as const, 'suspended' as const),
  }),
  fc.record({
    do: fc.constantFrom('daemon' as const, 'stop' as const, 'disable' as const, 'enable' as const),
  }),
);

test(
  'whatever comes in whatever order, times start once, and no two runs at once but with allow',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<Overlap>('skip', 'queue', 'cancel_running', 'allow'),
        fc.constantFrom(null, 0, 3_600_000),
        fc.constantFrom(null, 2),
        fc.array(aStep, { minLength: 5, maxLength: 25 }),
        async (overlap, catchUpMs, pauseAfter, steps) => {
          const world = createWorld();
          world.add({ expression: '@every 1m', overlap, catchUpMs, pauseAfter });
          const daemons = [world.daemon()];
          for (const step of steps) {
            await take(world, step, daemons);
            const atOnce = world.store.unfinishedRuns('s').length;
            if (overlap !== 'allow') expect(atOnce).toBeLessThanOrEqual(1);
          }
          expectSound(world);
          // A clock that was set back moves what counts real time off its old grid.
          const isSetBack = steps.some((step) => step.do === 'jump' && step.ms < 0);
          const isOnGrid = world.all().every(({ dueAt }) => (dueAt - START) % MINUTE === 0);
          expect(isOnGrid || isSetBack).toBe(true);
          expect(new Set(world.all().map(({ dueAt }) => dueAt)).size).toBe(world.all().length);
          expect(world.store.queuedOccurrences('s', 'itself', 9).length).toBeLessThanOrEqual(1);
          await world.close();
        },
      ),
      { numRuns: 80 },
    );
  },
  TEST_MS,
);

async function take(
  world: World,
  step: Step,
  daemons: ReturnType<World['daemon']>[],
): Promise<void> {
  if (step.do === 'pass') return world.pass(step.ms);
  if (step.do === 'jump') return world.clock.jump(step.ms);
  if (step.do === 'daemon') return void daemons.push(world.daemon());
  if (step.do === 'stop') return daemons.pop()?.close();
  if (step.do === 'end') {
    const [run] = world.store.unfinishedRuns('s');
    return run === undefined ? undefined : world.end(run.runId, step.status);
  }
  const row = world.store.schedule('s');
  const updatedAt = world.clock.now();
  world.store.changeSchedule('s', row?.revision ?? 0, { enabled: step.do === 'enable', updatedAt });
}
