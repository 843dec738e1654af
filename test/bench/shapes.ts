/**
 * The workflow shapes that are measured, each of any size, with one action for all its steps.
 */
import type { Definition, StepDef } from '../../src/model/definition.ts';
import type { Json } from '../../src/model/json.ts';

export type BenchAction = 'bench.pure' | 'bench.unsafe';

const step = (id: string, action: BenchAction, dependsOn: readonly string[] = []): StepDef => ({
  id,
  action,
  ...(dependsOn.length === 0 ? {} : { depends_on: dependsOn }),
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** `count` steps, each behind the one before it. */
export function chain(count: number, action: BenchAction = 'bench.pure'): Definition {
  return {
    steps: numbers(count).map((n) => step(`s${n}`, action, n === 0 ? [] : [`s${n - 1}`])),
  };
}

/** `count` steps that do not know of each other. */
export function parallel(count: number, action: BenchAction = 'bench.pure'): Definition {
  return { steps: numbers(count).map((n) => step(`s${n}`, action)) };
}

/** One step, `count - 2` behind it, one behind them all. */
export function fanOut(count: number, action: BenchAction = 'bench.pure'): Definition {
  const middle = numbers(count - 2).map((n) => `m${n}`);
  return {
    steps: [
      step('first', action),
      ...middle.map((id) => step(id, action, ['first'])),
      step('last', action, middle),
    ],
  };
}

/** Four steps: one, two behind it, one behind both. */
export const diamond = (action: BenchAction = 'bench.pure'): Definition => fanOut(4, action);

/** A loop over `count` items with one step in its body. */
export function forEach(count: number, maxConcurrency = 1): Definition {
  return {
    steps: [
      {
        id: 'loop',
        type: 'loop',
        config: {
          over: numbers(count) as Json,
          max_concurrency: maxConcurrency,
          body: [step('body', 'bench.pure')],
        },
      },
    ],
  };
}

/** A chain in which each step's params read the output of the step before it. */
export function readingChain(count: number): Definition {
  return {
    steps: numbers(count).map((n) => ({
      ...step(`s${n}`, 'bench.pure'),
      params: { value: n === 0 ? 0 : `\${{steps.s${n - 1}.output}}` },
    })),
  };
}

/** A run that waits for a signal that never comes, behind `before` pure steps. */
export function waiting(before: number): Definition {
  return {
    steps: [
      ...chain(before).steps,
      {
        id: 'wait',
        type: 'wait',
        config: { signal: 'go' },
        ...(before === 0 ? {} : { depends_on: [`s${before - 1}`] }),
      },
    ],
  };
}
