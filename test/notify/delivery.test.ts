/**
 * Delivering the outbox: at least once whatever ends in the middle, never twice by two workers, and no
 * channel in the way of another.
 */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { AppError } from '../../src/model/error.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { NewNotice, NoticeStore } from '../../src/model/notice-store.ts';
import type { Logger } from '../../src/model/ports.ts';
import type { Channel, ChannelSet } from '../../src/notify/channels.ts';
import { type Delivering, type DeliveryLimits, startDelivery } from '../../src/notify/delivery.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { tempDatabases } from '../store/sqlite/temp-database.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';

interface Taken {
  readonly key: string;
  readonly at: number;
  readonly payload: JsonObject;
}

type Receive = (key: string, stop: AbortSignal) => Promise<void>;

const TAKES: Receive = () => Promise.resolve();
const REFUSES: Receive = () => Promise.reject(new AppError('EXECUTION_ERROR', 'HTTP 500'));
/** Ends only when it is told to. */
const HANGS: Receive = (_key, stop) =>
  new Promise((_resolve, reject) => {
    stop.addEventListener('abort', () => reject(new AppError('CANCELLED', 'stopped')));
  });

let clock: FakeClock;
let store: ReturnType<typeof createMemoryStore>;
let workers: Delivering[];
let logged: string[];

beforeEach(() => {
  clock = createFakeClock();
  store = createMemoryStore();
  workers = [];
  logged = [];
});

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.close()));
  clock.stop();
  store.close();
});

const log: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, fields) => void logged.push(`warn ${message} ${JSON.stringify(fields)}`),
  error: (message, fields) => void logged.push(`error ${message} ${JSON.stringify(fields)}`),
};

/** Channels that note what they take; how each receives can be changed. */
function receivers(how: Record<string, Receive>) {
  const taken: Record<string, Taken[]> = {};
  const tries: Record<string, number[]> = {};
  const channelOf = (name: string): Channel => ({
    name,
    type: 'webhook',
    timeoutMs: 10_000,
    async send(key, payload, stop) {
      tries[name] = [...(tries[name] ?? []), clock.now()];
      await how[name]?.(key, stop);
      taken[name] = [...(taken[name] ?? []), { key, at: clock.now(), payload }];
    },
  });
  const set = (): ChannelSet => ({
    rules: [],
    names: Object.keys(how),
    get: (name) => (Object.hasOwn(how, name) ? channelOf(name) : undefined),
  });
  const keys = (name: string): string[] => (taken[name] ?? []).map(({ key }) => key);
  return { how, taken, tries, set, keys };
}

type Receivers = ReturnType<typeof receivers>;

function work(to: Receivers, limits: Partial<DeliveryLimits> = {}, over: NoticeStore = store) {
  const random = (): number => 0.5;
  const worker = startDelivery({ store: over, clock, log, channels: to.set, random, limits });
  workers.push(worker);
  return worker;
}

const notice = (key: string, channel = 'team', change: Partial<NewNotice> = {}): NewNotice => ({
  key,
  kind: 'run_failed',
  channel,
  payload: { message: key },
  createdAt: clock.now(),
  ...change,
});

/** Lets the clock run until it is so. */
async function until(what: () => boolean): Promise<void> {
  for (let rounds = 0; rounds < 200_000; rounds++) {
    if (what()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('it never came to that');
}

const waiting = (channel = 'team'): number =>
  store.noticeCounts().find((row) => row.channel === channel)?.waiting ?? 0;

describe('what is put down', () => {
  test('is delivered with its key and payload, and once', async () => {
    store.addNotices([notice('a'), notice('b')]);
    const to = receivers({ team: TAKES });
    work(to);
    await until(() => waiting() === 0);
    expect(to.keys('team').sort()).toEqual(['a', 'b']);
    expect(to.taken.team?.[0]?.payload).toEqual({ message: to.keys('team')[0] ?? '' });
    store.addNotices([notice('a'), notice('c')]);
    await until(() => waiting() === 0);
    expect(to.keys('team').sort()).toEqual(['a', 'b', 'c']);
  });

  test('is seen at once after a poke, without one within a second', async () => {
    const to = receivers({ team: TAKES });
    const worker = work(to);
    await until(() => worker.idle());
    const born = clock.now();
    store.addNotices([notice('a')]);
    worker.poke();
    await until(() => to.keys('team').length === 1);
    expect((to.taken.team?.[0]?.at ?? 0) - born).toBeLessThan(100);
    store.addNotices([notice('b', 'team', { createdAt: clock.now() })]);
    const second = clock.now();
    await until(() => to.keys('team').length === 2);
    expect((to.taken.team?.[1]?.at ?? 0) - second).toBeLessThanOrEqual(1000);
  });

  test('before a rule or a channel was there is not delivered by it later', async () => {
    const to = receivers({ team: TAKES });
    const worker = work(to);
    store.addNotices([notice('a')]);
    await until(() => waiting() === 0);
    to.how.later = TAKES;
    worker.renewed();
    store.addNotices([notice('b', 'later')]);
    await until(() => waiting('later') === 0);
    expect(to.keys('later')).toEqual(['b']);
  });
});

describe('whatever ends in the middle', () => {
  test('between commit and delivery: the next worker delivers', async () => {
    store.addNotices([notice('a')]);
    const to = receivers({ team: TAKES });
    work(to);
    await until(() => waiting() === 0);
    expect(to.keys('team')).toEqual(['a']);
  });

  test('between claim and delivery: it is due again when the lease ends', async () => {
    store.addNotices([notice('a')]);
    // A worker that claims, and is gone.
    const nowMs = clock.now();
    store.claimNotices({ channel: 'team', nowMs, leaseUntil: nowMs + 40_000, limit: 1 });
    const to = receivers({ team: TAKES });
    work(to);
    await until(() => waiting() === 0);
    expect(to.taken.team).toMatchObject([{ key: 'a' }]);
    expect(to.taken.team?.[0]?.at).toBeGreaterThanOrEqual(nowMs + 40_000);
  });

  test('between delivery and mark: it is delivered again with the same key', async () => {
    store.addNotices([notice('a')]);
    const to = receivers({ team: TAKES });
    let fails = true;
    const forgetful: NoticeStore = {
      ...store,
      settleNotice(...args) {
        if (fails) throw new AppError('STORE_ERROR', 'the disk is full');
        return store.settleNotice(...args);
      },
    };
    work(to, {}, forgetful);
    await until(() => to.keys('team').length === 1);
    await until(() => logged.length > 0);
    fails = false;
    await until(() => waiting() === 0);
    expect(to.keys('team')).toEqual(['a', 'a']);
    expect(logged[0]).toContain('it cannot be noted how a notice went');
  });

  test('at a stop: what is in flight is broken off and due at once', async () => {
    store.addNotices([notice('a')]);
    const to = receivers({ team: HANGS });
    const worker = work(to);
    await until(() => (to.tries.team ?? []).length === 1);
    await worker.close();
    to.how.team = TAKES;
    const again = clock.now();
    work(to);
    await until(() => waiting() === 0);
    expect((to.taken.team?.[0]?.at ?? 0) - again).toBeLessThan(2000);
  });

  test('a worker that was away past its lease changes nothing', async () => {
    store.addNotices([notice('a')]);
    let release: (() => void) | null = null;
    const to = receivers({
      team: (key, stop) =>
        release === null
          ? new Promise<void>((resolve) => {
              release = resolve;
            })
          : REFUSES(key, stop),
    });
    work(to);
    await until(() => (to.tries.team ?? []).length === 1);
    const slow = release as (() => void) | null;
    // Its lease is over; another one delivers and marks.
    const other = receivers({ team: TAKES });
    work(other);
    await until(() => other.keys('team').length === 1);
    slow?.();
    await until(() => to.keys('team').length === 1);
    expect(store.noticeCounts()).toMatchObject([{ waiting: 0, delivered: 1 }]);
  });

  test('the database cannot be read for a while: said once, then it goes on', async () => {
    store.addNotices([notice('a')]);
    let fails = 3;
    const sick: NoticeStore = {
      ...store,
      nextNoticeAt(channels) {
        if (fails-- > 0) throw new AppError('STORE_ERROR', 'database is locked');
        return store.nextNoticeAt(channels);
      },
    };
    const to = receivers({ team: TAKES });
    work(to, {}, sick);
    await until(() => waiting() === 0);
    expect(logged.filter((line) => line.includes('outbox cannot be read'))).toHaveLength(1);
  });
});

describe('two workers', () => {
  test('never deliver the same row at the same time', async () => {
    store.addNotices(Array.from({ length: 50 }, (_, at) => notice(`n${at}`)));
    const one = receivers({ team: TAKES });
    const two = receivers({ team: TAKES });
    work(one);
    work(two);
    await until(() => waiting() === 0);
    const all = [...one.keys('team'), ...two.keys('team')];
    expect(all).toHaveLength(50);
    expect(new Set(all).size).toBe(50);
  });
});

test('two workers over one database file deliver each row once', async () => {
  const databases = tempDatabases();
  try {
    const [here, there] = [databases.open(), databases.open()];
    const keys = Array.from({ length: 100 }, (_, at) => `n${at}`);
    here.addNotices(keys.map((key) => notice(key)));
    const [one, two] = [receivers({ team: TAKES }), receivers({ team: TAKES })];
    const both = [work(one, {}, here), work(two, {}, there)];
    await until(() => here.noticeCounts()[0]?.waiting === 0);
    await Promise.all(both.map((worker) => worker.close()));
    expect([...one.keys('team'), ...two.keys('team')].sort()).toEqual(keys.sort());
    expect(there.noticeCounts()).toMatchObject([{ delivered: 100 }]);
  } finally {
    databases.remove();
  }
});

describe('a channel that fails', () => {
  test('is tried again with growing pauses, and says why', async () => {
    store.addNotices([notice('a')]);
    const to = receivers({ team: REFUSES });
    work(to, { pollMs: 100 });
    await until(() => (to.tries.team ?? []).length === 5);
    const tries = to.tries.team ?? [];
    const gaps = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
    for (const [i, gap] of gaps.entries()) {
      expect(gap).toBeGreaterThanOrEqual(2000 * 2 ** i);
      expect(gap).toBeLessThan(2000 * 2 ** i + 300);
    }
    expect(store.noticeCounts()).toMatchObject([{ waiting: 1, lastError: 'HTTP 500' }]);
    expect(logged.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    to.how.team = TAKES;
    await until(() => waiting() === 0);
    expect(store.noticeCounts()).toMatchObject([{ delivered: 1, lastError: null }]);
  });

  test('waits as long as a Retry-After says, with all its messages', async () => {
    store.addNotices([notice('a')]);
    const details = { retry_after_ms: 120_000 };
    const to = receivers({
      team: () => Promise.reject(new AppError('EXECUTION_ERROR', 'HTTP 429', { details })),
    });
    work(to);
    await until(() => (to.tries.team ?? []).length === 1);
    store.addNotices([notice('b')]);
    await until(() => (to.tries.team ?? []).length === 2);
    const [first = 0, second = 0] = to.tries.team ?? [];
    expect(second - first).toBeGreaterThanOrEqual(120_000);
  });

  test('is left alone: not every message is thrown at it', async () => {
    store.addNotices(Array.from({ length: 100 }, (_, at) => notice(`n${at}`)));
    const to = receivers({ team: REFUSES });
    const began = clock.now();
    work(to);
    await until(() => clock.now() - began > 60_000);
    // 4 at first, then one each time its pause is over.
    expect((to.tries.team ?? []).length).toBeLessThan(15);
    to.how.team = TAKES;
    await until(() => waiting() === 0);
    expect(to.keys('team')).toHaveLength(100);
  });

  test('holds up no other, whether it refuses or hangs', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `n${at}`);
    store.addNotices(
      names.flatMap((key) => [notice(key, 'hangs'), notice(key, 'refuses'), notice(key, 'good')]),
    );
    const to = receivers({ hangs: HANGS, refuses: REFUSES, good: TAKES });
    const began = clock.now();
    work(to);
    await until(() => waiting('good') === 0);
    expect(clock.now() - began).toBeLessThanOrEqual(2000);
    expect(waiting('hangs')).toBe(20);
    expect(to.tries.hangs).toHaveLength(4);
  });

  test('of many, all hanging, take no more than the places there are', async () => {
    const names = Array.from({ length: 10 }, (_, at) => `c${at}`);
    store.addNotices(names.flatMap((name) => [1, 2, 3, 4].map((n) => notice(`${n}`, name))));
    const to = receivers(Object.fromEntries(names.map((name) => [name, HANGS])));
    const began = clock.now();
    work(to);
    await until(() => clock.now() - began > 5000);
    const tried = Object.values(to.tries).flat().length;
    expect(tried).toBe(16);
  });

  test('all day is given up, with a line in the log and the error kept', async () => {
    store.addNotices([notice('a')]);
    const to = receivers({ team: REFUSES });
    const began = clock.now();
    work(to, { pollMs: 30_000 });
    await until(() => waiting() === 0);
    expect(clock.now() - began).toBeGreaterThan(23.5 * 3_600_000);
    expect(clock.now() - began).toBeLessThan(24.5 * 3_600_000);
    expect(store.noticeCounts()).toMatchObject([{ gaveUp: 1, lastError: 'HTTP 500' }]);
    const line = logged.find((each) => each.startsWith('error'));
    expect(line).toContain('given up');
    expect(line).toContain('"event":"a"');
    expect(line).toContain('HTTP 500');
  });

  test('that is no longer set keeps its messages for a day', async () => {
    store.addNotices([notice('a', 'gone')]);
    const to = receivers({ team: TAKES });
    work(to, { pollMs: 60_000 });
    const began = clock.now();
    await until(() => waiting('gone') === 0);
    expect(clock.now() - began).toBeGreaterThan(24 * 3_600_000);
    expect(logged.join()).toContain('it could not be tried');
  });
});

test('what was settled long ago is forgotten', async () => {
  store.addNotices([notice('a')]);
  const to = receivers({ team: TAKES });
  work(to, { pollMs: 3_600_000, cleanMs: 3_600_000 });
  await until(() => waiting() === 0);
  expect(store.noticeCounts()).toMatchObject([{ delivered: 1 }]);
  await until(() => store.noticeCounts().length === 0);
});
