/** What a daemon does by itself: removing old runs at night, and looking at the disk. */
import { afterEach, describe, expect, test } from 'bun:test';
import { asRunId } from '../../src/model/ids.ts';
import type { ToldFact } from '../../src/model/notice.ts';
import type { Logger } from '../../src/model/ports.ts';
import { watchDisk } from '../../src/ops/disk-watch.ts';
import {
  type Nightly,
  type NightlySettings,
  nextTime,
  startNightly,
} from '../../src/ops/nightly.ts';
import { writeBackOften } from '../../src/ops/write-back.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { creation, patch } from '../contract/store-fixtures.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Noon by the clocks here. */
const NOON = new Date(2026, 2, 10, 12).getTime();

let clock: FakeClock | null = null;
let nightly: Nightly | null = null;

afterEach(async () => {
  await nightly?.close();
  clock?.stop();
  nightly = null;
});

/** A log that hands each line to `on`. */
const logTo = (on: (message: string, fields: object) => void): Logger => {
  const line = (message: string, fields: object = {}): void => on(message, fields);
  return { debug: line, info: line, warn: line, error: line };
};

describe('the next time of day', () => {
  const at = (hours: number, minutes = 0, day = 10): number =>
    new Date(2026, 2, day, hours, minutes).getTime();

  test('is today while it has not come, else tomorrow', () => {
    expect(nextTime(at(1), '03:30')).toBe(at(3, 30));
    expect(nextTime(at(3, 30), '03:30')).toBe(at(3, 30, 11));
    expect(nextTime(at(12), '03:30')).toBe(at(3, 30, 11));
  });
});

describe('retention', () => {
  const store = () => {
    const made = createMemoryStore();
    const run = (id: string, ageMs: number) =>
      creation(
        id,
        {
          patch: patch({ status: 'completed', endedAt: NOON - ageMs, release: true }),
        },
        { createdAt: NOON - ageMs },
      );
    return made.append([run('old', 40 * DAY), run('young', 20 * DAY)]).then(() => made);
  };
  const settings: NightlySettings = {
    enabled: true,
    at: '03:30',
    retention: { completedMs: 30 * DAY, failedMs: 90 * DAY, keepLast: 0 },
  };

  /** Runs until something was logged; when that was, and what it said. */
  async function firstLine(
    over: Partial<NightlySettings>,
    lastGc: number | null,
    untilMs = 3 * DAY,
  ) {
    const time = createFakeClock(NOON);
    clock = time;
    const kept = await store();
    if (lastGc !== null) kept.noteUpkeep('gc', lastGc);
    const line = await new Promise<{ at: number; fields: object } | null>((resolve) => {
      nightly = startNightly({
        store: kept,
        clock: time,
        processes: { isAlive: () => true },
        log: logTo((_message, fields) => resolve({ at: time.now(), fields })),
        settings: () => ({ ...settings, ...over }),
        random: 0.5,
      });
      // In small steps: the clock jumps to the next timer while work is going on.
      const look = (): void => {
        if (time.now() - NOON >= untilMs) resolve(null);
        else time.after(60_000, look);
      };
      look();
    });
    return { line, store: kept };
  }

  test('comes within half an hour after its time, and says what went', async () => {
    const { line, store: kept } = await firstLine({}, null);
    expect(line?.fields).toMatchObject({ runs: 1 });
    expect((line?.at ?? 0) - NOON).toBeGreaterThanOrEqual(15.75 * HOUR);
    expect((line?.at ?? 0) - NOON).toBeLessThan(15.9 * HOUR);
    expect(kept.run(asRunId('old'))).toBeNull();
    expect(kept.run(asRunId('young'))).not.toBeNull();
    expect(kept.lastUpkeep('gc')).not.toBeNull();
  });

  test('comes soon after a start when the last nights were missed', async () => {
    const { line } = await firstLine({}, NOON - 2 * DAY);
    expect((line?.at ?? 0) - NOON).toBeLessThan(0.5 * HOUR);
  });

  test('does not come when it is off', async () => {
    const { line, store: kept } = await firstLine({ enabled: false }, null);
    expect(line).toBeNull();
    expect(kept.run(asRunId('old'))).not.toBeNull();
  });
});

test('little room on the disk is told once, and again after there was enough', async () => {
  const time = createFakeClock(NOON);
  clock = time;
  const free = [500, 90, 80, null, 120, 90, 160, 90];
  const told: ToldFact[] = [];
  await new Promise<void>((resolve) => {
    const stop = watchDisk({
      clock: time,
      log: logTo(() => undefined),
      tell: (fact) => told.push(fact),
      freeBytes: () => {
        if (free.length === 1) resolve();
        return free.shift() ?? null;
      },
      leastBytes: () => 100,
      path: '/data/opcode.db',
    });
    time.after(20 * 60_000, stop);
  });
  expect(told.map((fact) => [fact.kind, fact.data?.free_bytes])).toEqual([
    ['disk_low', 90],
    ['disk_low', 90],
  ]);
  expect(new Set(told.map((fact) => fact.key)).size).toBe(2);
});

test('what was committed is brought into the file soon after the start, then every minute', async () => {
  clock = createFakeClock(NOON);
  const times: number[] = [];
  const done = Promise.withResolvers<void>();
  const end = writeBackOften({
    clock,
    log: logTo(() => undefined),
    store: {
      checkpoint: () => {
        times.push((clock?.now() ?? 0) - NOON);
        if (times.length === 3) done.resolve();
        // A full disk keeps it from this once, and does not end it.
        if (times.length === 2) throw new Error('the disk is full');
      },
    },
  });
  await done.promise;
  end();
  expect(times).toEqual([1000, 61_000, 121_000]);
});
