/** Rerun from the middle of a finished run: what is kept, what is done again, what it is told. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUN_PARTS } from '../../src/ops/shapes.ts';
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

const file = (name: string): string => join(home, name);
/** What was done since the last look. */
function done(): string[] {
  const lines = existsSync(file('log')) ? readFileSync(file('log'), 'utf8').trim().split('\n') : [];
  writeFileSync(file('log'), '');
  return lines.filter((line) => line !== '').sort();
}

const note = (id: string, more: object = {}): object => ({
  id,
  run: `echo ${id} >> log; echo ${id}`,
  ...more,
});

const rerun = (workflow_id: string, more: object = {}) =>
  system.ops.rerun(system.me, { workflow_id, wait: '2m', ...more });

describe('under a limit on runs at a time', () => {
  test('a rerun waits for its turn with what it keeps', async () => {
    const definition = {
      concurrency: { key: 'one', limit: 1 },
      steps: [
        note('a'),
        { id: 'hold', type: 'wait', config: { signal: 'go' } },
        note('b', { depends_on: ['a', 'hold'] }),
      ],
    };
    await system.template('limited', definition);
    const run = () => system.ops.run(system.me, { template_name: 'limited', wait: 0 });
    const go = (workflow_id: string) =>
      system.ops.signal(system.me, { workflow_id, signal_type: 'data', name: 'go', wait: '2m' });
    const first = (await run()) as { workflow_id: string };
    await go(first.workflow_id);
    const holder = (await run()) as { workflow_id: string };
    const again = await rerun(first.workflow_id, { from_step: 'b', wait: 0 });
    expect(again.status).toBe('pending');
    await go(holder.workflow_id);
    const ended = await system.ops.status(system.me, {
      workflow_id: again.workflow_id,
      wait: '2m',
    });
    expect(ended.status).toBe('completed');
    expect(ended.from?.workflow_id).toBe(first.workflow_id);
    expect(done()).toEqual(['a', 'a', 'b', 'b', 'b']);
  });
});

describe('from a step', () => {
  test('keeps what came before it and beside it, and does the rest again', async () => {
    const first = await system.run({
      steps: [
        note('a'),
        note('b', { depends_on: ['a'] }),
        note('c', { depends_on: ['b'] }),
        note('aside'),
      ],
    });
    expect(done()).toEqual(['a', 'aside', 'b', 'c']);
    const again = await rerun(first.workflow_id, { from_step: 'b' });
    expect(again.status).toBe('completed');
    expect(done()).toEqual(['b', 'c']);
    expect([...again.kept].sort()).toEqual(['a', 'aside']);
    expect([...again.again].sort()).toEqual(['b', 'c']);
    const log = await system.log(again.workflow_id);
    expect(log[0]).toMatchObject({
      event_type: 'workflow_started',
      payload: { from: { workflow_id: first.workflow_id } },
    });
    const copied = log.filter(
      ({ event_type: type, payload }) =>
        type === 'step_completed' && JSON.stringify(payload).includes('reused_from'),
    );
    expect(copied.map((event) => event.step_id).sort()).toEqual(['a', 'aside']);
    const { status, from } = await system.ops.status(system.me, {
      workflow_id: again.workflow_id,
    });
    expect({ status, from: from?.workflow_id }).toEqual({
      status: 'completed',
      from: first.workflow_id,
    });
  });

  test('gives kept outputs to the steps that read them', async () => {
    const first = await system.run({
      steps: [{ id: 'a', run: 'echo $$ >> log; echo $$' }, note('b', { depends_on: ['a'] })],
      output: '${{steps.a.stdout}}',
    });
    const again = await rerun(first.workflow_id, { from_step: 'b' });
    expect(again.output).toEqual(first.output as string);
  });

  test('inside an iteration does that one and the later ones again', async () => {
    const first = await system.run({
      steps: [
        {
          id: 'each',
          type: 'loop',
          config: {
            over: ['x', 'y', 'z'],
            body: [
              { id: 'one', run: 'echo one-${{loop.item}} >> log' },
              { id: 'two', run: 'echo two-${{loop.item}} >> log; echo ${{loop.item}}' },
            ],
          },
        },
        note('after', { depends_on: ['each'] }),
      ],
    });
    done();
    const again = await rerun(first.workflow_id, { from_step: 'each.iter_1.two' });
    expect(again.status).toBe('completed');
    expect(done()).toEqual(['after', 'one-z', 'two-y', 'two-z']);
    const { steps } = await system.ops.status(system.me, {
      workflow_id: again.workflow_id,
      include: [...RUN_PARTS],
    });
    expect(steps.each?.output).toMatchObject({ iterations: 3 });
    expect(steps['each.iter_0.two']?.output).toMatchObject({ stdout: 'x\n' });
  });

  test('inside a concurrent for_each does only that iteration again', async () => {
    const first = await system.run({
      steps: [
        {
          id: 'each',
          type: 'loop',
          config: {
            over: ['x', 'y', 'z'],
            max_concurrency: 3,
            body: [{ id: 'one', run: 'echo ${{loop.item}} >> log' }],
          },
        },
      ],
    });
    done();
    const again = await rerun(first.workflow_id, { from_step: 'each.iter_1.one' });
    expect(again.status).toBe('completed');
    expect(done()).toEqual(['y']);
  });

  test('inside a branch keeps the branch that was chosen, though the input is another', async () => {
    const first = await system.run(
      {
        steps: [
          {
            id: 'route',
            type: 'condition',
            config: {
              expression: 'inputs.env',
              branches: { prod: [note('p1'), note('p2')], test: [note('t1')] },
            },
          },
          note('after', { depends_on: ['route'] }),
        ],
      },
      { params: { env: 'prod' } },
    );
    done();
    const again = await rerun(first.workflow_id, { from_step: 'p2', params: { env: 'test' } });
    expect(again.status).toBe('completed');
    expect(done()).toEqual(['after', 'p2']);
    expect([...again.kept]).toContain('route.prod.p1');
  });

  test('inside a parallel keeps the sibling branch', async () => {
    const first = await system.run({
      steps: [
        {
          id: 'both',
          type: 'parallel',
          config: {
            branches: [
              [note('l1'), note('l2')],
              [note('r1'), note('r2')],
            ],
          },
        },
      ],
    });
    done();
    const again = await rerun(first.workflow_id, { from_step: 'both.branch_0.l2' });
    expect(again.status).toBe('completed');
    expect(done()).toEqual(['l2']);
    expect(again.output).toMatchObject({
      both: { branches: [{ stdout: 'l2\n' }, { stdout: 'r2\n' }] },
    });
  });

  test('takes the context as it was when that step began', async () => {
    const first = await system.run({
      context: { n: 0 },
      order: 'sequence',
      steps: [
        { id: 'one', action: 'workflow.set', params: { variables: { n: 1 } } },
        { id: 'read', action: 'expr.eval', params: { expression: 'context.n' } },
        { id: 'two', action: 'workflow.set', params: { variables: { n: 2 } } },
      ],
      output: { read: '${{steps.read.result}}', n: '${{context.n}}' },
    });
    expect(first.output).toEqual({ read: 1, n: 2 });
    const again = await rerun(first.workflow_id, { from_step: 'read' });
    expect(again.output).toEqual({ read: 1, n: 2 });
  });

  test('does not ask a decision again that came before it', async () => {
    const first = await system.run({
      order: 'sequence',
      steps: [
        {
          id: 'ask',
          type: 'reasoning',
          config: { prompt_context: 'Go?', options: [{ id: 'yes' }, { id: 'no' }] },
        },
        note('act'),
      ],
      output: '${{steps.ask.choice}}',
    });
    await system.ops.signal(system.me, {
      workflow_id: first.workflow_id,
      signal_type: 'decision',
      payload: { choice: 'yes' },
      wait: '2m',
    });
    done();
    const again = await rerun(first.workflow_id, { from_step: 'act' });
    expect(again).toMatchObject({ status: 'completed', output: 'yes' });
    expect(done()).toEqual(['act']);
    const asked = await rerun(first.workflow_id, { from_step: 'ask' });
    expect(asked.status).toBe('suspended');
    expect(asked.pending_decisions).toHaveLength(1);
  });

  test('that does not exist is NOT_FOUND, and no run is made', async () => {
    const first = await system.run({ steps: [note('a')] });
    await refusal(rerun(first.workflow_id, { from_step: 'nope' }), 'NOT_FOUND');
    const { workflows } = await system.ops.query(system.me, { resource: 'workflows' });
    expect(workflows).toHaveLength(1);
  });
});

describe('of a failed run', () => {
  test('begins at the step that failed first', async () => {
    const first = await system.run({
      order: 'sequence',
      steps: [note('a'), { id: 'b', run: 'echo b >> log; test -f fixed' }, note('c')],
    });
    expect(first.status).toBe('failed');
    expect(done()).toEqual(['a', 'b']);
    writeFileSync(file('fixed'), '');
    const again = await rerun(first.workflow_id, { failed: true });
    expect(again.status).toBe('completed');
    expect(done()).toEqual(['b', 'c']);
    expect(again.kept).toEqual(['a']);
  });

  test('inside a loop begins in the iteration that failed', async () => {
    const first = await system.run({
      steps: [
        {
          id: 'each',
          type: 'loop',
          config: {
            over: [1, 2, 3],
            body: [
              {
                id: 'sh',
                run: 'echo ${{loop.item}} >> log; test ${{loop.item}} != 2 || test -f fixed',
              },
            ],
          },
        },
      ],
    });
    done();
    writeFileSync(file('fixed'), '');
    const again = await rerun(first.workflow_id, { failed: true });
    expect(again.status).toBe('completed');
    expect(done()).toEqual(['2', '3']);
    expect(first.status).toBe('failed');
  });

  test('that did not fail is refused', async () => {
    const first = await system.run({ steps: [note('a')] });
    const refused = await refusal(rerun(first.workflow_id, { failed: true }), 'CONFLICT');
    expect(refused.message).toContain('completed');
  });
});

describe('with another version of the template', () => {
  test('keeps steps that are still there, and runs the new text of the others', async () => {
    await system.template('t', { order: 'sequence', steps: [note('a'), note('b')] });
    const first = await system.runTemplate('t');
    await system.template('t', {
      order: 'sequence',
      steps: [note('a'), { id: 'b', run: 'echo new-b >> log' }, note('c')],
    });
    done();
    const again = await rerun(first.workflow_id, { from_step: 'b', version: 2 });
    expect(again).toMatchObject({ status: 'completed', changed_definition: true });
    expect(done()).toEqual(['c', 'new-b']);
  });

  test('warns when the definition of a kept step has changed', async () => {
    await system.template('t', { order: 'sequence', steps: [note('a'), note('b')] });
    const first = await system.runTemplate('t');
    await system.template('t', {
      order: 'sequence',
      steps: [{ id: 'a', run: 'echo other-a >> log' }, note('b')],
    });
    done();
    const again = await rerun(first.workflow_id, { from_step: 'b', version: 2 });
    expect(done()).toEqual(['b']);
    expect(JSON.stringify(again.warnings)).toContain('"a"');
  });

  test('refuses when a kept step is gone, naming it', async () => {
    await system.template('t', { order: 'sequence', steps: [note('a'), note('b')] });
    const first = await system.runTemplate('t');
    await system.template('t', { order: 'sequence', steps: [note('other'), note('b')] });
    const refused = await refusal(
      rerun(first.workflow_id, { from_step: 'b', version: 2 }),
      'VALIDATION_ERROR',
    );
    expect(JSON.stringify([refused.message, refused.details])).toContain('"a"');
  });
});
