/** Signals through the operations, over real processes and files. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../src/model/json.ts';
import { RUN_PARTS } from '../../src/ops/shapes.ts';
import { eventually, TEST_MS, withRoom } from '../support/patience.ts';
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

type SignalInput = Parameters<System['ops']['signal']>[1];

const send = (id: string, type: SignalInput['signal_type'], more: Partial<SignalInput> = {}) =>
  system.ops.signal(system.me, { workflow_id: id, signal_type: type, wait: '2m', ...more });

const status = (id: string) =>
  system.ops.status(system.me, { workflow_id: id, include: [...RUN_PARTS] });

const waitFor = (id: string, signal: string, more: object = {}): object => ({
  id,
  type: 'wait',
  config: { signal },
  ...more,
});

const file = (name: string): string => join(home, name);
const lines = (name: string): string[] =>
  existsSync(file(name)) ? readFileSync(file(name), 'utf8').trim().split('\n') : [];
const pidIn = (name: string): Promise<number> => eventually(() => Number(lines(name)[0] ?? 0));

describe('data', () => {
  test('goes to the wait that it names', async () => {
    const run = await system.run({
      steps: [waitFor('left', 'a'), waitFor('right', 'b')],
    });
    expect(run.status).toBe('suspended');
    await send(run.workflow_id, 'data', { name: 'b', payload: { n: 2 } });
    const answer = await send(run.workflow_id, 'data', { name: 'a', payload: { n: 1 } });
    expect(answer.output).toEqual({
      left: { signal: 'a', payload: { n: 1 } },
      right: { signal: 'b', payload: { n: 2 } },
    });
  });

  test('that comes early is kept, first in first out, one signal for one wait', async () => {
    const run = await system.run({
      steps: [
        waitFor('gate', 'open'),
        waitFor('first', 'item', { depends_on: ['gate'] }),
        waitFor('second', 'item', { depends_on: ['first'] }),
      ],
    });
    for (const n of [1, 2]) await send(run.workflow_id, 'data', { name: 'item', payload: n });
    const answer = await send(run.workflow_id, 'data', { name: 'open', payload: null });
    expect(answer).toMatchObject({ status: 'completed', output: { second: { payload: 2 } } });
    const { steps } = await status(run.workflow_id);
    expect(steps.first?.output).toEqual({ signal: 'item', payload: 1 });
  });

  test('without a name is merged into the context', async () => {
    const run = await system.run({
      context: { kept: 1, changed: 1 },
      steps: [waitFor('w', 'go')],
      output: '${{context}}',
    });
    await send(run.workflow_id, 'data', { payload: { changed: 2, added: 3 }, wait: 0 });
    const answer = await send(run.workflow_id, 'data', { name: 'go' });
    expect(answer.output).toEqual({ kept: 1, changed: 2, added: 3 });
  });

  test('for a wait that no step can have is NOT_FOUND and changes nothing', async () => {
    const run = await system.run({ steps: [waitFor('w', 'go')] });
    const before = await system.log(run.workflow_id);
    const refused = await refusal(send(run.workflow_id, 'data', { name: 'og' }), 'NOT_FOUND');
    expect(refused.message).toContain('og');
    expect(await system.log(run.workflow_id)).toEqual([...before]);
  });

  test('is applied once for one idempotency key', async () => {
    const run = await system.run({
      steps: [waitFor('one', 'item'), waitFor('two', 'item', { depends_on: ['one'] })],
    });
    const signal = { name: 'item', payload: 1, idempotency_key: 'k', wait: 0 as const };
    const first = await send(run.workflow_id, 'data', signal);
    const again = await send(run.workflow_id, 'data', signal);
    expect(again.ok).toBe(true);
    expect(again.result).toEqual({ ...first.result, already: true });
    expect(await status(run.workflow_id)).toMatchObject({
      status: 'suspended',
      steps: { one: { status: 'completed' }, two: { status: 'suspended' } },
    });
    expect(countTypes(await system.log(run.workflow_id)).signal_received).toBe(1);
  });
});

describe('pause and resume', () => {
  test('let what is in flight finish, start nothing new, then go on', async () => {
    const run = await system.run(
      {
        steps: [
          { id: 'first', run: 'echo $$ > pid; until test -f go; do sleep 0.02; done' },
          { id: 'second', run: 'echo second >> done', depends_on: ['first'] },
        ],
      },
      { wait: 0 },
    );
    await pidIn('pid');
    const paused = await send(run.workflow_id, 'pause', { wait: 0 });
    expect(paused.status).toBe('active');
    expect((await status(run.workflow_id)).paused).toBe(true);
    writeFileSync(file('go'), '');
    const stopped = await system.ops.status(system.me, {
      workflow_id: run.workflow_id,
      wait: '2m',
    });
    expect(stopped).toMatchObject({
      status: 'suspended',
      paused: true,
      steps: { first: { status: 'completed' } },
    });
    expect(existsSync(file('done'))).toBe(false);
    const resumed = await send(run.workflow_id, 'resume');
    expect(resumed.status).toBe('completed');
    expect(lines('done')).toEqual(['second']);
  });

  test('a paused run records the timers that fire', async () => {
    const run = await withRoom(async (roomMs) => {
      const started = await system.run(
        {
          steps: [
            waitFor('gate', 'go'),
            { id: 'nap', type: 'wait', config: { duration: `${roomMs}ms` } },
            { id: 'after', run: 'echo x >> done', depends_on: ['nap'] },
          ],
        },
        { wait: 0 },
      );
      await send(started.workflow_id, 'pause', { wait: 0 });
      await eventually(async () => {
        const { steps } = await status(started.workflow_id);
        return steps.nap?.status === 'completed';
      });
      const types = (await system.log(started.workflow_id)).map(({ event_type }) => event_type);
      if (types.indexOf('signal_received') < types.lastIndexOf('wait_completed')) return started;
      await send(started.workflow_id, 'cancel', { wait: 0 });
      rmSync(file('done'), { force: true });
      return null;
    });
    expect(existsSync(file('done'))).toBe(false);
    await send(run.workflow_id, 'resume', { wait: 0 });
    await send(run.workflow_id, 'data', { name: 'go', wait: 0 });
    const ended = await system.ops.status(system.me, {
      workflow_id: run.workflow_id,
      wait: '2m',
      until: 'ended',
    });
    expect(ended.status).toBe('completed');
    expect(lines('done')).toEqual(['x']);
  });

  test('resuming what is not paused is a conflict', async () => {
    const run = await system.run({ steps: [waitFor('w', 'go')] });
    await refusal(send(run.workflow_id, 'resume'), 'CONFLICT');
  });
});

describe('cancel', () => {
  test('ends the whole process group, and a second one is a conflict', async () => {
    const script = 'sleep 600 & echo $! > child; echo $$ > parent; wait';
    const run = await system.run(
      {
        steps: [
          { id: 'sh', run: script },
          { id: 'next', run: 'echo x >> done', depends_on: ['sh'] },
        ],
      },
      { wait: 0 },
    );
    const pids = [await pidIn('parent'), await pidIn('child')];
    const answer = await send(run.workflow_id, 'cancel', { reasoning: 'not needed' });
    expect(answer.status).toBe('cancelled');
    for (const pid of pids) await eventually(() => !isAlive(pid));
    const { steps } = await status(run.workflow_id);
    expect(steps.sh).toMatchObject({ status: 'skipped', outcome: 'unknown' });
    expect(steps.next).toMatchObject({ status: 'skipped' });
    expect(existsSync(file('done'))).toBe(false);
    await refusal(send(run.workflow_id, 'cancel'), 'CONFLICT');
    await refusal(send(run.workflow_id, 'retry'), 'CONFLICT');
  });

  test('with a step fails that waiting step with REJECTED, and on_error applies', async () => {
    const run = await system.run({
      steps: [
        waitFor('w', 'go', { on_error: { strategy: 'ignore' } }),
        { id: 'after', action: 'expr.eval', params: { expression: 'steps.w.error.code' } },
      ],
      order: 'sequence',
    });
    const answer = await send(run.workflow_id, 'cancel', { step_id: 'w' });
    expect(answer).toMatchObject({
      status: 'completed',
      output: { after: { result: 'REJECTED' } },
    });
  });

  test('withdraws a decision that was asked', async () => {
    const run = await system.run({
      steps: [{ id: 'ask', type: 'reasoning', config: { prompt_context: 'Go?', options: [] } }],
    });
    expect(run.pending_decisions).toHaveLength(1);
    await send(run.workflow_id, 'cancel');
    const { decisions } = await system.ops.query(system.me, {
      resource: 'decisions',
      filter: { status: 'pending,resolved,cancelled' },
    });
    expect(decisions?.map((decision) => decision.status)).toEqual(['cancelled']);
    const late = send(run.workflow_id, 'decision', { payload: { choice: 'x' } });
    await refusal(late, 'CONFLICT');
  });
});

describe('retry of a failed run', () => {
  const definition = {
    inputs: { say: 'first' },
    steps: [
      { id: 'before', run: 'echo before >> log' },
      {
        id: 'fragile',
        action: 'shell.exec',
        params: {
          command: 'echo "tried $OPCODE_IDEMPOTENCY_KEY" >> log; test -f fixed && echo "$SAY"',
          shell: true,
          fail_on_error: true,
          env: { SAY: '${{inputs.say}}' },
        },
        depends_on: ['before'],
      },
      { id: 'after', run: 'echo after >> log', depends_on: ['fragile'] },
      { id: 'aside', run: 'echo aside >> log' },
    ],
    output: '${{steps.fragile.stdout}}',
  };
  const keys = (): string[] => lines('log').filter((line) => line.startsWith('tried'));

  test('runs only the failed step and what was skipped behind it', async () => {
    const run = await system.run(definition);
    expect(run).toMatchObject({ status: 'failed', error: { step_id: 'fragile' } });
    expect(run.steps.after).toMatchObject({ status: 'skipped', skip_reason: 'upstream_failed' });
    writeFileSync(file('fixed'), '');
    const answer = await send(run.workflow_id, 'retry');
    expect(answer).toMatchObject({ status: 'completed', output: 'first\n' });
    const count = (line: string): number => lines('log').filter((each) => each === line).length;
    expect([count('before'), count('aside'), count('after')]).toEqual([1, 1, 1]);
    expect(keys()).toHaveLength(2);
    expect(new Set(keys()).size).toBe(1);
  });

  test('takes other params for the step, with another idempotency key', async () => {
    const run = await system.run(definition);
    writeFileSync(file('fixed'), '');
    const payload = { inputs: { env: { SAY: 'second' } } };
    const answer = await send(run.workflow_id, 'retry', { step_id: 'fragile', payload });
    expect(answer).toMatchObject({ status: 'completed', output: 'second\n' });
    expect(new Set(keys()).size).toBe(2);
  });

  test('inside a loop keeps the iterations that were done', async () => {
    const body = 'echo ${{loop.item}} >> log; test ${{loop.item}} != 3 || test -f fixed';
    const run = await system.run({
      steps: [
        {
          id: 'each',
          type: 'loop',
          config: { over: [1, 2, 3, 4], body: [{ id: 'sh', run: body }] },
        },
        { id: 'after', run: 'echo after >> log', depends_on: ['each'] },
      ],
    });
    expect(run.error).toMatchObject({ code: 'EXECUTION_ERROR', step_id: 'each.iter_2.sh' });
    writeFileSync(file('fixed'), '');
    const answer = await send(run.workflow_id, 'retry');
    expect(answer.status).toBe('completed');
    expect(lines('log')).toEqual(['1', '2', '3', '3', '4', 'after']);
  });

  test('is a conflict for a completed run, which says what to use', async () => {
    const run = await system.run({ steps: [{ id: 'a', run: 'true' }] });
    const refused = await refusal(send(run.workflow_id, 'retry'), 'CONFLICT');
    expect(`${refused.message} ${refused.hint ?? ''}`).toContain('rerun');
  });
});

describe('skip', () => {
  test('of a failed step lets what depends on it run', async () => {
    const run = await system.run({
      steps: [
        { id: 'bad', run: 'false' },
        { id: 'after', run: 'echo x >> done', depends_on: ['bad'], trigger_rule: 'none_failed' },
      ],
    });
    expect(run.status).toBe('failed');
    const answer = await send(run.workflow_id, 'skip', { step_id: 'bad' });
    expect(answer.status).toBe('completed');
    expect(lines('done')).toEqual(['x']);
  });

  test('of a running step ends its process', async () => {
    const run = await system.run(
      { steps: [{ id: 'sh', run: 'echo $$ > pid; sleep 600' }] },
      { wait: 0 },
    );
    const pid = await pidIn('pid');
    const answer = await send(run.workflow_id, 'skip', { step_id: 'sh' });
    expect(answer.status).toBe('completed');
    await eventually(() => !isAlive(pid));
    expect((await status(run.workflow_id)).steps.sh).toMatchObject({
      status: 'skipped',
      outcome: 'unknown',
    });
  });

  test('of a decision lets the run go on without a choice', async () => {
    const run = await system.run({
      steps: [
        { id: 'ask', type: 'reasoning', config: { prompt_context: 'Go?', options: [] } },
        { id: 'after', run: 'echo x >> done', depends_on: ['ask'], trigger_rule: 'all_done' },
      ],
    });
    const answer = await send(run.workflow_id, 'skip', { step_id: 'ask' });
    expect(answer.status).toBe('completed');
    expect(lines('done')).toEqual(['x']);
  });
});

describe('idempotency key of a run', () => {
  const definition = { steps: [{ id: 'a', run: 'echo ran >> log' }] };

  test('starts it once, also when both ask at the same time', async () => {
    const more = { idempotency_key: 'k', params: { n: 1 } };
    const runs = await Promise.all([
      system.run(definition, more),
      system.run(definition, more),
      system.run(definition, more),
    ]);
    expect(new Set(runs.map((run) => run.workflow_id)).size).toBe(1);
    expect(runs.filter((run) => run.created === false)).toHaveLength(2);
    expect(lines('log')).toEqual(['ran']);
  });

  test('with other params is a conflict that names the run', async () => {
    const first = await system.run(definition, { idempotency_key: 'k', params: { n: 1 } });
    const second = system.run(definition, { idempotency_key: 'k', params: { n: 2 } });
    const refused = await refusal(second, 'CONFLICT');
    expect(refused.details as Json).toMatchObject({ workflow_id: first.workflow_id });
  });

  test('for another template is another request', async () => {
    await system.template('one', definition);
    await system.template('two', definition);
    await system.runTemplate('one', { idempotency_key: 'k' });
    await refusal(system.runTemplate('two', { idempotency_key: 'k' }), 'CONFLICT');
    expect(lines('log')).toEqual(['ran']);
  });
});
