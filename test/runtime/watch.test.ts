/** Looks at the store: how often, and who is told of a write from elsewhere. */
import { expect, test } from 'bun:test';
import { DEFAULT_RUNTIME_CONFIG } from '../../src/runtime/deps.ts';
import { createWatch, type Watch, type WatchParts } from '../../src/runtime/watch.ts';
import { createHandClock } from './hand-clock.ts';

function watched(claims: boolean) {
  const clock = createHandClock();
  const seen = {
    version: 0,
    versions: 0,
    looks: 0,
    live: 0,
    fails: false,
    hint: (): void => undefined,
  };
  const parts = {
    deps: {
      clock,
      config: { ...DEFAULT_RUNTIME_CONFIG, claims },
      log: { warn: () => undefined },
      store: {
        watchWrites(onHint: () => void) {
          seen.hint = onHint;
          return () => {
            seen.hint = () => undefined;
          };
        },
        dataVersion() {
          seen.versions += 1;
          if (seen.fails) throw new Error('disk');
          return seen.version;
        },
      },
    },
    liveRuns: () => seen.live,
    waiting: () => 0,
    onLook() {
      seen.looks += 1;
    },
  } as unknown as WatchParts;
  const watch: Watch = createWatch(parts);
  const pass = (ms: number): void => {
    const until = clock.monotonic() + ms;
    while (clock.fireNext(until));
  };
  return { watch, seen, pass, clock };
}

test('an idle executor looks twice a second whether something changed, and once what is due', () => {
  const { seen, pass, watch } = watched(true);
  pass(1000);
  Object.assign(seen, { versions: 0, looks: 0 });
  pass(10_000);
  expect(seen).toMatchObject({ versions: 20, looks: 10 });
  watch.close();
});

test('an idle process that claims nothing does not look at all', () => {
  const { clock, watch } = watched(false);
  expect(clock.timers()).toBe(0);
  watch.close();
});

test('a write from elsewhere is told within 50 ms while somebody listens, once, by one look for all', () => {
  const { watch, seen, pass, clock } = watched(true);
  pass(1000);
  const told: string[] = [];
  const ends = ['a', 'b'].map((name) => watch.onForeignWrite(() => told.push(name)));
  seen.versions = 0;
  seen.version = 7;
  pass(50);
  expect([told, seen.versions]).toEqual([['a', 'b'], 1]);
  pass(200);
  expect(told.length).toBe(2);
  for (const end of ends) end();
  expect(clock.timers()).toBe(1);
  seen.version = 8;
  pass(500);
  expect([told.length, seen.looks > 0]).toEqual([2, true]);
  watch.close();
});

test('a database that cannot be looked at for a while is looked at again', () => {
  const { watch, seen, pass } = watched(true);
  seen.fails = true;
  pass(2000);
  seen.fails = false;
  seen.version = 3;
  const told: number[] = [];
  watch.onForeignWrite(() => told.push(1));
  pass(600);
  expect(told.length).toBe(1);
  watch.close();
  pass(5000);
  expect(told.length).toBe(1);
});

test('a hint is followed within milliseconds, many by one look, and a process then polls seldom', () => {
  const { watch, seen, pass } = watched(true);
  pass(1000);
  let told = 0;
  watch.onForeignWrite(() => {
    told += 1;
  });
  pass(100);
  seen.versions = 0;
  seen.version = 1;
  for (let times = 0; times < 100; times++) seen.hint();
  pass(25);
  expect([told, seen.versions]).toEqual([1, 1]);
  seen.version = 2;
  seen.hint();
  pass(25);
  expect([told, seen.versions]).toEqual([2, 2]);
  seen.versions = 0;
  pass(5000);
  expect(seen.versions).toBe(5);
  // What a hint did not tell of is found all the same.
  seen.version = 3;
  pass(1000);
  expect(told).toBe(3);
  watch.close();
  seen.hint();
  pass(1000);
  expect(told).toBe(3);
});
