/** Every argument of every tool does what it is listed for. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { toolList } from '../../src/mcp/tool-list.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { RESOURCES } from '../../src/ops/query-schemas.ts';
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

const ask = (name: string, args: object) => call(session.client, name, args);

/** Calls a tool that must not fail. */
async function ok(name: string, args: object): Promise<Record<string, unknown>> {
  const { isError, text, data } = await ask(name, args);
  if (isError) throw new Error(text);
  return data;
}

const greeting = (words: string) => ({
  steps: [{ id: 'greet', action: 'expr.eval', params: { expression: words } }],
});
const NAMED = greeting('inputs.who + "!"');
const NAP = { steps: [{ id: 'nap', type: 'wait', config: { duration: '10m' } }] };

describe('objects given as JSON text are read:', () => {
  test('definition, params, context, include', async () => {
    const data = await ok('run', {
      definition: JSON.stringify(NAMED),
      params: JSON.stringify({ who: 'ada' }),
      context: JSON.stringify({ intent: 'test' }),
      include: JSON.stringify(['output', 'context']),
    });
    expect(data).toMatchObject({
      output: { greet: { result: 'ada!' } },
      context: { intent: 'test' },
    });
    expect(data.steps).toBeUndefined();
  });

  test('filter', async () => {
    const data = await ok('query', { resource: 'workflows', filter: '{"limit": 1}' });
    expect(data.workflows).toHaveLength(1);
  });

  test('input_schema, output_schema, edits', async () => {
    await ok('define', {
      name: 'typed',
      definition: JSON.stringify(NAMED),
      input_schema: JSON.stringify({ type: 'object', required: ['who'] }),
      output_schema: JSON.stringify({ type: 'object' }),
    });
    expect((await ask('run', { template_name: 'typed' })).text).toContain('who');
    const edits = JSON.stringify([{ path: 'steps.greet.description', value: 'Greets' }]);
    expect(await ok('define', { name: 'typed', edits })).toMatchObject({ version: 2 });
  });

  test('one text where there may be several', async () => {
    const { workflow_id } = await ok('run', { definition: PURE, include: 'output' });
    const data = await ok('status', { workflow_id, include: 'output' });
    expect(data).toMatchObject({ output: { end: { result: 'done' } }, steps: {}, events: [] });
    expect((await ask('status', { workflow_id, include: 'all' })).text).toMatch(/include/);
  });

  test('payload, also of a data signal', async () => {
    const definition = { steps: [{ id: 'go', type: 'wait', config: { signal: 'go' } }] };
    const { workflow_id } = await ok('run', { definition });
    const payload = JSON.stringify({ speed: 3 });
    const args = { workflow_id, signal_type: 'data', name: 'go', payload };
    expect(await ok('signal', args)).toMatchObject({
      status: 'completed',
      output: { go: { payload: { speed: 3 } } },
    });
  });
});

describe('run', () => {
  beforeAll(async () => {
    await ok('define', { name: 'twice', definition: greeting('"one"') });
    await ok('define', { name: 'twice', definition: greeting('"two"') });
  });

  test('takes the newest version, or the one that is named', async () => {
    const newest = await ok('run', { template_name: 'twice' });
    expect(newest.output).toEqual({ greet: { result: 'two' } });
    const first = await ok('run', { template_name: 'twice', version: 1 });
    expect(first.output).toEqual({ greet: { result: 'one' } });
    expect((await ask('run', { template_name: 'twice', version: 9 })).text).toMatch(
      /\[NOT_FOUND\].*9/,
    );
  });

  test('answers a second start with the same key by the first run', async () => {
    const args = { template_name: 'twice', idempotency_key: 'once' };
    const first = await ok('run', args);
    expect((await ok('run', args)).workflow_id).toBe(first.workflow_id);
    const other = await ask('run', { ...args, params: { a: 1 } });
    expect(other.text).toMatch(/^\[CONFLICT\]/);
  });

  test('does not wait when told so, and says how to go on', async () => {
    for (const wait of [0, '0', '0s']) {
      const data = await ok('run', { definition: NAP, wait });
      expect(data).toMatchObject({
        status: 'active',
        next: { tool: 'opcode_status', arguments: { workflow_id: data.workflow_id } },
      });
      await ok('signal', { workflow_id: data.workflow_id, signal_type: 'cancel' });
    }
  });

  test('waits as long as it is told', async () => {
    const data = await ok('run', { definition: NAP, wait: '20ms' });
    expect(data).toMatchObject({ status: 'active', next: { why: expect.any(String) } });
    await ok('signal', { workflow_id: data.workflow_id, signal_type: 'cancel' });
  });

  test('needs one thing to run, and only one', async () => {
    expect((await ask('run', {})).text).toMatch(/template_name|definition/);
    const both = { template_name: 'twice', definition: PURE };
    expect((await ask('run', both)).isError).toBe(true);
    expect((await ask('run', { rerun_of: '@last', dry_run: true })).isError).toBe(true);
  });
});

describe('status', () => {
  test('gives one step whole, as deep as it is, with what it was given', async () => {
    const long = 'x'.repeat(3000);
    const definition = {
      steps: [
        {
          id: 'each',
          type: 'loop',
          config: {
            over: '[1, 2]',
            body: [{ id: 'say', action: 'cel.eval', params: { expression: `"${long}"` } }],
          },
        },
      ],
    };
    const { workflow_id } = await ok('run', { definition });
    const data = await ok('status', { workflow_id, step_id: 'each.iter_1.say' });
    expect(data.steps).toMatchObject({
      'each.iter_1.say': {
        output: { result: long },
        input: { expression: expect.stringContaining('xxx') },
      },
    });
    expect((await ask('status', { workflow_id, step_id: 'nothing' })).text).toMatch(/NOT_FOUND/);
    expect((await ask('status', { workflow_id, offset: 3 })).text).toMatch(/offset: only with/);
  });

  test('has the last 20 events, or those after a sequence', async () => {
    const steps = Array.from({ length: 12 }, (_, i) => ({
      id: `s${i}`,
      action: 'expr.eval',
      params: { expression: '1' },
    }));
    const { workflow_id } = await ok('run', { definition: { steps } });
    const last = await ok('status', { workflow_id, include: ['events'], max_bytes: 100_000 });
    expect(last.events).toHaveLength(20);
    const end = Number(last.last_sequence);
    const since_sequence = end - 2;
    const { events } = await ok('status', { workflow_id, since_sequence });
    expect(events).toMatchObject([{ sequence: end - 1 }, { sequence: end }]);
  });

  test('waits for new events after a sequence, and for an end if it is told to', async () => {
    const { workflow_id } = await ok('run', { definition: ASKING });
    const { last_sequence } = await ok('status', { workflow_id });
    const waiting = ok('status', { workflow_id, wait: '2m', since_sequence: last_sequence });
    const ended = ok('status', { workflow_id, wait: '2m', until: 'ended' });
    // It waits for somebody, so this one does not wait.
    expect((await ok('status', { workflow_id, wait: '2m' })).status).toBe('suspended');
    await ok('signal', { workflow_id, signal_type: 'decision', payload: { choice: 'yes' } });
    expect((await waiting).events).not.toEqual([]);
    expect((await ended).status).toBe('completed');
  });

  test('has only the parts that were asked for; the others are empty', async () => {
    const { workflow_id } = await ok('run', { definition: ASKING });
    const data = await ok('status', { workflow_id, include: ['decisions'] });
    expect(data).toMatchObject({ steps: {}, events: [], context: {} });
    expect(data.pending_decisions).toHaveLength(1);
    expect((await ask('status', { workflow_id, include: ['all'] })).text).toMatch(/include/);
  });
});

describe('define', () => {
  test('by edits changes the newest version, or none when it is not the one they are for', async () => {
    const name = 'edited';
    await ok('define', { name, definition: ASKING });
    const edits = [
      { path: 'steps.approve.config.prompt_context', value: 'Ship?' },
      { path: 'steps.tell', remove: true },
    ];
    expect(await ok('define', { name, edits, base: 1 })).toMatchObject({ version: 2 });
    const asked = await ok('run', { template_name: name });
    expect(asked.pending_decisions).toMatchObject([{ prompt: 'Ship?' }]);
    const late = await ask('define', { name, edits, base: 1 });
    expect(late.text).toMatch(/^\[CONFLICT\]/);
    const bad = await ask('define', { name, edits: [{ path: 'steps.zzz.id', value: 'x' }] });
    expect(bad.text).toMatch(/edits\[0\]/);
  });

  test('only checks when told so', async () => {
    const args = { name: 'unborn', definition: PURE, validate_only: true };
    expect(await ok('define', args)).toMatchObject({ version: null, plan: expect.any(Array) });
    expect((await ask('run', { template_name: 'unborn' })).text).toMatch(/NOT_FOUND/);
  });

  test('with triggers makes schedules, which change and go with them', async () => {
    const schedules = async () => {
      const filter = { template_name: 'nightly' };
      return (await ok('query', { resource: 'schedules', filter })).schedules;
    };
    const cron = { name: 'night', expression: '0 3 * * *', timezone: 'Europe/Berlin' };
    const made = await ok('define', {
      name: 'nightly',
      definition: PURE,
      triggers: { cron: [cron] },
    });
    expect(made.triggers).toEqual({
      schedules: [{ name: expect.any(String), next_at: expect.any(String) }],
    });
    expect(await schedules()).toHaveLength(1);
    const paused = JSON.stringify({ cron: [{ ...cron, enabled: false, overlap: 'queue' }] });
    await ok('define', { name: 'nightly', definition: PURE, triggers: paused });
    expect(await schedules()).toMatchObject([{ enabled: false, overlap: 'queue' }]);
    await ok('define', { name: 'nightly', definition: PURE, triggers: {} });
    expect(await schedules()).toEqual([]);
    const bad = { cron: [{ expression: 'at night', timezon: 'x' }] };
    const { text } = await ask('define', { name: 'bad', definition: PURE, triggers: bad });
    expect(text).toContain('triggers.cron[0].timezon: ');
    expect(text).toContain('triggers.cron[0].expression: ');
  });

  test('archives, and takes back', async () => {
    await ok('define', { name: 'old', definition: PURE, description: 'Long ago' });
    await ok('define', { name: 'old', archived: true });
    const active = await ok('query', { resource: 'templates', filter: { name: 'old' } });
    expect(active.templates).toEqual([]);
    const filter = { name: 'old', status: 'archived' };
    const archived = await ok('query', { resource: 'templates', filter });
    expect(archived.templates).toMatchObject([{ name: 'old', description: 'Long ago' }]);
  });
});

describe('signal', () => {
  test('with the same key acts once', async () => {
    const definition = {
      steps: [{ id: 'go', type: 'wait', config: { signal: 'go' } }, ...NAP.steps],
    };
    const { workflow_id } = await ok('run', { definition, wait: 0 });
    const args = { workflow_id, signal_type: 'data', name: 'go', idempotency_key: 'k', wait: 0 };
    expect(await ok('signal', args)).toMatchObject({ ok: true });
    expect(await ok('signal', args)).toMatchObject({ ok: true });
    const filter = { workflow_id, event_type: 'signal_received' };
    expect((await ok('query', { resource: 'events', filter })).events).toHaveLength(1);
    await ok('signal', { workflow_id, signal_type: 'cancel' });
  });

  test('records why, and who', async () => {
    const { workflow_id } = await ok('run', { definition: ASKING });
    const args = { workflow_id, signal_type: 'decision', payload: { choice: 'no' } };
    await ok('signal', { ...args, reasoning: 'not today', agent_id: 'ada' });
    const { decisions } = await ok('query', { resource: 'decisions', filter: { workflow_id } });
    expect(decisions).toMatchObject([
      { resolution: { choice: 'no', reasoning: 'not today', resolved_by: 'ada' } },
    ]);
    const again = { ...args, payload: { choice: 'yes' } };
    expect((await ask('signal', again)).text).toMatch(/^\[CONFLICT\].*(no|ada)/);
  });
});

describe('diagram', () => {
  test.each(['ascii', 'mermaid', 'dot', 'svg'])('as %s is text', async (format) => {
    const { isError, text } = await ask('diagram', { definition: PURE, format });
    expect(isError).toBe(false);
    expect(text).toContain('hash');
  });

  test('shows the status of a run unless told not to', async () => {
    const { workflow_id } = await ok('run', { definition: PURE });
    const format = 'mermaid';
    const shown = await ask('diagram', { workflow_id, format });
    const plain = await ask('diagram', { workflow_id, format, include_status: false });
    expect(shown.text).not.toBe(plain.text);
  });

  test('of a version', async () => {
    await ok('define', { name: 'drawn', definition: greeting('1') });
    await ok('define', { name: 'drawn', definition: PURE });
    const args = { template_name: 'drawn', format: 'mermaid' };
    expect((await ask('diagram', args)).text).toContain('hash');
    expect((await ask('diagram', { ...args, version: 1 })).text).toContain('greet');
  });
});

describe('a long diagram', () => {
  test('as text ends at a line and says how to get all of it', async () => {
    const steps = Array.from({ length: 400 }, (_, i) => ({
      id: `step_${i}`,
      action: 'expr.eval',
      params: { expression: '1' },
      ...(i === 0 ? {} : { depends_on: [`step_${i - 1}`] }),
    }));
    const args = { definition: { steps }, format: 'ascii' };
    const short = (await ask('diagram', args)).text;
    expect(Buffer.byteLength(short)).toBeLessThanOrEqual(8192);
    const max_bytes = Number(/max_bytes: (\d+) shows all$/.exec(short)?.[1]);
    expect((await ask('diagram', { ...args, max_bytes })).text).toContain('step_399');
  });
});

describe('an answer', () => {
  test('of status and query has empty lists where there is nothing, that of run leaves them out', async () => {
    const run = await ok('run', { definition: PURE });
    expect(run).not.toHaveProperty('pending_decisions');
    expect(run).not.toHaveProperty('waiting_for');
    const asked = await ok('run', { definition: PURE, include: ['decisions'] });
    expect(asked.pending_decisions).toEqual([]);
    const { workflow_id } = run;
    const status = await ok('status', { workflow_id });
    expect(status).toMatchObject({ pending_decisions: [], waiting_for: [], context: {} });
    const found = await ok('query', { resource: 'decisions', filter: { workflow_id } });
    expect(found).toEqual({ decisions: [] });
  });

  test('of a failed run keeps the failed step whole and says what to do', async () => {
    const definition = {
      steps: [{ id: 'bad', action: 'workflow.fail', params: { reason: 'no luck' } }],
    };
    expect(await ok('run', { definition })).toMatchObject({
      status: 'failed',
      error: { code: 'NON_RETRYABLE', message: expect.stringContaining('no luck') },
      steps: { bad: { status: 'failed', input: { reason: 'no luck' } } },
      next: { tool: 'opcode_run', arguments: { from_step: 'bad' } },
    });
  });

  test('fits what the tool lists as its output, whatever is asked and also when it is an error', async () => {
    const schemas = new Map(toolList('underscores').map((tool) => [tool.name, tool.outputSchema]));
    const failing = {
      steps: [{ id: 'bad', action: 'workflow.fail', params: { reason: 'n'.repeat(3000) } }],
    };
    const everything = ['steps', 'decisions', 'output', 'context', 'events'];
    const rerun = { rerun_of: '@last', from_step: 'end' };
    const calls: [string, object][] = [
      ['run', { definition: ASKING }],
      ['run', { definition: ASKING, idempotency_key: 'fits' }],
      ['run', { definition: ASKING, idempotency_key: 'fits' }],
      ['signal', { workflow_id: '@last', signal_type: 'decision', payload: { choice: 'yes' } }],
      ['signal', { workflow_id: '@last', signal_type: 'retry' }],
      ['run', { definition: failing }],
      ['run', { definition: failing, max_bytes: 1024 }],
      ['signal', { workflow_id: '@last', signal_type: 'retry', max_bytes: 1024 }],
      ['status', { workflow_id: '@last' }],
      ['run', { definition: PURE, dry_run: true }],
      ['run', { definition: PURE, include: everything }],
      ['run', rerun],
      ['run', { ...rerun, include: everything }],
      ['run', { template_name: 'not there' }],
      ['status', { workflow_id: '@last' }],
      ['status', { workflow_id: '@last', include: everything, max_bytes: 1024 }],
      ['status', { workflow_id: '@last', step_id: 'sum' }],
      ['status', { workflow_id: 'zzz' }],
      ['define', { name: 'fits', definition: PURE, validate_only: true }],
      ['define', { name: 'fits', definition: PURE }],
      ['define', { name: 'fits', archived: true }],
      ['define', { name: 'fits', definition: {} }],
      ['run', { template_name: 'fits', dry_run: true }],
      ...RESOURCES.flatMap((resource): [string, object][] => [
        ['query', { resource, filter: { limit: 1 } }],
        ['query', { resource, max_bytes: 1024 }],
      ]),
      ['query', { resource: 'planets' }],
    ];
    for (const [name, args] of calls) {
      const { data } = await ask(name, args);
      const misfitting = misfits(schemas.get(`opcode_${name}`) as unknown as JsonObject, data);
      expect({ name, args, misfitting }).toEqual({ name, args, misfitting: [] });
    }
  });

  test('has versions as integers', () => {
    for (const { name, outputSchema } of toolList('underscores')) {
      const type = outputSchema?.properties.version?.type;
      expect({ name, isNumber: [type].flat().includes('number') }).toEqual({
        name,
        isNumber: false,
      });
    }
  });
});

interface Listed {
  readonly properties: Readonly<Record<string, { readonly type?: string | readonly string[] }>>;
}

/** Fields that are not listed, or have another type than the schema says. */
function misfits(schema: JsonObject, data: Readonly<Record<string, unknown>>): string[] {
  const { properties } = schema as unknown as Listed;
  return Object.entries(data)
    .filter(([name, value]) => {
      const listed = properties[name];
      if (listed === undefined) return true;
      return listed.type !== undefined && ![listed.type].flat().includes(typeName(value));
    })
    .map(([name]) => name);
}

const typeName = (value: unknown): string => {
  if (value === null) return 'null';
  if (Number.isInteger(value)) return 'integer';
  return Array.isArray(value) ? 'array' : typeof value;
};

describe('a client that must send every argument', () => {
  const nothing = { template_name: '', rerun_of: '', from_step: '', agent_id: '', version: 0 };

  test('runs what it means, and hears that an empty key is none', async () => {
    const data = await ok('run', {
      ...nothing,
      definition: PURE,
      params: null,
      context: null,
      idempotency_key: '',
      wait: '',
      max_bytes: 0,
    });
    expect(data).toMatchObject({
      status: 'completed',
      warnings: [{ path: 'idempotency_key', severity: 'warning' }],
    });
    const { workflow_id } = data;
    const empty = { step_id: '', wait: '', until: '', offset: 0, max_bytes: '0' };
    expect(await ok('status', { workflow_id, ...empty })).toMatchObject({ workflow_id });
    const filter = { status: null, agent_id: '', name: '', since: '', cursor: '', limit: '2' };
    const { workflows } = await ok('query', { resource: 'workflows', filter });
    expect((workflows as unknown[]).length).toBeGreaterThan(0);
  });

  test('defines and draws what it means', async () => {
    const edits = { edits: [], base: 0, description: '', agent_id: '' };
    await ok('define', { name: 'empty', definition: PURE, ...edits, input_schema: null });
    const drawn = { template_name: 'empty', version: 'v1', workflow_id: '', definition: {} };
    const { isError } = await ask('diagram', { ...drawn, format: 'ascii', include_status: 'true' });
    expect(isError).toBeFalsy();
  });
});
