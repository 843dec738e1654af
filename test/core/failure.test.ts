import { describe, expect, test } from 'bun:test';
import { failed, given, signal, succeeded, timer } from '../support/given.ts';
import { ask, bad, child, condition, effect, loop, noop, parallel, unsafe, wait } from './steps.ts';

const fallback = (to: string) => ({
  on_error: { strategy: 'fallback_step' as const, fallback_step: to },
});

describe('a fallback', () => {
  test('runs when its step has failed, and its output stands for the failed one’s', () => {
    const run = given({
      steps: [
        effect('main', fallback('b')),
        effect('b'),
        noop('end', { params: { value: '${{steps.main.output.v}}' }, depends_on: ['main'] }),
      ],
    })
      .outstanding(['execute main'])
      .when(failed('main'))
      .then(['step_failed main EXECUTION_ERROR fallback', 'step_fallback main', 'step_started b'])
      .when(succeeded('b', { v: 9 }))
      .stands({ main: 'failed EXECUTION_ERROR', b: 'completed', end: 'completed' })
      .is('completed');
    expect(run.output('end')).toEqual({ value: 9 });
    expect(run.state.output).toEqual({ end: { value: 9 } });
  });

  test('may read the error of the step it stands in for', () => {
    const run = given({
      steps: [
        bad('main', fallback('b')),
        noop('b', { params: { value: '${{steps.main.error.code}}' } }),
      ],
    }).is('completed');
    expect(run.output('b')).toEqual({ value: 'NON_RETRYABLE' });
  });

  test('that is never needed ends skipped', () => {
    given({ steps: [effect('main', fallback('b')), effect('b')] })
      .when(succeeded('main'))
      .stands({ b: 'skipped not_needed' })
      .is('completed');
  });

  test('whose step was skipped is not needed', () => {
    given({ steps: [noop('main', { condition: 'false', ...fallback('b') }), noop('b')] })
      .stands({ b: 'skipped not_needed' })
      .is('completed');
  });

  test('that fails makes its own error count, with the first as its cause', () => {
    const run = given({ steps: [effect('main', fallback('b')), effect('b')] })
      .when(failed('main', 'TIMEOUT_ERROR'))
      .when(failed('b', 'NOT_FOUND'))
      .is('failed NOT_FOUND');
    expect(run.state.error).toMatchObject({
      step_id: 'b',
      details: { cause: { code: 'TIMEOUT_ERROR', step_id: 'main' } },
    });
  });

  test('may have a fallback of its own', () => {
    given({ steps: [bad('a', fallback('b')), bad('b', fallback('c')), noop('c')] })
      .stands({ a: 'failed NON_RETRYABLE', b: 'failed NON_RETRYABLE', c: 'completed' })
      .is('completed');
  });

  test('comes after the last attempt only', () => {
    given({ steps: [effect('main', { retry: { max: 1 }, ...fallback('b') }), effect('b')] })
      .when(failed('main'))
      .stands({ b: 'pending' })
      .when(timer('main', 'retry'))
      .when(failed('main'))
      .outstanding(['execute b']);
  });

  test('of a step that a retry signal gave another try is asked again when that fails too', () => {
    given({
      steps: [effect('x'), effect('main', { depends_on: ['x'], ...fallback('b') }), effect('b')],
    })
      .when(failed('x'))
      .stands({ main: 'skipped upstream_failed', b: 'skipped not_needed' })
      .when(signal({ type: 'retry' }))
      .when(succeeded('x'))
      .when(failed('main'))
      .outstanding(['execute b']);
  });
});

describe('ignore', () => {
  test('completes the step with null and keeps the error', () => {
    const run = given({
      steps: [
        effect('a', { on_error: { strategy: 'ignore' } }),
        noop('b', {
          params: { value: ['${{steps.a.output}}', '${{steps.a.error.code}}'] },
          depends_on: ['a'],
        }),
      ],
    })
      .when(failed('a'))
      .including(['step_ignored a EXECUTION_ERROR'])
      .is('completed');
    expect(run.output('b')).toEqual({ value: [null, 'EXECUTION_ERROR'] });
  });

  test('covers a whole composite', () => {
    given({
      steps: [
        loop('l', { over: [1, 2], body: [effect('x')] }, { on_error: { strategy: 'ignore' } }),
        noop('after', { depends_on: ['l'] }),
      ],
    })
      .when(failed('l.iter_0.x'))
      .stands({ l: 'completed', after: 'completed' })
      .is('completed');
  });
});

describe('an error', () => {
  test('names the step by path and the attempts when there was more than one', () => {
    const run = given({
      steps: [loop('l', { over: [1], body: [effect('x', { retry: { max: 2 } })] })],
    });
    for (let attempt = 1; attempt <= 3; attempt++) {
      run.when(failed('l.iter_0.x'));
      if (attempt < 3) run.when(timer('l.iter_0.x', 'retry'));
    }
    expect(run.state.error).toEqual({
      code: 'EXECUTION_ERROR',
      message: 'l.iter_0.x failed',
      step_id: 'l.iter_0.x',
      attempts: 3,
    });
  });

  test('of a child run says which run it was', () => {
    const run = given({ steps: [child('c')] });
    run.when({
      type: 'child_ended',
      inboxId: 3,
      path: 'c',
      seq: 0,
      childId: (run.step('c').sub as { childId: string }).childId,
      status: 'failed',
      error: { code: 'ASSERTION_FAILED', message: 'no' },
    });
    expect(run.is('failed ASSERTION_FAILED').state.error?.details).toHaveProperty('workflow_id');
  });
});

describe('a step’s timeout', () => {
  test('runs from its start and fails the attempt', () => {
    given({ steps: [unsafe('a', { timeout: '2s' })] })
      .outstanding(['execute a', 'timer a timeout @2000'])
      .when(timer('a', 'timeout'), { atMs: 2000 })
      .then(['step_failed a TIMEOUT_ERROR unknown', 'workflow_failed TIMEOUT_ERROR'])
      .outstanding([]);
  });

  test('is one for each attempt', () => {
    given({
      steps: [effect('a', { timeout: '2s', retry: { max: 1, backoff: 'constant', delay: '3s' } })],
    })
      .when(timer('a', 'timeout'), { atMs: 2000 })
      .outstanding(['timer a retry @5000'])
      .when(timer('a', 'retry'), { atMs: 5000 })
      .outstanding(['execute a', 'timer a timeout @7000']);
  });

  test('of a composite ends everything below it', () => {
    given({
      steps: [
        parallel(
          'p',
          { branches: [[unsafe('a')], [ask('q')], [wait('w', { duration: '1h' })]] },
          { timeout: '1m' },
        ),
      ],
    })
      .when(timer('p', 'timeout'), { atMs: 60_000 })
      .including([
        'step_skipped p.branch_0.a upstream_failed unknown',
        'decision_cancelled p.branch_1.q',
        'step_skipped p.branch_2.w',
        'step_failed p TIMEOUT_ERROR',
      ])
      .outstanding([])
      .is('failed TIMEOUT_ERROR');
  });

  test('waiting for a person counts', () => {
    given({ steps: [ask('q', {}, { timeout: '1h' })] })
      .is('suspended')
      .outstanding(['timer q decision @3600000'])
      .when(timer('q', 'decision'), { atMs: 3_600_000 })
      .is('failed TIMEOUT_ERROR');
  });

  test('frees its place under max_concurrency', () => {
    given({ max_concurrency: 1, steps: [effect('a', { timeout: '1s' }), effect('b')] })
      .outstanding(['execute a', 'timer a timeout'])
      .when(timer('a', 'timeout'), { atMs: 1000 })
      .outstanding(['execute b']);
  });

  test('of a fired timer that no longer stands for anything says nothing', () => {
    const run = given({ steps: [effect('a', { timeout: '2s' }), effect('b')] });
    const late = timer('a', 'timeout')(run.state);
    run.when(succeeded('a')).when(late, { atMs: 2000 }).then([]);
  });
});

describe('max_concurrency of a run', () => {
  const definition = { max_concurrency: 1, steps: [effect('a'), effect('b'), effect('c')] };

  test('lets so many actions execute at once', () => {
    given(definition)
      .outstanding(['execute a'])
      .when(succeeded('a'))
      .outstanding(['execute b'])
      .when(failed('b'))
      .outstanding(['execute c']);
  });

  test('gives the place of a skipped step to the next', () => {
    given(definition)
      .when(signal({ type: 'skip', stepId: 'a' }))
      .outstanding(['execute b']);
  });

  test('gives the place of a race’s loser to the next', () => {
    given({
      max_concurrency: 2,
      steps: [
        parallel('p', { mode: 'race', branches: [[effect('a')], [effect('b')]] }),
        { id: 'w', type: 'wait', config: { duration: '1s' } },
        effect('c', { depends_on: ['w'] }),
      ],
    })
      .outstanding(['execute p.branch_0.a', 'execute p.branch_1.b', 'timer w wait @1000'])
      .when(timer('w', 'wait'), { atMs: 1000 })
      .when(succeeded('p.branch_0.a'))
      .outstanding(['execute c']);
  });
});

describe('a limit on step executions', () => {
  test('fails the step that would go over it', () => {
    given(
      { steps: [noop('a'), noop('b', { depends_on: ['a'] })] },
      { limits: { stepExecutions: 1 } },
    )
      .stands({ a: 'completed', b: 'failed LIMIT_EXCEEDED' })
      .is('failed LIMIT_EXCEEDED');
  });
});

describe('a condition’s failure', () => {
  test('is that of its branch', () => {
    given({ steps: [condition('c', { expression: 'true', branches: { true: [effect('x')] } })] })
      .when(failed('c.true.x', 'NOT_FOUND'))
      .stands({ c: 'failed NOT_FOUND' })
      .is('failed NOT_FOUND');
  });
});

describe('an unsafe step that did not end in time', () => {
  test('has an unknown outcome, whether its own limit or its action says so', () => {
    const step = unsafe('a', { timeout: '5s' });
    given({ steps: [step] })
      .when(timer('a', 'timeout'), { atMs: 5000 })
      .then(['step_failed a TIMEOUT_ERROR unknown', 'workflow_failed']);
    given({ steps: [step] })
      .when(failed('a', 'TIMEOUT_ERROR'))
      .then(['step_failed a TIMEOUT_ERROR unknown', 'workflow_failed']);
  });

  test('says so of each attempt, and not of one that may be repeated', () => {
    const run = given({ steps: [unsafe('a', { retry: { max: 1 } }), effect('b')] });
    run.when(failed('a', 'TIMEOUT_ERROR'));
    const retried = run.log.find(({ type }) => type === 'step_retry_attempt');
    expect(retried?.payload).toMatchObject({ outcome: 'unknown' });
    run.when(failed('b', 'TIMEOUT_ERROR')).then(['step_failed b TIMEOUT_ERROR']);
    expect(run.step('b').unknownOutcome).toBe(false);
  });

  test('says so when its failure is ignored or handed to a fallback', () => {
    const ignoring = given({ steps: [unsafe('a', { on_error: { strategy: 'ignore' } })] });
    ignoring
      .when(failed('a', 'TIMEOUT_ERROR'))
      .then(['step_ignored a TIMEOUT_ERROR unknown', 'workflow_completed']);
    expect(ignoring.step('a').unknownOutcome).toBe(true);
    const on_error = { strategy: 'fallback_step', fallback_step: 'b' } as const;
    given({ steps: [unsafe('a', { on_error }), effect('b')] })
      .when(failed('a', 'TIMEOUT_ERROR'))
      .including(['step_failed a TIMEOUT_ERROR fallback unknown']);
  });
});
