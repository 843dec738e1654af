import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { usageOf } from '../../src/isolate/process-usage.ts';
import { isRetryable } from '../../src/model/error.ts';
import type { ComputeAnswer, ComputeRequest } from '../../src/model/expression.ts';
import type { ComputePool } from '../../src/model/ports.ts';
import { createComputePool, DEFAULT_COMPUTE_LIMITS } from '../../src/runtime/compute/pool.ts';
import type { WorkerEvents } from '../../src/runtime/compute/worker.ts';
import { createHandClock } from './hand-clock.ts';

/** A compute process of the test: it does what the test says. */
interface Fake {
  readonly pid: number;
  readonly events: WorkerEvents;
  readonly sent: string[];
  cpuMs: number;
  residentBytes: number;
  killed: boolean;
}

const LIMITS = { ...DEFAULT_COMPUTE_LIMITS, cpuMs: 2000, wallMs: 30_000 };
const JQ: ComputeRequest = { task: 'jq', payload: '.a' };
const PNG: ComputeRequest = { task: 'png', payload: { svg: '' } };

let clock: ReturnType<typeof createHandClock>;
let fakes: Fake[];
let pool: ComputePool;

beforeEach(() => {
  clock = createHandClock();
  fakes = [];
  pool = createComputePool({
    spawn(events) {
      const fake: Fake = {
        pid: fakes.length + 1,
        events,
        sent: [],
        cpuMs: 0,
        residentBytes: 0,
        killed: false,
      };
      fakes.push(fake);
      return {
        pid: fake.pid,
        send: (line) => void fake.sent.push(line),
        kill() {
          fake.killed = true;
        },
      };
    },
    clock,
    usageOf: (pid) => fakes[pid - 1] ?? null,
    limits: LIMITS,
  });
});
afterEach(() => pool.close());

const fake = (index: number): Fake => {
  const found = fakes[index];
  if (found === undefined) throw new Error(`there is no process ${index}`);
  return found;
};
const ready = (index: number): void => fake(index).events.onLine('ready');
const answer = (index: number, value = 1): void =>
  fake(index).events.onLine(JSON.stringify({ ok: true, value }));

/** Lets wall time pass; what each process uses of the processor is up to the test. */
function pass(ms: number): void {
  const until = clock.monotonic() + ms;
  while (clock.fireNext(until));
}

/** The answer when there is one by now. */
async function settled(asked: Promise<ComputeAnswer>): Promise<ComputeAnswer | 'open'> {
  return Promise.race([asked, Promise.resolve().then(() => 'open' as const)]);
}

const codeOf = async (asked: Promise<ComputeAnswer>): Promise<string> => {
  const now = await settled(asked);
  if (now === 'open') return 'open';
  return now.ok ? 'ok' : now.error.code;
};

describe('what counts against a job', () => {
  test('is its own processor time, not the time of a busy machine', async () => {
    const asked = pool.run(JQ);
    ready(0);
    fake(0).cpuMs = 1900;
    pass(29_000);
    expect(await codeOf(asked)).toBe('open');
    answer(0);
    expect(await asked).toEqual({ ok: true, value: 1 });
  });

  test('over the processor time it is stopped for good, and the next one is served', async () => {
    const hostile = pool.run(JQ);
    ready(0);
    fake(0).cpuMs = 2001;
    pass(50);
    expect(await codeOf(hostile)).toBe('LIMIT_EXCEEDED');
    expect(fake(0).killed).toBe(true);
    const next = pool.run(JQ);
    ready(1);
    answer(1);
    expect(await codeOf(next)).toBe('ok');
  });

  test('is not what its process used for starting or for jobs before', async () => {
    const first = pool.run(JQ);
    fake(0).cpuMs = 1900;
    ready(0);
    fake(0).cpuMs = 3800;
    pass(50);
    answer(0);
    expect(await codeOf(first)).toBe('ok');
    const second = pool.run(JQ);
    fake(0).cpuMs = 5700;
    pass(50);
    expect(await codeOf(second)).toBe('open');
    fake(0).cpuMs = 5801;
    pass(50);
    expect(await codeOf(second)).toBe('LIMIT_EXCEEDED');
  });

  test('is no memory that the job before it left behind', async () => {
    const first = pool.run(JQ);
    ready(0);
    fake(0).residentBytes = LIMITS.memoryBytes * 0.75;
    answer(0);
    expect(await codeOf(first)).toBe('ok');
    expect(fake(0).killed).toBe(true);
    const second = pool.run(JQ);
    ready(1);
    pass(100);
    answer(1);
    expect(await codeOf(second)).toBe('ok');
  });

  test('is no reason to end a process that is small again', async () => {
    const first = pool.run(JQ);
    ready(0);
    fake(0).residentBytes = LIMITS.memoryBytes / 4;
    answer(0);
    expect(await codeOf(first)).toBe('ok');
    expect(fake(0).killed).toBe(false);
  });

  test('over its memory it is stopped for good', async () => {
    const asked = pool.run(JQ);
    ready(0);
    fake(0).residentBytes = LIMITS.memoryBytes + 1;
    pass(50);
    expect(await codeOf(asked)).toBe('LIMIT_EXCEEDED');
  });
});

describe('a job that is not done after the limit on wall time', () => {
  test('is tried once more, then fails so that a retry may help', async () => {
    const asked = pool.run(JQ);
    ready(0);
    pass(30_100);
    expect(fake(0).killed).toBe(true);
    expect(await codeOf(asked)).toBe('open');
    ready(1);
    pass(30_100);
    expect(await codeOf(asked)).toBe('EXECUTION_ERROR');
    expect(isRetryable('EXECUTION_ERROR')).toBe(true);
    expect(fakes).toHaveLength(2);
  });

  test('does not count the time in the queue', async () => {
    const long = [pool.run(JQ), pool.run(JQ)];
    const waiting = pool.run({ ...JQ, limitMs: 300 });
    ready(0);
    ready(1);
    pass(20_000);
    answer(0);
    pass(250);
    answer(0);
    expect(await codeOf(waiting)).toBe('ok');
    answer(1);
    await Promise.all(long);
  });

  test('or whose process never starts or dies is tried once more as well', async () => {
    const asked = pool.run(JQ);
    pass(30_100);
    expect(fake(0).killed).toBe(true);
    fake(1).events.onEnd();
    expect(await codeOf(asked)).toBe('EXECUTION_ERROR');
    expect(fakes).toHaveLength(2);
  });
});

describe("a step's own limit", () => {
  test('ends its job with TIMEOUT_ERROR, without another try', async () => {
    const asked = pool.run({ ...JQ, limitMs: 300 });
    pass(5000);
    expect(await codeOf(asked)).toBe('open');
    ready(0);
    pass(290);
    expect(await codeOf(asked)).toBe('open');
    pass(50);
    expect(await codeOf(asked)).toBe('TIMEOUT_ERROR');
    expect(fakes).toHaveLength(1);
    expect(fake(0).killed).toBe(true);
  });

  test('above the limit on wall time changes nothing', async () => {
    const asked = pool.run({ ...JQ, limitMs: 60_000 });
    ready(0);
    pass(30_100);
    expect(await codeOf(asked)).toBe('open');
    expect(fakes).toHaveLength(2);
  });
});

test('pictures hold no process that an evaluation waits for', async () => {
  const pictures = [pool.run(PNG), pool.run(PNG), pool.run({ ...PNG, task: 'layout' })];
  expect(fakes).toHaveLength(1);
  const asked = pool.run(JQ);
  ready(1);
  answer(1);
  expect(await codeOf(asked)).toBe('ok');
  ready(0);
  for (const picture of pictures) {
    answer(0);
    expect(await codeOf(picture)).toBe('ok');
  }
  expect(fakes).toHaveLength(2);
});

test('more jobs than may wait are refused at once, so that a retry may help', async () => {
  const small = createComputePool({
    spawn: () => ({ pid: 1, send: () => undefined, kill: () => undefined }),
    clock,
    usageOf: () => null,
    limits: { ...LIMITS, processes: 1, queue: 2 },
  });
  const asked = [1, 2, 3].map(() => small.run(JQ));
  expect(await codeOf(small.run(JQ))).toBe('EXECUTION_ERROR');
  await small.close();
  expect(await Promise.all(asked.map(codeOf))).toEqual(Array(3).fill('EXECUTION_ERROR'));
});

test('the processor time of a living process is told, of others nothing', () => {
  const before = usageOf(process.pid);
  if (before === null) throw new Error('the usage of this process cannot be told');
  for (let now = before; now.cpuMs < before.cpuMs + 30; now = usageOf(process.pid) ?? now) {
    Bun.hash('something to do'.repeat(1000));
  }
  expect(before.residentBytes).toBeGreaterThan(1_000_000);
  expect(usageOf(2 ** 30)).toBeNull();
});
