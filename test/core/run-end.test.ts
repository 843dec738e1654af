import { describe, expect, test } from 'bun:test';
import { failed, given, signal, succeeded, timer } from '../support/given.ts';
import { ask, bad, effect, loop, noop, parallel, unsafe, wait } from './steps.ts';

describe('a run’s limit on active time', () => {
  test('does not count while the run is suspended', () => {
    given({
      timeout: '1m',
      steps: [effect('a'), ask('q', {}, { depends_on: ['a'] }), effect('b', { depends_on: ['q'] })],
    })
      .outstanding(['execute a', 'timer run_timeout @60000'])
      .when(succeeded('a'), { atMs: 20_000 })
      .is('suspended')
      .outstanding([])
      .when(signal({ type: 'decision', payload: { choice: 'yes' } }), { atMs: 5_000_000 })
      .outstanding(['execute b', 'timer run_timeout @5040000']);
  });

  test('with fail ends what is in flight as failed and skips the rest', () => {
    given({
      timeout: '1m',
      steps: [unsafe('a'), wait('w', { duration: '1h' }), noop('b', { depends_on: ['a'] })],
    })
      .when(timer(null, 'run_timeout'), { atMs: 60_000 })
      .including([
        'workflow_timed_out fail',
        'step_failed a TIMEOUT_ERROR unknown',
        'step_failed w TIMEOUT_ERROR',
        'workflow_failed TIMEOUT_ERROR',
      ])
      .stands({ b: 'skipped timeout' })
      .outstanding([])
      .is('failed TIMEOUT_ERROR');
  });

  test('with fail lets no retry, fallback or ignore stand in the way', () => {
    given({
      timeout: '1m',
      steps: [
        effect('a', {
          retry: { max: 5 },
          on_error: { strategy: 'fallback_step', fallback_step: 'b' },
        }),
        effect('b'),
        effect('c', { on_error: { strategy: 'ignore' } }),
      ],
    })
      .when(timer(null, 'run_timeout'), { atMs: 60_000 })
      .outstanding([])
      .is('failed TIMEOUT_ERROR');
  });

  test('with cancel skips everything and cancels the run; no hook runs', () => {
    given({
      timeout: '1m',
      on_timeout: 'cancel',
      steps: [effect('a'), noop('b', { depends_on: ['a'] })],
      on_error: noop('h'),
    })
      .when(timer(null, 'run_timeout'), { atMs: 60_000 })
      .stands({ a: 'skipped timeout', b: 'skipped timeout', '@on_error': 'gone' })
      .is('cancelled');
  });

  test('with suspend pauses: what is in flight finishes, a fresh limit starts on resume', () => {
    given({
      timeout: '1m',
      on_timeout: 'suspend',
      steps: [effect('a'), effect('b', { depends_on: ['a'] })],
    })
      .when(timer(null, 'run_timeout'), { atMs: 60_000 })
      .is('active')
      .outstanding(['execute a'])
      .when(succeeded('a'), { atMs: 70_000 })
      .is('suspended')
      .outstanding([])
      .when(signal({ type: 'resume' }), { atMs: 100_000 })
      .outstanding(['execute b', 'timer run_timeout @160000']);
  });

  test('resumed before what was in flight has finished has a fresh limit too', () => {
    given({ timeout: '1m', on_timeout: 'suspend', steps: [effect('a')] })
      .when(timer(null, 'run_timeout'), { atMs: 60_000 })
      .when(signal({ type: 'resume' }), { atMs: 80_000 })
      .outstanding(['execute a', 'timer run_timeout @140000']);
  });

  test('that is reached together with the last result does not fail the run', () => {
    given({ timeout: '1m', steps: [effect('a')] })
      .when([timer(null, 'run_timeout'), succeeded('a')], { atMs: 60_000 })
      .is('completed');
  });

  test('does not concern hooks', () => {
    const run = given({ timeout: '1m', steps: [effect('a')], on_complete: effect('h') }).when(
      [timer(null, 'run_timeout'), succeeded('a')],
      { atMs: 60_000 },
    );
    expect(run.log.map((event) => event.type)).not.toContain('workflow_timed_out');
    run.when(succeeded('@on_complete'), { atMs: 90_000 }).is('completed');
  });
});

describe('hooks', () => {
  test('on_complete runs when the output has been made', () => {
    const run = given({
      steps: [noop('a')],
      output: { n: '${{steps.a.value}}' },
      on_complete: effect('h'),
    })
      .including(['step_completed a', 'hook_started on_complete', 'step_started @on_complete'])
      .is('active')
      .when(succeeded('@on_complete'))
      .then(['step_completed @on_complete', 'hook_completed on_complete', 'workflow_completed']);
    expect(run.state.output).toEqual({ n: 'a' });
  });

  test('on_error sees the error', () => {
    const run = given({
      steps: [bad('a')],
      on_error: noop('h', { params: { value: '${{error.code}} ${{error.step_id}}' } }),
    }).is('failed NON_RETRYABLE');
    expect(run.output('@on_error')).toEqual({ value: 'NON_RETRYABLE a' });
  });

  test('a bad output fails the run and runs on_error', () => {
    given({
      steps: [noop('a')],
      output: '${{context.nope}}',
      on_complete: noop('c'),
      on_error: noop('h'),
    })
      .stands({ '@on_error': 'completed', '@on_complete': 'gone' })
      .is('failed INTERPOLATION_ERROR');
  });

  test('that fail change nothing', () => {
    given({ steps: [noop('a')], on_complete: bad('h') })
      .including(['hook_failed on_complete', 'workflow_completed'])
      .is('completed');
    given({ steps: [bad('a')], on_error: bad('h') }).is('failed NON_RETRYABLE');
  });

  test('have a limit of five minutes, or their own', () => {
    given({ steps: [noop('a')], on_complete: effect('h') })
      .outstanding(['execute @on_complete', 'timer @on_complete timeout @300000'])
      .when(timer('@on_complete', 'timeout'), { atMs: 300_000 })
      .is('completed');
    given({ steps: [noop('a')], on_complete: effect('h', { timeout: '7s' }) }).outstanding([
      'execute @on_complete',
      'timer @on_complete timeout @7000',
    ]);
  });

  test('do not run on cancel', () => {
    given({ steps: [effect('a')], on_complete: noop('c'), on_error: noop('h') })
      .when(signal({ type: 'cancel' }))
      .stands({ '@on_complete': 'gone', '@on_error': 'gone' })
      .is('cancelled');
  });

  test('run again when a retried run ends again', () => {
    const run = given({ steps: [effect('a')], on_error: noop('h'), on_complete: noop('c') })
      .when(failed('a'))
      .is('failed')
      .when(signal({ type: 'retry' }))
      .when(succeeded('a'))
      .is('completed');
    expect(run.log.filter((event) => event.type === 'hook_completed')).toHaveLength(2);
  });
});

describe('a run’s output', () => {
  test('is that of the steps nothing depends on, fallbacks aside', () => {
    const run = given({
      steps: [
        noop('a'),
        noop('b', { depends_on: ['a'] }),
        bad('c', { on_error: { strategy: 'fallback_step', fallback_step: 'd' } }),
        noop('d'),
        noop('off', { condition: 'false' }),
      ],
    });
    expect(run.state.output).toEqual({ b: { value: 'b' }, c: { value: 'd' }, off: null });
  });
});

describe('what a step sees', () => {
  const reads = (value: string, id = 'r') => noop(id, { params: { value } });

  test('a bare id is the nearest step of that name', () => {
    const run = given({
      steps: [
        noop('x', { params: { value: 'out' } }),
        loop(
          'l',
          {
            over: [1],
            body: [noop('x', { params: { value: 'in' } }), reads('${{steps.x.value}}')],
          },
          { depends_on: ['x'] },
        ),
      ],
    });
    expect(run.output('l.iter_0.r')).toEqual({ value: 'in' });
  });

  test('a full path names a step inside an earlier composite', () => {
    const run = given({
      steps: [
        loop('l', { over: [7, 8], body: [reads('${{loop.item}}', 'x')] }),
        reads("${{steps['l.iter_1.x'].value}}"),
      ],
    });
    expect(run.output('r')).toEqual({ value: 8 });
  });

  test('loop.previous is the output before, null at first; loop.parent reaches out', () => {
    const run = given({
      steps: [
        loop('o', {
          over: ['a', 'b'],
          body: [
            loop('i', {
              over: [1, 2],
              body: [
                noop('x', {
                  params: {
                    value: [
                      '${{loop.parent.item}}',
                      '${{loop.item}}',
                      '${{loop.previous == null}}',
                    ],
                  },
                }),
              ],
            }),
          ],
        }),
      ],
    });
    expect(run.output('o.iter_1.i.iter_1.x')).toEqual({ value: ['b', 2, false] });
    expect(run.output('o.iter_0.i.iter_0.x')).toEqual({ value: ['a', 1, true] });
  });

  test('there is no loop.previous where iterations run at once', () => {
    const body = [noop('x', { params: { value: '${{loop.previous}}' } })];
    const steps = [loop('l', { over: [1, 2], max_concurrency: 2, body })];
    expect(() => given({ steps })).toThrow('loop.previous');
  });

  test('nothing of a branch beside its own', () => {
    const reading = noop('b', { params: { value: "${{steps['p.branch_0.a'].value}}" } });
    const steps = [parallel('p', { branches: [[noop('a')], [reading]] })];
    expect(() => given({ steps })).toThrow('branch');
  });

  test('the steps’ own name, path, attempt and key', () => {
    const run = given({
      steps: [
        loop('l', {
          over: [1],
          body: [
            noop('x', {
              params: {
                value: [
                  '${{step.id}}',
                  '${{step.path}}',
                  '${{step.attempt}}',
                  '${{step.idempotency_key.size()}}',
                ],
              },
            }),
          ],
        }),
      ],
    });
    expect(run.output('l.iter_0.x')).toEqual({ value: ['x', 'l.iter_0.x', 1, 32] });
  });

  test('a skipped step’s output is null', () => {
    const run = given({
      steps: [
        noop('off', { condition: 'false' }),
        noop('r', { params: { value: '${{steps.off.output}}' }, trigger_rule: 'all_done' }),
      ],
    });
    expect(run.output('r')).toEqual({ value: null });
  });
});
