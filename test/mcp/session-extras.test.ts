/** What a session has besides tools: progress, notices, resources, prompts, forms for a person. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { ASKING, call, freshHome, type Home, openSession, PURE, type Session } from './session.ts';

let home: Home;
let session: Session;

beforeAll(async () => {
  home = freshHome();
  session = await openSession(home);
  await call(session.client, 'define', { name: 'three of them', definition: PURE });
});

afterAll(async () => {
  await session.close();
  home.remove();
});

/** Resolves with the first notice that fits. */
function noticed(client: Session['client'], fits: (data: Record<string, unknown>) => boolean) {
  return new Promise<Record<string, unknown>>((resolve) => {
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      const data = params.data as Record<string, unknown>;
      if (fits(data)) resolve({ level: params.level, ...data });
    });
  });
}

describe('progress', () => {
  test('is told while a call waits, and rises', async () => {
    const reports: { progress: number; message?: string | undefined }[] = [];
    const definition = {
      steps: [
        { id: 'first', type: 'wait', config: { duration: '150ms' } },
        { id: 'second', type: 'wait', config: { duration: '150ms' }, depends_on: ['first'] },
      ],
    };
    const params = { name: 'run', arguments: { definition } };
    await session.client.callTool(params, undefined, { onprogress: (each) => reports.push(each) });
    expect(reports.length).toBeGreaterThan(0);
    expect(
      reports.some(({ message }) => /^(first|second) (completed|runs|waits)/.test(message ?? '')),
    ).toBe(true);
    const numbers = reports.map(({ progress }) => progress);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });
});

describe('notices', () => {
  test('say that a run asks, with what to call', async () => {
    const told = noticed(session.client, ({ prompt }) => prompt === 'Deploy?');
    const { data } = await call(session.client, 'run', { definition: ASKING });
    expect(await told).toMatchObject({
      level: 'notice',
      workflow_id: data.workflow_id,
      step_id: 'approve',
      options: [{ id: 'yes' }, { id: 'no' }],
      next: { tool: 'opcode_signal', arguments: { signal_type: 'decision', step_id: 'approve' } },
    });
  });

  test('carry the messages of workflow.notify to the agent they are for', async () => {
    const seen: unknown[] = [];
    const told = noticed(session.client, (data) => {
      seen.push(data.message);
      return data.message === 'for me';
    });
    const say = (id: string, agent_id: string, message: string) => ({
      id,
      action: 'workflow.notify',
      params: { message, agent_id, level: 'warn' },
    });
    const steps = [
      say('a', 'somebody', 'not for me'),
      { ...say('b', 'probe', 'for me'), depends_on: ['a'] },
    ];
    await call(session.client, 'run', { definition: { steps } });
    expect(await told).toMatchObject({ level: 'warning', message: 'for me' });
    expect(seen).not.toContain('not for me');
  });
});

describe('resources', () => {
  test('are runs and templates, read as JSON or as a picture', async () => {
    const ran = await call(session.client, 'run', { template_name: 'three of them' });
    const run = `opcode://runs/${ran.data.workflow_id}`;
    const template = 'opcode://templates/three%20of%20them';
    const { resources } = await session.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(expect.arrayContaining([run, template]));
    expect((await session.client.listResourceTemplates()).resourceTemplates).toHaveLength(3);
    const textOf = async (uri: string): Promise<string> => {
      const [content] = (await session.client.readResource({ uri })).contents;
      return content !== undefined && 'text' in content ? String(content.text) : '';
    };
    expect(JSON.parse(await textOf(run))).toMatchObject({ status: 'completed' });
    expect(JSON.parse(await textOf(template))).toMatchObject({ name: 'three of them', version: 1 });
    expect(await textOf(`${run}/diagram`)).toContain('hash');
  });

  test.each([
    'opcode://runs/nothing',
    'opcode://templates/nothing',
    'opcode://x/y',
    'file:///etc/passwd',
    'opcode://runs/%',
  ])('%s is not there', (uri) => {
    expect(session.client.readResource({ uri })).rejects.toThrow();
  });

  test('tell subscribers that they have changed', async () => {
    const { data } = await call(session.client, 'run', { definition: ASKING });
    const { workflow_id } = data;
    const uri = `opcode://runs/${workflow_id}`;
    const updated = new Promise<string>((resolve) => {
      session.client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) =>
        resolve(params.uri),
      );
    });
    await session.client.subscribeResource({ uri });
    const answer = { workflow_id, signal_type: 'decision', payload: { choice: 'yes' } };
    await call(session.client, 'signal', answer);
    expect(await updated).toBe(uri);
    await session.client.unsubscribeResource({ uri });
  });
});

describe('prompts', () => {
  test('name the tools as this session spells them', async () => {
    const { prompts } = await session.client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['define_workflow', 'triage_run']);
    const { messages } = await session.client.getPrompt({
      name: 'triage_run',
      arguments: { workflow_id: 'abc' },
    });
    const told = JSON.stringify(messages);
    expect(told).toContain('run abc failed');
    expect(told).toContain('opcode_status');
  });

  test('one that is not there is told with those that are', () => {
    expect(session.client.getPrompt({ name: 'nothing' })).rejects.toThrow(/define_workflow/);
  });
});

describe('completion', () => {
  const complete = async (ref: object, name: string, value: string): Promise<string[]> => {
    const params = { ref: ref as never, argument: { name, value } };
    return (await session.client.complete(params)).completion.values;
  };

  test('knows the names of templates and the ids of runs', async () => {
    const { data } = await call(session.client, 'run', { template_name: 'three of them' });
    const id = String(data.workflow_id);
    const run = { type: 'ref/resource', uri: 'opcode://runs/{id}' };
    expect(await complete(run, 'id', id.slice(0, 12))).toEqual([id]);
    const template = { type: 'ref/resource', uri: 'opcode://templates/{name}' };
    expect(await complete(template, 'name', 'thr')).toEqual(['three of them']);
    expect(await complete(template, 'name', 'x')).toEqual([]);
    const triage = { type: 'ref/prompt', name: 'triage_run' };
    expect(await complete(triage, 'workflow_id', '')).toContain(id);
    const define = { type: 'ref/prompt', name: 'define_workflow' };
    expect(await complete(define, 'name', 'three')).toEqual(['three of them']);
    expect(await complete(define, 'goal', '')).toEqual([]);
  });

  test('of what is not there names what is', () => {
    const ref = { type: 'ref/prompt', name: 'nothing' };
    expect(complete(ref, 'name', '')).rejects.toThrow(/-32602.*define_workflow, triage_run/);
  });
});

describe('a decision that only a person may make', () => {
  const FOR_PERSON = {
    steps: ASKING.steps.map((step) =>
      step.config === undefined ? step : { ...step, config: { ...step.config, by: 'person' } },
    ),
  };

  test('is refused to an agent, which is told to wait', async () => {
    const { data } = await call(session.client, 'run', { definition: FOR_PERSON });
    const { workflow_id } = data;
    expect(data.next).toMatchObject({ tool: 'opcode_status' });
    const answer = { workflow_id, signal_type: 'decision', payload: { choice: 'yes' } };
    const { isError, text } = await call(session.client, 'signal', answer);
    expect(isError).toBe(true);
    expect(text).toContain('only a person may decide this');
  });

  test.each([
    ['answered there', { action: 'accept', content: { choice: 'yes' } }, 'completed'],
    ['left open when the form is closed', { action: 'decline' }, 'suspended'],
    ['left open after an answer that is no choice', { action: 'accept', content: {} }, 'suspended'],
  ] as const)('is put to the person at a client that has forms: %s', async (_, given, status) => {
    const other = freshHome();
    const options = { capabilities: { elicitation: {} } };
    const asked = await openSession(other, 'underscores', options);
    const forms: unknown[] = [];
    asked.client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
      forms.push(params);
      return given as never;
    });
    const { data } = await call(asked.client, 'run', { definition: FOR_PERSON });
    expect(data.status).toBe(status);
    expect(forms).toMatchObject([
      { message: 'Deploy?', requestedSchema: { properties: { choice: { enum: ['yes', 'no'] } } } },
    ]);
    const filter = { workflow_id: data.workflow_id };
    const found = await call(asked.client, 'query', { resource: 'decisions', filter });
    if (status === 'completed') {
      expect(found.data).toMatchObject({
        decisions: [{ resolution: { resolved_by: 'mcp:probe' } }],
      });
    }
    await asked.close();
    other.remove();
  });

  test('is not put to a client that can only open addresses', async () => {
    const other = freshHome();
    const options = { capabilities: { elicitation: { url: {} } } };
    const asked = await openSession(other, 'underscores', options);
    asked.client.setRequestHandler(ElicitRequestSchema, () => {
      throw new Error('it shows no forms');
    });
    const { data } = await call(asked.client, 'run', { definition: FOR_PERSON });
    expect(data.status).toBe('suspended');
    await asked.close();
    other.remove();
  });

  test('is not put to anybody when an agent may make it', async () => {
    const other = freshHome();
    const options = { capabilities: { elicitation: {} } };
    const asked = await openSession(other, 'underscores', options);
    asked.client.setRequestHandler(ElicitRequestSchema, () => {
      throw new Error('nobody is to be asked');
    });
    const { data } = await call(asked.client, 'run', { definition: ASKING });
    expect(data.status).toBe('suspended');
    await asked.close();
    other.remove();
  });
});
