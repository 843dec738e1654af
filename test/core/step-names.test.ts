import { describe, expect, test } from 'bun:test';
import { failed, given, type Scenario, signal } from '../support/given.ts';
import { ask, effect, loop, parallel, wait } from './steps.ts';

const twice = { over: [1, 2] };
const choose = (stepId: string, choice = 'yes') =>
  signal({ type: 'decision', stepId, payload: { choice } });

function errorOf(run: Scenario): string {
  const [verdict] = run.verdicts;
  return verdict === undefined || verdict.ok ? 'none' : verdict.error.message;
}

describe('a short step name means the step that can take the signal now', () => {
  test('of a decision: the one that is asked, not the one that was', () => {
    given({ steps: [loop('l', { ...twice, body: [ask('q')] })] })
      .when(choose('q'))
      .stands({ 'l.iter_0.q': 'completed', 'l.iter_1.q': 'suspended' })
      .when(choose('q'))
      .is('completed');
  });

  test('of a decision by its id', () => {
    const run = given({ steps: [loop('l', { ...twice, body: [ask('q')] })] });
    const first = `run-1.${run.log.find((event) => event.type === 'decision_requested')?.seq}`;
    run.when(choose(first)).stands({ 'l.iter_1.q': 'suspended' });
    expect(errorOf(run.when(choose(first, 'no')))).toContain('already decided');
    run.stands({ 'l.iter_1.q': 'suspended' });
  });

  test('of data: the wait that waits', () => {
    const go = signal({ type: 'data', stepId: 'w', payload: 1 });
    given({ steps: [loop('l', { ...twice, body: [wait('w', { signal: 'go' })] })] })
      .when(go)
      .stands({ 'l.iter_0.w': 'completed', 'l.iter_1.w': 'suspended' })
      .when(go)
      .is('completed');
  });

  test('of cancel: the step that waits', () => {
    given({ steps: [loop('l', { ...twice, body: [wait('w', { signal: 'go' })] })] })
      .when(signal({ type: 'data', stepId: 'w' }))
      .when(signal({ type: 'cancel', stepId: 'w' }))
      .stands({ 'l.iter_0.w': 'completed', 'l.iter_1.w': 'failed REJECTED' });
  });

  test('of skip: the step that runs, not the one that is done', () => {
    given({ steps: [loop('l', { over: [1, 2, 3], body: [effect('x')] })] })
      .when(signal({ type: 'skip', stepId: 'x' }))
      .stands({ 'l.iter_0.x': 'skipped skipped_by_signal', 'l.iter_1.x': 'running' })
      .when(signal({ type: 'skip', stepId: 'x' }))
      .stands({ 'l.iter_1.x': 'skipped skipped_by_signal', 'l.iter_2.x': 'running' });
  });

  test('of retry: the step whose failure counts, not one that a fallback made good', () => {
    const on_error = {
      strategy: 'fallback_step' as const,
      fallback_step: 'b',
      on: ['TIMEOUT_ERROR'],
    };
    const run = given({
      steps: [loop('l', { ...twice, body: [effect('x', { on_error }), effect('b')] })],
    });
    run.when(failed('l.iter_0.x', 'TIMEOUT_ERROR'));
    run.when((state) => ({
      type: 'step_succeeded',
      path: 'l.iter_0.b',
      seq: state.steps.get('l.iter_0.b')?.seq ?? 0,
      output: null,
    }));
    run
      .when(failed('l.iter_1.x', 'EXECUTION_ERROR'))
      .is('failed')
      .when(signal({ type: 'retry', stepId: 'x' }))
      .stands({ 'l.iter_0.x': 'failed TIMEOUT_ERROR', 'l.iter_1.x': 'running' });
  });

  test('several parts of a path name a step as well', () => {
    const inner = loop('in', { ...twice, max_concurrency: 2, body: [ask('q')] });
    given({ steps: [loop('out', { over: [1], body: [inner] })] })
      .when(choose('iter_1.q'))
      .stands({ 'out.iter_0.in.iter_0.q': 'suspended', 'out.iter_0.in.iter_1.q': 'completed' });
  });

  test('that fits several at once is refused with the paths of those alone', () => {
    const branch = () => [ask('q')];
    const run = given({ steps: [parallel('p', { branches: [branch(), branch(), branch()] })] });
    run.when(choose('p.branch_0.q')).when(choose('q'));
    expect(errorOf(run)).toBe(
      '"q" names 2 steps (p.branch_1.q, p.branch_2.q): give the whole path',
    );
  });

  test('a path is never taken for another step', () => {
    const run = given({ steps: [ask('q'), loop('l', { over: [1], body: [ask('q')] })] });
    run.when(choose('q')).stands({ q: 'completed', 'l.iter_0.q': 'suspended' });
    expect(errorOf(run.when(choose('q', 'no')))).toContain('already decided');
    run.stands({ 'l.iter_0.q': 'suspended' });
  });
});
