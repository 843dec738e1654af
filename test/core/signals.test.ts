import { describe, expect, test } from 'bun:test';
import type { Scenario } from '../support/given.ts';
import { failed, given, restarted, signal, succeeded, timer } from '../support/given.ts';
import { ask, bad, child, effect, loop, noop, parallel, unsafe, wait } from './steps.ts';

const refused = (run: Scenario): string | null => {
  const [verdict] = run.verdicts;
  return verdict === undefined || verdict.ok ? null : verdict.error.code;
};

test('a decision for a step that an ended run does not have says both in one sentence', () => {
  const run = given({ steps: [noop('a')] })
    .is('completed')
    .when(signal({ type: 'decision', stepId: 'b', payload: { choice: 'yes' } }));
  const [verdict] = run.verdicts;
  expect(verdict).toMatchObject({
    error: { code: 'CONFLICT', message: 'the run is completed: it has no step "b"' },
  });
});

describe('data', () => {
  const twoWaits = {
    steps: [
      wait('first', { signal: 'go' }),
      wait('second', { signal: 'go' }, { depends_on: ['first'] }),
    ],
  };

  test('goes to the step that waits for its name', () => {
    const run = given({ steps: [wait('w', { signal: 'go' })] })
      .is('suspended')
      .when(signal({ type: 'data', name: 'go', payload: { n: 1 } }))
      .including(['signal_received data', 'workflow_resumed', 'wait_completed w'])
      .is('completed');
    expect(run.output('w')).toEqual({ signal: 'go', payload: { n: 1 } });
  });

  test('that comes early is kept: first in, first out, one signal for one wait', () => {
    const first = wait('first', { signal: 'go' }, { depends_on: ['a'] });
    const steps = [effect('a'), first, ...twoWaits.steps.slice(1)];
    const run = given({ steps }).when([
      signal({ type: 'data', name: 'go', payload: 1 }),
      signal({ type: 'data', name: 'go', payload: 2 }),
    ]);
    expect(run.state.buffered.map((kept) => kept.payload)).toEqual([1, 2]);
    run.when(succeeded('a')).is('completed');
    expect(run.output('first')).toEqual({ signal: 'go', payload: 1 });
    expect(run.output('second')).toEqual({ signal: 'go', payload: 2 });
  });

  test('that nobody is left for is NOT_FOUND: one signal for each wait is kept', () => {
    const go = (payload: number) => signal({ type: 'data', name: 'go', payload });
    const run = given({ steps: [effect('a'), wait('w', { signal: 'go' }, { depends_on: ['a'] })] });
    run.when([go(1), go(2)]);
    expect(run.verdicts.map((verdict) => verdict.ok)).toEqual([true, false]);
    expect(refused(run.when(go(3)))).toBe('NOT_FOUND');
  });

  test('one signal ends one wait', () => {
    given(twoWaits)
      .when(signal({ type: 'data', name: 'go' }))
      .stands({ first: 'completed', second: 'suspended' });
  });

  test('with a name no wait can have is NOT_FOUND', () => {
    const run = given(twoWaits)
      .when(signal({ type: 'data', name: 'nope' }))
      .then([]);
    expect(refused(run)).toBe('NOT_FOUND');
  });

  test('with step_id goes to that step, though another waits for the same name', () => {
    const waits = () => [wait('w', { signal: 'go' })];
    given({ steps: [parallel('p', { branches: [waits(), waits()] })] })
      .when(signal({ type: 'data', stepId: 'p.branch_1.w', payload: 1 }))
      .stands({ 'p.branch_0.w': 'suspended', 'p.branch_1.w': 'completed' });
  });

  test('with neither is merged, shallow, into the context', () => {
    const run = given(
      { steps: [wait('w', { signal: 'go' })] },
      { facts: { context: { a: 1, b: 1 } } },
    ).when(signal({ type: 'data', payload: { b: 2, c: { d: 1 } } }));
    expect({ ...run.state.context }).toEqual({ a: 1, b: 2, c: { d: 1 } });
    run.when(signal({ type: 'data', payload: 7 })).then([]);
    expect(refused(run)).toBe('VALIDATION_ERROR');
  });

  test('after the end is a CONFLICT', () => {
    expect(refused(given({ steps: [noop('a')] }).when(signal({ type: 'data', name: 'x' })))).toBe(
      'CONFLICT',
    );
  });
});

describe('retry', () => {
  test('makes the innermost failed steps pending and keeps what completed', () => {
    given({
      steps: [
        loop('l', { over: [1, 2], body: [effect('x'), effect('y')] }),
        noop('after', { depends_on: ['l'] }),
      ],
    })
      .when(succeeded('l.iter_0.x'))
      .when(succeeded('l.iter_0.y'))
      .when(succeeded('l.iter_1.x'))
      .when(failed('l.iter_1.y', 'NON_RETRYABLE'))
      .is('failed NON_RETRYABLE')
      .when(signal({ type: 'retry' }))
      .stands({ 'l.iter_0.y': 'completed', 'l.iter_1.x': 'completed', l: 'running' })
      .outstanding(['execute l.iter_1.y'])
      .when(succeeded('l.iter_1.y'))
      .stands({ after: 'completed' })
      .is('completed');
  });

  test('keeps the result of cleanup that ran', () => {
    given({
      steps: [
        effect('a'),
        noop('b', { depends_on: ['a'] }),
        effect('cleanup', { depends_on: ['a'], trigger_rule: 'any_failed' }),
      ],
    })
      .when(failed('a'))
      .when(succeeded('cleanup'))
      .is('failed')
      .when(signal({ type: 'retry' }))
      .outstanding(['execute a'])
      .when(succeeded('a'))
      .stands({ b: 'completed', cleanup: 'completed' })
      .is('completed');
  });

  test('of one step leaves other failures as they are', () => {
    given({ steps: [effect('a'), effect('b')] })
      .when(failed('a'))
      .when(failed('b', 'NOT_FOUND'))
      .when(signal({ type: 'retry', stepId: 'a' }))
      .outstanding(['execute a'])
      .when(succeeded('a'))
      .is('failed NOT_FOUND');
  });

  test('of a step whose fallback failed too gives the fallback another chance with it', () => {
    given({
      steps: [
        effect('main', { on_error: { strategy: 'fallback_step', fallback_step: 'b' } }),
        effect('b'),
      ],
    })
      .when(failed('main'))
      .when(failed('b'))
      .is('failed')
      .when(signal({ type: 'retry', stepId: 'main' }))
      .when(succeeded('main'))
      .stands({ b: 'skipped not_needed' })
      .is('completed');
  });

  test('with inputs changes the step’s params and its idempotency key', () => {
    const run = given({ steps: [effect('a', { params: { value: 1, other: 2 } })] })
      .when(failed('a'))
      .when(signal({ type: 'retry', stepId: 'a', payload: { inputs: { value: 5 } } }));
    expect(run.step('a')).toMatchObject({
      params: { value: 5, other: 2 },
      generation: 1,
      attempt: 1,
    });
  });

  test('with inputs but no step is refused: nobody could tell whose inputs they are', () => {
    const run = given({ steps: [effect('a')] })
      .when(failed('a'))
      .when(signal({ type: 'retry', payload: { inputs: { value: 5 } } }))
      .then([]);
    expect(refused(run)).toBe('VALIDATION_ERROR');
  });

  test('after the run’s limit starts what the limit skipped, with a fresh limit', () => {
    given({ timeout: '1m', steps: [effect('a')] }, { admit: () => ({ kind: 'wait', for: 'slot' }) })
      .outstanding(['slot a', 'timer run_timeout @60000'])
      .when(timer(null, 'run_timeout'), { atMs: 60_000 })
      .is('failed TIMEOUT_ERROR')
      .when(signal({ type: 'retry' }), { atMs: 100_000 })
      .is('active')
      .outstanding(['slot a', 'timer run_timeout @160000']);
  });

  test('is refused when every step is done and the output would fail again', () => {
    const run = given({ output: '${{context.x}}', steps: [noop('a')] })
      .is('failed INTERPOLATION_ERROR')
      .when(signal({ type: 'retry' }))
      .then([]);
    expect(refused(run)).toBe('CONFLICT');
  });

  test('of a failed child step starts a child of its own, not the one that failed', () => {
    const run = given({ steps: [child('c')] });
    const childId = (): string => (run.step('c').sub as { childId: string }).childId;
    const first = childId();
    run
      .when({
        type: 'child_ended',
        inboxId: 3,
        path: 'c',
        seq: 0,
        childId: first,
        status: 'failed',
      })
      .is('failed')
      .when(signal({ type: 'retry' }))
      .stands({ c: 'running' });
    expect(childId()).not.toBe(first);
  });

  test('is a CONFLICT on a run that completed, was cancelled, or is still active', () => {
    const retry = signal({ type: 'retry' });
    expect(refused(given({ steps: [noop('a')] }).when(retry))).toBe('CONFLICT');
    expect(refused(given({ steps: [effect('a')] }).when(retry))).toBe('CONFLICT');
    const cancelled = given({ steps: [effect('a')] }).when(signal({ type: 'cancel' }));
    expect(refused(cancelled.when(retry))).toBe('CONFLICT');
  });

  test('is a CONFLICT on a child: its parent has taken the failure', () => {
    const parent = { runId: 'p', path: 'c', depth: 1 };
    const run = given({ steps: [bad('a')] }, { facts: { parent } }).when(signal({ type: 'retry' }));
    expect(refused(run)).toBe('CONFLICT');
  });

  test('does not repeat a while’s last good iteration when only its test failed', () => {
    given(
      {
        steps: [
          loop('l', { mode: 'while', condition: 'iter.index < context.max', body: [effect('x')] }),
        ],
      },
      { facts: { context: { max: 3 } } },
    )
      .when(signal({ type: 'data', payload: { max: 'many' } }))
      .when(succeeded('l.iter_0.x'))
      .is('failed INTERPOLATION_ERROR')
      .when(signal({ type: 'retry' }))
      .stands({ 'l.iter_0.x': 'completed' })
      .outstanding([]);
  });
});

describe('skip', () => {
  test('skips a failed step, and what failed because of it runs by its rule', () => {
    given({
      steps: [
        effect('a'),
        noop('other'),
        noop('join', { depends_on: ['a', 'other'] }),
        noop('only', { depends_on: ['a'] }),
      ],
    })
      .when(failed('a'))
      .is('failed')
      .when(signal({ type: 'skip', stepId: 'a' }))
      .stands({
        a: 'skipped skipped_by_signal',
        join: 'completed',
        only: 'skipped upstream_skipped',
      })
      .is('completed');
  });

  test('aborts a running step; nobody knows whether an unsafe one took effect', () => {
    given({ steps: [unsafe('a')] })
      .when(signal({ type: 'skip', stepId: 'a' }))
      .including(['step_skipped a skipped_by_signal unknown'])
      .outstanding([])
      .is('completed');
  });

  test('closes the question of a waiting step', () => {
    given({ steps: [ask('q'), noop('b', { depends_on: ['q'], trigger_rule: 'all_done' })] })
      .when(signal({ type: 'skip', stepId: 'q' }))
      .including(['decision_cancelled q', 'step_skipped q skipped_by_signal'])
      .stands({ b: 'completed' });
  });

  test('of a step inside a failed loop lets the loop go on', () => {
    given({ steps: [loop('l', { over: [1, 2], body: [effect('x')] })] })
      .when(failed('l.iter_0.x'))
      .is('failed')
      .when(signal({ type: 'skip', stepId: 'l.iter_0.x' }))
      .outstanding(['execute l.iter_1.x'])
      .when(succeeded('l.iter_1.x'))
      .is('completed');
  });

  test('of a step that has not begun or is over is refused', () => {
    const run = given({ steps: [noop('a'), effect('b'), noop('c', { depends_on: ['b'] })] });
    expect(refused(run.when(signal({ type: 'skip', stepId: 'a' })))).toBe('CONFLICT');
    expect(refused(run.when(signal({ type: 'skip', stepId: 'c' })))).toBe('CONFLICT');
    expect(refused(run.when(signal({ type: 'skip', stepId: 'zz' })))).toBe('NOT_FOUND');
    expect(refused(run.when(signal({ type: 'skip' })))).toBe('VALIDATION_ERROR');
  });
});

describe('cancel', () => {
  test('ends everything that is open, closes questions, and then the run', () => {
    given({
      steps: [unsafe('a'), ask('q'), child('c'), noop('later', { depends_on: ['a'] })],
      on_error: noop('hook'),
      on_complete: noop('hook'),
    })
      .when(signal({ type: 'cancel', reasoning: 'enough' }))
      .including(['signal_received cancel', 'step_skipped a cancelled unknown'])
      .is('active')
      .when({ type: 'sweep' })
      .then(['workflow_cancelled'])
      .stands({ q: 'skipped cancelled', c: 'skipped cancelled', later: 'skipped cancelled' })
      .outstanding([])
      .is('cancelled');
  });

  test('tells its children', () => {
    const run = given({ steps: [child('c')] }).when(signal({ type: 'cancel' }));
    expect(run.last.orphans).toHaveLength(1);
  });

  test('of a waiting step fails it with REJECTED', () => {
    given({ steps: [wait('w', { signal: 'go' }), noop('b', { depends_on: ['w'] })] })
      .when(signal({ type: 'cancel', stepId: 'w', reasoning: 'not today' }))
      .stands({ w: 'failed REJECTED', b: 'skipped upstream_failed' })
      .is('failed REJECTED');
  });

  test('of a question fails it with REJECTED; on_error applies when it says so', () => {
    const on_error = { strategy: 'ignore' as const, on: ['REJECTED'] };
    given({ steps: [ask('q', {}, { on_error })] })
      .when(signal({ type: 'cancel', stepId: 'q' }))
      .including(['decision_resolved q rejected', 'step_ignored q REJECTED'])
      .is('completed');
  });

  test('of the question about an unknown outcome fails the step with REJECTED', () => {
    given({ steps: [unsafe('a')] })
      .when(restarted())
      .is('suspended')
      .when(signal({ type: 'cancel', stepId: 'a' }))
      .stands({ a: 'failed REJECTED' })
      .is('failed REJECTED');
  });

  test('of a step that does not wait is refused, and changes nothing', () => {
    const run = given({ steps: [effect('a')] })
      .when(signal({ type: 'cancel', stepId: 'a' }))
      .then([]);
    expect(refused(run)).toBe('CONFLICT');
  });
});

describe('pause and resume', () => {
  test('what is in flight finishes, nothing new starts', () => {
    given({ steps: [effect('a'), effect('b', { depends_on: ['a'] })] })
      .when(signal({ type: 'pause' }))
      .is('active')
      .when(succeeded('a'))
      .including(['step_completed a', 'workflow_suspended paused'])
      .outstanding([])
      .when(signal({ type: 'resume' }))
      .is('active')
      .outstanding(['execute b']);
  });

  test('timers fire and are recorded', () => {
    given({
      steps: [effect('a', { retry: { max: 1, backoff: 'constant', delay: '5s' } })],
    })
      .when(failed('a'))
      .when(signal({ type: 'pause' }))
      .is('suspended')
      .outstanding(['timer a retry @5000'])
      .when(timer('a', 'retry'), { atMs: 5000 })
      .then(['step_scheduled a'])
      .outstanding([])
      .when(signal({ type: 'resume' }), { atMs: 9000 })
      .outstanding(['execute a']);
  });

  test('a resume of what is not paused is refused; a second pause says so', () => {
    const run = given({ steps: [effect('a')] });
    expect(refused(run.when(signal({ type: 'resume' })))).toBe('CONFLICT');
    run
      .when(signal({ type: 'pause' }))
      .when(signal({ type: 'pause' }))
      .then([]);
    expect(run.verdicts[0]).toMatchObject({ ok: true, result: { already: true } });
  });
});
