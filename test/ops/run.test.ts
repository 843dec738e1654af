/** Running: results, waiting, inputs, environments, keys, dry runs. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import type { JsonObject } from '../../src/model/json.ts';
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

const startOf = (workflowId: string): JsonObject => {
  const [first] = harness.store.events(workflowId as never, 0, 1);
  return first?.payload as unknown as JsonObject;
};

describe('a run', () => {
  test('answers with its output and every step', async () => {
    const result = await runOf(
      harness.ops,
      steps(noop('a', '${{inputs.city}}'), noop('b', '${{steps.a.output.value}}')),
      { params: { city: 'Oslo' } },
    );
    expect(result).toMatchObject({
      status: 'completed',
      output: { b: { value: 'Oslo' } },
      pending_decisions: [],
      waiting_for: [],
      steps: {
        a: { step_id: 'a', type: 'action', action: 'test.noop', status: 'completed', attempts: 1 },
        b: { input: { value: 'Oslo' }, output: { value: 'Oslo' } },
      },
    });
    expect(result.next).toBeUndefined();
    expect(result.started_at).toMatch(/^\d{4}-.*Z$/);
    expect(result.completed_at).toMatch(/Z$/);
    expect(result.duration_ms).toBeGreaterThanOrEqual(0);
  });

  test('that fails says how to go on', async () => {
    const result = await runOf(harness.ops, steps({ id: 'bad', action: 'test.fail' }));
    expect(result).toMatchObject({
      status: 'failed',
      error: { code: 'NON_RETRYABLE', step_id: 'bad' },
      steps: { bad: { status: 'failed', error: { code: 'NON_RETRYABLE' } } },
      next: { tool: 'run', arguments: { from_step: 'bad' } },
    });
    expect(result.output).toBeUndefined();
  });

  test('that asks answers at once with the decision and what to call', async () => {
    const result = await runOf(harness.ops, steps(ask('approve'), noop('z')));
    expect(result.status).toBe('suspended');
    expect(result.pending_decisions).toHaveLength(1);
    expect(result.pending_decisions[0]).toMatchObject({
      step_id: 'approve',
      prompt: 'Deploy?',
      status: 'pending',
      kind: 'reasoning',
    });
    expect(result.waiting_for).toEqual([
      {
        step_id: 'approve',
        kind: 'decision',
        text: '"approve" waits for a decision: Deploy? (yes, no)',
      },
    ]);
    expect(result.next).toMatchObject({ tool: 'signal', arguments: { step_id: 'approve' } });
  });

  test('that takes longer than the wait goes on, and says to call status', async () => {
    const result = await runOf(
      harness.ops,
      steps({ id: 'w', type: 'wait', config: { duration: '1h' } }),
      { wait: '1s' },
    );
    expect(result).toMatchObject({ status: 'active', next: { tool: 'status' } });
  });

  test('tells its id before waiting', async () => {
    const told: string[] = [];
    const result = await harness.ops.run(
      { ...person, onStarted: (id) => told.push(id) },
      { definition: steps(ask('q')), wait: 0 },
    );
    expect(told).toEqual(['workflow_id' in result ? result.workflow_id : '']);
  });

  test('records what started it when nobody did by hand', async () => {
    const trigger = { type: 'schedule', name: 'nightly' };
    const result = await harness.ops.run({ ...person, trigger }, { definition: steps(noop('a')) });
    const id = 'workflow_id' in result ? result.workflow_id : '';
    expect(await harness.ops.status(person, { workflow_id: id })).toMatchObject({ trigger });
  });

  test('stops waiting when the caller goes away', async () => {
    const gone = new AbortController();
    gone.abort();
    const result = await harness.ops.run(
      { ...person, abort: gone.signal },
      { definition: steps({ id: 'w', type: 'wait', config: { duration: '1h' } }), wait: 'forever' },
    );
    expect(result).toMatchObject({ status: 'active' });
  });
});

describe('what is run', () => {
  test('may be a text in JSON with comments or YAML, by file name', async () => {
    const text = 'steps:\n  - id: a\n    action: test.noop\n    params: {value: 1}\n';
    const result = await harness.ops.run(person, { source: { text, file: '/flows/x.yaml' } });
    expect(result).toMatchObject({ status: 'completed', output: { a: { value: 1 } } });
  });

  test('may be JSON as a text, as agents send it', async () => {
    const definition = JSON.stringify(steps(noop('a')));
    const result = await harness.ops.run(agent('bot'), { definition, params: '{"x": 1}' });
    expect(result).toMatchObject({ status: 'completed' });
  });

  test('must be exactly one thing', async () => {
    const none = await errorOf(harness.ops.run(person, {}), 'VALIDATION_ERROR');
    expect(none.message).toContain('template_name, definition, source');
    const two = { definition: steps(noop('a')), template_name: 't' };
    await errorOf(harness.ops.run(person, two), 'VALIDATION_ERROR');
  });

  test('that is wrong is refused with every problem, and no run exists', async () => {
    const error = await errorOf(
      harness.ops.run(person, {
        definition: steps({ id: 'a', action: 'test.nop' }, { id: 'a', action: 'test.noop' }),
      }),
      'VALIDATION_ERROR',
    );
    const { issues } = error.details as { issues: { path: string }[] };
    expect(issues.map((issue) => issue.path)).toContain('steps[0].action');
    expect(issues.length).toBeGreaterThan(1);
    expect(harness.store.latestId()).toBeNull();
  });

  test('has line and column when it comes from a file', async () => {
    const text = '{\n  "steps": [\n    {"id": "a", "action": "test.nop"}\n  ]\n}';
    const error = await errorOf(
      harness.ops.run(person, { source: { text, file: 'x.json' } }),
      'VALIDATION_ERROR',
    );
    expect((error.details as { issues: unknown[] }).issues[0]).toMatchObject({ line: 3 });
  });

  test('cycles have their own code', async () => {
    await errorOf(
      harness.ops.run(person, {
        definition: steps(noop('a', 1, { depends_on: ['b'] }), noop('b', 1, { depends_on: ['a'] })),
      }),
      'CYCLE_DETECTED',
    );
  });

  test('unknown arguments are refused by name', async () => {
    const input = { definition: steps(noop('a')), parms: {} };
    const error = await errorOf(harness.ops.run(person, input as never), 'VALIDATION_ERROR');
    expect(error.message).toContain('parms');
  });
});

describe('inputs', () => {
  const input_schema = {
    type: 'object',
    required: ['n'],
    properties: {
      n: { type: 'integer' },
      region: { type: 'string', default: 'eu' },
      on: { type: 'boolean' },
    },
  };
  const pack = (definition: JsonObject): JsonObject => ({ name: 'p', input_schema, definition });

  test('are defaults, then the definition, then params', async () => {
    const definition = { ...steps(noop('a', '${{inputs}}')), inputs: { n: 1, who: 'def' } };
    const result = await runOf(harness.ops, pack(definition), { params: { who: 'me' } });
    expect(result.output).toEqual({ a: { value: { region: 'eu', n: 1, who: 'me' } } });
  });

  test('may read the workflow and the context', async () => {
    const definition = {
      ...steps(noop('a', '${{inputs.label}}')),
      context: { intent: 'ship' },
      inputs: { label: '${{workflow.name}}: ${{context.intent}}' },
      metadata: { name: 'rollout' },
    };
    const result = await runOf(harness.ops, definition, { context: { intent: 'test' } });
    expect(result.output).toEqual({ a: { value: 'rollout: test' } });
  });

  test('that do not fit are refused before a run exists', async () => {
    const error = await errorOf(
      runOf(harness.ops, pack(steps(noop('a'))), { params: { n: 'one' } }),
      'VALIDATION_ERROR',
    );
    expect(error.message).toContain('params.n');
    await errorOf(runOf(harness.ops, pack(steps(noop('a')))), 'VALIDATION_ERROR');
    expect(harness.store.latestId()).toBeNull();
  });

  test('that hold a secret carry the reference beside an empty place', async () => {
    const definition = { ...steps(noop('a')), inputs: { token: '${{secrets.TOKEN}}', n: 3 } };
    const result = await runOf(harness.ops, pack(definition));
    const start = startOf(result.workflow_id);
    expect(start.inputs).toMatchObject({ token: '', n: 3 });
    expect(start.secret_refs).toEqual([{ at: '/token', parts: [{ secret: 'TOKEN' }] }]);
    const status = await harness.ops.status(person, { workflow_id: result.workflow_id });
    expect(status.input).toMatchObject({ token: '${{secrets.TOKEN}}' });
  });

  test('a param replaces an input that held a secret, with its reference', async () => {
    const definition = { ...steps(noop('a')), inputs: { token: '${{secrets.TOKEN}}', n: 3 } };
    const params = { token: 'plain' };
    const result = await runOf(harness.ops, pack(definition), { params });
    expect(startOf(result.workflow_id).inputs).toMatchObject({ token: 'plain' });
    expect(startOf(result.workflow_id).secret_refs ?? []).toEqual([]);
  });

  test('texts that look like references stay texts', async () => {
    const params = { n: 1, note: '${{secrets.TOKEN}}' };
    const result = await runOf(harness.ops, pack(steps(noop('a', '${{inputs.note}}'))), { params });
    expect(result.output).toEqual({ a: { value: '${{secrets.TOKEN}}' } });
  });

  test('from command-line texts are typed by the schema', async () => {
    const definition = pack(steps(noop('a', '${{inputs}}')));
    const result = await runOf(harness.ops, definition, {
      param_texts: ['n=5', 'on=true', 'region=5', 'extra:=[1,2]'],
    });
    expect(result.output).toEqual({
      a: { value: { n: 5, on: true, region: '5', extra: [1, 2] } },
    });
    await errorOf(runOf(harness.ops, definition, { param_texts: ['n=x'] }), 'VALIDATION_ERROR');
  });

  test('named like prototypes are ordinary', async () => {
    const params = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}') as JsonObject;
    const result = await runOf(harness.ops, steps(noop('a')), { params });
    expect(Object.keys(startOf(result.workflow_id).inputs as JsonObject).sort()).toEqual([
      '__proto__',
      'constructor',
    ]);
  });
});

describe('where a run executes', () => {
  const execOf = async (input: Parameters<Harness['ops']['run']>[1], ctx = person) => {
    const result = await harness.ops.run(ctx, input);
    return 'workflow_id' in result ? startOf(result.workflow_id).exec : null;
  };
  const text = JSON.stringify(steps(noop('a')));

  test('is the folder of the file, with the caller’s environment', async () => {
    expect(await execOf({ source: { text, file: '/flows/a.json' } })).toEqual({
      cwd: '/flows',
      env: { PATH: '/usr/bin', TZ: 'UTC' },
    });
    expect(await execOf({ source: { text, file: 'sub/a.json' } })).toMatchObject({
      cwd: '/project/sub',
    });
  });

  test('is the common folder for callers over the network', async () => {
    expect(await execOf({ definition: steps(noop('a')) }, agent('bot'))).toEqual({
      cwd: '/home/work',
      env: { PATH: '/bin' },
    });
  });

  test('is the folder a template was defined from', async () => {
    await harness.ops.define(person, { name: 't', source: { text, file: '/flows/t.json' } });
    expect(await execOf({ template_name: 't' }, agent('bot'))).toMatchObject({ cwd: '/flows' });
  });

  test('is working_dir when the definition says so', async () => {
    const definition = { ...steps(noop('a')), working_dir: 'deep' };
    expect(await execOf({ definition })).toMatchObject({ cwd: '/project/deep' });
    expect(await execOf({ definition: { ...definition, working_dir: '/abs' } })).toMatchObject({
      cwd: '/abs',
    });
  });
});

describe('an idempotency key', () => {
  const definition = steps(noop('a', '${{inputs.x}}'));

  test('that is empty is refused', async () => {
    await errorOf(
      runOf(harness.ops, definition, { params: { x: 1 }, idempotency_key: '' }),
      'VALIDATION_ERROR',
    );
  });

  test('gives the first run again', async () => {
    const first = await runOf(harness.ops, definition, { params: { x: 1 }, idempotency_key: 'k' });
    const second = await runOf(harness.ops, definition, { params: { x: 1 }, idempotency_key: 'k' });
    expect(second.workflow_id).toBe(first.workflow_id);
    expect(second.created).toBe(false);
    expect(first.created).toBeUndefined();
  });

  test('with other params is a conflict', async () => {
    await runOf(harness.ops, definition, { params: { x: 1 }, idempotency_key: 'k' });
    await errorOf(
      runOf(harness.ops, definition, { params: { x: 2 }, idempotency_key: 'k' }),
      'CONFLICT',
    );
  });
});

describe('a dry run', () => {
  test('resolves and draws, and starts nothing', async () => {
    const result = await harness.ops.run(person, {
      definition: { ...steps(noop('b', 1, { depends_on: ['a'] }), noop('a')), inputs: { x: 1 } },
      dry_run: true,
    });
    expect(result).toMatchObject({ dry_run: true, inputs: { x: 1 }, template: null });
    if (!('dry_run' in result)) throw new Error('not a dry run');
    expect(result.plan).toEqual(['1. a  test.noop', '2. b  test.noop  after a']);
    expect(result.diagram).toContain('test.noop');
    expect(harness.store.latestId()).toBeNull();
  });
});

describe('without an engine here', () => {
  test('the run is left for whoever executes, with the same answer about keys', async () => {
    const input = {
      definition: steps(noop('a', '${{inputs.x}}')),
      params: { x: 1 },
      idempotency_key: 'k',
      wait: 0 as const,
    };
    const first = await harness.reader.run(person, input);
    expect(first).toMatchObject({ status: 'pending', next: { tool: 'status' } });
    const second = await harness.reader.run(person, input);
    expect(second).toMatchObject({ created: false });
    await errorOf(harness.reader.run(person, { ...input, params: { x: 2 } }), 'CONFLICT');
  });

  test('somebody who executes takes it on', async () => {
    const left = await harness.reader.run(person, { definition: steps(noop('a')), wait: 0 });
    if (!('workflow_id' in left)) throw new Error('no run');
    const recovered = await harness.ops.recover(person, { workflow_id: left.workflow_id });
    expect(recovered.claimed).toBe(1);
    const status = await harness.ops.status(person, {
      workflow_id: left.workflow_id,
      wait: '2m',
    });
    expect(status).toMatchObject({ status: 'completed', output: { a: { value: 'a' } } });
  });
});

describe('bad waits', () => {
  test('are refused before anything starts', async () => {
    await errorOf(runOf(harness.ops, steps(noop('a')), { wait: '30' }), 'VALIDATION_ERROR');
    expect(harness.store.latestId()).toBeNull();
  });
});
