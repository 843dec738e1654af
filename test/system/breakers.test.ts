/** Circuit breakers and `Retry-After`, against a server of the test. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { RunResult } from '../../src/ops/shapes.ts';
import { eventually, TEST_MS, withRoom } from '../support/patience.ts';
import { countTypes, newHome, openSystem, removeHome, type System } from './support.ts';

setDefaultTimeout(TEST_MS);

interface Target {
  readonly url: string;
  calls: number;
  answer: () => Response;
  close(): Promise<void>;
}

function openTarget(): Target {
  const target: Target = {
    url: '',
    calls: 0,
    answer: () => new Response('broken', { status: 500 }),
    close: async () => server.stop(true),
  };
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch() {
      target.calls += 1;
      return target.answer();
    },
  });
  return Object.assign(target, { url: `http://127.0.0.1:${server.port}/` });
}

let home = '';
let system: System;
let target: Target;
/** A system of its own, which knows no target, and a target that nobody has called. */
async function open(cooldown: string): Promise<void> {
  home = newHome();
  target = openTarget();
  system = await openSystem(home, { 'circuit_breaker.cooldown': cooldown });
}
async function close(): Promise<void> {
  await system.close();
  await target.close();
  removeHome(home);
}
beforeEach(() => open('1h'));
afterEach(close);

/** Tries with longer and longer cooldowns until the machine is quick enough for the moment in one. */
const inCooldown = (attempt: () => Promise<boolean>): Promise<true> =>
  withRoom(async (roomMs) => {
    await close();
    await open(`${roomMs}ms`);
    return attempt();
  });

const call = (more: object = {}, params: object = {}): object => ({
  steps: [
    {
      id: 'call',
      action: 'http.get',
      params: { url: target.url, fail_on_error_status: true, ...params },
      ...more,
    },
  ],
});
const heal = (): void => {
  target.answer = () => Response.json({ ok: true });
};
async function breakIt(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    const run = await system.run(call());
    expect(run.error?.code).toBe('EXECUTION_ERROR');
  }
  expect(target.calls).toBe(5);
}

/** The delays before the attempts of a run, as its log has them. */
async function delaysOf(run: RunResult) {
  const log = await system.log(run.workflow_id);
  return log
    .filter(({ event_type }) => event_type === 'step_retry_attempt')
    .map(({ payload }) => payload as { delay_ms: number; free?: boolean });
}

/** The first run that is let through again. */
const afterCooldown = (): Promise<RunResult> =>
  eventually(async () => {
    const run = await system.run(call());
    return run.error?.code !== 'CIRCUIT_OPEN' && run;
  });

describe('an open breaker', () => {
  test('lets nothing reach the target, and fails a step without retries at once', async () => {
    await breakIt();
    const run = await system.run(call());
    expect(run).toMatchObject({ status: 'failed', error: { code: 'CIRCUIT_OPEN' } });
    expect(run.error?.message).toContain('127.0.0.1');
    expect(target.calls).toBe(5);
  });

  test('delays a step with retries, without spending an attempt, until the probe', async () => {
    await inCooldown(async () => {
      await breakIt();
      heal();
      const run = await system.run(call({ retry: { max: 1 } }));
      expect(run.status).toBe('completed');
      expect(run.steps.call?.attempts).toBe(1);
      expect(target.calls).toBe(6);
      const delays = await delaysOf(run);
      expect(delays.filter(({ free }) => free !== true)).toEqual([]);
      return delays.length > 0;
    });
  });

  test('is closed by a probe that succeeds, opened again by one that fails', async () => {
    await inCooldown(async () => {
      await breakIt();
      expect((await afterCooldown()).error?.code).toBe('EXECUTION_ERROR');
      if ((await system.run(call())).error?.code !== 'CIRCUIT_OPEN') return false;
      heal();
      const probe = await afterCooldown();
      expect(probe.status).toBe('completed');
      const counts = countTypes(await system.log(probe.workflow_id));
      expect(counts).toMatchObject({ circuit_breaker_half_open: 1, circuit_breaker_closed: 1 });
      expect((await system.run(call())).status).toBe('completed');
      expect(target.calls).toBe(8);
      return true;
    });
  });

  test('is an event of the run that saw it', async () => {
    const run = await system.run(call({ retry: { max: 4 } }));
    expect(run.status).toBe('failed');
    const log = await system.log(run.workflow_id);
    expect(countTypes(log).circuit_breaker_open).toBe(1);
    expect(target.calls).toBe(5);
  });

  test('is of one origin only', async () => {
    await breakIt();
    const other = openTarget();
    other.answer = () => Response.json({ ok: true });
    const run = await system.run(call({}, { url: other.url }));
    await other.close();
    expect(run.status).toBe('completed');
  });
});

describe('what does not count', () => {
  test('an answer of the 4xx kind, and one that is data', async () => {
    target.answer = () => new Response('no', { status: 404 });
    for (let i = 0; i < 6; i++) {
      expect((await system.run(call())).error?.code).toBe('NON_RETRYABLE');
    }
    target.answer = () => new Response('broken', { status: 500 });
    for (let i = 0; i < 6; i++) {
      const run = await system.run(call({}, { fail_on_error_status: false }));
      expect(run).toMatchObject({ output: { call: { status_code: 500, body: 'broken' } } });
    }
    expect(target.calls).toBe(12);
  });

  test('failures with a success between them', async () => {
    for (let i = 0; i < 8; i++) {
      target.answer = () => new Response('', { status: i % 3 === 2 ? 200 : 503 });
      await system.run(call());
    }
    expect(target.calls).toBe(8);
  });
});

describe('settings', () => {
  test('can turn breakers off', async () => {
    const off = await openSystem(`${home}/off`, { 'circuit_breaker.enabled': false });
    for (let i = 0; i < 8; i++) await off.run(call());
    await off.close();
    expect(target.calls).toBe(8);
  });
});

describe('Retry-After', () => {
  const busy = (status: number, after: string): void => {
    target.answer = () =>
      target.calls === 1
        ? new Response('busy', { status, headers: { 'retry-after': after } })
        : Response.json({ ok: true });
  };

  test('is the least delay before the next attempt', async () => {
    busy(429, '1');
    const run = await system.run(call({ retry: { max: 1, delay: '1ms', backoff: 'constant' } }));
    expect(run.status).toBe('completed');
    expect(run.steps.call?.attempts).toBe(2);
    expect(await delaysOf(run)).toMatchObject([{ delay_ms: 1000 }]);
  });

  test('may be a date, and does not shorten a longer delay', async () => {
    busy(503, new Date(Date.now() - 60_000).toUTCString());
    const delay = { max: 1, delay: '300ms', backoff: 'constant' };
    const run = await system.run(call({ retry: delay }));
    expect(run.status).toBe('completed');
    expect(await delaysOf(run)).toMatchObject([{ delay_ms: 300 }]);
  });

  test('is not followed where no retry is wished', async () => {
    busy(429, '1');
    const run = await system.run(call());
    expect(run).toMatchObject({ status: 'failed', error: { code: 'EXECUTION_ERROR' } });
    expect(run.error?.details).toMatchObject({ status_code: 429 });
    expect(target.calls).toBe(1);
  });
});
