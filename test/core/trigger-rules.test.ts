import { describe, expect, test } from 'bun:test';
import type { StepDef, TriggerRule } from '../../src/model/definition.ts';
import { failed, given, signal, succeeded } from '../support/given.ts';
import { bad, effect, noop, unsafe } from './steps.ts';

/** Ways a dependency can end, as steps that end at once. */
const ENDS: Readonly<Record<string, (id: string) => readonly StepDef[]>> = {
  completed: (id) => [noop(id)],
  failed: (id) => [bad(id)],
  skipped: (id) => [noop(id, { condition: 'false' })],
  ignored: (id) => [bad(id, { on_error: { strategy: 'ignore' } })],
  'handled by a fallback': (id) => [
    bad(id, { on_error: { strategy: 'fallback_step', fallback_step: `${id}_b` } }),
    noop(`${id}_b`),
  ],
  'failed with its fallback': (id) => [
    bad(id, { on_error: { strategy: 'fallback_step', fallback_step: `${id}_b` } }),
    bad(`${id}_b`),
  ],
  'skipped behind a failure': (id) => [bad(`${id}_x`), noop(id, { depends_on: [`${id}_x`] })],
};

/** Each row: rule, how the two dependencies ended, how the step behind them stands. */
const ROWS: readonly (readonly [TriggerRule, string, string, string])[] = [
  ['all_ok', 'completed', 'completed', 'completed'],
  ['all_ok', 'completed', 'skipped', 'completed'],
  ['all_ok', 'skipped', 'skipped', 'skipped upstream_skipped'],
  ['all_ok', 'completed', 'failed', 'skipped upstream_failed'],
  ['all_ok', 'skipped', 'failed', 'skipped upstream_failed'],
  ['all_ok', 'ignored', 'skipped', 'completed'],
  ['all_ok', 'handled by a fallback', 'completed', 'completed'],
  ['all_ok', 'failed with its fallback', 'completed', 'skipped upstream_failed'],
  ['all_ok', 'completed', 'skipped behind a failure', 'skipped upstream_failed'],
  ['all_completed', 'completed', 'completed', 'completed'],
  ['all_completed', 'ignored', 'handled by a fallback', 'completed'],
  ['all_completed', 'completed', 'skipped', 'skipped rule_not_met'],
  ['all_completed', 'completed', 'failed', 'skipped upstream_failed'],
  ['none_failed', 'completed', 'skipped', 'completed'],
  ['none_failed', 'skipped', 'skipped', 'completed'],
  ['none_failed', 'skipped', 'failed', 'skipped upstream_failed'],
  ['none_failed', 'completed', 'ignored', 'completed'],
  ['all_done', 'completed', 'failed', 'completed'],
  ['all_done', 'skipped', 'failed', 'completed'],
  ['all_done', 'failed', 'failed with its fallback', 'completed'],
  ['any_failed', 'completed', 'failed', 'completed'],
  ['any_failed', 'skipped', 'failed', 'completed'],
  ['any_failed', 'completed', 'completed', 'skipped rule_not_met'],
  ['any_failed', 'completed', 'ignored', 'skipped rule_not_met'],
  ['any_failed', 'handled by a fallback', 'skipped', 'skipped rule_not_met'],
  ['any_failed', 'failed with its fallback', 'completed', 'completed'],
];

describe('a step whose dependencies ended', () => {
  for (const [rule, first, second, expected] of ROWS) {
    test(`${first} and ${second}, under ${rule}: ${expected}`, () => {
      given({
        steps: [
          ...(ENDS[first]?.('a') ?? []),
          ...(ENDS[second]?.('b') ?? []),
          noop('behind', { depends_on: ['a', 'b'], trigger_rule: rule }),
        ],
      }).stands({ behind: expected });
    });
  }

  test('without dependencies is ready under all_ok', () => {
    given({ steps: [noop('a')] }).is('completed');
  });

  test('the reason does not depend on which dependency ended first', () => {
    const definition = {
      steps: [
        effect('a'),
        noop('off', { condition: 'false' }),
        noop('behind', { depends_on: ['a', 'off'], trigger_rule: 'all_completed' as const }),
        noop('end', { depends_on: ['behind', 'off'] }),
      ],
    };
    given(definition).when(failed('a')).stands({ behind: 'skipped upstream_failed' });
  });
});

describe('readiness', () => {
  test('a step starts as soon as its own dependencies allow, not level by level', () => {
    given({
      steps: [
        effect('slow'),
        effect('quick'),
        effect('after_quick', { depends_on: ['quick'] }),
        effect('after_both', { depends_on: ['quick', 'slow'] }),
      ],
    })
      .outstanding(['execute quick', 'execute slow'])
      .when(succeeded('quick'))
      .outstanding(['execute after_quick', 'execute slow'])
      .when(succeeded('slow'))
      .outstanding(['execute after_both', 'execute after_quick']);
  });

  test('reading a step is depending on it', () => {
    given({
      steps: [effect('b', { params: { value: '${{steps.a.output.n}}' } }), effect('a')],
    })
      .outstanding(['execute a'])
      .when(succeeded('a', { n: 7 }))
      .outstanding(['execute b']);
  });

  test('a chain behind a closed guard is skipped, a join of two alternatives runs', () => {
    given({
      steps: [
        noop('off', { condition: 'false' }),
        noop('chain', { depends_on: ['off'] }),
        noop('on', { condition: 'true' }),
        noop('join', { depends_on: ['off', 'on'] }),
      ],
    })
      .stands({
        off: 'skipped condition_false',
        chain: 'skipped upstream_skipped',
        join: 'completed',
      })
      .is('completed');
  });

  test('a condition step is completed whatever branch it took', () => {
    given({
      steps: [
        {
          id: 'c',
          type: 'condition',
          config: { expression: '"none"', branches: { a: [noop('x')] } },
        },
        noop('after', { depends_on: ['c'], trigger_rule: 'all_completed' }),
      ],
    }).stands({ c: 'completed', after: 'completed' });
  });

  test('a guard that cannot be evaluated fails the step, before it was started', () => {
    given({ steps: [noop('a', { condition: 'inputs.nope > 1' })] })
      .then(['workflow_started', 'step_failed a INTERPOLATION_ERROR', 'workflow_failed'])
      .is('failed INTERPOLATION_ERROR');
  });

  test('a guard that gives no bool fails the step', () => {
    given({ steps: [noop('a', { condition: '1 + 1' })] }).stands({ a: 'failed VALIDATION_ERROR' });
  });

  test('a guard that closed is recorded with its value', () => {
    const run = given({ steps: [noop('a', { condition: 'inputs.n > 1' })] }, { inputs: { n: 1 } });
    const skipped = run.log.find((event) => event.type === 'step_skipped');
    expect(skipped?.payload).toEqual({ reason: 'condition_false', guard: false });
  });
});

describe('a failure belongs to its list', () => {
  test('what depends on it is skipped, through others too; what does not goes on', () => {
    given({
      steps: [
        effect('a'),
        noop('b', { depends_on: ['a'] }),
        noop('c', { depends_on: ['b'] }),
        effect('apart'),
        noop('after_apart', { depends_on: ['apart'] }),
      ],
    })
      .when(failed('a', 'NON_RETRYABLE'))
      .then([
        'step_failed a NON_RETRYABLE',
        'step_skipped b upstream_failed',
        'step_skipped c upstream_failed',
      ])
      .is('active')
      .when(succeeded('apart'))
      .stands({ after_apart: 'completed' })
      .is('failed NON_RETRYABLE');
  });

  test('the first failure in the log is the run’s error, with the step’s path', () => {
    const run = given({ steps: [effect('a'), effect('b')] })
      .when(failed('b', 'NOT_FOUND'))
      .when(failed('a', 'NON_RETRYABLE'))
      .is('failed NOT_FOUND');
    expect(run.state.error?.step_id).toBe('b');
  });

  test('fail_fast aborts everything open in the list and skips what is pending', () => {
    given({
      fail_fast: true,
      steps: [
        effect('a'),
        unsafe('b'),
        { id: 'w', type: 'wait', config: { duration: '1000h' } },
        noop('later', { depends_on: ['b'] }),
      ],
    })
      .when(failed('a', 'NON_RETRYABLE'))
      .including(['step_failed a', 'step_skipped b fail_fast unknown', 'step_skipped w fail_fast'])
      .stands({ later: 'skipped fail_fast' })
      .outstanding([])
      .is('failed NON_RETRYABLE');
  });

  test('under fail_fast nothing starts after the failure, cleanup at once as little as one outside', () => {
    const rule = { depends_on: ['a'], trigger_rule: 'any_failed' as const };
    given({
      fail_fast: true,
      steps: [bad('a'), noop('inside', rule), effect('outside', rule)],
    }).stands({
      inside: 'skipped fail_fast',
      outside: 'skipped fail_fast',
    });
  });

  test('fail_fast concerns the list of the failure; a branch beside it ends first', () => {
    given({
      fail_fast: true,
      steps: [
        {
          id: 'p',
          type: 'parallel',
          config: { branches: [[effect('a'), effect('b')], [effect('c')]] },
        },
      ],
    })
      .when(failed('p.branch_0.a', 'NON_RETRYABLE'))
      .stands({
        'p.branch_0.b': 'skipped upstream_failed',
        'p.branch_1.c': 'running',
        p: 'running',
      })
      .when(succeeded('p.branch_1.c'))
      .stands({ p: 'failed NON_RETRYABLE' });
  });

  test('a handled failure fails nothing', () => {
    given({
      steps: [bad('a', { on_error: { strategy: 'ignore' } }), noop('b', { depends_on: ['a'] })],
    })
      .stands({ a: 'completed', b: 'completed' })
      .is('completed');
  });

  test('a late answer to what is no longer open leaves no trace', () => {
    const run = given({ fail_fast: true, steps: [effect('a'), effect('b'), effect('c')] });
    const late = succeeded('b')(run.state);
    run.when(failed('a', 'NON_RETRYABLE')).is('failed');
    const before = run.log.length;
    run
      .when(late)
      .then([])
      .when(signal({ type: 'retry' }))
      .when(late)
      .then([]);
    expect(run.log.slice(before).map((event) => event.type)).not.toContain('step_completed');
  });
});
