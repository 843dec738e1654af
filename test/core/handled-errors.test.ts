import { describe, expect, test } from 'bun:test';
import type { StepDef } from '../../src/model/definition.ts';
import { failed, given, succeeded, timer } from '../support/given.ts';
import { ask, child, condition, effect, loop, noop, parallel, wait } from './steps.ts';

const ignore = (...on: string[]) => ({ on_error: { strategy: 'ignore' as const, on } });
const fallback = (to: string, ...on: string[]) => ({
  on_error: { strategy: 'fallback_step' as const, fallback_step: to, on },
});
const after = (id: string): StepDef => noop('after', { depends_on: [id] });

const SLOW = { backoff: 'constant', delay: '1s' } as const;

describe('on_error.on', () => {
  test('ignores a failure whose code it names', () => {
    given({ steps: [effect('a', ignore('TIMEOUT_ERROR', 'EXECUTION_ERROR')), after('a')] })
      .when(failed('a', 'EXECUTION_ERROR'))
      .including(['step_ignored a EXECUTION_ERROR'])
      .stands({ a: 'completed', after: 'completed' })
      .is('completed');
  });

  test('lets every other failure fail the step', () => {
    given({ steps: [effect('a', ignore('TIMEOUT_ERROR')), after('a')] })
      .when(failed('a', 'EXECUTION_ERROR'))
      .stands({ a: 'failed EXECUTION_ERROR', after: 'skipped upstream_failed' })
      .is('failed EXECUTION_ERROR');
  });

  test('calls the fallback only for the codes it names', () => {
    const definition = { steps: [effect('a', fallback('b', 'TIMEOUT_ERROR')), noop('b')] };
    given(definition)
      .when(failed('a', 'TIMEOUT_ERROR'))
      .stands({ a: 'failed TIMEOUT_ERROR', b: 'completed' })
      .is('completed');
    given(definition)
      .when(failed('a', 'EXECUTION_ERROR'))
      .stands({ a: 'failed EXECUTION_ERROR', b: 'skipped not_needed' })
      .is('failed EXECUTION_ERROR');
  });

  test('is asked after the last attempt, with the error of that one', () => {
    const run = given({
      steps: [effect('a', { retry: { max: 1 }, ...ignore('TIMEOUT_ERROR') })],
    });
    run
      .when(failed('a', 'EXECUTION_ERROR'))
      .when(timer('a', 'retry'))
      .when(failed('a', 'TIMEOUT_ERROR'))
      .including(['step_ignored a TIMEOUT_ERROR'])
      .is('completed');
  });

  const kinds: [string, StepDef, string][] = [
    ['a loop', loop('x', { over: [1], body: [effect('in')] }), 'x.iter_0.in'],
    ['a parallel', parallel('x', { branches: [[effect('in')]] }), 'x.branch_0.in'],
    [
      'a condition',
      condition('x', { expression: 'true', branches: { true: [effect('in')] } }),
      'x.true.in',
    ],
  ];
  test.each(kinds)('stands beside %s too', (_name, step, path) => {
    const steps = [{ ...step, ...ignore('TIMEOUT_ERROR') }, after('x')];
    given({ steps })
      .when(failed(path, 'TIMEOUT_ERROR'))
      .stands({ x: 'completed', after: 'completed' });
    given({ steps })
      .when(failed(path, 'NON_RETRYABLE'))
      .stands({ x: 'failed NON_RETRYABLE', after: 'skipped upstream_failed' });
  });

  test('stands beside a decision and a wait too', () => {
    given({
      steps: [
        ask('q', { timeout: '1s' }, ignore('TIMEOUT_ERROR')),
        wait('w', { signal: 'go', timeout: '1s' }, ignore('EXECUTION_ERROR')),
      ],
    })
      .when(timer('q', 'decision'), { atMs: 1000 })
      .stands({ q: 'completed' })
      .when(timer('w', 'wait'))
      .stands({ w: 'failed TIMEOUT_ERROR' });
  });

  test('stands beside workflow.run, for the code of the child', () => {
    const run = given({ steps: [child('c', ignore('ASSERTION_FAILED')), after('c')] });
    run.when((state) => ({
      type: 'child_ended',
      inboxId: null,
      path: 'c',
      seq: state.steps.get('c')?.seq ?? 0,
      childId: 'child-c-2',
      status: 'failed',
      error: { code: 'ASSERTION_FAILED', message: 'no' },
    }));
    run.stands({ c: 'completed', after: 'completed' });
  });
});

describe('retry.on', () => {
  test('asks a decision again after the codes it names', () => {
    const run = given({
      steps: [ask('q', { timeout: '1s' }, { retry: { max: 1, on: ['TIMEOUT_ERROR'], ...SLOW } })],
    });
    run
      .when(timer('q', 'decision'), { atMs: 1000 })
      .stands({ q: 'retrying' })
      .when(timer('q', 'retry'))
      .stands({ q: 'suspended' });
    expect(run.step('q').attempt).toBe(2);
  });

  test('repeats a composite by the code of what failed in it', () => {
    const retry = { max: 1, on: ['NON_RETRYABLE'], ...SLOW };
    const run = given({ steps: [parallel('p', { branches: [[effect('in')]] }, { retry })] });
    run
      .when(failed('p.branch_0.in', 'NON_RETRYABLE'))
      .stands({ p: 'retrying' })
      .when(timer('p', 'retry'))
      .when(succeeded('p.branch_0.in'))
      .is('completed');
  });
});
