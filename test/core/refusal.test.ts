import { describe, expect, test } from 'bun:test';
import type { StepConfigDef, StepDef } from '../../src/model/definition.ts';
import type { StepFailure } from '../../src/model/error.ts';
import type { EngineInput } from '../../src/model/input.ts';
import { failed, given, type Scenario, signal, succeeded, timer } from '../support/given.ts';
import { ask, bad, child, condition, effect, loop, noop, parallel, unsafe, wait } from './steps.ts';

const ignore = { on_error: { strategy: 'ignore' as const } };
const ignoring = (...on: string[]) => ({ on_error: { strategy: 'ignore' as const, on } });
const fallback = (...on: string[]) => ({
  on_error: {
    strategy: 'fallback_step' as const,
    fallback_step: 'f',
    ...(on.length > 0 && { on }),
  },
});
/** What must not run behind a no. */
const act = (id: string): StepDef => unsafe('act', { depends_on: [id] });

const no = (stepId: string) => signal({ type: 'decision', stepId, payload: { choice: 'no' } });
const reject = (stepId: string) =>
  signal({ type: 'decision', stepId, payload: { reject: true }, reasoning: 'wrong account' });
const cancel = (stepId: string) => signal({ type: 'cancel', stepId });

const MARK = (step: string) => ({ run: 'run-1', step, by: 'anna' });
const markOf = (run: Scenario): unknown =>
  (run.state.error?.details as { decision?: unknown } | undefined)?.decision;

const childEnded = (
  path: string,
  status: 'failed' | 'cancelled',
  error: StepFailure | undefined,
): ((state: Scenario['state']) => EngineInput) => {
  return (state) => {
    const sub = state.steps.get(path)?.sub;
    return {
      type: 'child_ended',
      inboxId: null,
      path,
      seq: state.steps.get(path)?.seq ?? 0,
      childId: sub?.kind === 'child' ? sub.childId : '',
      status,
      ...(error === undefined ? {} : { error }),
    };
  };
};

describe('a decision’s no goes through every handler that does not name REJECTED', () => {
  const noes: [string, (path: string) => ReturnType<typeof no>][] = [
    ['an option that stops', no],
    ['a reject', reject],
    ['a cancel of the step that asks', cancel],
  ];
  const around: [string, (inner: StepDef) => StepDef, string][] = [
    ['the decision itself', (q) => ({ ...q, id: 'x' }), 'x'],
    [
      'a condition',
      (q) => condition('x', { expression: 'true', branches: { true: [q] } }),
      'x.true.q',
    ],
    ['a loop', (q) => loop('x', { over: [1], body: [q] }), 'x.iter_0.q'],
    ['a parallel', (q) => parallel('x', { branches: [[q], [noop('n')]] }), 'x.branch_0.q'],
    [
      'a race whose other branch fails first',
      (q) => parallel('x', { mode: 'race', branches: [[bad('b')], [q]] }),
      'x.branch_1.q',
    ],
    [
      'composites in composites',
      (q) => {
        const inner = condition('c', { expression: 'true', branches: { true: [q] } }, ignore);
        return loop('x', { over: [1], body: [parallel('p', { branches: [[inner]] }, ignore)] });
      },
      'x.iter_0.p.branch_0.c.true.q',
    ],
  ];
  for (const [how, send] of noes) {
    test.each(around)(`${how}, in %s`, (_where, wrap, path) => {
      for (const handler of [ignore, fallback(), ignoring('TIMEOUT_ERROR', 'EXECUTION_ERROR')]) {
        const steps = [{ ...wrap(ask('q')), ...handler }, act('x'), noop('f')];
        const wanted = handler === ignore || 'on' in handler.on_error ? steps.slice(0, 2) : steps;
        const run = given({ steps: wanted })
          .when(send(path))
          .stands({ x: 'failed REJECTED', act: 'skipped upstream_failed' })
          .is('failed REJECTED');
        expect(markOf(run)).toEqual(MARK(path));
      }
    });

    test.each(around)(`${how}, in %s, is caught by name`, (_where, wrap, path) => {
      const inner = ask('q');
      const outer = wrap(inner);
      // Only where nothing between catches less.
      if (path.includes('.c.')) return;
      given({ steps: [{ ...outer, ...ignoring('REJECTED') }, act('x')] })
        .when(send(path))
        .stands({ x: 'completed', act: 'running' });
      given({ steps: [{ ...outer, ...fallback('REJECTED') }, act('x'), noop('f')] })
        .when(send(path))
        .stands({ x: 'failed REJECTED', f: 'completed', act: 'running' });
    });
  }

  test('also when the choice came by time', () => {
    const run = given({
      steps: [ask('q', { timeout: '1s', fallback: 'no' }, ignore), act('q')],
    }).when(timer('q', 'decision'), { atMs: 1000 });
    run.is('failed REJECTED').stands({ act: 'skipped upstream_failed' });
    expect(markOf(run)).toEqual({ run: 'run-1', step: 'q', by: 'system' });
  });

  test('through a child run, whose own error it was', () => {
    const mark = { run: 'child', step: 'in.q', by: 'bo' };
    const error = { code: 'REJECTED' as const, message: 'no', details: { decision: mark } };
    const refused = given({ steps: [child('x', ignore), act('x')] });
    refused.when(childEnded('x', 'failed', error)).is('failed REJECTED');
    expect(refused.state.error?.details).toMatchObject({ decision: mark });
    given({ steps: [child('x', ignore), act('x')] })
      .when(childEnded('x', 'cancelled', error))
      .is('failed REJECTED');
    given({ steps: [child('x', ignoring('REJECTED')), act('x')] })
      .when(childEnded('x', 'failed', error))
      .stands({ x: 'completed', act: 'running' });
  });

  test('in a for_each, beside an iteration that failed before it', () => {
    const body = [ask('q', {}, { condition: 'loop.index == 1' }), effect('e', { depends_on: [] })];
    given({
      steps: [loop('x', { over: [0, 1], max_concurrency: 2, body }, ignore), act('x')],
    })
      .when(failed('x.iter_0.e'))
      .when(succeeded('x.iter_1.e'))
      .when(no('x.iter_1.q'))
      .stands({ x: 'failed REJECTED', act: 'skipped upstream_failed' });
  });

  test('beside another failure of the same list, whichever came first', () => {
    const branches = [[effect('e'), ask('q', {}, { depends_on: [] })]];
    const orders = [
      [failed('x.branch_0.e'), no('x.branch_0.q')],
      [no('x.branch_0.q'), failed('x.branch_0.e')],
    ];
    for (const [first, second] of orders) {
      given({ steps: [parallel('x', { branches }, ignore), act('x')] })
        .when(first as never)
        .when(second as never)
        .stands({ x: 'failed REJECTED' })
        .is('failed REJECTED');
    }
  });

  test('when the composite’s time is over before its other branch', () => {
    const branches = [[ask('q')], [effect('slow')]];
    const retry = { max: 3 };
    const steps = [parallel('x', { branches }, { timeout: '5s', retry, ...ignore }), act('x')];
    given({ steps })
      .when(no('x.branch_0.q'))
      .stands({ x: 'running' })
      .when(timer('x', 'timeout'), { atMs: 5000 })
      .stands({ x: 'failed REJECTED', act: 'skipped upstream_failed' });
  });

  test('when the time of a composite further out is over', () => {
    const inner = parallel('p', { branches: [[ask('q')], [effect('slow')]] });
    const steps = [loop('x', { over: [1], body: [inner] }, { timeout: '5s', ...ignore }), act('x')];
    given({ steps })
      .when(no('x.iter_0.p.branch_0.q'))
      .when(timer('x', 'timeout'), { atMs: 5000 })
      .stands({ x: 'failed REJECTED', act: 'skipped upstream_failed' });
  });

  test('when the run’s own limit is reached meanwhile: a parent sees the no', () => {
    const branches = [[ask('q')], [effect('slow')]];
    const run = given({ timeout: '5s', steps: [parallel('x', { branches }, ignore)] });
    run.when(no('x.branch_0.q')).when(timer(null, 'run_timeout'), { atMs: 5000 });
    run.is('failed REJECTED');
    expect(markOf(run)).toEqual(MARK('x.branch_0.q'));
  });

  test('unless a handler inside, which names REJECTED, would have dealt with it', () => {
    const inner = parallel('p', { branches: [[ask('q')], [effect('slow')]] }, ignoring('REJECTED'));
    const steps = [loop('x', { over: [1], body: [inner] }, { timeout: '5s', ...ignore }), act('x')];
    given({ steps })
      .when(no('x.iter_0.p.branch_0.q'))
      .when(timer('x', 'timeout'), { atMs: 5000 })
      .stands({ x: 'completed', act: 'running' });
  });
});

describe('beside a decision’s no', () => {
  test('a race is won by the other branch', () => {
    const branches = [[ask('q')], [effect('e')]];
    given({ steps: [parallel('x', { mode: 'race', branches }), act('x')] })
      .when(no('x.branch_0.q'))
      .stands({ x: 'running' })
      .when(succeeded('x.branch_1.e'))
      .stands({ x: 'completed', act: 'running' });
  });

  test('any_failed and all_done see a failure', () => {
    const rule = (id: string, trigger_rule: StepDef['trigger_rule']): StepDef =>
      noop(id, { depends_on: ['q'], ...(trigger_rule !== undefined && { trigger_rule }) });
    given({
      steps: [
        ask('q', {}, ignore),
        rule('any', 'any_failed'),
        rule('done', 'all_done'),
        rule('none', 'none_failed'),
        rule('all', 'all_completed'),
      ],
    })
      .when(no('q'))
      .stands({
        any: 'completed',
        done: 'completed',
        none: 'skipped upstream_failed',
        all: 'skipped upstream_failed',
      });
  });

  test('a retry that names REJECTED asks again', () => {
    const retry = { max: 1, on: ['REJECTED'], backoff: 'constant' as const, delay: '1s' };
    given({ steps: [ask('q', {}, { retry, ...ignore })] })
      .when(no('q'))
      .stands({ q: 'retrying' })
      .when(timer('q', 'retry'), { atMs: 1000 })
      .stands({ q: 'suspended' })
      .when(no('q'))
      .is('failed REJECTED');
  });

  test('an explicit skip goes on without the answer', () => {
    given({ steps: [ask('q', {}, ignore), act('q')] })
      .when(no('q'))
      .when(signal({ type: 'skip', stepId: 'q' }))
      .stands({ q: 'skipped skipped_by_signal' });
  });

  test('a retry signal asks anew', () => {
    const run = given({ steps: [parallel('x', { branches: [[ask('q')]] }, ignore), act('x')] });
    run
      .when(no('x.branch_0.q'))
      .is('failed REJECTED')
      .when(signal({ type: 'retry' }))
      .stands({ 'x.branch_0.q': 'suspended' })
      .when(signal({ type: 'decision', payload: { choice: 'yes' } }))
      .stands({ x: 'completed', act: 'running' });
  });
});

describe('what is REJECTED and no decision’s no stays catchable', () => {
  test('a cancelled wait', () => {
    given({ steps: [wait('w', { signal: 'go' }, ignore), noop('after', { depends_on: ['w'] })] })
      .when(cancel('w'))
      .stands({ w: 'completed', after: 'completed' });
  });

  test('a cancelled child step', () => {
    given({ steps: [child('c', ignore), noop('after', { depends_on: ['c'] })] })
      .when((state) => ({
        type: 'child_changed',
        inboxId: null,
        path: 'c',
        seq: state.steps.get('c')?.seq ?? 0,
        childId: 'child-c-2',
        status: 'suspended',
      }))
      .when(cancel('c'))
      .stands({ c: 'completed', after: 'scheduled' })
      // The child that it told to end is gone.
      .when({ type: 'evaluated', path: 'after' })
      .stands({ c: 'completed', after: 'completed' });
  });

  test('the child of a run with the first rules', () => {
    const error = { code: 'REJECTED' as const, message: 'no', details: { choice: 'no' } };
    given({ steps: [child('c', ignore), noop('after', { depends_on: ['c'] })] })
      .when(childEnded('c', 'failed', error))
      .stands({ c: 'completed', after: 'completed' });
  });
});

describe('under the first rules', () => {
  const FIRST = { rules: 1 };
  const config: StepConfigDef = { branches: [[ask('q')]] };

  test('every handler catches a no, as it did', () => {
    const run = given({ steps: [ask('q', {}, ignore), act('q')] }, FIRST);
    run.when(no('q')).stands({ q: 'completed', act: 'running' });
    expect(run.step('q').error?.details).not.toHaveProperty('decision');
    given({ steps: [parallel('x', config, ignore), act('x')] }, FIRST)
      .when(reject('x.branch_0.q'))
      .stands({ x: 'completed', act: 'running' });
  });

  test('also that of a child with newer rules', () => {
    const mark = { run: 'child', step: 'q', by: 'bo' };
    const error = { code: 'REJECTED' as const, message: 'no', details: { decision: mark } };
    given({ steps: [child('c', ignore), act('c')] }, FIRST)
      .when(childEnded('c', 'failed', error))
      .stands({ c: 'completed', act: 'running' });
  });
});
