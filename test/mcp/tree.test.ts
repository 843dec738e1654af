/** What looks at a run looks at its tree: questions of awaited runs are told and answered at the parent. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { call, freshHome, type Home, openSession, type Session } from './session.ts';

let home: Home;
let session: Session;

const question = (id: string, config: object = {}): object => ({
  id,
  type: 'reasoning',
  config: {
    prompt_context: `Go on with ${id}?`,
    options: [{ id: 'yes' }, { id: 'no', outcome: 'stop' }],
    ...config,
  },
});
const calls = (id: string, template_name: string, more: object = {}): object => ({
  id,
  action: 'workflow.run',
  params: { template_name },
  ...more,
});
const done = (id: string, more: object = {}): object => ({
  id,
  action: 'expr.eval',
  params: { expression: '1' },
  ...more,
});

beforeAll(async () => {
  home = freshHome();
  session = await openSession(home);
  const templates: Record<string, object> = {
    child: { steps: [question('q')] },
    middle: { steps: [calls('c', 'child')] },
    persons: { steps: [question('q', { by: 'person' })] },
    waiting: { steps: [{ id: 'w', type: 'wait', config: { signal: 'go' } }] },
  };
  for (const [name, definition] of Object.entries(templates)) {
    await call(session.client, 'opcode_define', { name, definition });
  }
});

afterAll(async () => {
  await session.close();
  home.remove();
});

type Data = Record<string, unknown>;
interface Next {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
}

const run = async (...steps: object[]): Promise<Data> =>
  (await call(session.client, 'opcode_run', { definition: { steps } })).data;
const signal = (args: object) => call(session.client, 'opcode_signal', args);
const decide = (workflow_id: unknown, args: object = {}) =>
  signal({ workflow_id, signal_type: 'decision', payload: { choice: 'yes' }, ...args });
const status = async (workflow_id: unknown, args: object = {}): Promise<Data> =>
  (await call(session.client, 'opcode_status', { workflow_id, ...args })).data;
const decisionsOf = (data: Data) => data.pending_decisions as Data[];
const nextOf = (data: Data): Next => data.next as Next;

describe('the run of a template that asks, two levels up', () => {
  test('is told with the question, and next leads through to the end', async () => {
    const parent = await run(calls('s', 'middle'));
    expect(parent.status).toBe('suspended');
    const [asked] = decisionsOf(parent);
    expect(asked).toMatchObject({ step_id: 'q', prompt: 'Go on with q?' });
    expect(asked?.workflow_id).not.toBe(parent.workflow_id);
    const next = nextOf(parent);
    expect(next).toMatchObject({
      tool: 'opcode_signal',
      arguments: { workflow_id: asked?.workflow_id, step_id: 'q', signal_type: 'decision' },
      options: ['yes', 'no'],
    });
    const answered = await call(session.client, next.tool, {
      ...next.arguments,
      payload: { choice: 'yes' },
    });
    let at = answered.data;
    for (let count = 0; at.next !== undefined && count < 5; count++) {
      at = (await call(session.client, nextOf(at).tool, nextOf(at).arguments)).data;
    }
    expect((await status(parent.workflow_id, { wait: '2m', until: 'ended' })).status).toBe(
      'completed',
    );
  });

  test('says in waiting_for which run and step', async () => {
    const parent = await run(calls('s', 'middle'));
    const { waiting_for: waits } = await status(parent.workflow_id);
    expect(waits).toEqual([
      expect.objectContaining({ step_id: 's', kind: 'child', status: 'suspended' }),
      expect.objectContaining({ step_id: 'q', kind: 'decision' }),
    ]);
    expect((waits as Data[])[1]).toMatchObject({
      workflow_id: decisionsOf(parent)[0]?.workflow_id,
      text: expect.stringContaining('"q" waits for a decision: Go on with q? (yes, no)'),
    });
  });

  const ways: [string, (parent: Data) => object][] = [
    ['without a step', () => ({})],
    ['by the step that asks', () => ({ step_id: 'q' })],
    ['by the step that awaits its run', () => ({ step_id: 's' })],
    ['by the decision’s id', (parent) => ({ step_id: decisionsOf(parent)[0]?.id })],
  ];
  test.each(ways)('takes the answer at the parent, %s', async (_way, args) => {
    const parent = await run(calls('s', 'middle'));
    const answer = await decide(parent.workflow_id, args(parent));
    expect(answer.data).toMatchObject({ ok: true, status: 'completed' });
    expect(answer.data.workflow_id).toBe(parent.workflow_id);
  });

  test('a key makes the answer at the parent safe to repeat', async () => {
    const parent = await run(calls('s', 'middle'));
    const first = await decide(parent.workflow_id, { step_id: 'q', idempotency_key: 'k' });
    const again = await decide(parent.workflow_id, { step_id: 'q', idempotency_key: 'k' });
    expect([first.isError, again.isError]).toEqual([false, false]);
    expect(again.data).toMatchObject({ ok: true, status: 'completed' });
  });

  test('a reject at the parent fails both, and the mark says who and where', async () => {
    const parent = await run(calls('s', 'middle', { on_error: { strategy: 'ignore' } }), {
      ...done('after'),
      depends_on: ['s'],
    });
    const asked = decisionsOf(parent)[0];
    await decide(parent.workflow_id, { payload: { reject: true } });
    expect(await status(parent.workflow_id)).toMatchObject({
      status: 'failed',
      error: {
        code: 'REJECTED',
        details: { decision: { run: asked?.workflow_id, step: 'q' } },
      },
      steps: { after: { status: 'skipped' } },
    });
  });

  test('only who may decide it may decide it at the parent', async () => {
    const parent = await run(calls('s', 'persons'));
    const answer = await decide(parent.workflow_id);
    expect(answer.isError).toBe(true);
    expect(answer.text).toContain('PERMISSION_DENIED');
  });

  test('a signal that an awaited run waits for is next with that run', async () => {
    const parent = await run(calls('s', 'waiting'));
    expect(nextOf(parent)).toMatchObject({
      tool: 'opcode_signal',
      arguments: { signal_type: 'data', name: 'go' },
    });
    expect(nextOf(parent).arguments.workflow_id).not.toBe(parent.workflow_id);
    await signal(nextOf(parent).arguments);
    const { status: ended } = await status(parent.workflow_id, { wait: '2m', until: 'ended' });
    expect(ended).toBe('completed');
  });
});

describe('several questions', () => {
  test('own steps come first', async () => {
    const parent = await run(calls('s', 'child'), question('q'));
    expect(decisionsOf(parent).map((each) => each.workflow_id)[0]).toBe(parent.workflow_id);
    await decide(parent.workflow_id, { step_id: 'q' });
    expect(await status(parent.workflow_id)).toMatchObject({
      status: 'suspended',
      steps: { q: { status: 'completed' }, s: { status: 'suspended' } },
    });
    // A path is that step, also when it can take no more.
    expect((await decide(parent.workflow_id, { step_id: 'q' })).data).toMatchObject({
      result: { already: true },
    });
    expect((await decide(parent.workflow_id, { step_id: 's' })).data.status).toBe('completed');
  });

  test('of several runs are refused with where they are', async () => {
    const parent = await run(calls('a', 'child'), calls('b', 'child'));
    const refused = await decide(parent.workflow_id);
    expect(refused.isError).toBe(true);
    expect(refused.text).toContain('CONFLICT');
    for (const { workflow_id } of decisionsOf(parent)) {
      expect(refused.text).toContain(`q of run ${String(workflow_id)}`);
    }
    await decide(parent.workflow_id, { step_id: 'a' });
    expect((await decide(parent.workflow_id, { step_id: 'b' })).data.status).toBe('completed');
  });
});

describe('a short step name whose question was answered before', () => {
  const twice = (): object => ({
    id: 'l',
    type: 'loop',
    config: { over: [1, 2], body: [question('q')] },
  });

  test('is refused with the path of the open one', async () => {
    const { workflow_id } = await run(twice());
    expect((await decide(workflow_id, { step_id: 'q' })).isError).toBe(false);
    const refused = await decide(workflow_id, { step_id: 'q' });
    expect(refused.isError).toBe(true);
    expect(refused.text).toContain('l.iter_1.q');
    expect((await decide(workflow_id, { step_id: 'l.iter_1.q' })).data.status).toBe('completed');
  });

  test('is taken with an idempotency key', async () => {
    const { workflow_id } = await run(twice());
    await decide(workflow_id, { step_id: 'q', idempotency_key: 'one' });
    await decide(workflow_id, { step_id: 'q', idempotency_key: 'one' });
    expect((await status(workflow_id)).status).toBe('suspended');
    const second = await decide(workflow_id, { step_id: 'q', idempotency_key: 'two' });
    expect(second.data.status).toBe('completed');
  });
});

describe('a decision’s no, with ignore on the composite around it', () => {
  const wrapped: [string, object][] = [
    ['a branch', { id: 'x', type: 'parallel', config: { branches: [[question('q')]] } }],
    [
      'a race',
      {
        id: 'x',
        type: 'parallel',
        config: {
          mode: 'race',
          branches: [[question('q')], [{ id: 'f', action: 'workflow.fail', params: {} }]],
        },
      },
    ],
    ['a child', calls('x', 'child')],
  ];
  for (const payload of [{ choice: 'no' }, { reject: true }]) {
    test.each(wrapped)(`${JSON.stringify(payload)} in %s ends the run`, async (_name, step) => {
      const ignored = { ...step, on_error: { strategy: 'ignore' } };
      const { workflow_id } = await run(ignored, done('deploy', { depends_on: ['x'] }));
      await decide(workflow_id, { step_id: 'q', payload });
      expect(await status(workflow_id)).toMatchObject({
        status: 'failed',
        error: { code: 'REJECTED' },
        steps: { deploy: { status: 'skipped' } },
      });
    });
  }
});

test('a run that asks while a short step works is told when it rests', async () => {
  const data = await run({
    id: 'p',
    type: 'parallel',
    config: {
      branches: [[{ id: 'w', type: 'wait', config: { duration: '150ms' } }], [question('q')]],
    },
  });
  expect(data.status).toBe('suspended');
});

test('next of a paused run is to resume it', async () => {
  const { workflow_id } = await run(
    { id: 'w', type: 'wait', config: { duration: '1h' } },
    question('q'),
  );
  await signal({ workflow_id, signal_type: 'pause' });
  await decide(workflow_id);
  const { next } = await status(workflow_id);
  expect(next).toMatchObject({ tool: 'opcode_signal', arguments: { signal_type: 'resume' } });
});
