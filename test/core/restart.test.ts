import { describe, expect, test } from 'bun:test';
import type { StepDef } from '../../src/model/definition.ts';
import { given, restarted, type Scenario, signal, succeeded, timer } from '../support/given.ts';
import { ask, child, effect, noop, unsafe, wait } from './steps.ts';

const answer = (choice: string, data?: number) =>
  signal({
    type: 'decision',
    stepId: 'a',
    payload: { choice, ...(data === undefined ? {} : { data }) },
  });
const askedDueAt = (run: Scenario): number | undefined => {
  const asked = run.log.find((event) => event.type === 'decision_requested');
  return asked?.type === 'decision_requested' ? asked.payload.due_at : undefined;
};

describe('a step found running after a crash', () => {
  for (const kind of ['read', 'idempotent'] as const) {
    test(`runs again when it is ${kind}, with the same key`, () => {
      const run = given({ steps: [effect('a', { action: `test.${kind}` })] })
        .when(restarted())
        .then(['workflow_interrupted', 'step_interrupted a rerun 1', 'step_started a'])
        .outstanding(['execute a']);
      expect(run.step('a')).toMatchObject({ generation: 0, attempt: 1, interruptions: 1 });
    });
  }

  test('is asked about when it is unsafe, and nothing behind it runs', () => {
    given({ steps: [unsafe('a'), noop('b', { depends_on: ['a'] })] })
      .when(restarted())
      .then([
        'workflow_interrupted',
        'step_interrupted a ask 1',
        'decision_requested a',
        'workflow_suspended waiting',
      ])
      .outstanding([])
      .is('suspended');
  });

  test('answered rerun runs again, the same attempt with the same key', () => {
    const run = given({ steps: [unsafe('a')] })
      .when(restarted())
      .when(answer('rerun'))
      .outstanding(['slot a'])
      .when((state) => ({ type: 'slot_granted', path: 'a', seq: state.steps.get('a')?.seq ?? 0 }))
      .outstanding(['execute a'])
      .is('active');
    expect(run.step('a')).toMatchObject({ attempt: 1, generation: 0 });
  });

  test('answered completed has the answer’s data as its output', () => {
    const run = given({ steps: [unsafe('a'), noop('b', { depends_on: ['a'] })] })
      .when(restarted())
      .when(answer('completed', 7))
      .is('completed');
    expect(run.output('a')).toBe(7);
  });

  test('answered failed fails it with INTERRUPTED; no retry repeats it', () => {
    given({ steps: [unsafe('a', { retry: { max: 3 } })] })
      .when(restarted())
      .when(answer('failed'))
      .is('failed INTERRUPTED');
  });

  test('answered with a reject fails it with REJECTED', () => {
    given({ steps: [unsafe('a')] })
      .when(restarted())
      .when(signal({ type: 'decision', payload: { reject: true } }))
      .is('failed REJECTED');
  });

  test('is answered by operators and admins, not by an agent', () => {
    const run = given({ steps: [unsafe('a')] })
      .when(restarted())
      .when(
        signal({ type: 'decision', role: 'agent', sender: 'agent', payload: { choice: 'rerun' } }),
      );
    expect(run.verdicts[0]).toMatchObject({ ok: false, error: { code: 'PERMISSION_DENIED' } });
  });

  test('follows on_interrupt of the step, then the definition, then the setting', () => {
    given({ steps: [unsafe('a', { on_interrupt: 'rerun' })], on_interrupt: 'fail' })
      .when(restarted())
      .outstanding(['execute a']);
    given({ steps: [unsafe('a')], on_interrupt: 'fail' })
      .when(restarted())
      .is('failed INTERRUPTED');
    given({ steps: [unsafe('a')] }, { onInterrupt: 'rerun' })
      .when(restarted())
      .outstanding(['execute a']);
  });

  test('interrupted three times fails with INTERRUPTED', () => {
    const run = given({ steps: [effect('a')] });
    run.when(restarted(2)).when(restarted(3)).outstanding(['execute a']);
    run.when(restarted(4)).is('failed INTERRUPTED');
    expect(run.log.map((event) => event.type)).not.toContain('workflow_suspended');
  });
});

describe('the question what became of a step', () => {
  const asked = (facts: object) =>
    given({ steps: [unsafe('a')] }, { facts }).when(restarted(), { atMs: 1000 });

  test('stays open for runs that a person or an agent started', () => {
    expect(askedDueAt(asked({}))).toBeUndefined();
  });

  test('ends after a day for children, schedules and webhooks, then the step has failed', () => {
    const parent = { runId: 'p', path: 'c', depth: 1 };
    asked({ parent })
      .outstanding(['timer a decision @86401000'])
      .when(timer('a', 'decision'), { atMs: 86_401_000 })
      .is('failed INTERRUPTED');
    for (const type of ['schedule', 'webhook']) {
      expect(askedDueAt(asked({ trigger: { type } }))).toBeNumber();
    }
  });
});

describe('a hook that a crash caught', () => {
  const hook = (more: object = {}) => ({
    steps: [noop('a')],
    on_complete: unsafe('tell', more),
  });

  test('fails when nobody can know, and the run ends', () => {
    given(hook())
      .when(restarted())
      .including(['step_interrupted @on_complete fail 1', 'hook_failed on_complete'])
      .is('completed');
  });

  test('fails too when it stands further in', () => {
    const branches = [[unsafe('tell')], [noop('b')]];
    const on_complete: StepDef = { id: 'h', type: 'parallel', config: { branches } };
    given({ steps: [noop('a')], on_complete })
      .when(restarted())
      .including(['hook_failed on_complete'])
      .is('completed');
  });

  test('runs again when it may, or says so', () => {
    for (const on_complete of [effect('tell'), unsafe('tell', { on_interrupt: 'rerun' })]) {
      given({ steps: [noop('a')], on_complete })
        .when(restarted())
        .outstanding(['execute @on_complete', 'timer @on_complete timeout @300000'])
        .when(succeeded('@on_complete'))
        .is('completed');
    }
  });

  test('that shall ask suspends the run, which ends after the answer', () => {
    given(hook({ on_interrupt: 'ask' }))
      .when(restarted())
      .is('suspended')
      .when(signal({ type: 'decision', stepId: '@on_complete', payload: { choice: 'completed' } }))
      .is('completed');
  });

  test('asks under the first rules', () => {
    given(hook(), { rules: 1 }).when(restarted()).is('suspended');
  });
});

describe('a limit around a step that is asked about', () => {
  const around = {
    steps: [
      {
        id: 'p',
        type: 'parallel' as const,
        timeout: '10s',
        config: { branches: [[unsafe('a')], [unsafe('b')]] },
      },
    ],
  };
  const say = (stepId: string) =>
    signal({ type: 'decision', stepId, payload: { choice: 'rerun' } });

  test('does not run while any question is open, and goes on with what was left', () => {
    given(around)
      .when(restarted(), { atMs: 4000 })
      .outstanding([])
      .when(say('p.branch_0.a'), { atMs: 20_000 })
      .outstanding(['slot p.branch_0.a'])
      .when(say('p.branch_1.b'), { atMs: 30_000 })
      .outstanding(['slot p.branch_0.a', 'slot p.branch_1.b', 'timer p timeout @36000']);
  });
});

describe('a run that is taken over', () => {
  test('asks no question again and loses no answer', () => {
    given({ steps: [ask('q'), effect('a')] })
      .when(restarted())
      .including(['workflow_interrupted', 'step_interrupted a rerun 1'])
      .when(signal({ type: 'decision', payload: { choice: 'yes' } }))
      .stands({ q: 'completed' });
  });

  test('keeps the due time of waits and retries', () => {
    given({ steps: [wait('w', { duration: '1h' }), effect('a')] })
      .when(restarted(), { atMs: 1_800_000 })
      .outstanding(['execute a', 'timer w wait @3600000']);
  });

  test('goes on waiting for the same child', () => {
    const run = given({ steps: [child('c')] });
    const before = run.step('c').sub;
    run.when(restarted()).then(['workflow_interrupted']).stands({ c: 'running' });
    expect(run.step('c').sub).toEqual(before);
  });

  test('again and again without any progress is quarantined until resume', () => {
    const steps = [effect('a'), wait('w', { duration: '1h' }), noop('b', { depends_on: ['w'] })];
    given({ steps }, { limits: { takeovers: 2 } })
      .when(restarted(2))
      .is('active')
      .when(restarted(3))
      .including(['workflow_suspended quarantined'])
      .is('suspended')
      .when(timer('w', 'wait'), { atMs: 3_600_000 })
      .stands({ w: 'completed', b: 'pending' })
      .when(signal({ type: 'resume' }))
      .stands({ a: 'running', b: 'completed' });
  });

  test('with no effect in flight is not, but each takeover is noted', () => {
    const run = given({ steps: [ask('q')] }).is('suspended');
    for (let epoch = 2; epoch < 9; epoch++) {
      run.when(restarted(epoch)).then(['workflow_interrupted']).is('suspended');
    }
  });

  test('with progress between the takeovers is not', () => {
    const run = given({ steps: [effect('a'), wait('w', { duration: '1h' })] });
    run.when(restarted(2)).when(restarted(3)).when(succeeded('a')).when(restarted(4)).is('active');
  });

  test('after it has ended says nothing', () => {
    given({ steps: [noop('a')] })
      .when(restarted())
      .then([]);
  });

  test('counts no time in which nobody owned it', () => {
    given({ timeout: '1m', steps: [effect('a')] })
      .outstanding(['execute a', 'timer run_timeout @60000'])
      .when(
        {
          type: 'process_restarted',
          epoch: 2,
          node: 'gone',
          lastSeenMs: Date.parse('2026-01-01T00:00:20Z'),
        },
        { atMs: 500_000 },
      )
      .outstanding(['execute a', 'timer run_timeout @540000']);
  });
});
