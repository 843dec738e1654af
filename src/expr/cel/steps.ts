/** `steps` as a map of the visible steps, each read when it is asked for. */
import type { Scope, StepView } from '../../model/expression.ts';
import { KIND } from '../expr-lang/time-values.ts';
import { stepField, stepFieldNames } from '../step-view.ts';
import type { CelMap } from './values.ts';

/** The steps of a scope; each is built once, because a macro may ask at every element. */
export function createStepsMap(scope: Scope): CelMap {
  const known = new Map<string, CelMap>();
  const get = (key: unknown): CelMap | undefined => {
    if (typeof key !== 'string') return undefined;
    const before = known.get(key);
    if (before !== undefined) return before;
    const view = scope.step(key);
    if (view === undefined) return undefined;
    const step = stepMap(view);
    known.set(key, step);
    return step;
  };
  return { [KIND]: 'map', size: () => scope.stepIds().length, get, keys: () => scope.stepIds() };
}

function stepMap(view: StepView): CelMap {
  const keys = (): readonly string[] => stepFieldNames(view);
  return {
    [KIND]: 'map',
    size: () => keys().length,
    get: (key) => (typeof key === 'string' ? stepField(view, key) : undefined),
    keys,
  };
}
