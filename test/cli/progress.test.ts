/** The step list, printed output, the region that is drawn again and again. */
import { describe, expect, test } from 'bun:test';
import { clockText } from '../../cli/print/run-table.ts';
import { PLAIN_STYLE } from '../../cli/print/style.ts';
import { widthOf } from '../../cli/print/text.ts';
import { createOutputLines } from '../../cli/progress/output-lines.ts';
import { createPlainProgress, eventLine } from '../../cli/progress/plain.ts';
import { createRegion } from '../../cli/progress/region.ts';
import { stepList } from '../../cli/progress/step-list.ts';
import type { EventView, StepView } from '../../src/ops/shapes.ts';
import { fakeStream } from './fake-terminal.ts';

const NOW = Date.parse('2025-01-01T00:00:10.000Z');
const step = (step_id: string, over: Partial<StepView> = {}): StepView => ({
  step_id,
  type: 'action',
  status: 'completed',
  started_at: '2025-01-01T00:00:00.000Z',
  duration_ms: 1200,
  ...over,
});
const list = (steps: StepView[], rows = 20, width = 80): string[] =>
  stepList(Object.fromEntries(steps.map((each) => [each.step_id, each])), {
    style: PLAIN_STYLE,
    width,
    rows,
    nowMs: NOW,
  });

describe('a time that is shown', () => {
  const now = new Date(2026, 2, 10, 12, 0, 0);

  test('has its date unless that is today', () => {
    const today = new Date(2026, 2, 10, 22, 3, 12);
    const later = new Date(2026, 3, 9, 22, 3, 12);
    expect(clockText(today.toISOString(), now.getTime())).toBe('22:03:12');
    expect(clockText(later.toISOString(), now.getTime())).toBe('2026-04-09 22:03:12');
  });
});

describe('the step list', () => {
  test('has mark, name, status, time and what it is about', () => {
    expect(
      list([
        step('build'),
        step('test', { status: 'running', action: 'shell.exec' }),
        step('ship', { status: 'pending' }),
      ]),
    ).toEqual([
      '  + build  completed     1.2s',
      '  > test   running        10s  shell.exec',
      '  . ship   pending        10s  action',
    ]);
  });

  test('shows nested steps while their composite is open, and only what goes on in it', () => {
    const loop = step('loop', { type: 'loop', status: 'running' });
    const lines = list([
      loop,
      step('loop.iter_0.hash'),
      step('loop.iter_1.hash', { status: 'running', action: 'crypto.hash' }),
    ]);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe('    > iter_1.hash  running        10s  crypto.hash');
    expect(list([{ ...loop, status: 'completed' }, step('loop.iter_1.hash')])).toHaveLength(1);
  });

  test('says why something failed or is tried again', () => {
    const error = { code: 'EXECUTION_ERROR', message: 'exit code 1' };
    const retry_at = '2025-01-01T00:00:12.000Z';
    expect(list([step('a', { status: 'failed', error })])[0]).toContain(
      'EXECUTION_ERROR exit code 1',
    );
    expect(list([step('a', { status: 'retrying', error, retry_at })])[0]).toContain(
      'again in 2.0s',
    );
  });

  test('leaves out the later pending, then the earlier finished steps', () => {
    const steps = [
      ...Array.from({ length: 10 }, (_, i) => step(`done${i}`)),
      step('now', { status: 'running' }),
      ...Array.from({ length: 10 }, (_, i) => step(`next${i}`, { status: 'pending' })),
    ];
    const lines = list(steps, 6);
    expect(lines).toHaveLength(6);
    expect(lines.some((line) => line.includes('now'))).toBe(true);
    expect(lines.at(-1)).toBe('  … 6 steps done, 10 steps to come');
  });

  test('never is wider than the terminal', () => {
    const steps = [step('a'.repeat(100), { status: 'running', action: 'b'.repeat(100) })];
    for (const width of [20, 40, 80]) {
      for (const line of list(steps, 10, width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }
  });
});

describe('what steps print', () => {
  const line = createOutputLines(PLAIN_STYLE);
  test('is shown in whole lines led by the step', () => {
    expect(line.push({ path: 'a', stream: 'stdout', text: 'on' })).toBe('');
    expect(line.push({ path: 'b', stream: 'stdout', text: 'two\n' })).toBe('b | two\n');
    expect(line.push({ path: 'a', stream: 'stdout', text: 'e\nrest' })).toBe('a | one\n');
    expect(line.flush('a')).toBe('a | rest\n');
    expect(line.flush()).toBe('');
  });

  test('keeps the two streams of a step apart', () => {
    line.push({ path: 'a', stream: 'stdout', text: 'out' });
    line.push({ path: 'a', stream: 'stderr', text: 'err' });
    expect(line.flush()).toBe('a | out\na | err\n');
  });

  test('does not wait for the end of an endless line', () => {
    expect(line.push({ path: 'a', stream: 'stdout', text: 'x'.repeat(5000) })).toHaveLength(5005);
  });
});

describe('the region', () => {
  test('draws over itself, puts text above, leaves nothing', () => {
    const stream = fakeStream({ columns: 80 });
    const region = createRegion(stream);
    region.draw(['a', 'b']);
    region.draw(['a', 'b']);
    region.above('text\n');
    region.clear();
    region.clear();
    expect(stream.text()).toBe('a\nb\n\u001b[2A\r\u001b[0Jtext\na\nb\n\u001b[2A\r\u001b[0J');
  });

  test('is never higher than the terminal', () => {
    const stream = fakeStream({ columns: 80, rows: 3 });
    createRegion(stream).draw(['a', 'b', 'c', 'd']);
    expect(stream.text()).toBe('a\nb\n');
  });
});

describe('plain progress', () => {
  const event = (event_type: string, payload = {}, step_id = 'a'): EventView => ({
    id: 1,
    workflow_id: 'run',
    sequence: 1,
    step_id,
    event_type,
    payload,
    timestamp: '2025-01-01T00:00:00.000Z',
  });

  test.each([
    [event('step_completed', { duration_ms: 1200 }), '+ completed  a  1.2s'],
    [
      event('step_failed', { error: { code: 'EXECUTION_ERROR', message: 'no\nway' } }),
      'x failed  a  [EXECUTION_ERROR] no way',
    ],
    [event('step_skipped', { reason: 'upstream_failed' }), '- skipped  a  upstream failed'],
    [event('decision_resolved', { choice: 'yes' }), '+ completed  a  decided: yes'],
    [event('step_completed', {}, 'loop.iter_3.a'), null],
    [event('step_completed', { reused_from: 'other' }), null],
    [event('step_scheduled'), null],
  ])('%#', (given, line) => expect(eventLine(given, PLAIN_STYLE)).toBe(line));

  test('ends an unfinished line before it says that its step ended', () => {
    const stream = fakeStream({ unicode: false });
    const progress = createPlainProgress(stream);
    progress.output({ path: 'a', stream: 'stdout', text: 'half' });
    progress.event(event('step_completed'));
    progress.close();
    expect(stream.text()).toBe('a | half\n+ completed  a\n');
  });
});
