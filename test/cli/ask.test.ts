/** Decisions asked on the terminal. */
import { describe, expect, test } from 'bun:test';
import { askDecision, choiceOf, questionLines, type ReadLine } from '../../cli/ask.ts';
import { PLAIN_STYLE } from '../../cli/print/style.ts';
import type { DecisionView } from '../../src/ops/shapes.ts';
import { fakeStream } from './fake-terminal.ts';

/** The wire name of what waits behind a decision. */
const BEHIND = 'then';

const decision = (over: Partial<DecisionView> = {}): DecisionView => ({
  id: 'run.3',
  workflow_id: 'run',
  step_id: 'approve',
  kind: 'reasoning',
  prompt: 'Ship it?',
  data: { tests: '42 passed', files: ['a', 'b'] },
  options: [
    { id: 'ship', description: 'Now' },
    { id: 'hold', outcome: 'stop' },
  ],
  by: 'any',
  created_at: '2025-01-01T00:00:00.000Z',
  status: 'pending',
  [BEHIND]: [{ step_id: 'deploy', action: 'shell.exec', effect: 'unsafe' }],
  context: {},
  ...over,
});

const typing = (...lines: (string | null)[]): ReadLine => {
  const left = [...lines];
  return async () => left.shift() ?? null;
};
const ask = (asked: DecisionView, ...lines: (string | null)[]) =>
  askDecision(
    asked,
    { stream: fakeStream({ columns: 80 }), readLine: typing(...lines) },
    new AbortController().signal,
  );

describe('the question', () => {
  test('says what is asked, on which data, what can be chosen and what waits behind it', () => {
    expect(questionLines(decision(), PLAIN_STYLE)).toEqual([
      '',
      '? A decision is asked for approve',
      '',
      '  Ship it?',
      '',
      '  tests: 42 passed',
      '  files: ["a","b"]',
      '',
      '  1  ship  Now',
      '  2  hold (stops here)',
      '',
      '  Behind it: deploy (shell.exec, unsafe)',
      '',
    ]);
  });

  test('puts data that does not fit below its name, and cuts off what is long', () => {
    const files = Array.from({ length: 30 }, (_, i) => `file-${i}`);
    const lines = questionLines(decision({ prompt: '', data: { files } }), PLAIN_STYLE, 40);
    expect(lines.slice(3, 6)).toEqual(['  files:', '      [', '        "file-0",']);
    expect(lines).toContain('      … 20 more lines');
  });

  test('cannot be dressed up by what it asks about', () => {
    const lines = questionLines(decision({ prompt: 'a\u001b[2J' }), PLAIN_STYLE);
    expect(lines).toContain('  a\\x1b[2J');
  });
});

describe('an answer', () => {
  test('is an option by number or id, with a reason if there is one', async () => {
    expect(await ask(decision(), '1', '')).toEqual({
      kind: 'choice',
      choice: 'ship',
      reasoning: null,
    });
    expect(await ask(decision(), 'hold', ' not today ')).toEqual({
      kind: 'choice',
      choice: 'hold',
      reasoning: 'not today',
    });
  });

  test('is asked for again when it is none of the options', async () => {
    expect(await ask(decision(), '3', 'yes', 'ship', '')).toMatchObject({ choice: 'ship' });
  });

  test('is left open by an empty line or the end of input', async () => {
    expect(await ask(decision(), '')).toEqual({ kind: 'open' });
    expect(await ask(decision(), null)).toEqual({ kind: 'open' });
  });

  test('may be a reject', async () => {
    expect(await ask(decision(), 'reject', 'no')).toEqual({ kind: 'reject', reasoning: 'no' });
  });

  test('is any text where there are no options', async () => {
    const free = decision({ options: [] });
    expect(await ask(free, 'a blue one', '')).toMatchObject({ choice: 'a blue one' });
  });

  test('is not taken once the decision was settled elsewhere', async () => {
    const settled = new AbortController();
    const readLine: ReadLine = async () => {
      settled.abort();
      return 'ship';
    };
    const stream = fakeStream({ columns: 80 });
    expect(await askDecision(decision(), { stream, readLine }, settled.signal)).toEqual({
      kind: 'open',
    });
  });
});

test('an option whose id is a number is meant by it', () => {
  const numbered = decision({ options: [{ id: '2' }, { id: '1' }] });
  expect(choiceOf(numbered, '1')).toBe('1');
});

test('whether a step took effect cannot be rejected', () => {
  expect(choiceOf(decision({ kind: 'outcome_unknown' }), 'reject')).toBe(null);
});
