/** An idempotency key answers only the same request of the same caller. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import type { CallContext } from '../../src/ops/operation.ts';
import { TEST_MS } from '../support/patience.ts';
import { newHome, openSystem, refusal, removeHome, type System } from './support.ts';

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

const one = (id: string, expression = '1') => ({
  id,
  action: 'expr.eval',
  params: { expression },
});
const TWO = { steps: [one('a'), { ...one('b'), depends_on: ['a'] }] };
const KEY = { idempotency_key: 'K' };
const as = (owner: string): CallContext => ({
  caller: { agentId: owner, role: 'agent', sender: 'agent', owner: `agent:${owner}` },
  exec: system.me.exec,
});

describe('a start', () => {
  test('the same request answers with the first run', async () => {
    await system.template('t', TWO);
    const first = await system.runTemplate('t', { ...KEY, params: { x: 1 } });
    const again = await system.runTemplate('t', { ...KEY, params: { x: 1 }, wait: 0 });
    expect(again).toMatchObject({ workflow_id: first.workflow_id, created: false });
  });

  test('other params, context, version, template or definition: CONFLICT that names the run', async () => {
    await system.template('t', TWO);
    await system.template('u', TWO);
    const { workflow_id } = await system.runTemplate('t', KEY);
    for (const more of [{ params: { x: 1 } }, { context: { intent: 'y' } }, { version: 1 }]) {
      const error = await refusal(system.runTemplate('t', { ...KEY, ...more }), 'CONFLICT');
      expect(error.details).toEqual({ workflow_id });
    }
    await refusal(system.runTemplate('u', KEY), 'CONFLICT');
    await refusal(system.run(TWO, KEY), 'CONFLICT');
  });

  test('keys of another caller, and of reruns, are others', async () => {
    await system.template('t', TWO);
    const { workflow_id } = await system.runTemplate('t', KEY);
    const other = await system.ops.run(as('bob'), { template_name: 't', ...KEY });
    expect((other as { workflow_id: string }).workflow_id).not.toBe(workflow_id);
    const rerun = await system.ops.rerun(system.me, { workflow_id, ...KEY });
    expect(rerun.workflow_id).not.toBe(workflow_id);
  });
});

describe('a rerun', () => {
  test('of another run, from another step, of another version: CONFLICT', async () => {
    await system.template('t', TWO);
    const [first, second] = [await system.runTemplate('t'), await system.runTemplate('t')];
    const rerun = (workflow_id: string, more: object = {}) =>
      system.ops.rerun(system.me, { workflow_id, ...KEY, ...more });
    const { workflow_id } = await rerun(first.workflow_id);
    expect(await rerun(first.workflow_id)).toMatchObject({ workflow_id, created: false });
    for (const more of [{ from_step: 'b' }, { version: 1 }, { params: { x: 1 } }]) {
      await refusal(rerun(first.workflow_id, more), 'CONFLICT');
    }
    await refusal(rerun(second.workflow_id), 'CONFLICT');
  });

  test("of an archived template's run is CONFLICT, as its run is", async () => {
    await system.template('t', TWO);
    const { workflow_id } = await system.runTemplate('t');
    await system.ops.define(system.me, { name: 't', archived: true });
    await refusal(system.runTemplate('t'), 'CONFLICT');
    await refusal(system.ops.rerun(system.me, { workflow_id }), 'CONFLICT');
    await system.ops.define(system.me, { name: 't', archived: false });
    expect(await system.ops.rerun(system.me, { workflow_id })).toMatchObject({
      status: 'completed',
    });
  });
});

describe('a signal', () => {
  const ASKS = {
    steps: [
      {
        id: 'q',
        type: 'reasoning',
        config: { prompt_context: '?', options: [{ id: 'a' }, { id: 'b' }] },
      },
      { id: 'w', type: 'wait', depends_on: ['q'], config: { signal: 'go' } },
    ],
  };
  type Signal = Parameters<System['ops']['signal']>[1];
  const send = (workflow_id: string, more: Partial<Signal>, ctx = system.me) =>
    system.ops.signal(ctx, { workflow_id, signal_type: 'decision', ...KEY, ...more });
  const choose = (choice: string, more: Partial<Signal> = {}): Partial<Signal> => ({
    step_id: 'q',
    payload: { choice },
    ...more,
  });

  test('the same one again answers as the first, and says so', async () => {
    const { workflow_id } = await system.run(ASKS);
    const first = await send(workflow_id, choose('a'));
    expect(first.result).toMatchObject({ choice: 'a' });
    expect(first.result.already).toBeUndefined();
    const again = await send(workflow_id, choose('a'));
    expect(again.result).toMatchObject({ choice: 'a', already: true });
  });

  test('another choice, type, reasoning or agent: CONFLICT that says what has the key', async () => {
    const { workflow_id } = await system.run(ASKS);
    await send(workflow_id, choose('a', { agent_id: 'ann' }));
    const error = await refusal(send(workflow_id, choose('b', { agent_id: 'ann' })), 'CONFLICT');
    expect(error.message).toContain('decision to "q" by ann');
    await refusal(send(workflow_id, choose('a', { agent_id: 'bob' })), 'CONFLICT');
    await refusal(send(workflow_id, choose('a', { agent_id: 'ann', reasoning: 'x' })), 'CONFLICT');
    await refusal(send(workflow_id, { signal_type: 'cancel' }), 'CONFLICT');
    expect((await system.ops.status(system.me, { workflow_id })).status).toBe('suspended');
    const cancelled = await send(workflow_id, { signal_type: 'cancel', idempotency_key: 'C' });
    expect(cancelled.status).toBe('cancelled');
  });

  test("another caller's key is another key", async () => {
    const { workflow_id } = await system.run(ASKS);
    await send(workflow_id, choose('a'));
    const sent = await send(
      workflow_id,
      { signal_type: 'data', name: 'go', payload: { n: 1 } },
      as('bob'),
    );
    expect(sent.ok).toBe(true);
    const again = await send(
      workflow_id,
      { signal_type: 'data', name: 'go', payload: { n: 2 } },
      system.me,
    ).catch((thrown: unknown) => thrown);
    expect(again).toMatchObject({ code: 'CONFLICT' });
  });

  test('where nobody executes the key is checked all the same', async () => {
    const { workflow_id } = await system.run(ASKS);
    const client = await openSystem(home, {}, { execute: false });
    const gone = AbortSignal.abort();
    const left = (more: Partial<Signal>) =>
      client.ops.signal(
        { ...client.me, abort: gone },
        { workflow_id, signal_type: 'decision', ...KEY, ...more },
      );
    await left(choose('a'));
    await refusal(left(choose('b')), 'CONFLICT');
    expect(await left(choose('a'))).toMatchObject({ pending: true, result: { already: true } });
    await client.close();
  });
});
