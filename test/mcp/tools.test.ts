/** The six tools as a client sees and calls them. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ASKING, call, freshHome, type Home, openSession, PURE, type Session } from './session.ts';

let home: Home;
let session: Session;

beforeAll(async () => {
  home = freshHome();
  session = await openSession(home);
});

afterAll(async () => {
  await session.close();
  home.remove();
});

const tokens = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) / 4;

describe('the tool list', () => {
  test('is six tools in a fixed order, within its budget of tokens', async () => {
    const { tools } = await session.client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(
      ['run', 'status', 'signal', 'define', 'query', 'diagram'].map((name) => `opcode_${name}`),
    );
    expect(tokens({ tools })).toBeLessThanOrEqual(1650);
    expect((session.client.getInstructions() ?? '').length / 4).toBeLessThanOrEqual(120);
  });

  test('says which tools only read', async () => {
    const { tools } = await session.client.listTools();
    const reading = tools.filter((tool) => tool.annotations?.readOnlyHint === true);
    expect(reading.map((tool) => tool.name)).toEqual([
      'opcode_status',
      'opcode_query',
      'opcode_diagram',
    ]);
  });

  test('is spelled with dots where that is asked for, and every spelling is understood', async () => {
    const other = freshHome();
    const dotted = await openSession(other, 'dots');
    const { tools } = await dotted.client.listTools();
    expect(tools[0]?.name).toBe('opcode.run');
    const asked = await call(dotted.client, 'opcode_run', { definition: ASKING });
    expect(asked.data.next).toMatchObject({ tool: 'opcode.signal' });
    for (const name of ['query', 'opcode.query', 'opcode_query']) {
      expect((await call(dotted.client, name, { resource: 'workflows' })).isError).toBe(false);
    }
    await dotted.close();
    other.remove();
  });

  test('a tool that does not exist is a protocol error that names those that do', () => {
    expect(call(session.client, 'opcode_fly')).rejects.toThrow(
      /-32602.*no tool "opcode_fly".*opcode_run/,
    );
  });
});

describe('a workflow', () => {
  test('that is not said is refused with what says it', async () => {
    const { isError, text } = await call(session.client, 'opcode_run');
    expect(isError).toBe(true);
    expect(text).toContain('give one of template_name, definition, rerun_of');
  });

  test('is defined and run by name, and its finished answer is short', async () => {
    const defined = await call(session.client, 'opcode_define', {
      name: 'three',
      definition: PURE,
    });
    expect(defined.data).toMatchObject({ name: 'three', version: 1, created: true, warnings: [] });
    const ran = await call(session.client, 'opcode_run', { template_name: 'three' });
    expect(ran.data).toMatchObject({
      status: 'completed',
      output: { end: { result: 'done' } },
      steps: { sum: { status: 'completed', duration_ms: expect.any(Number) } },
    });
    expect(ran.data.next).toBeUndefined();
    expect(tokens(ran.data)).toBeLessThanOrEqual(300);
    expect(JSON.parse(ran.text)).toEqual(ran.data);
  });

  test('an identical definition answers with the version that is there', async () => {
    const again = await call(session.client, 'opcode_define', { name: 'three', definition: PURE });
    expect(again.data).toMatchObject({ version: 1, created: false });
  });

  test('asks, is answered and goes on to its end in one call', async () => {
    const asked = await call(session.client, 'opcode_run', { definition: ASKING });
    expect(asked.data).toMatchObject({
      status: 'suspended',
      pending_decisions: [{ step_id: 'approve', prompt: 'Deploy?' }],
      next: { tool: 'opcode_signal', arguments: { signal_type: 'decision', step_id: 'approve' } },
    });
    const { workflow_id } = asked.data;
    const status = await call(session.client, 'opcode_status', { workflow_id });
    expect(status.data).toMatchObject({
      workflow_id,
      status: 'suspended',
      template: null,
      input: {},
      context: {},
      waiting_for: [{ step_id: 'approve', kind: 'decision' }],
    });
    const signalled = await call(session.client, 'opcode_signal', {
      workflow_id,
      signal_type: 'decision',
      payload: '{"choice": "yes"}',
      reasoning: 'tests are green',
    });
    expect(signalled.data).toMatchObject({ ok: true, resumed: true, status: 'completed' });
    const events = await call(session.client, 'opcode_query', {
      resource: 'events',
      filter: { workflow_id, event_type: 'decision_resolved' },
    });
    expect(events.data).toMatchObject({ events: [{ agent_id: 'probe' }] });
  });

  test('belongs to the agent that is named, else to the client', async () => {
    const named = { definition: PURE, agent_id: 'ada' };
    const { data } = await call(session.client, 'opcode_run', named);
    const { workflow_id } = data;
    const found = await call(session.client, 'opcode_query', {
      resource: 'workflows',
      filter: { workflow_id },
    });
    expect(found.data).toMatchObject({ workflows: [{ agent_id: 'ada' }] });
  });

  test('a dry run resolves and runs nothing', async () => {
    const { data } = await call(session.client, 'opcode_run', { definition: PURE, dry_run: true });
    expect(data).toMatchObject({ dry_run: true, plan: expect.any(Array) });
  });

  test('is run again from a step, keeping what was completed', async () => {
    const first = await call(session.client, 'opcode_run', { template_name: 'three' });
    const again = await call(session.client, 'opcode_run', {
      rerun_of: first.data.workflow_id,
      from_step: 'end',
    });
    expect(again.data).toMatchObject({
      status: 'completed',
      kept: ['sum', 'hash'],
      again: ['end'],
    });
  });

  test('answers only the parts that were asked for', async () => {
    const include = ['output'];
    const { data } = await call(session.client, 'opcode_run', { definition: PURE, include });
    expect(data.output).toEqual({ end: { result: 'done' } });
    expect(data.steps).toBeUndefined();
    const events = ['events', 'context'];
    const told = await call(session.client, 'opcode_run', { definition: PURE, include: events });
    expect(told.data).toMatchObject({ context: {}, events: expect.any(Array) });
  });
});

describe('a diagram', () => {
  test('is text, or a picture', async () => {
    const args = { definition: PURE };
    const text = await call(session.client, 'opcode_diagram', { ...args, format: 'ascii' });
    expect(text.text).toContain('hash');
    const mermaid = await call(session.client, 'opcode_diagram', { ...args, format: 'mermaid' });
    expect(mermaid.text).toContain('sum');
    const image = await call(session.client, 'opcode_diagram', { ...args, format: 'image' });
    expect(image.content[0]).toMatchObject({ type: 'image', mimeType: 'image/png' });
  });
});

describe('bad arguments', () => {
  test.each([
    ['run', { template_name: 'three', colour: 1 }, /unknown arguments: colour\n[\s\S]*run takes/],
    ['run', { template_name: 'nothing' }, /\[NOT_FOUND\] there is no template "nothing"/],
    ['run', { from_step: 'x', template_name: 'three' }, /from_step: only with rerun_of/],
    ['run', { template_name: 'three', include: ['all'] }, /include: "all"/],
    ['run', { template_name: 'three', wait: '30' }, /wait: /],
    ['run', { template_name: 'three', max_bytes: 1 }, /max_bytes: /],
    ['run', { template_name: 'three', params: '[1]' }, /params: must be an object/],
    ['status', {}, /workflow_id/],
    ['status', { workflow_id: 5 }, /workflow_id/],
    ['status', { workflow_id: 'nothing' }, /\[NOT_FOUND\]/],
    ['signal', { workflow_id: 'nothing', signal_type: 'fly' }, /signal_type/],
    ['query', { resource: 'planets' }, /resource/],
    ['query', { resource: 'workflows', filter: { colour: 1 } }, /colour/],
    ['diagram', { format: 'gif' }, /format/],
  ])('%s %j is told as text', async (name, args, message) => {
    const { isError, text, data } = await call(session.client, name, args);
    expect(isError).toBe(true);
    expect(text).toMatch(message);
    expect(text).toMatch(/^\[[A-Z_]+\] /);
    expect(data.error).toMatchObject({ code: expect.any(String), message: expect.any(String) });
  });

  test('all problems of a definition are told at once, each with its path', async () => {
    const definition = {
      steps: [
        { id: 'a', action: 'http.gett', params: { url: 1 } },
        { id: 'b', action: 'fs.read', depends_on: ['zz'] },
      ],
    };
    const { text } = await call(session.client, 'opcode_define', { name: 'bad', definition });
    expect(text).toContain('steps[0].action: there is no action "http.gett"');
    expect(text).toContain('steps[1].depends_on[0]: there is no step "zz"');
    expect(text).toContain('steps[1].params.path');
  });

  test('null means left out', async () => {
    const args = { template_name: 'three', definition: null, version: null };
    expect((await call(session.client, 'opcode_run', args)).isError).toBe(false);
  });
});
