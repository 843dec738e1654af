import { describe, expect, test } from 'bun:test';
import type { RetryDef } from '../../src/model/definition.ts';
import type { ErrorCode } from '../../src/model/error.ts';
import type { StepPlan } from '../../src/model/plan.ts';
import { failed, given, signal, succeeded, timer } from '../support/given.ts';
import { ask, condition, effect, loop, noop, parallel, wait } from './steps.ts';

/** Delays before each retry of a step that always fails, in milliseconds. */
function delaysOf(retry: RetryDef, rules?: number): number[] {
  const options = rules === undefined ? {} : { rules };
  const run = given({ steps: [effect('a', { retry })] }, options);
  let now = 0;
  const delays: number[] = [];
  for (let k = 1; k <= retry.max; k++) {
    run.when(failed('a'), { atMs: now });
    const [event] = run.last.events.filter(({ type }) => type === 'step_retry_attempt');
    if (event?.type !== 'step_retry_attempt') throw new Error(`no retry ${k}`);
    delays.push(event.payload.delay_ms);
    now += event.payload.delay_ms;
    run.when(timer('a', 'retry'), { atMs: now });
  }
  run.when(failed('a'), { atMs: now }).is('failed');
  return delays;
}

describe('the delay before a retry', () => {
  const rows: readonly (readonly [string, RetryDef, readonly number[]])[] = [
    ['is none without delay and backoff', { max: 2 }, [0, 0]],
    ['is none for backoff none', { max: 2, backoff: 'none', delay: '5s' }, [0, 0]],
    ['is d without backoff', { max: 2, delay: '5s' }, [5000, 5000]],
    ['is d for constant', { max: 3, backoff: 'constant', delay: '5s' }, [5000, 5000, 5000]],
    ['is d·k for linear', { max: 3, backoff: 'linear', delay: '5s' }, [5000, 10_000, 15_000]],
    [
      'is d·2^(k−1) for exponential',
      { max: 4, backoff: 'exponential', delay: '1s' },
      [1000, 2000, 4000, 8000],
    ],
    [
      'is capped by max_delay',
      { max: 4, backoff: 'exponential', delay: '1s', max_delay: '3s' },
      [1000, 2000, 3000, 3000],
    ],
  ];
  for (const [name, retry, delays] of rows) {
    test(name, () => {
      expect(delaysOf(retry)).toEqual([...delays]);
    });
  }

  test('is none without backoff under the first rules', () => {
    expect(delaysOf({ max: 2, delay: '5s' }, 1)).toEqual([0, 0]);
  });

  test('is at least a moment from the eleventh on: no hundred attempts in a second', () => {
    const expected = [...Array<number>(10).fill(0), 100, 100, 100];
    expect(delaysOf({ max: 13 })).toEqual(expected);
    expect(delaysOf({ max: 13 }, 1)).toEqual(expected);
    expect(delaysOf({ max: 11, delay: '1ms' }).at(-1)).toBe(100);
    expect(delaysOf({ max: 11, delay: '5s' }).at(-1)).toBe(5000);
  });

  test('takes a share of jitter that is the same when the run is decided again', () => {
    const retry: RetryDef = { max: 5, backoff: 'constant', delay: '10s', jitter: 0.5 };
    const delays = delaysOf(retry);
    expect(delaysOf(retry)).toEqual(delays);
    expect(new Set(delays).size).toBeGreaterThan(1);
    for (const delay of delays) {
      expect(delay).toBeGreaterThanOrEqual(10_000);
      expect(delay).toBeLessThanOrEqual(15_000);
    }
  });

  test('is at least what the server asked for', () => {
    given({ steps: [effect('a', { retry: { max: 1, backoff: 'constant', delay: '1s' } })] })
      .when(failed('a', 'EXECUTION_ERROR', { retry_after_ms: 30_000 }))
      .outstanding(['timer a retry @30000']);
  });

  test('is what the author allows at most, and a day where nothing is said', () => {
    const after = (retry: RetryDef) =>
      given({ steps: [effect('a', { retry })] }).when(
        failed('a', 'EXECUTION_ERROR', { retry_after_ms: 9e12 }),
      );
    after({ max: 1, max_delay: '3s' }).outstanding(['timer a retry @3000']);
    after({ max: 1 }).outstanding(['timer a retry @86400000']);
  });

  test('ends early for nothing: the attempt begins when its timer fires', () => {
    given({ steps: [effect('a', { retry: { max: 1, backoff: 'constant', delay: '5s' } })] })
      .when(failed('a'))
      .then(['step_retry_attempt a #2 in 5000ms'])
      .stands({ a: 'retrying' })
      .when(timer('a', 'retry'), { atMs: 5000 })
      .then(['step_started a #2']);
  });
});

describe('what is retried', () => {
  const isRetried = (code: ErrorCode, on?: readonly string[]): boolean => {
    const retry = { max: 1, ...(on === undefined ? {} : { on }) };
    const run = given({ steps: [effect('a', { retry })] }).when(failed('a', code));
    return run.step('a').status === 'retrying' || run.step('a').attempt === 2;
  };

  test('is every failure whose code is not final', () => {
    const retried: ErrorCode[] = [
      'EXECUTION_ERROR',
      'TIMEOUT_ERROR',
      'STORE_ERROR',
      'SIGNAL_FAILED',
      'CIRCUIT_OPEN',
      'ACTION_UNAVAILABLE',
      'ISOLATION_ERROR',
    ];
    expect(retried.filter((code) => !isRetried(code))).toEqual([]);
  });

  test('is no final one', () => {
    const final: ErrorCode[] = [
      'VALIDATION_ERROR',
      'NOT_FOUND',
      'CONFLICT',
      'INVALID_TRANSITION',
      'CYCLE_DETECTED',
      'CANCELLED',
      'REJECTED',
      'INTERPOLATION_ERROR',
      'NON_RETRYABLE',
      'PERMISSION_DENIED',
      'ASSERTION_FAILED',
      'PATH_DENIED',
      'VAULT_ERROR',
      'OUTPUT_TOO_LARGE',
      'LIMIT_EXCEEDED',
      'INTERRUPTED',
    ];
    expect(final.filter((code) => isRetried(code))).toEqual([]);
  });

  test('is limited by `on`, which may name a final code', () => {
    expect(isRetried('EXECUTION_ERROR', ['TIMEOUT_ERROR'])).toBe(false);
    expect(isRetried('TIMEOUT_ERROR', ['TIMEOUT_ERROR'])).toBe(true);
    expect(isRetried('ASSERTION_FAILED', ['ASSERTION_FAILED'])).toBe(true);
  });
});

describe('a retried composite', () => {
  const retry: RetryDef = { max: 1, backoff: 'constant', delay: '10s' };
  const loopConfig = { over: [1, 2, 3], body: [effect('x'), effect('y')] };

  test('keeps completed iterations and what completed in the failed one', () => {
    given({ steps: [loop('l', loopConfig, { retry })] })
      .when(succeeded('l.iter_0.x'))
      .when(succeeded('l.iter_0.y'))
      .when(succeeded('l.iter_1.x'))
      .when(failed('l.iter_1.y'))
      .stands({ l: 'retrying', 'l.iter_0.y': 'completed', 'l.iter_1.x': 'completed' })
      .outstanding(['timer l retry @10000'])
      .when(timer('l', 'retry'), { atMs: 10_000 })
      .outstanding(['execute l.iter_1.y'])
      .when(succeeded('l.iter_1.y'))
      .outstanding(['execute l.iter_2.x']);
  });

  test('keeps completed branches', () => {
    const run = given({
      steps: [parallel('p', { branches: [[effect('a'), effect('b')], [effect('c')]] }, { retry })],
    })
      .when(succeeded('p.branch_1.c'))
      .when(succeeded('p.branch_0.a'))
      .when(failed('p.branch_0.b'))
      .when(timer('p', 'retry'), { atMs: 10_000 })
      .outstanding(['execute p.branch_0.b'])
      .when(succeeded('p.branch_0.b'))
      .is('completed');
    expect(
      run.log.filter(({ path, type }) => path === 'p.branch_1.c' && type === 'step_started'),
    ).toHaveLength(1);
  });

  test('keeps the chosen branch though the expression would now choose another', () => {
    given(
      {
        steps: [
          condition(
            'c',
            { expression: 'context.way', branches: { a: [effect('x')], b: [effect('x')] } },
            { retry },
          ),
        ],
      },
      { facts: { context: { way: 'a' } } },
    )
      .when(failed('c.a.x'))
      .when(signal({ type: 'data', payload: { way: 'b' } }))
      .when(timer('c', 'retry'), { atMs: 10_000 })
      .outstanding(['execute c.a.x']);
  });

  test('race restarts all its branches', () => {
    given({
      steps: [parallel('p', { mode: 'race', branches: [[effect('a')], [effect('b')]] }, { retry })],
    })
      .when(failed('p.branch_0.a'))
      .when(failed('p.branch_1.b'))
      .when(timer('p', 'retry'), { atMs: 10_000 })
      .outstanding(['execute p.branch_0.a', 'execute p.branch_1.b']);
  });

  const until = { mode: 'until', condition: 'iter.index >= 2', max_iter: 9 } as const;

  test('until repeats the failed iteration whole, after its delay', () => {
    given({ steps: [loop('l', { ...until, body: [effect('x'), effect('y')] }, { retry })] })
      .when(succeeded('l.iter_0.x'))
      .when(succeeded('l.iter_0.y'))
      .when(succeeded('l.iter_1.x'))
      .when(failed('l.iter_1.y'))
      .stands({ l: 'retrying', 'l.iter_0.y': 'completed' })
      .outstanding(['timer l retry @10000'])
      .when(timer('l', 'retry'), { atMs: 10_000 })
      .outstanding(['execute l.iter_1.x']);
  });

  test('until inside a condition does not start the condition over', () => {
    const body = { true: [loop('l', { ...until, body: [effect('x')] }, { retry })] };
    const run = given({ steps: [condition('c', { expression: 'true', branches: body })] })
      .when(failed('c.true.l.iter_0.x'))
      .stands({ c: 'running', 'c.true.l': 'retrying' })
      .when(timer('c.true.l', 'retry'), { atMs: 10_000 })
      .outstanding(['execute c.true.l.iter_0.x']);
    expect(
      run.log.filter(({ type, path }) => type === 'step_started' && path === 'c'),
    ).toHaveLength(1);
  });

  test('gives the steps that start over their own attempts again', () => {
    const inner = loop(
      'in',
      { over: [1], body: [effect('x', { retry: { max: 1 } })] },
      { retry: { max: 1 } },
    );
    const run = given({ steps: [loop('l', { over: [1], body: [inner] }, { retry })] });
    const x = 'l.iter_0.in.iter_0.x';
    const attempts = (): number =>
      run.log.filter((event) => event.type === 'step_started' && event.path === x).length;
    let now = 0;
    while (run.state.status === 'active' && now < 100) {
      now += 1;
      for (const path of [x, 'l.iter_0.in', 'l']) {
        if (run.state.steps.get(path)?.status === 'retrying')
          run.when(timer(path, 'retry'), { atMs: now * 10_000 });
      }
      if (run.state.steps.get(x)?.status === 'running') run.when(failed(x));
    }
    // Two tries of x, in each of two of the inner loop, in each of two of the outer one.
    expect(attempts()).toBe(8);
  });

  test('starts a fresh timeout', () => {
    given({ steps: [loop('l', { over: [1], body: [effect('x')] }, { retry, timeout: '5s' })] })
      .when(timer('l', 'timeout'), { atMs: 5000 })
      .outstanding(['timer l retry @15000'])
      .when(timer('l', 'retry'), { atMs: 15_000 })
      .outstanding(['execute l.iter_0.x', 'timer l timeout @20000']);
  });

  test('completes with the outputs of kept and repeated parts together', () => {
    const run = given({
      steps: [
        loop('l', { over: [1, 2], body: [effect('x')] }, { retry }),
        noop('end', { depends_on: ['l'] }),
      ],
    })
      .when(succeeded('l.iter_0.x', 'first'))
      .when(failed('l.iter_1.x'))
      .when(timer('l', 'retry'), { atMs: 10_000 })
      .when(succeeded('l.iter_1.x', 'second'))
      .is('completed');
    expect(run.output('l')).toEqual({ iterations: 2, results: ['first', 'second'] });
  });
});

describe('the defaults', () => {
  const defaults = { timeout: '5s', retry: { max: 1 } } as const;
  const steps = [
    effect('a'),
    ask('q'),
    parallel('p', { branches: [[effect('in')]] }),
    wait('w', { signal: 'go' }),
  ];
  const bound = (rules: number, binds?: 'actions' | 'all'): string[] => {
    const given_ = { ...defaults, ...(binds === undefined ? {} : { steps: binds }) };
    const { plan } = given({ defaults: given_, steps }, { rules });
    const lists = [plan.top.steps, ...plan.top.steps.flatMap(below)];
    return lists.flat().flatMap((step) => {
      expect(step.timeout === null).toBe(step.retry === null);
      return step.timeout === null ? [] : [step.id];
    });
  };
  const below = ({ body }: StepPlan) =>
    body.type === 'parallel' ? body.branches.map((branch) => branch.steps) : [];

  test('bind actions alone, wherever they stand', () => {
    expect(bound(2)).toEqual(['a', 'in']);
    expect(bound(2, 'actions')).toEqual(['a', 'in']);
  });

  test('bind every step when they say so, and under the first rules', () => {
    expect(bound(2, 'all')).toEqual(['a', 'q', 'p', 'w', 'in']);
    expect(bound(1)).toEqual(['a', 'q', 'p', 'w', 'in']);
    expect(bound(1, 'actions')).toEqual(['a', 'in']);
  });
});
