/** Finds the lists of steps that hang below a composite. */
import type { ListState, StepState } from '../model/run-state.ts';

/** Lists that hang below a composite, in order. */
export function listsBelow(step: StepState): readonly ListState[] {
  const sub = step.sub;
  if (sub === null) return [];
  if (sub.kind === 'condition') return sub.list === null ? [] : [sub.list];
  if (sub.kind === 'loop') return sub.iterations;
  return sub.kind === 'parallel' ? sub.branches : [];
}
