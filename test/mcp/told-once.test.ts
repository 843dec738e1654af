/** What an agent is told about a run that asks or has failed: everything once, all of it on request. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { toldOnce, waitsBeside } from '../../src/mcp/told-once.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { call, freshHome, type Home, openSession, type Session } from './session.ts';

let home: Home;
let session: Session;

beforeAll(async () => {
  home = freshHome();
  mkdirSync(join(home.path, 'work'));
  session = await openSession(home);
});

afterAll(async () => {
  await session.close();
  home.remove();
});

type Data = Record<string, unknown>;
const ask = async (tool: string, args: object): Promise<Data> =>
  (await call(session.client, `opcode_${tool}`, args)).data;
const tokens = (value: unknown): number => Buffer.byteLength(JSON.stringify(value)) / 4;
const count = (data: Data, text: string): number => JSON.stringify(data).split(text).length - 1;

const REPORT = 'all 431 tests of the suite have passed in 12 files';
const noop = (id: string, more: object = {}): object => ({
  id,
  action: 'expr.eval',
  params: { expression: '1' },
  ...more,
});
const gate = (config: object): object => ({
  id: 'gate',
  type: 'reasoning',
  depends_on: ['tests'],
  config: { options: [{ id: 'deploy' }, { id: 'stop', outcome: 'stop' }], ...config },
});
const asking = (config: object): object => ({
  steps: [
    { id: 'tests', run: `echo '${REPORT}'` },
    gate(config),
    noop('after', { depends_on: ['gate'] }),
  ],
});
const IN_PROMPT = { prompt_context: 'It said: ${{steps.tests.stdout}} Deploy?' };
const IN_DATA = {
  prompt_context: 'Deploy?',
  data_inject: { tests: '${{steps.tests.output}}' },
};

describe('a run that asks', () => {
  test.each<[string, object]>([
    ['the prompt', IN_PROMPT],
    ['the data', IN_DATA],
    ['neither', { prompt_context: 'Deploy?' }],
  ])('tells once what a command printed, shown by %s', async (_where, config) => {
    const run = await ask('run', { definition: asking(config) });
    expect(run.status).toBe('suspended');
    expect(count(run, REPORT)).toBe(1);
    const { workflow_id } = run;
    const status = await ask('status', { workflow_id });
    // Of the command itself only the beginning of a sentence may be left.
    expect(count(status, REPORT)).toBe(1);
    expect(tokens(run)).toBeLessThanOrEqual(300);
    expect(tokens(status)).toBeLessThanOrEqual(480);
  });

  test('tells all of it to whoever asks', async () => {
    const { workflow_id } = await ask('run', { definition: asking(IN_DATA) });
    const include = ['steps', 'decisions', 'events'];
    const data = await ask('status', { workflow_id, include });
    expect(data).toMatchObject({
      steps: { tests: { output: { stdout: `${REPORT}\n`, stdout_raw: `${REPORT}\n` } } },
      pending_decisions: [
        { context: { prompt_context: 'Deploy?', step_outputs: { tests: { exit_code: 0 } } } },
      ],
    });
    expect(data.events).toHaveLength(6);
  });

  test('in a run that is awaited shows the outputs which only that run has', async () => {
    const definition = asking({ prompt_context: 'Deploy?' });
    await ask('define', { name: 'child', definition });
    const child = { id: 'c', action: 'workflow.run', params: { template_name: 'child' } };
    const data = await ask('run', { definition: { steps: [child] } });
    expect(count(data, REPORT)).toBe(1);
    expect(data.pending_decisions).toMatchObject([
      { step_id: 'gate', context: { step_outputs: { tests: { stdout: `${REPORT}\n` } } } },
    ]);
  });
});

describe('a run that failed', () => {
  const broken = (count: number): object => ({
    steps: [
      { id: 'bad', run: `echo '${REPORT}'; exit 3` },
      ...Array.from({ length: count }, (_, i) => noop(`ok${i}`)),
      noop('never', { depends_on: ['bad'] }),
    ],
  });

  test('is told by what failed, its output once, and what comes next', async () => {
    const { workflow_id } = await ask('run', { definition: broken(1) });
    const data = await ask('status', { workflow_id });
    expect(data).toMatchObject({
      error: { step_id: 'bad', details: { exit_code: 3, stdout_tail: `${REPORT}\n` } },
      events: [],
      next: { tool: 'opcode_signal' },
    });
    expect(data.steps).toEqual({
      ok0: { status: 'completed', duration_ms: expect.any(Number) },
      never: { status: 'skipped' },
      bad: expect.objectContaining({
        input: expect.objectContaining({ command: expect.any(String) }),
        error: expect.not.objectContaining({ details: expect.anything() }),
      }),
    });
    expect(tokens(data)).toBeLessThanOrEqual(330);
  });

  test('counts the others when they are many', async () => {
    const data = await ask('run', { definition: broken(40) });
    expect(Object.keys(data.steps as object)).toEqual(['bad']);
    expect(data.step_counts).toEqual({ completed: 40, skipped: 1, failed: 1 });
    const { workflow_id } = data;
    const whole = await ask('status', { workflow_id, include: ['steps'], max_bytes: 100_000 });
    expect(Object.keys(whole.steps as object)).toHaveLength(42);
  });
});

describe('saying it once', () => {
  const asked = (decision: JsonObject, output: JsonObject): JsonObject => ({
    workflow_id: 'w',
    status: 'suspended',
    steps: { a: { status: 'completed', output } },
    pending_decisions: [{ workflow_id: 'w', step_id: 'q', prompt: '?', data: {}, ...decision }],
  });
  const outputOf = (answer: JsonObject): unknown =>
    (answer.steps as Record<string, Record<string, unknown>>).a?.output;
  const body = { rows: ['one', 'two', 'three', 'four', 'five'] };

  test('leaves short texts where they are, because a word may stand in any question', () => {
    expect(outputOf(toldOnce(asked({ prompt: 'is it ok?' }, { body: 'ok' })))).toEqual({
      body: 'ok',
    });
  });

  test('knows a value in the data, and its JSON text in a prompt', () => {
    const output = { status_code: 200, body };
    const rest = { status_code: 200 };
    expect(outputOf(toldOnce(asked({ data: { rows: body } }, output)))).toEqual(rest);
    expect(outputOf(toldOnce(asked({ prompt: `All: ${JSON.stringify(body)}` }, output)))).toEqual(
      rest,
    );
  });

  test('keeps the sentence about a short question, and which step asks a long one', () => {
    const wait = { step_id: 'q', kind: 'decision', text: '"q" waits for a decision: Go?' };
    const answer = asked({}, {});
    expect(waitsBeside(answer, [wait])).toEqual([wait]);
    const long = { ...wait, text: `${wait.text}${'x'.repeat(100)}` };
    expect(waitsBeside(answer, [long])).toEqual([{ ...wait, text: '"q" waits for a decision' }]);
    expect(waitsBeside({}, [long])).toEqual([long]);
  });
});
