/** Which crashes count against a step, which against its run, and which against neither. */
import { describe, expect, test } from 'bun:test';
import type { RunEvent } from '../../src/model/event.ts';
import { given, restarted, type Scenario, signal, succeeded, timer } from '../support/given.ts';
import { effect, noop, unsafe, wait } from './steps.ts';

const again = (id = 'a', more: object = {}) => unsafe(id, { on_interrupt: 'rerun', ...more });

/** Crashes in a row, with so many other active runs; the next epoch comes back. */
function crash(run: Scenario, times: number, others: number, epoch = 2): number {
  for (let next = epoch; next < epoch + times; next++) run.when(restarted(next, others));
  return epoch + times;
}

const HOUR = 3_600_000;
const besideWait = { steps: [again(), wait('w', { duration: '1h' })] };

describe('crashes of a process that executed other runs', () => {
  for (const step of [again(), effect('a', { action: 'test.read' }), effect('a')]) {
    test(`never fail a step that is ${step.action?.slice(5)}; nine without progress quarantine`, () => {
      const run = given({ steps: [step] });
      const epoch = crash(run, 8, 19);
      run.outstanding(['execute a']).is('active');
      run
        .when(restarted(epoch, 19))
        .then([
          'workflow_interrupted',
          'step_interrupted a rerun 9',
          'workflow_suspended quarantined',
        ])
        .is('suspended');
      run.when(signal({ type: 'resume' })).including(['workflow_resumed']);
      // After that as many are borne again.
      crash(run, 8, 1, epoch + 1);
      run.outstanding(['execute a']).is('active');
    });
  }

  test('count against an unsafe step even though others of its run go on', () => {
    const run = given(besideWait);
    const epoch = crash(run, 8, 3);
    run.when(timer('w', 'wait'), { atMs: HOUR }).stands({ w: 'completed' });
    run.when(restarted(epoch, 3)).including(['workflow_suspended quarantined']);
  });

  test('start again for a step that may be repeated, when others of its run go on', () => {
    const run = given({ steps: [effect('a'), wait('w', { duration: '1h' })] });
    const epoch = crash(run, 8, 3);
    run.when(timer('w', 'wait'), { atMs: HOUR });
    crash(run, 8, 3, epoch);
    run.outstanding(['execute a']).is('active');
  });

  test('take nothing from those that the step was alone in', () => {
    const run = given({ steps: [again()] });
    run
      .when(restarted(2, 0))
      .when(restarted(3, 19))
      .when(restarted(4, 0))
      .outstanding(['execute a']);
    run.when(restarted(5, 19)).is('active').when(restarted(6, 0)).is('failed INTERRUPTED');
    expect(run.state.error?.message).toContain(
      'by 5 crashes while it was running, 3 of which count against it;',
    );
  });
});

describe('crashes of a process that executed this run alone', () => {
  test('fail the step at the third, whoever counted', () => {
    for (const others of [0, undefined]) {
      const run = given({ steps: [again()] });
      run.when(restarted(2, others)).when(restarted(3, others)).is('active');
      run.when(restarted(4, others)).is('failed INTERRUPTED');
      expect(run.state.error?.message).toContain('interrupted by 3 crashes while');
    }
  });

  test('count on for an unsafe step while others of its run go on', () => {
    const run = given(besideWait);
    crash(run, 2, 0);
    run.when(timer('w', 'wait'), { atMs: HOUR }).when(restarted(4, 0)).is('failed INTERRUPTED');
  });

  test('start again for a step that may be repeated', () => {
    const run = given({ steps: [effect('a'), wait('w', { duration: '1h' })] });
    crash(run, 2, 0);
    run.when(timer('w', 'wait'), { atMs: HOUR });
    crash(run, 2, 0, 4);
    run.outstanding(['execute a']).when(restarted(6, 0)).is('failed INTERRUPTED');
  });

  test('say nothing against one of several effects, but quarantine their run at the third', () => {
    const run = given({ steps: [again('a'), again('b')] });
    crash(run, 2, 0);
    run
      .when(restarted(4, 0))
      .including(['step_interrupted a rerun 3', 'workflow_suspended quarantined'])
      .stands({ a: 'scheduled', b: 'scheduled' });
    const others = run.log.flatMap((event) =>
      event.type === 'step_interrupted' ? [event.payload.others] : [],
    );
    expect(others).toEqual([1, 1, 1, 1, 1, 1]);
    run.when(signal({ type: 'resume' })).outstanding(['execute a', 'execute b']);
  });
});

test('a log from before others were counted counts every crash against the step', () => {
  const definition = { steps: [again(), noop('b', { depends_on: ['a'] })] };
  const before = given(definition);
  crash(before, 2, 0);
  const old = before.log.map((event): RunEvent => {
    if (event.type !== 'step_interrupted' && event.type !== 'workflow_interrupted') return event;
    const { others: _, ...payload } = event.payload;
    return { ...event, payload } as RunEvent;
  });
  given(definition, {}, old).when(restarted(4, 0)).is('failed INTERRUPTED');
  given(definition, {}, old).when(restarted(4, 19)).when(succeeded('a')).is('completed');
});
