/** Sub-workflows (`workflow.run`): life, death and failure of a child, and what it inherits. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../../src/model/json.ts';
import type { RunResult } from '../../src/ops/shapes.ts';
import { RUN_PARTS } from '../../src/ops/shapes.ts';
import { eventually, TEST_MS } from '../support/patience.ts';
import {
  asJson,
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

const call = (template: string, params: object = {}, more: object = {}): object => ({
  steps: [
    {
      id: 'child',
      action: 'workflow.run',
      params: { template_name: template, ...params },
      ...more,
    },
  ],
});

const asking = {
  steps: [
    {
      id: 'ask',
      type: 'reasoning',
      config: { prompt_context: 'Go?', options: [{ id: 'yes' }, { id: 'no', outcome: 'stop' }] },
    },
  ],
  output: { said: '${{steps.ask.choice}}' },
};

const childOf = (run: RunResult): string => {
  const id = run.steps.child?.child_id;
  if (id === undefined) throw new Error('the step has no child');
  return id;
};

const statusOf = async (id: string): Promise<string> =>
  (await system.ops.status(system.me, { workflow_id: id, include: [] })).status;

const decide = (id: string, choice: string) =>
  system.ops.signal(system.me, {
    workflow_id: id,
    signal_type: 'decision',
    payload: { choice },
    wait: '2m',
  });

const end = (id: string) =>
  system.ops.status(system.me, {
    workflow_id: id,
    wait: '2m',
    until: 'ended',
    include: [...RUN_PARTS],
  });

describe('a child that waits', () => {
  test('suspends its parent; deciding on the child ends both', async () => {
    await system.template('asking', asking);
    const parent = await system.run(call('asking'));
    expect(parent.status).toBe('suspended');
    const child = childOf(parent);
    expect(parent.waiting_for).toMatchObject([
      { step_id: 'child', kind: 'child' },
      { workflow_id: child, step_id: 'ask', kind: 'decision' },
    ]);
    expect(parent.pending_decisions).toMatchObject([{ workflow_id: child, step_id: 'ask' }]);
    expect(await decide(child, 'yes')).toMatchObject({
      status: 'completed',
      output: { said: 'yes' },
    });
    expect(await end(parent.workflow_id)).toMatchObject({
      status: 'completed',
      output: { child: { said: 'yes' } },
    });
  });

  test('ends REJECTED when it is rejected, and so does its parent', async () => {
    await system.template('asking', asking);
    const parent = await system.run(call('asking'));
    await decide(childOf(parent), 'no');
    expect(await end(parent.workflow_id)).toMatchObject({
      status: 'failed',
      error: { code: 'REJECTED', step_id: 'child' },
    });
  });

  test('is cancelled at once with on_suspend: fail', async () => {
    await system.template('asking', asking);
    const parent = await system.run(call('asking', { on_suspend: 'fail' }));
    expect(parent.status).toBe('failed');
    const child = childOf(parent);
    expect(parent.steps.child?.error?.message).toContain('on_suspend');
    await eventually(async () => (await statusOf(child)) === 'cancelled');
    const { decisions } = await system.ops.query(system.me, {
      resource: 'decisions',
      filter: { status: 'pending' },
    });
    expect(decisions).toEqual([]);
  });

  test('lives on its own with wait: false', async () => {
    await system.template('asking', asking);
    const parent = await system.run(call('asking', { wait: false }));
    expect(parent.status).toBe('completed');
    const { workflow_id: id } = (parent.output as { child: { workflow_id: string } }).child;
    await eventually(async () => (await statusOf(id)) === 'suspended');
    await refusal(
      system.ops.signal(system.me, { workflow_id: parent.workflow_id, signal_type: 'cancel' }),
      'CONFLICT',
    );
    expect(await decide(id, 'yes')).toMatchObject({ status: 'completed' });
  });
});

describe('cancelling the parent', () => {
  test('cancels child and grandchild, and ends the process that runs there', async () => {
    await system.template('leaf', { steps: [{ id: 'sh', run: 'echo $$ > pid; sleep 600' }] });
    await system.template('middle', call('leaf'));
    const parent = await system.run(call('middle'), { wait: 0 });
    const pidFile = join(home, 'pid');
    const pid = await eventually(
      () => existsSync(pidFile) && Number(readFileSync(pidFile, 'utf8')),
    );
    expect(isAlive(pid)).toBe(true);
    const answer = await system.ops.signal(system.me, {
      workflow_id: parent.workflow_id,
      signal_type: 'cancel',
      wait: '2m',
    });
    expect(answer.status).toBe('cancelled');
    await eventually(() => !isAlive(pid));
    const { workflows } = await system.ops.query(system.me, { resource: 'workflows' });
    expect(workflows).toHaveLength(3);
    await eventually(async () => {
      const now = await system.ops.query(system.me, { resource: 'workflows' });
      return now.workflows?.every((run) => run.status === 'cancelled');
    });
  });
});

describe('a child that fails', () => {
  test("gives the step its error, with the code it had and the child's step", async () => {
    await system.template('bad', {
      steps: [{ id: 'check', action: 'assert.equals', params: { expected: 1, actual: 2 } }],
    });
    const parent = await system.run(call('bad'));
    expect(parent).toMatchObject({ status: 'failed', error: { code: 'ASSERTION_FAILED' } });
    expect(parent.error?.step_id).toBe('child');
    const child = await end(childOf(parent));
    expect(child.error).toMatchObject({ code: 'ASSERTION_FAILED', step_id: 'check' });
  });

  test('is replaced by a new child at every attempt', async () => {
    const script = 'n=$(cat n 2>/dev/null || echo 0); n=$((n+1)); echo $n > n; [ $n -ge 3 ]';
    await system.template('flaky', { steps: [{ id: 'sh', run: script }] });
    const parent = await system.run(call('flaky', {}, { retry: { max: 3 } }));
    expect(parent.status).toBe('completed');
    const { workflows } = await system.ops.query(system.me, {
      resource: 'workflows',
      filter: { template_name: 'flaky' },
    });
    expect(workflows?.map((run) => run.status).sort()).toEqual(['completed', 'failed', 'failed']);
    expect(workflows?.every((run) => run.parent_id === parent.workflow_id)).toBe(true);
  });

  test('is not retried by itself once its parent has ended, but through the parent', async () => {
    const script = 'test -f fixed';
    await system.template('broken', { steps: [{ id: 'sh', run: script }] });
    const parent = await system.run(call('broken'));
    expect(parent).toMatchObject({ status: 'failed', error: { code: 'EXECUTION_ERROR' } });
    const child = childOf(parent);
    const refused = await refusal(
      system.ops.signal(system.me, { workflow_id: child, signal_type: 'retry' }),
      'CONFLICT',
    );
    expect(refused.message).toContain('parent');
    writeFileSync(join(home, 'fixed'), '');
    const retried = await system.ops.signal(system.me, {
      workflow_id: parent.workflow_id,
      signal_type: 'retry',
      wait: '2m',
    });
    expect(retried.status).toBe('completed');
    expect(await statusOf(child)).toBe('failed');
  });
});

describe('what a child gets', () => {
  test('agent and working directory of its parent, its own context and inputs', async () => {
    await system.template('inherits', {
      context: { own: 'child' },
      steps: [{ id: 'sh', run: 'pwd' }],
      output: {
        cwd: '${{steps.sh.stdout}}',
        agent: '${{workflow.agent_id}}',
        context: '${{context}}',
        inputs: '${{inputs}}',
        parent: '${{workflow.parent_id}}',
      },
    });
    const parent = await system.run(
      { ...call('inherits', { params: { n: '${{inputs.n}}' } }), inputs: { n: 7 } },
      { context: { own: 'parent', more: 1 }, agent_id: 'builder' },
    );
    expect(parent.output).toEqual({
      child: {
        cwd: `${home}\n`,
        agent: 'builder',
        context: { own: 'child' },
        inputs: { n: 7 },
        parent: parent.workflow_id,
      },
    });
  });

  test('another agent when the step names one', async () => {
    await system.template('who', {
      steps: [{ id: 'a', action: 'workflow.log', params: { message: 'x' } }],
      output: '${{workflow.agent_id}}',
    });
    const parent = await system.run(call('who', { agent_id: 'deputy' }), { agent_id: 'builder' });
    expect(parent.output).toEqual({ child: 'deputy' });
  });

  test('params that do not fit its input_schema fail the step, and no child exists', async () => {
    await system.template(
      'strict',
      { steps: [{ id: 'a', action: 'workflow.log', params: { message: 'x' } }] },
      { input_schema: { type: 'object', properties: { n: { type: 'integer' } } } },
    );
    const parent = await system.run(call('strict', { params: { n: 'seven' } }));
    expect(parent).toMatchObject({ status: 'failed', error: { code: 'VALIDATION_ERROR' } });
    expect(parent.error?.message).toContain('n');
    const { workflows } = await system.ops.query(system.me, {
      resource: 'workflows',
      filter: { template_name: 'strict' },
    });
    expect(workflows).toEqual([]);
  });

  test('the version that is asked for', async () => {
    const version = (n: number): object => ({
      steps: [{ id: 'v', action: 'expr.eval', params: { expression: String(n) } }],
    });
    await system.template('versions', version(1));
    await system.template('versions', version(2));
    const first = await system.run(call('versions', { version: 1 }));
    const latest = await system.run(call('versions'));
    expect(first.output).toEqual({ child: { v: { result: 1 } } });
    expect(latest.output).toEqual({ child: { v: { result: 2 } } });
    expect(await system.run(call('versions', { version: 9 }))).toMatchObject({
      status: 'failed',
      error: { code: 'NOT_FOUND' },
    });
  });

  test('an unknown template is NOT_FOUND, by name', async () => {
    const parent = await system.run(call('nowhere'));
    expect(parent).toMatchObject({ status: 'failed', error: { code: 'NOT_FOUND' } });
    expect(parent.error?.message).toContain('nowhere');
  });

  test('a template that calls itself stops 16 levels down', async () => {
    const self: JsonObject = asJson(call('self'));
    await system.template('self', self);
    const run = await system.runTemplate('self');
    expect(run).toMatchObject({ status: 'failed', error: { code: 'LIMIT_EXCEEDED' } });
    const { workflows } = await system.ops.query(system.me, {
      resource: 'workflows',
      filter: { limit: 100 },
    });
    expect(workflows).toHaveLength(17);
    expect(workflows?.every((each) => each.status === 'failed')).toBe(true);
  });
});
