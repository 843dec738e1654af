/** Circuit breakers over a clock of the test: when they open, how long, and what a probe decides. */
import { beforeEach, expect, test } from 'bun:test';
import { type Breakers, createBreakers } from '../../src/runtime/breakers.ts';
import { createHandClock, type HandClock } from './hand-clock.ts';

const CONFIG = { enabled: true, failures: 3, cooldownMs: 1000 };
const TARGET = 'https://one.test';

let clock: HandClock;
let breakers: Breakers;
beforeEach(() => {
  clock = createHandClock();
  breakers = createBreakers(clock, CONFIG);
});

const pass = (ms: number): void => {
  clock.fireNext(clock.monotonic() + ms);
};
const fail = () => breakers.record(TARGET, 'EXECUTION_ERROR');
const breakIt = (): void => {
  for (let i = 0; i < CONFIG.failures; i++) fail();
};

test('opens at the last of so many failures in a row, for one cooldown to the millisecond', () => {
  expect([fail(), fail(), breakers.check(TARGET)]).toEqual([null, null, { kind: 'closed' }]);
  const untilMs = clock.now() + CONFIG.cooldownMs;
  expect(fail()).toEqual({ target: TARGET, state: 'open', untilMs });
  pass(999);
  expect(breakers.check(TARGET)).toEqual({ kind: 'open', untilMs });
  pass(1);
  expect(breakers.check(TARGET)).toEqual({ kind: 'probe' });
});

test('lets one probe through; the others wait for as long as one more cooldown takes', () => {
  breakIt();
  pass(1000);
  expect(breakers.check(TARGET)).toEqual({ kind: 'probe' });
  const untilMs = clock.now() + CONFIG.cooldownMs;
  expect(breakers.check(TARGET)).toEqual({ kind: 'open', untilMs });
  breakers.free(TARGET);
  expect(breakers.check(TARGET)).toEqual({ kind: 'probe' });
});

test('is closed by a probe that succeeds, opened for a whole cooldown by one that fails', () => {
  breakIt();
  pass(1000);
  breakers.check(TARGET);
  expect(fail()).toMatchObject({ state: 'open', untilMs: clock.now() + CONFIG.cooldownMs });
  pass(999);
  expect(breakers.check(TARGET)).toMatchObject({ kind: 'open' });
  pass(1);
  breakers.check(TARGET);
  expect(breakers.record(TARGET, null)).toMatchObject({ state: 'closed' });
  expect([breakers.check(TARGET), breakers.states()]).toEqual([{ kind: 'closed' }, []]);
});

test('looks at the monotonic clock: a wall clock that is set changes nothing', () => {
  breakIt();
  clock.jump(86_400_000);
  expect(breakers.check(TARGET)).toMatchObject({ kind: 'open' });
  clock.jump(-2 * 86_400_000);
  pass(1000);
  expect(breakers.check(TARGET)).toEqual({ kind: 'probe' });
});
