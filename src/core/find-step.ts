/**
 * Finds the step that a signal names: by its path, by its decision's id, or by the last part of its path.
 *
 * A short name means the step that can take the signal now, among all it fits. A path is never
 * reinterpreted: who gives one means that step, whatever became of it.
 */
import { decisionId } from '../model/ids.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import { suggestion } from './graph-nearest.ts';

/** Candidates shown when a name is not unique. */
const SHOWN = 4;

/** Returns the step, or why there is none. `fits`: the better a predicate stands, the earlier it counts. */
export function findStep(
  state: RunState,
  ref: string,
  fits: readonly ((step: StepState) => boolean)[],
): StepState | string {
  const exact = state.steps.get(ref) ?? askedAs(state, ref);
  if (exact !== undefined) return exact;
  const matches = stepsNamed(state, ref);
  const best = fits.map((fit) => matches.filter(fit)).find((some) => some.length > 0) ?? matches;
  const [only, second] = best;
  if (only === undefined) {
    const meant = suggestion(ref, stepNames(state));
    return `the run has no step "${ref}"${meant === undefined ? '' : `: ${meant}`}`;
  }
  if (second === undefined) return only;
  const paths = best.slice(0, SHOWN).map((step) => step.path);
  const more = best.length > SHOWN ? ', …' : '';
  return `"${ref}" names ${best.length} steps (${paths.join(', ')}${more}): give the whole path`;
}

/** What steps are called: their paths, and the last parts of those. */
export function stepNames(state: RunState): ReadonlySet<string> {
  const steps = [...state.steps.values()];
  return new Set([...steps.map(({ plan }) => plan.id), ...steps.map(({ path }) => path)]);
}

/** Every step whose path ends with these parts, the path itself included. */
export function stepsNamed(state: RunState, ref: string): StepState[] {
  const end = `.${ref}`;
  return [...state.steps.values()].filter((step) => step.path === ref || step.path.endsWith(end));
}

/** The step whose present or last question has this decision id. */
function askedAs(state: RunState, ref: string): StepState | undefined {
  if (!ref.startsWith(`${state.runId}.`)) return undefined;
  for (const step of state.steps.values()) {
    if (step.sub?.kind === 'decision' && decisionId(state.runId, step.sub.seq) === ref) return step;
  }
  return undefined;
}
