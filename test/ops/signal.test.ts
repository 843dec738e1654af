/** Signals: decisions, data, cancel, retry, skip, pause; refusals change nothing. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  agent,
  ask,
  errorOf,
  type Harness,
  noop,
  openHarness,
  person,
  runOf,
  steps,
} from './harness.ts';

let harness: Harness;
beforeEach(() => {
  harness = openHarness();
});
afterEach(() => harness.close());

type Input = Parameters<Harness['ops']['signal']>[1];
const signal = (workflow_id: string, input: Omit<Input, 'workflow_id'>, ctx = person) =>
  harness.ops.signal(ctx, { workflow_id, ...input });

describe('a decision', () => {
  test('lets the run go on by itself', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q'), noop('z')));
    const answer = await signal(workflow_id, {
      signal_type: 'decision',
      payload: { choice: 'yes' },
      reasoning: 'looks fine',
      wait: '2m',
    });
    expect(answer).toMatchObject({
      ok: true,
      resumed: true,
      status: 'completed',
      signal_type: 'decision',
      result: { step_id: 'q', choice: 'yes' },
      output: { z: { value: 'z' } },
      waiting_for: [],
    });
    expect(answer.pending).toBeUndefined();
    const { decisions } = await harness.ops.query(person, {
      resource: 'decisions',
      filter: { workflow_id },
    });
    expect(decisions?.[0]).toMatchObject({
      status: 'resolved',
      resolution: { choice: 'yes', reasoning: 'looks fine', resolved_by: 'cli:ann' },
    });
  });

  test('given again by the same caller is fine, by another a conflict', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q'), ask('r')));
    const input = {
      signal_type: 'decision' as const,
      step_id: 'q',
      payload: { choice: 'yes' },
    };
    await signal(workflow_id, input);
    const again = await signal(workflow_id, input);
    expect(again).toMatchObject({ ok: true, resumed: false, result: { already: true } });
    const error = await errorOf(signal(workflow_id, input, agent('bot')), 'CONFLICT');
    expect(error.message).toContain('cli:ann');
  });

  test('that is no option is refused and changes nothing', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q')));
    const seq = harness.store.head(workflow_id as never)?.seq;
    const error = await errorOf(
      signal(workflow_id, { signal_type: 'decision', payload: { choice: 'maybe' } }),
      'VALIDATION_ERROR',
    );
    expect(error.message).toContain('yes, no');
    expect(harness.store.head(workflow_id as never)?.seq).toBe(seq);
  });

  test('of a person is refused to an agent', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q', {}, { by: 'person' })));
    const input = { signal_type: 'decision' as const, payload: { choice: 'yes' } };
    await errorOf(signal(workflow_id, input, agent('bot')), 'PERMISSION_DENIED');
    expect(await signal(workflow_id, input)).toMatchObject({ ok: true });
  });

  test('may be given as JSON text', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q')));
    const payload = '{"choice":"yes"}';
    expect(await signal(workflow_id, { signal_type: 'decision', payload })).toMatchObject({
      result: { choice: 'yes' },
    });
    await errorOf(
      signal(workflow_id, { signal_type: 'decision', payload: 'yes' }),
      'VALIDATION_ERROR',
    );
  });

  test('that stops fails its step as rejected', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q'), noop('z')));
    const payload = { choice: 'no' };
    const answer = await signal(workflow_id, { signal_type: 'decision', payload, wait: '2m' });
    expect(answer).toMatchObject({ status: 'failed', error: { code: 'REJECTED' } });
  });

  test('with an idempotency key is given once', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q'), ask('r')));
    const input = {
      signal_type: 'decision' as const,
      step_id: 'q',
      payload: { choice: 'yes' },
      idempotency_key: 'once',
    };
    await signal(workflow_id, input);
    const again = await signal(workflow_id, input);
    expect(again.result).toMatchObject({ step_id: 'q' });
    expect(again.waiting_for.map((wait) => wait.step_id)).toEqual(['r']);
  });
});

describe('data', () => {
  test('reaches the wait of that name', async () => {
    const wait = { id: 'w', type: 'wait', config: { signal: 'go' } };
    const run = await runOf(harness.ops, steps(wait));
    expect(run.next).toMatchObject({ arguments: { signal_type: 'data', name: 'go' } });
    const answer = await signal(run.workflow_id, {
      signal_type: 'data',
      name: 'go',
      payload: { n: 1 },
      wait: '2m',
    });
    expect(answer).toMatchObject({
      status: 'completed',
      resumed: true,
      output: { w: { signal: 'go', payload: { n: 1 } } },
    });
  });

  test('for a name no wait has is NOT_FOUND', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q')));
    await errorOf(signal(workflow_id, { signal_type: 'data', name: 'nope' }), 'NOT_FOUND');
  });

  test('without a name is merged into the context', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q')));
    await signal(workflow_id, { signal_type: 'data', payload: { note: 'hi' } });
    const { context } = await harness.ops.status(person, { workflow_id });
    expect(context).toEqual({ note: 'hi' });
  });
});

describe('steering', () => {
  test('cancel ends the run', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q')));
    const answer = await signal(workflow_id, { signal_type: 'cancel', reasoning: 'not now' });
    expect(answer).toMatchObject({ status: 'cancelled', waiting_for: [] });
    await errorOf(signal(workflow_id, { signal_type: 'cancel' }), 'CONFLICT');
  });

  test('retry repeats what failed', async () => {
    const step = { id: 'a', action: 'test.unsafe', params: { value: 1, fail_times: 1 } };
    const { workflow_id, status } = await runOf(harness.ops, steps(step));
    expect(status).toBe('failed');
    const answer = await signal(workflow_id, { signal_type: 'retry', wait: '2m' });
    expect(answer).toMatchObject({ status: 'completed', resumed: true });
  });

  test('skip lets what comes after run', async () => {
    const { workflow_id } = await runOf(
      harness.ops,
      steps(
        { id: 'a', action: 'test.fail' },
        noop('b', 1, { depends_on: ['a'], trigger_rule: 'none_failed' }),
      ),
    );
    const answer = await signal(workflow_id, { signal_type: 'skip', step_id: 'a', wait: '2m' });
    expect(answer).toMatchObject({ status: 'completed' });
  });

  test('pause and resume', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q'), noop('z')));
    const paused = await signal(workflow_id, { signal_type: 'pause' });
    expect(paused.waiting_for[0]).toMatchObject({ kind: 'paused' });
    expect(await harness.ops.status(person, { workflow_id })).toMatchObject({ paused: true });
    await signal(workflow_id, { signal_type: 'resume' });
    expect(await harness.ops.status(person, { workflow_id })).toMatchObject({ paused: false });
  });

  test('an unknown run is NOT_FOUND, an unknown type a validation error', async () => {
    await errorOf(signal('nope', { signal_type: 'cancel' }), 'NOT_FOUND');
    await errorOf(signal('nope', { signal_type: 'explode' as never }), 'VALIDATION_ERROR');
  });
});

describe('without an engine here', () => {
  test('the executor applies it and the verdict comes back', async () => {
    const { workflow_id } = await runOf(harness.ops, steps(ask('q'), ask('r')));
    const payload = { choice: 'yes' };
    const sent = harness.reader.signal(person, {
      workflow_id,
      signal_type: 'decision',
      step_id: 'q',
      payload,
    });
    await harness.ops.recover(person, { workflow_id });
    expect(await sent).toMatchObject({ ok: true, result: { step_id: 'q', choice: 'yes' } });
  });

  test('with nobody to apply it, it is accepted and waits', async () => {
    const left = await harness.reader.run(person, { definition: steps(noop('a')), wait: 0 });
    const workflow_id = 'workflow_id' in left ? left.workflow_id : '';
    const answer = await harness.reader.signal(person, { workflow_id, signal_type: 'cancel' });
    expect(answer).toMatchObject({ ok: true, pending: true, resumed: false, status: 'pending' });
    await harness.ops.recover(person, {});
    const status = await harness.ops.status(person, { workflow_id, wait: '2m' });
    expect(status.completed_at).toBeDefined();
  });
});
