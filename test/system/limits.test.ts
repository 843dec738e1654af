/** `concurrency`, `max_concurrency`, `timeout` and hooks of whole runs. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunResult } from '../../src/ops/shapes.ts';
import { RUN_PARTS } from '../../src/ops/shapes.ts';
import { eventually, TEST_MS, untilPast, withRoom } from '../support/patience.ts';
import {
  countTypes,
  isAlive,
  newHome,
  openSystem,
  refusal,
  removeHome,
  type System,
} from './support.ts';

setDefaultTimeout(TEST_MS);

let home = '';
let system: System;
beforeEach(async () => {
  home = newHome();
  system = await openSystem(home);
});
afterEach(async () => {
  await system.close();
  removeHome(home);
});

const file = (name: string): string => join(home, name);
const lines = (name: string): string[] =>
  existsSync(file(name)) ? readFileSync(file(name), 'utf8').trim().split('\n') : [];
const status = (id: string) =>
  system.ops.status(system.me, { workflow_id: id, include: [...RUN_PARTS] });
const ended = (id: string) =>
  system.ops.status(system.me, {
    workflow_id: id,
    wait: '2m',
    until: 'ended',
    include: [...RUN_PARTS],
  });

describe('concurrency of a template', () => {
  const exclusive = (whenFull: string, limit = 1): object => ({
    concurrency: { key: '${{inputs.target}}', limit, when_full: whenFull },
    steps: [
      {
        id: 'hold',
        run: 'echo ${{inputs.name}} >> started; until test -f ${{inputs.name}}.go; do sleep 0.02; done',
      },
    ],
  });
  const start = (name: string, target = 'prod') =>
    system.runTemplate('deploy', { wait: 0, params: { name, target } });
  const hasStarted = (name: string) => eventually(() => lines('started').includes(name));
  const letGo = (name: string): void => writeFileSync(file(`${name}.go`), '');

  test('queue: one after the other, in the order they came', async () => {
    await system.template('deploy', exclusive('queue'));
    const runs: RunResult[] = [];
    for (const name of ['a', 'b', 'c']) {
      runs.push(await start(name));
      await hasStarted('a');
    }
    expect((await status(runs[1]?.workflow_id ?? '')).status).toBe('pending');
    for (const name of ['c', 'b', 'a']) letGo(name);
    for (const run of runs)
      expect(await ended(run.workflow_id)).toMatchObject({ status: 'completed' });
    expect(lines('started')).toEqual(['a', 'b', 'c']);
  });

  test('a queued run can be cancelled, and the next one gets its place', async () => {
    await system.template('deploy', exclusive('queue'));
    const a = await start('a');
    await hasStarted('a');
    const b = await start('b');
    const c = await start('c');
    const cancelled = await system.ops.signal(system.me, {
      workflow_id: b.workflow_id,
      signal_type: 'cancel',
      wait: '2m',
    });
    expect(cancelled.status).toBe('cancelled');
    letGo('a');
    letGo('c');
    expect(await ended(a.workflow_id)).toMatchObject({ status: 'completed' });
    expect(await ended(c.workflow_id)).toMatchObject({ status: 'completed' });
    expect(lines('started')).toEqual(['a', 'c']);
  });

  test('reject: a second run with the key is a conflict, one with another key is not', async () => {
    await system.template('deploy', exclusive('reject'));
    const a = await start('a');
    const refused = await refusal(start('b'), 'CONFLICT');
    expect(JSON.stringify(refused.details)).toContain(a.workflow_id);
    const other = await start('other', 'test');
    letGo('a');
    letGo('other');
    expect(await ended(a.workflow_id)).toMatchObject({ status: 'completed' });
    expect(await ended(other.workflow_id)).toMatchObject({ status: 'completed' });
    letGo('b');
    expect(await ended((await start('b')).workflow_id)).toMatchObject({ status: 'completed' });
  });

  test('replace: the older run is cancelled and its process gone before the newer starts', async () => {
    await system.template('deploy', {
      concurrency: { key: 'x', limit: 1, when_full: 'replace' },
      steps: [{ id: 'hold', run: 'echo $$ >> pids; until test -f go; do sleep 0.02; done' }],
    });
    const older = await system.runTemplate('deploy', { wait: 0 });
    const pid = await eventually(() => Number(lines('pids')[0] ?? 0));
    const newer = await system.runTemplate('deploy', { wait: 0 });
    await eventually(() => lines('pids').length === 2);
    expect(isAlive(pid)).toBe(false);
    expect(await status(older.workflow_id)).toMatchObject({ status: 'cancelled' });
    writeFileSync(file('go'), '');
    expect(await ended(newer.workflow_id)).toMatchObject({ status: 'completed' });
  });

  test('limit 2 lets two run at once', async () => {
    await system.template('deploy', exclusive('queue', 2));
    const runs = [await start('a'), await start('b'), await start('c')];
    await hasStarted('a');
    await hasStarted('b');
    expect((await status(runs[2]?.workflow_id ?? '')).status).toBe('pending');
    for (const name of ['a', 'b', 'c']) letGo(name);
    for (const run of runs)
      expect(await ended(run.workflow_id)).toMatchObject({ status: 'completed' });
  });
});

describe('concurrency counts also', () => {
  /** Holds its place for a moment and notes that it came and went. */
  const exclusive: object = {
    concurrency: { key: 'x', limit: 1, when_full: 'queue' },
    steps: [{ id: 'hold', run: 'echo + >> log; sleep 0.2; echo - >> log' }],
  };
  const ONE_BY_ONE = ['+', '-', '+', '-'];

  test('runs that a process leaves for another to execute', async () => {
    await system.template('deploy', exclusive);
    await system.close();
    system = await openSystem(home, {}, { claims: true });
    const client = await openSystem(home, {}, { execute: false });
    const runs = await Promise.all([client.runTemplate('deploy'), client.runTemplate('deploy')]);
    await client.close();
    expect(runs.map((run) => run.status)).toEqual(['completed', 'completed']);
    expect(lines('log')).toEqual(ONE_BY_ONE);
  });

  test('sub-workflows', async () => {
    await system.template('deploy', exclusive);
    const child = { action: 'workflow.run', params: { template_name: 'deploy' } };
    const run = await system.run({
      steps: [
        { id: 'one', ...child },
        { id: 'two', ...child },
      ],
    });
    expect(run.status).toBe('completed');
    expect(lines('log')).toEqual(ONE_BY_ONE);
  });

  test('reruns', async () => {
    await system.template('deploy', exclusive);
    const { workflow_id } = await system.runTemplate('deploy');
    const rerun = () => system.ops.rerun(system.me, { workflow_id, wait: '2m' });
    await Promise.all([rerun(), rerun()]);
    expect(lines('log').slice(2)).toEqual(ONE_BY_ONE);
  });
});

describe('max_concurrency of a run', () => {
  test('bounds its actions, also those inside composites', async () => {
    const body = 'echo + >> log; sleep 0.05; echo - >> log';
    const result = await system.run({
      max_concurrency: 2,
      steps: [
        ...Array.from({ length: 4 }, (_, i) => ({ id: `s${i}`, run: body })),
        {
          id: 'each',
          type: 'loop',
          config: { over: [1, 2, 3, 4], max_concurrency: 4, body: [{ id: 'sh', run: body }] },
        },
      ],
    });
    expect(result.status).toBe('completed');
    let open = 0;
    let most = 0;
    for (const line of lines('log')) {
      open += line === '+' ? 1 : -1;
      most = Math.max(most, open);
    }
    expect(lines('log')).toHaveLength(16);
    expect(most).toBe(2);
  });
});

describe('a limit of an unsafe step whose failure is ignored', () => {
  test('leaves word that nobody knows whether it took effect, also in a rerun', async () => {
    const slow = { run: 'until test -f go; do sleep 0.02; done', on_error: { strategy: 'ignore' } };
    const run = await system.run({
      steps: [
        { id: 'own', ...slow, timeout: '100ms' },
        { id: 'action', ...slow, params: { timeout: '100ms' } },
      ],
    });
    const told = { status: 'completed', outcome: 'unknown', error: { code: 'TIMEOUT_ERROR' } };
    expect(run).toMatchObject({ status: 'completed', steps: { own: told, action: told } });
    const { workflow_id } = run;
    const again = await system.ops.rerun(system.me, {
      workflow_id,
      from_step: '@output',
      include: [...RUN_PARTS],
    });
    expect(again.steps).toMatchObject({ own: told, action: told });
  });
});

describe('timeout of a run', () => {
  const slow = (onTimeout: string, roomMs: number): object => ({
    timeout: `${roomMs}ms`,
    on_timeout: onTimeout,
    steps: [
      { id: 'slow', run: 'echo $$ >> pid; until test -f go; do sleep 0.02; done' },
      { id: 'next', run: 'echo next >> done', depends_on: ['slow'] },
    ],
  });
  /** The run whose command had begun when its time was over, and its process. */
  const cutOff = (onTimeout: string) =>
    withRoom(async (roomMs) => {
      const run = await system.run(slow(onTimeout, roomMs));
      const pid = Number(lines('pid')[0] ?? 0);
      return pid > 0 && { run, pid };
    });

  test('fail: ends what runs and fails with TIMEOUT_ERROR', async () => {
    const { run, pid } = await cutOff('fail');
    expect(run).toMatchObject({ status: 'failed', error: { code: 'TIMEOUT_ERROR' } });
    expect(run.steps.slow).toMatchObject({ status: 'failed', outcome: 'unknown' });
    expect(run.steps.next).toMatchObject({ status: 'skipped' });
    await eventually(() => !isAlive(pid));
    expect(countTypes(await system.log(run.workflow_id)).workflow_timed_out).toBe(1);
  });

  test('cancel: the same, and the run is cancelled', async () => {
    const { run, pid } = await cutOff('cancel');
    expect(run.status).toBe('cancelled');
    expect(run.steps.slow).toMatchObject({ status: 'skipped' });
    await eventually(() => !isAlive(pid));
  });

  test('suspend: what runs may finish, and the rest waits until it is resumed', async () => {
    const run = await withRoom(async (roomMs) => {
      const started = await system.run(slow('suspend', roomMs), { wait: 0 });
      await eventually(async () => (await status(started.workflow_id)).paused);
      return existsSync(file('pid')) && started;
    });
    expect((await status(run.workflow_id)).status).toBe('active');
    writeFileSync(file('go'), '');
    const stopped = await system.ops.status(system.me, {
      workflow_id: run.workflow_id,
      wait: '2m',
    });
    expect(stopped).toMatchObject({
      status: 'suspended',
      steps: { slow: { status: 'completed' } },
    });
    expect(existsSync(file('done'))).toBe(false);
    const resumed = await system.ops.signal(system.me, {
      workflow_id: run.workflow_id,
      signal_type: 'resume',
      wait: '2m',
    });
    expect(resumed.status).toBe('completed');
    expect(lines('done')).toEqual(['next']);
  });

  test('does not count the time in which the run waits for somebody', async () => {
    await withRoom(async (roomMs) => {
      const run = await system.run({
        timeout: `${roomMs}ms`,
        steps: [{ id: 'w', type: 'wait', config: { signal: 'go' } }],
      });
      if (run.status !== 'suspended') return false;
      await untilPast(Date.now() + roomMs);
      const answer = await system.ops.signal(system.me, {
        workflow_id: run.workflow_id,
        signal_type: 'data',
        name: 'go',
        wait: '2m',
      });
      // What is not waiting counts: a slow machine may need all of the time for it.
      return answer.status === 'completed';
    });
  });
});

describe('hooks', () => {
  test('on_complete sees the output and runs once', async () => {
    const run = await system.run({
      steps: [{ id: 'a', action: 'expr.eval', params: { expression: '1' } }],
      output: { n: '${{steps.a.result}}' },
      on_complete: { id: 'told', run: 'echo completed-${{steps.a.result}} >> log' },
      on_error: { id: 'cried', run: 'echo error >> log' },
    });
    expect(run).toMatchObject({ status: 'completed', output: { n: 1 } });
    expect(lines('log')).toEqual(['completed-1']);
  });

  test('on_error sees the error; the run keeps its own', async () => {
    const run = await system.run({
      steps: [{ id: 'a', action: 'workflow.fail', params: { reason: 'no' } }],
      on_complete: { id: 'told', run: 'echo completed >> log' },
      on_error: { id: 'cried', run: 'echo ${{error.code}}-${{error.step_id}} >> log; false' },
    });
    expect(run).toMatchObject({ status: 'failed', error: { code: 'NON_RETRYABLE' } });
    expect(lines('log')).toEqual(['NON_RETRYABLE-a']);
    expect(countTypes(await system.log(run.workflow_id)).hook_failed).toBe(1);
  });

  test('none runs on cancel', async () => {
    const hook = { id: 'told', run: 'echo hook >> log' };
    const run = await system.run({
      steps: [{ id: 'w', type: 'wait', config: { signal: 'go' } }],
      on_complete: hook,
      on_error: hook,
    });
    await system.ops.signal(system.me, { workflow_id: run.workflow_id, signal_type: 'cancel' });
    expect((await status(run.workflow_id)).status).toBe('cancelled');
    expect(lines('log')).toEqual([]);
  });

  test('an output that does not fit its schema fails the run and runs on_error', async () => {
    await system.template(
      'typed',
      {
        steps: [{ id: 'a', action: 'expr.eval', params: { expression: '"text"' } }],
        output: { n: '${{steps.a.result}}' },
        on_complete: { id: 'told', run: 'echo completed >> log' },
        on_error: { id: 'cried', run: 'echo ${{error.code}} >> log' },
      },
      { output_schema: { type: 'object', properties: { n: { type: 'integer' } } } },
    );
    const run = await system.runTemplate('typed');
    expect(run).toMatchObject({ status: 'failed', error: { code: 'VALIDATION_ERROR' } });
    expect(JSON.stringify(run.error?.details)).toContain('text');
    expect(lines('log')).toEqual(['VALIDATION_ERROR']);
  });
});

describe('the time limit of a step that only computes', () => {
  test('ends its filter, and a retry tries it anew', async () => {
    const filter = 'reduce range(1000000000) as $i (0; . + $i)';
    const run = await system.run({
      steps: [
        { id: 'a', action: 'jq', params: { filter }, timeout: '100ms', retry: { max: 1 } },
        { id: 'b', action: 'jq', params: { filter: '1 + 1' }, timeout: '20s', depends_on: [] },
      ],
    });
    const { error, steps } = await ended(run.workflow_id);
    expect(error).toMatchObject({ code: 'TIMEOUT_ERROR', step_id: 'a', attempts: 2 });
    expect(steps.b).toMatchObject({ status: 'completed', output: { result: 2 } });
  });
});
