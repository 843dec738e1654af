/** Answers stay within their bytes, and say what they left out. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { withinBudget } from '../../src/mcp/budget.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { call, freshHome, type Home, openSession, type Session } from './session.ts';

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

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
const LONG = 'é'.repeat(3000);

/** Makes a text of n letters. */
const long = (id: string, n: number) => ({
  id,
  action: 'expr.eval',
  params: { expression: `repeat("ab", ${n / 2})` },
});

describe('a long answer', () => {
  test('keeps failed steps whole and says how to get what was cut', async () => {
    const steps = [
      ...Array.from({ length: 12 }, (_, i) => long(`big${i}`, 2000)),
      { id: 'bad', action: 'workflow.fail', params: { reason: 'no luck' }, depends_on: ['big0'] },
    ];
    const args = { definition: { steps }, include: ['steps'] };
    const { data } = await call(session.client, 'opcode_run', args);
    expect(bytes(data)).toBeLessThanOrEqual(8192);
    expect(data).toMatchObject({
      status: 'failed',
      omitted: ['12 long values'],
      steps: {
        big3: {
          output: {
            $truncated: expect.any(Number),
            preview: expect.stringContaining('abab'),
            get: {
              tool: 'opcode_status',
              arguments: { workflow_id: data.workflow_id, step_id: 'big3' },
            },
          },
        },
        bad: { status: 'failed', input: { reason: 'no luck' }, error: { message: 'no luck' } },
      },
    });
  });

  test('one step comes whole, in parts when it is longer than an answer', async () => {
    const definition = { steps: [long('big', 20_000)] };
    const ran = await call(session.client, 'opcode_run', { definition });
    const { workflow_id } = ran.data;
    const parts: string[] = [];
    let offset: number | undefined = 0;
    while (offset !== undefined) {
      const args = { workflow_id, step_id: 'big', offset };
      const part = await call(session.client, 'opcode_status', args);
      expect(bytes(part.data)).toBeLessThanOrEqual(8192);
      const steps = part.data.steps as Record<string, { output: Record<string, unknown> }>;
      parts.push(String(steps.big?.output.$part));
      offset = steps.big?.output.next_offset as number | undefined;
    }
    expect(parts.length).toBeGreaterThan(2);
    expect(JSON.parse(parts.join(''))).toEqual({ result: 'ab'.repeat(10_000) });
    const whole = { workflow_id, step_id: 'big', max_bytes: 100_000 };
    const { data } = await call(session.client, 'opcode_status', whole);
    expect(data).toMatchObject({ steps: { big: { output: { result: 'ab'.repeat(10_000) } } } });
  });

  test('a page of a list is shortened with a cursor that goes on where it ended', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `template-${String(i).padStart(2, '0')}`);
    const definition = { steps: [long('a', 10)] };
    const description = 'd'.repeat(200);
    for (const name of names) {
      await call(session.client, 'opcode_define', { name, definition, description });
    }
    const seen: string[] = [];
    let cursor: unknown;
    do {
      const filter = { limit: 50, ...(cursor === undefined ? {} : { cursor }) };
      const args = { resource: 'templates', filter, max_bytes: 4096 };
      const { data } = await call(session.client, 'opcode_query', args);
      expect(bytes(data)).toBeLessThanOrEqual(4096);
      seen.push(...(data.templates as { name: string }[]).map((each) => each.name));
      cursor = data.next_cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(names);
  });
});

describe('cutting', () => {
  const budget = { maxBytes: 2048, getStep: null };
  const step = (status: string, more: object = {}): JsonObject => ({ status, ...more });

  test('takes finished sub-steps before anything else', () => {
    const steps: Record<string, JsonObject> = { loop: step('running') };
    for (let i = 0; i < 100; i++) steps[`loop.iter_${i}.a`] = step('completed', { output: i });
    steps['loop.iter_100.a'] = step('failed');
    const cut = withinBudget({ workflow_id: 'x', steps }, budget);
    expect(cut.omitted).toEqual(['100 finished sub-steps']);
    expect(Object.keys(cut.steps as object)).toEqual(['loop', 'loop.iter_100.a']);
  });

  test('takes long outputs next, then finished steps; what failed, runs or waits stays whole', () => {
    const text = 'x'.repeat(600);
    const input = { text };
    const whole = {
      bad: step('failed', { input, error: { message: 'no' } }),
      now: step('running', { input }),
    };
    const steps: Record<string, JsonObject> = { ...whole };
    for (let i = 0; i < 3; i++) steps[`done${i}`] = step('completed', { output: text });
    const outputs = withinBudget({ workflow_id: 'x', steps }, { ...budget, maxBytes: 3000 });
    expect(outputs.omitted).toEqual(['3 long values']);
    expect(outputs.steps).toMatchObject({
      ...whole,
      done2: { output: { $truncated: 602, preview: expect.any(String) } },
    });
    for (let i = 3; i < 20; i++) steps[`done${i}`] = step('completed', { output: text });
    const none = withinBudget({ workflow_id: 'x', steps }, budget);
    expect(none.omitted).toEqual(['20 long values', '20 finished steps']);
    expect(none.steps).toEqual(whole);
  });

  test.each([
    [
      'many failed steps',
      {
        steps: Object.fromEntries(
          Array.from({ length: 500 }, (_, i) => [
            `s${i}`,
            step('failed', { error: { message: 'no' } }),
          ]),
        ),
      },
    ],
    ['a long input', { steps: { a: step('failed', { input: { text: LONG } }) } }],
    ['a long error', { error: { code: 'X', message: LONG } }],
    ['many warnings', { warnings: Array.from({ length: 500 }, () => ({ message: 'careful' })) }],
    [
      'many short fields',
      { output: Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`k${i}`, i])) },
    ],
    ['long decisions', { pending_decisions: [{ prompt: LONG, data: { a: LONG }, context: {} }] }],
  ])('always fits: %s', (_, answer) => {
    const cut = withinBudget({ workflow_id: 'x', ...answer } as unknown as JsonObject, budget);
    expect(bytes(cut)).toBeLessThanOrEqual(budget.maxBytes);
    expect(cut.workflow_id).toBe('x');
    expect((cut.omitted as unknown[]).length).toBeGreaterThan(0);
  });

  test('leaves an answer that fits as it is', () => {
    const answer = { workflow_id: 'x', output: { text: 'short' } };
    expect(withinBudget(answer, budget)).toBe(answer);
  });
});
