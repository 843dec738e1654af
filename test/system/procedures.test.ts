/**
 * Whole procedures as people write them down, each with the questions that it asks on its way: in a
 * row, in a loop, in a branch, beside others, in free words, of one agent, after waits.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { RUN_PARTS, type RunResult } from '../../src/ops/shapes.ts';
import { TEST_MS } from '../support/patience.ts';
import { LONG, newHome, openSystem, removeHome, type System } from './support.ts';

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

interface Asked {
  readonly step: string;
  readonly data: Json | undefined;
  readonly options: readonly string[];
}
interface Answered {
  readonly asked: readonly Asked[];
  readonly run: RunResult;
}

/** Starts a template and gives each question the answer of its step; ends with the run. */
async function answering(
  name: string,
  params: JsonObject,
  answers: Readonly<Record<string, string>>,
): Promise<Answered> {
  const started = await system.runTemplate(name, { params });
  const asked: Asked[] = [];
  let run: RunResult = started;
  while (run.status === 'suspended') {
    const [question] = run.pending_decisions;
    if (question === undefined) throw new Error(`it waits: ${JSON.stringify(run.waiting_for)}`);
    const { step_id: step, data, options } = question;
    asked.push({ step, data, options: options.map(({ id }) => id) });
    const choice = answers[step];
    if (choice === undefined) throw new Error(`no answer for ${step}`);
    await system.ops.signal(system.me, {
      workflow_id: started.workflow_id,
      signal_type: 'decision',
      step_id: step,
      payload: { choice },
      wait: LONG,
    });
    run = await system.ops.status(system.me, {
      workflow_id: started.workflow_id,
      include: [...RUN_PARTS],
    });
  }
  return { asked, run };
}

const ask = (id: string, config: object, more: object = {}): object => ({
  id,
  type: 'reasoning',
  config: { prompt_context: `What about ${id}?`, ...config },
  ...more,
});
const note = (id: string, message: string, more: object = {}): object => ({
  id,
  action: 'workflow.log',
  params: { message },
  ...more,
});
const statuses = (run: RunResult): Record<string, string> =>
  Object.fromEntries(Object.entries(run.steps).map(([path, { status }]) => [path, status]));

describe('questions', () => {
  test('in a row, each after the answer to the one before', async () => {
    const sides = [{ id: 'agree' }, { id: 'refuse' }];
    await system.template('purchase', {
      timeout: '3h',
      steps: [
        ask('desk', { options: sides, data_inject: { what: 'inputs.what' }, timeout: '1h' }),
        ask(
          'board',
          { options: sides, fallback: 'refuse', timeout: '1h' },
          { depends_on: ['desk'] },
        ),
        note('done', '${{inputs.what}}: ${{steps.desk.choice}}, ${{steps.board.choice}}', {
          depends_on: ['board'],
        }),
      ],
    });
    const { asked, run } = await answering(
      'purchase',
      { what: 'a "blue" lamp' },
      { desk: 'agree', board: 'refuse' },
    );
    expect(asked).toEqual([
      { step: 'desk', data: { what: 'a "blue" lamp' }, options: ['agree', 'refuse'] },
      { step: 'board', data: {}, options: ['agree', 'refuse'] },
    ]);
    expect(run.steps.done?.input).toEqual({ message: 'a "blue" lamp: agree, refuse' });
    expect(run.status).toBe('completed');
  });

  test('without options take free words, also with a stand-in that is words or empty', async () => {
    await system.template('opinion', {
      steps: [
        { id: 'facts', action: 'expr.eval', params: { expression: '{"n": 3}' } },
        ask('first', {
          options: [],
          data_inject: { facts: "steps['facts']" },
          timeout: '30m',
          fallback: 'nothing to say',
        }),
        ask('second', { options: [], timeout: '1h', fallback: '' }, { depends_on: ['first'] }),
      ],
      output: { said: '${{steps.first.choice}} / ${{steps.second.choice}}' },
    });
    const { asked, run } = await answering(
      'opinion',
      {},
      { first: 'slow, "but" fine', second: 'two\nlines' },
    );
    expect(asked.map(({ options }) => options)).toEqual([[], []]);
    expect(asked[0]?.data).toMatchObject({
      facts: { status: 'completed', output: { result: { n: 3 } } },
    });
    expect(run).toMatchObject({
      status: 'completed',
      output: { said: 'slow, "but" fine / two\nlines' },
    });
  });

  test('in a loop come one after another, each with its own item', async () => {
    await system.template('sort', {
      on_timeout: 'suspend',
      timeout: '30m',
      steps: [
        {
          id: 'letters',
          type: 'loop',
          config: {
            mode: 'for_each',
            over: 'inputs.letters',
            body: [
              ask('weigh', {
                options: [{ id: 'heavy' }, { id: 'light' }],
                data_inject: { letter: 'loop.item' },
                timeout: '5m',
                fallback: 'light',
              }),
            ],
          },
        },
        note('end', '${{steps.letters.iterations}} weighed', { depends_on: ['letters'] }),
      ],
    });
    const { asked, run } = await answering(
      'sort',
      { letters: [{ to: 'Rome' }, { to: 'Oslo' }] },
      { 'letters.iter_0.weigh': 'heavy', 'letters.iter_1.weigh': 'light' },
    );
    expect(asked.map(({ data }) => data)).toEqual([
      { letter: { to: 'Rome' } },
      { letter: { to: 'Oslo' } },
    ]);
    expect(run).toMatchObject({
      status: 'completed',
      steps: { letters: { output: { results: [{ choice: 'heavy' }, { choice: 'light' }] } } },
    });
  });

  test('in one branch of a parallel do not hold up the others; what follows waits', async () => {
    await system.template('alarm', {
      steps: [
        {
          id: 'all',
          type: 'parallel',
          config: {
            mode: 'all',
            branches: [
              [{ id: 'write', action: 'fs.write', params: { path: 'alarm', content: '!' } }],
              [ask('seen', { options: [{ id: 'seen' }, { id: 'passed-on' }], timeout: '5m' })],
            ],
          },
        },
        note('end', 'everybody knows', { depends_on: ['all'] }),
      ],
    });
    const waiting = await system.runTemplate('alarm');
    expect([waiting.status, statuses(waiting)]).toEqual([
      'suspended',
      {
        all: 'running',
        end: 'pending',
        'all.branch_0.write': 'completed',
        'all.branch_1.seen': 'suspended',
      },
    ]);
    const { run } = await answering('alarm', {}, { 'all.branch_1.seen': 'passed-on' });
    expect([run.status, run.steps.end?.status]).toEqual(['completed', 'completed']);
  });

  test.each([
    ['mend', 'completed'],
    ['leave', 'skipped'],
  ])('in a branch decide by their path what follows: %s', async (choice, after) => {
    await system.template('roof', {
      steps: [
        { id: 'look', run: `printf '{"leaks": 2, "where": ["a", "b"]}'` },
        {
          id: 'is-wet',
          type: 'condition',
          depends_on: ['look'],
          config: {
            expression: "steps['look'].stdout.leaks > 0",
            branches: {
              true: [
                ask('what-now', {
                  options: [{ id: 'mend' }, { id: 'leave' }],
                  data_inject: {
                    leaks: 'steps.look.stdout.leaks',
                    where: 'steps.look.stdout.where',
                  },
                }),
                note('order', 'tiles', {
                  depends_on: ['what-now'],
                  condition: "steps['is-wet.true.what-now'].choice == 'mend'",
                }),
              ],
            },
            default: [note('dry', 'nothing to do')],
          },
        },
        note('end', "Looked: ${{steps['look'].exit_code}}", { depends_on: ['is-wet'] }),
      ],
    });
    const { asked, run } = await answering('roof', {}, { 'is-wet.true.what-now': choice });
    expect(asked[0]?.data).toEqual({ leaks: 2, where: ['a', 'b'] });
    expect(run.status).toBe('completed');
    expect(statuses(run)).toMatchObject({ 'is-wet.true.order': after, end: 'completed' });
    expect(run.steps.end?.input).toEqual({ message: 'Looked: 0' });
  });

  test('after waits that count one behind the other', async () => {
    const pause = (id: string, more: object = {}): object => ({
      id,
      type: 'wait',
      config: { duration: '20ms' },
      ...more,
    });
    await system.template('course', {
      on_timeout: 'suspend',
      timeout: '15m',
      steps: [
        pause('first'),
        note('hello', 'lesson one', { depends_on: ['first'] }),
        pause('second', { depends_on: ['hello'] }),
        ask('on', { options: [{ id: 'more' }, { id: 'enough' }] }, { depends_on: ['second'] }),
      ],
    });
    const { run } = await answering('course', {}, { on: 'enough' });
    expect(run).toMatchObject({
      status: 'completed',
      steps: { on: { output: { choice: 'enough' } } },
    });
  });
});

test('programs beside the workflow file are found, and their JSON can be read', async () => {
  mkdirSync(join(home, 'scripts'));
  writeFileSync(
    join(home, 'scripts', 'count.sh'),
    `n=$(wc -l < "$1" | tr -d ' ')\nprintf '{"n": %s, "many": %s}' "$n" "$([ "$n" -gt 2 ] && echo true || echo false)"\n`,
  );
  writeFileSync(join(home, 'the list.txt'), 'a\nb\nc\n');
  await system.template('count', {
    steps: [
      {
        id: 'count-lines',
        action: 'shell.exec',
        params: { command: 'bash', args: ['scripts/count.sh', '${{inputs.file}}'] },
      },
      {
        id: 'many',
        type: 'condition',
        depends_on: ['count-lines'],
        config: {
          expression: "steps['count-lines'].stdout.many == true",
          branches: { true: [note('tell', '${{steps.count-lines.output.stdout.n}} lines')] },
        },
      },
    ],
  });
  const run = await system.runTemplate('count', { params: { file: 'the list.txt' } });
  expect(run).toMatchObject({
    status: 'completed',
    steps: { 'many.true.tell': { input: { message: '3 lines' } } },
  });
});
