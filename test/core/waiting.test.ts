import { describe, expect, test } from 'bun:test';
import type { Signal } from '../../src/model/input.ts';
import type { Json } from '../../src/model/json.ts';
import { given, type Scenario, signal, succeeded, timer } from '../support/given.ts';
import { ask, effect, loop, noop, parallel, wait } from './steps.ts';

const choose = (choice: Json, more: Partial<Signal> = {}) =>
  signal({ type: 'decision', payload: { choice }, ...more });
const verdictOf = (run: Scenario): string => {
  const [verdict] = run.verdicts;
  if (verdict === undefined) return 'none';
  return verdict.ok ? 'ok' : verdict.error.code;
};

describe('a wait', () => {
  test('for a time ends when its time has come', () => {
    const run = given({ steps: [wait('w', { duration: '1h30m' })] })
      .is('active')
      .outstanding(['timer w wait @5400000'])
      .when(timer('w', 'wait'), { atMs: 5_400_000 })
      .is('completed');
    expect(run.output('w')).toEqual({ waited: 5_400_000 });
  });

  test('until an instant, given as text or by an expression', () => {
    given({ steps: [wait('w', { until: '2026-01-01T00:00:10Z' })] }).outstanding([
      'timer w wait @10000',
    ]);
    given(
      { steps: [wait('w', { until: 'inputs.at' })] },
      { inputs: { at: '2026-01-01T01:00:10+01:00' } },
    ).outstanding(['timer w wait @10000']);
    given({ steps: [wait('w', { until: 'inputs.at' })] }, { inputs: { at: 'soon' } }).is(
      'failed VALIDATION_ERROR',
    );
  });

  test('until an instant that has passed is due at once', () => {
    given({ steps: [wait('w', { until: '2025-01-01T00:00:00Z' })] })
      .when(timer('w', 'wait'))
      .is('completed');
  });

  test('for a signal that does not come fails, or goes on when told so', () => {
    given({ steps: [wait('w', { signal: 'go', timeout: '1m' })] })
      .outstanding(['timer w wait @60000'])
      .when(timer('w', 'wait'), { atMs: 60_000 })
      .is('failed TIMEOUT_ERROR');
    const run = given({
      steps: [wait('w', { signal: 'go', timeout: '1m', on_timeout: 'continue' })],
    })
      .when(timer('w', 'wait'), { atMs: 60_000 })
      .is('completed');
    expect(run.output('w')).toEqual({ signal: 'go', payload: null, timed_out: true });
  });

  test('the earlier of the step’s timeout and its own counts', () => {
    given({ steps: [wait('w', { signal: 'go', timeout: '1m' }, { timeout: '30s' })] }).outstanding([
      'timer w wait @30000',
    ]);
  });

  test('a signal in the same batch as its timeout counts', () => {
    given({ steps: [wait('w', { signal: 'go', timeout: '1m' })] })
      .when([timer('w', 'wait'), signal({ type: 'data', name: 'go', payload: 1 })], {
        atMs: 60_000,
      })
      .is('completed');
  });
});

describe('a run’s status', () => {
  test('is suspended when every open leaf waits for a person, a signal or a suspended child', () => {
    given({ steps: [ask('q'), wait('s', { signal: 'go' })] }).is('suspended');
  });

  test('is active while anything else is open', () => {
    given({ steps: [ask('q'), effect('a')] })
      .is('active')
      .when(succeeded('a'))
      .is('suspended');
    given({ steps: [ask('q'), wait('w', { duration: '1h' })] }).is('active');
    given({
      steps: [ask('q'), effect('a', { retry: { max: 1, backoff: 'constant', delay: '1m' } })],
    }).is('active');
  });

  test('says what it waits for', () => {
    const run = given({
      steps: [loop('l', { over: [1], body: [ask('q')] }), wait('s', { signal: 'go' })],
    });
    const suspended = run.log.at(-1);
    if (suspended?.type !== 'workflow_suspended') throw new Error('not suspended');
    const waiting = suspended.payload.waiting_for.map(({ step_id: id, kind }) => `${id} ${kind}`);
    expect(waiting.sort()).toEqual(['l.iter_0.q decision', 's signal']);
  });
});

describe('a decision', () => {
  test('records who chose what and why, and the run goes on', () => {
    const run = given({
      steps: [ask('q'), noop('b', { params: { value: '${{steps.q.choice}}' } })],
    })
      .when(
        signal({ type: 'decision', payload: { choice: 'yes', data: { n: 1 } }, reasoning: 'fine' }),
      )
      .including([
        'signal_received decision',
        'workflow_resumed',
        'decision_resolved q yes via signal by anna',
      ])
      .is('completed');
    expect(run.output('q')).toMatchObject({
      choice: 'yes',
      reasoning: 'fine',
      data: { n: 1 },
      resolved_by: 'anna',
      via: 'signal',
    });
  });

  test('takes only one of its options; free form takes any text', () => {
    const run = given({ steps: [ask('q')] });
    for (const choice of ['maybe', '', null, 7])
      expect(verdictOf(run.when(choose(choice)))).toBe('VALIDATION_ERROR');
    run.is('suspended');
    given({ steps: [ask('q', { options: [] })] })
      .when(choose('whatever'))
      .is('completed');
  });

  test('an option that stops fails the step with REJECTED, and the choice is in the details', () => {
    const run = given({ steps: [ask('q'), noop('b', { depends_on: ['q'] })] })
      .when(choose('no'))
      .stands({ q: 'failed REJECTED', b: 'skipped upstream_failed' });
    expect(run.state.error?.details).toMatchObject({ choice: 'no' });
  });

  test('a reject fails it whatever the options are; on_error applies when it says so', () => {
    const on_error = { strategy: 'ignore' as const, on: ['REJECTED'] };
    given({ steps: [ask('q', {}, { on_error })] })
      .when(signal({ type: 'decision', payload: { reject: true } }))
      .including(['decision_resolved q rejected', 'step_ignored q REJECTED'])
      .is('completed');
  });

  test('a rejection is final: no retry asks again', () => {
    given({ steps: [ask('q', {}, { retry: { max: 2 } })] })
      .when(choose('no'))
      .is('failed REJECTED');
  });

  test('the same choice by the same caller again is ok, anything else a CONFLICT that says who', () => {
    const run = given({ steps: [ask('q'), effect('b', { depends_on: ['q'] })] }).when(
      choose('yes', { stepId: 'q' }),
    );
    run.when(choose('yes', { stepId: 'q' })).then([]);
    expect(run.verdicts[0]).toMatchObject({ ok: true, result: { already: true } });
    for (const other of [
      choose('no', { stepId: 'q' }),
      choose('yes', { stepId: 'q', by: 'ben' }),
      choose('nonsense', { stepId: 'q' }),
    ]) {
      run.when(other).then([]);
      const [verdict] = run.verdicts;
      expect(verdict).toMatchObject({
        ok: false,
        error: { code: 'CONFLICT', details: { choice: 'yes', resolved_by: 'anna' } },
      });
    }
  });

  test('two answers in one batch: exactly one wins', () => {
    const run = given({ steps: [ask('q')] }).when([
      choose('yes', { stepId: 'q' }),
      choose('yes', { stepId: 'q', by: 'ben' }),
    ]);
    expect(run.last.verdicts.map((verdict) => verdict.ok)).toEqual([true, false]);
  });

  test('needs a step when several are pending', () => {
    const run = given({ steps: [parallel('p', { branches: [[ask('q')], [ask('r')]] })] });
    expect(verdictOf(run.when(choose('yes')))).toBe('CONFLICT');
    expect(verdictOf(run.when(choose('yes', { stepId: 'r' })))).toBe('ok');
    expect(verdictOf(run.when(choose('yes')))).toBe('ok');
  });

  test('for a person is refused to an agent, for an agent to a person without rights', () => {
    const person = given({ steps: [ask('q', { by: 'person' })] });
    expect(verdictOf(person.when(choose('yes', { sender: 'agent', role: 'admin' })))).toBe(
      'PERMISSION_DENIED',
    );
    expect(verdictOf(person.when(choose('yes', { sender: 'person', role: 'approver' })))).toBe(
      'ok',
    );
    const agent = given({ steps: [ask('q', { by: 'agent' })] });
    expect(verdictOf(agent.when(choose('yes', { sender: 'person', role: 'approver' })))).toBe(
      'PERMISSION_DENIED',
    );
  });

  test('for one agent is refused to another; an operator may, on behalf', () => {
    const definition = { steps: [ask('q', { target_agent: 'bot' })] };
    const run = given(definition);
    expect(
      verdictOf(run.when(choose('yes', { by: 'other', role: 'agent', sender: 'agent' }))),
    ).toBe('PERMISSION_DENIED');
    run.when(choose('yes', { by: 'anna', role: 'operator' }));
    const resolved = run.log.find((event) => event.type === 'decision_resolved');
    expect(resolved?.payload).toMatchObject({ on_behalf: 'bot', resolved_by: 'anna' });
  });

  test('at its timeout the fallback is chosen by the system', () => {
    const run = given({ steps: [ask('q', { timeout: '1h', fallback: 'yes' })] })
      .when(timer('q', 'decision'), { atMs: 3_600_000 })
      .including(['decision_resolved q yes via timeout by system'])
      .is('completed');
    expect(run.output('q')).toMatchObject({ choice: 'yes', via: 'timeout', resolved_by: 'system' });
  });

  test('a fallback that stops, stops', () => {
    given({ steps: [ask('q', { timeout: '1h', fallback: 'no' })] })
      .when(timer('q', 'decision'))
      .is('failed REJECTED');
  });

  test('an approval in the same batch as the timeout counts', () => {
    given({ steps: [ask('q', { timeout: '1h', fallback: 'no' })] })
      .when([timer('q', 'decision'), choose('yes')])
      .is('completed');
  });

  test('a timeout without fallback closes the question and may be retried: it is asked anew', () => {
    given({ steps: [ask('q', { timeout: '1h' }, { retry: { max: 1 } })] })
      .when(timer('q', 'decision'), { atMs: 3_600_000 })
      .including([
        'decision_cancelled q timeout',
        'step_retry_attempt q #2',
        'decision_requested q',
      ])
      .outstanding(['timer q decision @7200000']);
  });

  test('tells what waits behind it and what the steps before it gave', () => {
    const run = given(
      {
        steps: [
          noop('a'),
          ask(
            'q',
            { data_inject: { text: 'plain', n: 'steps.a.value', t: '${{inputs.x}}!' } },
            { depends_on: ['a'] },
          ),
          effect('b', { depends_on: ['q'], condition: 'true' }),
        ],
      },
      { inputs: { x: 'X' } },
    );
    const asked = run.log.find((event) => event.type === 'decision_requested');
    expect(asked?.payload).toMatchObject({
      data: { text: 'plain', n: 'a', t: 'X!' },
      step_outputs: { a: { value: 'a' } },
      then: [{ step_id: 'b', action: 'test.idempotent', effect: 'idempotent', condition: 'true' }],
    });
  });

  test('that stands in for others tells what waits behind those', () => {
    const next = (fallback_step: string) => ({
      on_error: { strategy: 'fallback_step' as const, fallback_step },
    });
    const run = given({
      steps: [
        ask('q1', { timeout: '1h' }, next('q2')),
        ask('q2', { timeout: '1h' }, next('q3')),
        ask('q3'),
        effect('b', { depends_on: ['q1'] }),
      ],
    })
      .when(timer('q1', 'decision'), { atMs: 3_600_000 })
      .when(timer('q2', 'decision'), { atMs: 7_200_000 });
    const asked = run.log.filter((event) => event.type === 'decision_requested');
    const then = [{ step_id: 'b', action: 'test.idempotent', effect: 'idempotent' }];
    expect(asked.map(({ payload }) => payload)).toMatchObject([{ then }, { then }, { then }]);
  });

  test('too big a text is refused', () => {
    given(
      { steps: [ask('q', { prompt_context: '${{inputs.big}}' })] },
      { inputs: { big: 'x'.repeat(70_000) } },
    ).is('failed LIMIT_EXCEEDED');
  });
});
