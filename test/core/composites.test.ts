import { describe, expect, test } from 'bun:test';
import type { Json } from '../../src/model/json.ts';
import { failed, given, signal, succeeded, timer } from '../support/given.ts';
import { ask, bad, condition, effect, loop, noop, parallel, wait } from './steps.ts';

describe('a condition', () => {
  const rows: readonly (readonly [Json, string])[] = [
    ['prod', 'prod'],
    ['', ''],
    [true, 'true'],
    [false, 'false'],
    [null, 'null'],
    [3, '3'],
    [-0, '0'],
    [3.0, '3'],
    [2.5, '2.5'],
    [1e21, '1000000000000000000000'],
    ['a.b c', 'a.b c'],
  ];
  for (const [value, key] of rows) {
    test(`that gives ${JSON.stringify(value)} takes the branch "${key}"`, () => {
      const run = given(
        {
          steps: [
            condition('c', {
              expression: 'inputs.v',
              branches: { [key]: [noop('x')], 'another key': [noop('y')] },
            }),
          ],
        },
        { inputs: { v: value } },
      ).is('completed');
      expect(run.output('c')).toEqual({ branch: key, output: { value: 'x' } });
    });
  }

  test('that gives a list or a map fails', () => {
    for (const v of [[1], { a: 1 }]) {
      given(
        { steps: [condition('c', { expression: 'inputs.v', branches: { a: [noop('x')] } })] },
        { inputs: { v } },
      ).is('failed VALIDATION_ERROR');
    }
  });

  test('without a match takes its default', () => {
    const run = given({
      steps: [
        condition('c', { expression: '"zzz"', branches: { a: [noop('x')] }, default: [noop('d')] }),
      ],
    }).stands({ 'c.default.d': 'completed' });
    expect(run.output('c')).toEqual({ branch: 'default', output: { value: 'd' } });
  });

  test('without a match and a default is completed and says it skipped', () => {
    const run = given({
      steps: [condition('c', { expression: '"zzz"', branches: { a: [noop('x')] } })],
    });
    expect(run.output('c')).toEqual({ branch: 'zzz', skipped: true });
  });

  test('percent-encodes branch keys in paths', () => {
    given({
      steps: [condition('c', { expression: '"a.b é"', branches: { 'a.b é': [noop('x')] } })],
    }).stands({
      'c.a%2Eb%20%C3%A9.x': 'completed',
    });
  });

  test('has its branch’s last written step as output, null when that was skipped', () => {
    const branches = { true: [noop('x'), noop('y', { condition: 'false' })] };
    const run = given({ steps: [condition('c', { expression: 'true', branches })] });
    expect(run.output('c')).toEqual({ branch: 'true', output: null });
  });
});

describe('for_each', () => {
  test('goes through the list in order, one after the other', () => {
    const run = given(
      {
        steps: [
          loop('l', {
            over: 'inputs.list',
            body: [noop('x', { params: { value: '${{loop.item}}' } })],
          }),
        ],
      },
      { inputs: { list: [5, 6] } },
    )
      .including([
        'loop_started l',
        'loop_iter_started l 0',
        'step_completed l.iter_0.x',
        'loop_iter_completed l 0',
        'loop_iter_started l 1',
        'loop_completed l 2',
      ])
      .is('completed');
    expect(run.output('l')).toEqual({ iterations: 2, results: [{ value: 5 }, { value: 6 }] });
  });

  test('over an empty list gives empty results', () => {
    const run = given({ steps: [loop('l', { over: [], body: [noop('x')] })] }).is('completed');
    expect(run.output('l')).toEqual({ iterations: 0, results: [] });
  });

  test('over something that is no list fails', () => {
    given(
      { steps: [loop('l', { over: '${{inputs.n}}', body: [noop('x')] })] },
      { inputs: { n: 3 } },
    ).is('failed VALIDATION_ERROR');
  });

  test('keeps max_concurrency iterations going and starts the next when one ends', () => {
    given({ steps: [loop('l', { over: [1, 2, 3, 4], max_concurrency: 2, body: [effect('x')] })] })
      .outstanding(['execute l.iter_0.x', 'execute l.iter_1.x'])
      .when(succeeded('l.iter_1.x'))
      .outstanding(['execute l.iter_0.x', 'execute l.iter_2.x']);
  });

  test('a failing iteration starts no further one, those in flight end first', () => {
    given({ steps: [loop('l', { over: [1, 2, 3, 4], max_concurrency: 2, body: [effect('x')] })] })
      .when(failed('l.iter_0.x', 'NON_RETRYABLE'))
      .stands({ l: 'running' })
      .outstanding(['execute l.iter_1.x'])
      .when(succeeded('l.iter_1.x'))
      .stands({ l: 'failed NON_RETRYABLE', 'l.iter_2.x': 'gone' })
      .is('failed NON_RETRYABLE');
  });

  test('the first failure in the log counts, not the lowest index', () => {
    given({ steps: [loop('l', { over: [1, 2], max_concurrency: 2, body: [effect('x')] })] })
      .when(failed('l.iter_1.x', 'NOT_FOUND'))
      .when(failed('l.iter_0.x', 'CONFLICT'))
      .is('failed NOT_FOUND');
  });

  test('stops at max_iter, truncated when items are left', () => {
    const body = [noop('x')];
    const short = given({ steps: [loop('l', { over: [1, 2, 3], max_iter: 2, body })] });
    expect(short.output('l')).toMatchObject({ iterations: 2, truncated: true });
    const exact = given({ steps: [loop('l', { over: [1, 2], max_iter: 2, body })] });
    expect(exact.output('l')).not.toHaveProperty('truncated');
  });

  test('over more items than the limit fails before the first', () => {
    given(
      { steps: [loop('l', { over: [1, 2, 3], body: [noop('x')] })] },
      { limits: { loopIterations: 2 } },
    )
      .stands({ 'l.iter_0.x': 'gone' })
      .is('failed LIMIT_EXCEEDED');
  });
});

describe('while and until', () => {
  const counted = (mode: 'while' | 'until', test: string, more = {}) =>
    given({
      steps: [
        loop('l', {
          mode,
          condition: test,
          body: [noop('x', { params: { value: '${{loop.index}}' } })],
          ...more,
        }),
      ],
    });

  test('while tests before each body', () => {
    expect(counted('while', 'iter.index < 2').output('l')).toMatchObject({ iterations: 2 });
    expect(counted('while', 'false').output('l')).toEqual({ iterations: 0, results: [] });
  });

  test('until tests after each body, with the index that just finished', () => {
    expect(counted('until', 'iter.index == 2').output('l')).toMatchObject({ iterations: 3 });
    expect(counted('until', 'true').output('l')).toMatchObject({ iterations: 1 });
  });

  test('a test reads bare ids of the last finished iteration', () => {
    expect(counted('until', 'steps.x.value >= 1').output('l')).toMatchObject({ iterations: 2 });
    expect(counted('while', 'iter.index == 0 || steps.x.value < 2').output('l')).toMatchObject({
      iterations: 3,
    });
  });

  test('before the first iteration there is nothing to read, and the error says what to write', () => {
    const run = counted('while', 'steps.x.value < 2').is('failed INTERPOLATION_ERROR');
    expect(run.state.error?.message).toContain('iter.index == 0 ||');
  });

  test('a body’s id never means a step of the same name outside', () => {
    const inner = loop('l', {
      mode: 'while',
      condition: 'steps.x.value == "x"',
      max_iter: 2,
      body: [noop('x', { params: { value: 'in' } })],
    });
    given({ steps: [noop('x'), { ...inner, depends_on: ['x'] }] }).stands({
      l: 'failed INTERPOLATION_ERROR',
    });
  });

  test('reaching max_iter with a test that asks for more is truncated', () => {
    expect(counted('while', 'true', { max_iter: 3 }).output('l')).toMatchObject({
      iterations: 3,
      truncated: true,
    });
    expect(counted('until', 'false', { max_iter: 3 }).output('l')).toMatchObject({
      iterations: 3,
      truncated: true,
    });
    expect(counted('while', 'iter.index < 3', { max_iter: 3 }).output('l')).not.toHaveProperty(
      'truncated',
    );
  });

  test('without max_iter fail at the limit', () => {
    counted('while', 'true').is('failed LIMIT_EXCEEDED');
    expect(counted('while', 'true').step('l.iter_999.x').status).toBe('completed');
  });

  test('a test must give a bool', () => {
    counted('while', '1').is('failed VALIDATION_ERROR');
  });
});

describe('parallel', () => {
  test('all waits for every branch, also after a failure', () => {
    given({ steps: [parallel('p', { branches: [[effect('a')], [effect('b')]] })] })
      .when(failed('p.branch_0.a', 'NOT_FOUND'))
      .stands({ p: 'running' })
      .when(succeeded('p.branch_1.b'))
      .is('failed NOT_FOUND');
  });

  test('all gives the outputs of its branches in order', () => {
    const run = given({
      steps: [parallel('p', { branches: [[noop('a')], [noop('b'), noop('c')]] })],
    });
    expect(run.output('p')).toEqual({ mode: 'all', branches: [{ value: 'a' }, { value: 'c' }] });
  });

  test('max_concurrency lets so many branches run, the next when one has ended', () => {
    given({
      steps: [
        parallel('p', {
          max_concurrency: 1,
          branches: [[effect('a'), effect('b')], [effect('c')], [effect('d')]],
        }),
      ],
    })
      .outstanding(['execute p.branch_0.a'])
      .when(succeeded('p.branch_0.a'))
      .outstanding(['execute p.branch_0.b'])
      .when(failed('p.branch_0.b'))
      .outstanding(['execute p.branch_1.c'])
      .when(succeeded('p.branch_1.c'))
      .outstanding(['execute p.branch_2.d']);
  });

  test('race: the first good branch wins, the others are aborted and told so', () => {
    const run = given({
      steps: [
        parallel('p', {
          mode: 'race',
          branches: [
            [effect('a'), noop('never')],
            [effect('b')],
            [ask('q')],
            [wait('w', { duration: '1h' })],
          ],
        }),
        noop('after', { depends_on: ['p'] }),
      ],
    })
      .when(succeeded('p.branch_1.b', 'won'))
      .including([
        'parallel_completed p winner 1',
        'step_skipped p.branch_0.a race_lost',
        'decision_cancelled p.branch_2.q',
        'step_completed p',
      ])
      .stands({
        'p.branch_0.never': 'skipped race_lost',
        'p.branch_3.w': 'skipped race_lost',
        after: 'completed',
      })
      .outstanding([])
      .is('completed');
    expect(run.output('p')).toEqual({ mode: 'race', winner: 1, output: 'won' });
  });

  test('race: a failing branch does not end it', () => {
    given({ steps: [parallel('p', { mode: 'race', branches: [[effect('a')], [effect('b')]] })] })
      .when(failed('p.branch_0.a'))
      .stands({ p: 'running' })
      .when(succeeded('p.branch_1.b'))
      .is('completed');
  });

  test('race: a tie goes to the lowest index', () => {
    const run = given({
      steps: [parallel('p', { mode: 'race', branches: [[effect('a')], [effect('b')]] })],
    }).when([succeeded('p.branch_1.b'), succeeded('p.branch_0.a')]);
    // Results of one batch are looked at one by one: the first of them has won.
    expect(run.output('p')).toMatchObject({ mode: 'race' });
    expect(
      given({
        steps: [parallel('p', { mode: 'race', branches: [[noop('a')], [noop('b')]] })],
      }).output('p'),
    ).toMatchObject({ winner: 0 });
  });

  test('race: a branch that executed nothing wins only if none executed anything', () => {
    const idle = () => [noop('off', { condition: 'false' })];
    given({ steps: [parallel('p', { mode: 'race', branches: [idle(), [effect('a')]] })] })
      .stands({ p: 'running' })
      .when(succeeded('p.branch_1.a', 1))
      .is('completed');
    expect(
      given({ steps: [parallel('p', { mode: 'race', branches: [idle(), idle()] })] }).output('p'),
    ).toEqual({ mode: 'race', winner: 0, output: null });
  });

  test('race: an idle branch and a failed one fail it', () => {
    given({
      steps: [
        parallel('p', {
          mode: 'race',
          branches: [[noop('off', { condition: 'false' })], [bad('a')]],
        }),
      ],
    }).is('failed NON_RETRYABLE');
  });

  test('race: when all fail, the first error counts', () => {
    given({ steps: [parallel('p', { mode: 'race', branches: [[effect('a')], [effect('b')]] })] })
      .when(failed('p.branch_1.b', 'NOT_FOUND'))
      .when(failed('p.branch_0.a', 'CONFLICT'))
      .is('failed NOT_FOUND');
  });
});

describe('a sub-step', () => {
  test('is as durable as a top one: attempts, timers, questions of its own', () => {
    given({
      steps: [
        loop('l', {
          over: [1],
          body: [
            effect('x', { retry: { max: 1, backoff: 'constant', delay: '2s' } }),
            ask('q', { timeout: '1h' }),
          ],
        }),
      ],
    })
      .when(failed('l.iter_0.x'))
      .outstanding(['timer l.iter_0.x retry @2000'])
      .when(timer('l.iter_0.x', 'retry'), { atMs: 2000 })
      .when(succeeded('l.iter_0.x'), { atMs: 3000 })
      .outstanding(['timer l.iter_0.q decision @3603000'])
      .is('suspended')
      .when(signal({ type: 'decision', stepId: 'q', payload: { choice: 'yes' } }))
      .is('completed');
  });
});
