import { describe, expect, test } from 'bun:test';
import type { StepDef } from '../../src/model/definition.ts';
import { given, type Scenario, signal, succeeded, timer } from '../support/given.ts';
import { condition, effect, loop, noop, parallel, wait } from './steps.ts';

const go = signal({ type: 'data', name: 'go' });
const waitForGo = (more: Partial<StepDef> = {}): StepDef => wait('w', { signal: 'go' }, more);
const late = (id = 'w'): StepDef =>
  wait(id, { signal: 'go', timeout: '1s', on_timeout: 'continue' });

function verdictOf(run: Scenario): string {
  const [verdict] = run.when(go).verdicts;
  return verdict === undefined || verdict.ok ? 'taken' : verdict.error.code;
}

describe('a signal by a name that no wait can take any more is NOT_FOUND', () => {
  /** `open` keeps the run going. */
  const open = effect('open');
  const ended: [string, () => Scenario][] = [
    ['the wait has timed out', () => given({ steps: [late(), open] }).when(timer('w', 'wait'))],
    ['the wait has taken one', () => given({ steps: [waitForGo(), open] }).when(go)],
    ['the wait was skipped', () => given({ steps: [waitForGo({ condition: 'false' }), open] })],
    [
      'another branch was taken',
      () => {
        const branches = { a: [waitForGo()], b: [noop('x')] };
        return given({ steps: [condition('c', { expression: "'b'", branches }), open] });
      },
    ],
    [
      'the loop has no iteration left',
      () => {
        const steps = [loop('l', { over: [1, 2], body: [late()] }), open];
        return given({ steps }).when(timer('l.iter_0.w', 'wait')).when(timer('l.iter_1.w', 'wait'));
      },
    ],
    [
      'its branch has lost the race',
      () => {
        const branches = [[effect('fast')], [waitForGo()]];
        return given({ steps: [parallel('p', { mode: 'race', branches }), open] }).when(
          succeeded('p.branch_0.fast'),
        );
      },
    ],
    [
      'the fallback that would wait is not needed',
      () => {
        const on_error = { strategy: 'fallback_step' as const, fallback_step: 'w' };
        return given({ steps: [effect('a', { on_error }), waitForGo(), open] }).when(
          succeeded('a'),
        );
      },
    ],
  ];
  test.each(ended)('when %s', (_name, run) => {
    expect(verdictOf(run())).toBe('NOT_FOUND');
  });
});

describe('a signal is taken while a wait of its name is left', () => {
  const left: [string, () => Scenario][] = [
    [
      'behind a step that runs',
      () => given({ steps: [effect('a'), waitForGo({ depends_on: ['a'] })] }),
    ],
    [
      'in an iteration to come',
      () => {
        const steps = [loop('l', { over: [1, 2], body: [late(), effect('x')] })];
        return given({ steps }).when(timer('l.iter_0.w', 'wait'));
      },
    ],
    [
      'in a while loop',
      () => {
        const config = { mode: 'while' as const, condition: 'true', body: [late(), effect('x')] };
        return given({ steps: [loop('l', config)] }).when(timer('l.iter_0.w', 'wait'));
      },
    ],
    [
      'in a branch that nobody has chosen yet',
      () => {
        const branches = { a: [waitForGo()] };
        const steps = [
          effect('a'),
          condition('c', { expression: 'steps.a.output', branches }, { depends_on: ['a'] }),
        ];
        return given({ steps });
      },
    ],
    [
      'in a composite that may be tried again',
      () => {
        const steps = [
          parallel('p', { branches: [[late()], [effect('x')]] }, { retry: { max: 1 } }),
        ];
        return given({ steps }).when(timer('p.branch_0.w', 'wait'));
      },
    ],
    [
      'under a name that comes from the run',
      () => {
        const steps = [effect('a'), wait('w', { signal: '${{steps.a.output}}' })];
        return given({ steps });
      },
    ],
  ];
  test.each(left)('%s', (_name, run) => {
    expect(verdictOf(run())).toBe('taken');
  });
});
