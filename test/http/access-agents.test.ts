/** Agents with tokens, over MCP and the API: who decides, who speaks for whom, whose template it is. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { type Called, call } from '../mcp/session.ts';
import { AT_HOME, openWorld, type World } from './access-world.ts';

let world: World;

beforeEach(async () => {
  world = await openWorld();
});

afterEach(() => world.close());

const asks = (config: object) => ({
  steps: [
    {
      id: 'approve',
      type: 'reasoning',
      config: { prompt_context: 'Deploy?', options: [{ id: 'yes' }, { id: 'no' }], ...config },
    },
    {
      id: 'deploy',
      action: 'workflow.log',
      params: { message: 'deployed' },
      depends_on: ['approve'],
      trigger_rule: 'all_done',
    },
  ],
});
const NOOP = { steps: [{ id: 'a', action: 'expr.eval', params: { expression: '1' } }] };

const ask = async (client: Client, config: object, args: object = {}): Promise<string> => {
  const run = await call(client, 'run', { definition: asks(config), ...args });
  expect(run.data.status).toBe('suspended');
  return String(run.data.workflow_id);
};

const decide = (client: Client, workflow_id: string, args: object = {}): Promise<Called> =>
  call(client, 'signal', {
    workflow_id,
    signal_type: 'decision',
    payload: { choice: 'yes' },
    ...args,
  });

const denied = (called: Called, why: string): void => {
  expect(called.text).toContain('PERMISSION_DENIED');
  expect(called.text).toContain(why);
};

const statusOf = async (workflow_id: string): Promise<string> =>
  (await world.app.ops.status(AT_HOME, { workflow_id })).status;

describe('two agents', () => {
  test.each(['/mcp', '/sse?names=underscores'])(
    'over %s: one asks, the one who is asked decides, a third is refused',
    async (path) => {
      const tokens = [
        await world.token('agent', 'asker'),
        await world.token('agent', 'decider'),
        await world.token('agent', 'third'),
      ] as const;
      // All clients have the same name: only the token tells them apart.
      const [asker, decider, third] = await Promise.all(
        tokens.map((token) => world.mcp(token, { path, name: 'claude' })),
      );
      if (!asker || !decider || !third) throw new Error('no clients');
      const id = await ask(asker, { target_agent: 'decider' });
      denied(await decide(third, id), 'addressed to "decider"');
      denied(await decide(asker, id), 'addressed to "decider"');
      denied(await decide(third, id, { agent_id: 'decider' }), 'speaks for "third"');
      const cancelled = { workflow_id: id, signal_type: 'cancel', step_id: 'approve' };
      denied(await call(third, 'signal', cancelled), 'addressed to "decider"');
      const skipped = { workflow_id: id, signal_type: 'skip', step_id: 'approve' };
      denied(await call(third, 'signal', skipped), 'addressed to "decider"');
      expect(await statusOf(id)).toBe('suspended');
      const decided = await decide(decider, id, { agent_id: 'decider' });
      expect(decided.data.status).toBe('completed');
      const { steps } = await world.app.ops.status(AT_HOME, {
        workflow_id: id,
        include: ['steps'],
      });
      expect(steps.approve?.output).toMatchObject({ choice: 'yes', resolved_by: 'decider' });
    },
  );

  test('an operator decides for the one who is asked, and it is recorded', async () => {
    const asker = await world.mcp(await world.token('agent', 'asker'));
    const id = await ask(asker, { target_agent: 'decider' });
    const answer = await world.api(await world.token('operator'), 'signal', {
      workflow_id: id,
      signal_type: 'decision',
      payload: { choice: 'yes' },
      wait: '2m',
    });
    expect(answer.body.status).toBe('completed');
    const { events = [] } = await world.app.ops.query(AT_HOME, {
      resource: 'events',
      filter: { workflow_id: id, event_type: 'decision_resolved' },
    });
    expect(events[0]?.payload).toMatchObject({ on_behalf: 'decider' });
  });
});

describe('a decision of a person', () => {
  test('is not made by the agent that asked, in any way', async () => {
    const token = await world.token('agent', 'asker');
    const client = await world.mcp(token, { capabilities: { elicitation: {} } });
    // The client is the agent's: it would fill in any form that it was shown.
    let forms = 0;
    client.setRequestHandler(ElicitRequestSchema, async () => {
      forms += 1;
      return { action: 'accept', content: { choice: 'yes' } };
    });
    const id = await ask(client, { by: 'person' });
    denied(await decide(client, id), 'only a person');
    denied(await decide(client, id, { agent_id: 'cli:ann' }), 'is no name for an agent');
    for (const signal_type of ['skip', 'cancel']) {
      denied(
        await call(client, 'signal', { workflow_id: id, signal_type, step_id: 'approve' }),
        'only a person',
      );
    }
    const posted = await world.api(token, 'signal', {
      workflow_id: id,
      signal_type: 'decision',
      payload: { choice: 'yes' },
    });
    expect(posted.status).toBe(403);
    expect(forms).toBe(0);
    expect(await statusOf(id)).toBe('suspended');
  });

  test('that was rejected is not skipped by an agent', async () => {
    const client = await world.mcp(await world.token('agent', 'asker'));
    const id = await ask(client, { by: 'person' });
    const approver = await world.token('approver');
    const reject = { workflow_id: id, signal_type: 'decision', payload: { reject: true } };
    expect((await world.api(approver, 'signal', reject)).status).toBe(200);
    denied(
      await call(client, 'signal', { workflow_id: id, signal_type: 'skip', step_id: 'approve' }),
      'only a person',
    );
  });

  test('is made by an approver, but not by one who says it is an agent', async () => {
    const client = await world.mcp(await world.token('agent', 'asker'));
    const id = await ask(client, { by: 'person' });
    const approver = await world.token('approver');
    const yes = { workflow_id: id, signal_type: 'decision', payload: { choice: 'yes' } };
    const claimed = await world.api(approver, 'signal', { ...yes, agent_id: 'asker' });
    expect([claimed.status, claimed.body.error?.message]).toEqual([
      403,
      'agent_id: the role approver speaks for no agent',
    ]);
    expect((await world.api(approver, 'signal', yes)).status).toBe(200);
  });

  test('holds for what it was made for, whatever an agent runs again', async () => {
    const client = await world.mcp(await world.token('agent', 'asker'));
    const ship = {
      id: 'ship',
      action: 'assert.equals',
      params: { expected: 'no version', actual: '${{ inputs.version }}' },
      depends_on: ['approve'],
    };
    const definition = { steps: [asks({ by: 'person' }).steps[0], ship] };
    const run = await call(client, 'run', { definition, params: { version: '1' } });
    const id = String(run.data.workflow_id);
    const yes = {
      workflow_id: id,
      signal_type: 'decision',
      payload: { choice: 'yes' },
      wait: '2m',
    };
    const approver = await world.token('approver');
    expect((await world.api(approver, 'signal', yes)).body.status).toBe('failed');
    const why = 'was decided for what the run was started with';
    const again = { rerun_of: id, from_step: 'ship' };
    denied(await call(client, 'run', { ...again, params: { version: 'evil' } }), why);
    denied(await call(client, 'run', { ...again, context: { version: 'evil' } }), why);
    const retry = { workflow_id: id, signal_type: 'retry' };
    denied(await call(client, 'signal', { ...retry, payload: { inputs: { version: '2' } } }), why);
    // Nothing changed: the approval stands. Begun at the question: it is asked again.
    expect((await call(client, 'run', again)).data.status).toBe('failed');
    expect((await call(client, 'signal', retry)).data.status).toBe('failed');
    const asked = { rerun_of: id, from_step: 'approve', params: { version: '2' } };
    expect((await call(client, 'run', asked)).data.status).toBe('suspended');
    const person = await world.token('operator');
    const changed = { workflow_id: id, from_step: 'ship', params: { version: '2' }, wait: '2m' };
    expect((await world.api(person, 'rerun', changed)).body.status).toBe('failed');
  });

  test('is made in a form by the person whose token the client has', async () => {
    const asker = await world.mcp(await world.token('agent', 'asker'));
    const id = await ask(asker, { by: 'person' });
    const capabilities = { elicitation: {} };
    const client = await world.mcp(await world.token('approver'), { capabilities });
    client.setRequestHandler(ElicitRequestSchema, async () => ({
      action: 'accept',
      content: { choice: 'no' },
    }));
    await call(client, 'status', { workflow_id: id });
    const { steps } = await world.app.ops.status(AT_HOME, { workflow_id: id, include: ['steps'] });
    expect(steps.approve?.output).toMatchObject({
      choice: 'no',
      resolved_by: expect.stringMatching(/^token:/),
    });
  });

  test('is not made with a token of an agent, whatever its role', async () => {
    const client = await world.mcp(await world.token('agent', 'asker'));
    const id = await ask(client, { by: 'person' });
    const bound = await world.token('operator', 'ops-bot');
    const yes = { workflow_id: id, signal_type: 'decision', payload: { choice: 'yes' } };
    expect((await world.api(bound, 'signal', yes)).status).toBe(403);
  });
});

describe('an agent', () => {
  test('speaks for no other: run, define, signal, rerun', async () => {
    const token = await world.token('agent', 'ann');
    const client = await world.mcp(token);
    const own = await call(client, 'run', { definition: NOOP, agent_id: 'ann' });
    const workflow_id = own.data.workflow_id;
    const other = { agent_id: 'bob' };
    denied(await call(client, 'run', { definition: NOOP, ...other }), 'not for "bob"');
    denied(await call(client, 'run', { rerun_of: workflow_id, ...other }), 'not for "bob"');
    denied(
      await call(client, 'define', { name: 't', definition: NOOP, ...other }),
      'not for "bob"',
    );
    for (const operation of ['run', 'define']) {
      const answer = await world.api(token, operation, { definition: NOOP, name: 't', ...other });
      expect(answer.status).not.toBe(200);
    }
    const { workflows = [] } = await world.app.ops.query(AT_HOME, { resource: 'workflows' });
    expect(workflows.map((run) => run.agent_id)).toEqual(['ann']);
  });

  test('without a name of its own takes no name that has a token', async () => {
    await world.token('agent', 'ann');
    const client = await world.mcp(await world.token('agent'), { name: 'ann' });
    denied(await call(client, 'run', { definition: NOOP }), 'has a token of its own');
    const free = await call(client, 'run', { definition: NOOP, agent_id: 'free' });
    expect(free.data.status).toBe('completed');
  });

  test('hears nothing that is for another', async () => {
    await world.token('agent', 'bob');
    const client = await world.mcp(await world.token('agent', 'ann'), { name: 'bob' });
    const heard: unknown[] = [];
    client.fallbackNotificationHandler = async (notification) => {
      heard.push(notification.params);
    };
    const tell = (agent_id: string) => ({
      steps: [{ id: 'n', action: 'workflow.notify', params: { message: agent_id, agent_id } }],
    });
    await world.app.ops.define(AT_HOME, { name: 'secret', definition: tell('bob') });
    await call(client, 'run', { template_name: 'secret' });
    await call(client, 'run', { definition: tell('ann') });
    const told = JSON.stringify(heard);
    expect(told).not.toContain('"message":"bob"');
  });

  test('is known after its first call, with what it is about', async () => {
    const client = await world.mcp(await world.token('agent', 'ann'), { name: 'claude' });
    await ask(client, { target_agent: 'ann' });
    const { agents = [] } = await world.app.ops.query(AT_HOME, { resource: 'agents' });
    expect(agents).toMatchObject([
      { agent_id: 'ann', type: 'llm', runs: { suspended: 1 }, pending_decisions: 1 },
    ]);
  });
});

describe('a template', () => {
  test('belongs to whoever defined it first', async () => {
    const [ann, bob] = [await world.token('agent', 'ann'), await world.token('agent', 'bob')];
    const define = (token: string, input: object) =>
      world.api(token, 'define', { name: 'deploy', ...input });
    expect((await define(ann, { definition: NOOP })).status).toBe(200);
    const other = { steps: [{ id: 'b', action: 'expr.eval', params: { expression: '2' } }] };
    const taken = await define(bob, { definition: other });
    expect([taken.status, taken.body.error?.message]).toEqual([
      403,
      'template "deploy" belongs to ann',
    ]);
    expect((await define(bob, { archived: true })).status).toBe(403);
    expect((await define(bob, { edits: [{ path: 'timeout', value: '1m' }] })).status).toBe(403);
    expect((await define(bob, { definition: other, agent_id: 'ann' })).status).toBe(403);
    expect((await define(ann, { definition: other })).body.version).toBe(2);
    expect((await define(await world.token('operator'), { archived: true })).status).toBe(200);
    expect((await world.api(bob, 'run', { template_name: 'deploy' })).status).not.toBe(403);
  });

  test('is not taken over by who takes the name of an agent whose token has ended', async () => {
    const ann = await world.token('agent', 'ann');
    const define = (token: string, input: object) =>
      world.api(token, 'define', { name: 'deploy', ...input });
    expect((await define(ann, { definition: NOOP })).status).toBe(200);
    await world.app.ops.token_revoke(AT_HOME, { id: ann.slice(0, 12) });
    const client = await world.mcp(await world.token('agent'), { name: 'ann' });
    for (const args of [{}, { agent_id: 'ann' }]) {
      const taken = await call(client, 'define', { name: 'deploy', definition: asks({}), ...args });
      denied(taken, 'has a token of its own (or had one)');
    }
    const again = await world.token('agent', 'ann');
    expect((await define(again, { definition: asks({}) })).body.version).toBe(2);
  });

  test('of a person is changed by no agent, whatever it is called', async () => {
    await world.app.ops.define(AT_HOME, { name: 'deploy', definition: NOOP });
    const client = await world.mcp(await world.token('agent'), { name: 'cli:ann' });
    for (const args of [{}, { agent_id: 'cli:ann' }]) {
      const taken = await call(client, 'define', { name: 'deploy', definition: asks({}), ...args });
      denied(taken, 'is no name for an agent');
    }
    const answer = await world.api(await world.token('agent'), 'define', {
      name: 'deploy',
      definition: asks({}),
    });
    expect(answer.status).toBe(403);
  });
});

test('who did what stands in the audit, for operators only', async () => {
  const client = await world.mcp(await world.token('agent', 'ann'));
  await call(client, 'define', { name: 't', definition: NOOP });
  await call(client, 'run', { template_name: 't' });
  denied(await call(client, 'run', { definition: NOOP, agent_id: 'bob' }), 'not for "bob"');
  denied(await call(client, 'query', { resource: 'audit' }), 'may only read, decide, act');
  const answer = await world.api(await world.token('operator'), 'query', { resource: 'audit' });
  const entries = answer.body.audit as Record<string, unknown>[];
  const short = entries.map(({ actor, action, outcome, target }) => [
    actor,
    action,
    outcome,
    target,
  ]);
  expect(short).toContainEqual(['ann', 'define', 'ok', 't']);
  expect(short).toContainEqual(['ann', 'query', 'refused', null]);
  expect(entries.find(({ action }) => action === 'define')).toMatchObject({
    role: 'agent',
    from: expect.stringMatching(/^mcp (127\.0\.0\.1|::1)$/),
    token_id: expect.any(String),
  });
  expect(short.filter(([actor, action]) => actor === 'ann' && action === 'run')).toHaveLength(2);
});
