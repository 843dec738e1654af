/**
 * Finding what a caller means: a run by id, unique prefix or `@last`; a step by path or unique id.
 */
import { stepNames } from '../core/find-step.ts';
import { suggestion } from '../core/graph-nearest.ts';
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import { asRunId } from '../model/ids.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import type { Store } from '../model/store.ts';

/** Candidates shown when a prefix is not unique. */
const SHOWN = 5;

/** @throws NOT_FOUND when no run matches, VALIDATION_ERROR when several do */
export function resolveRun(store: Store, reference: string): RunId {
  if (reference === '@last') {
    const last = store.latestId();
    if (last === null) throw new AppError('NOT_FOUND', 'there is no run yet');
    return last;
  }
  const exact = asRunId(reference);
  if (store.head(exact) !== null) return exact;
  const [only, ...others] = store.findIds(reference, SHOWN + 1);
  if (only === undefined) {
    throw new AppError('NOT_FOUND', `there is no run "${reference}"`, {
      hint: runHint(store, reference),
    });
  }
  if (others.length === 0) return only;
  const shown = [only, ...others].slice(0, SHOWN);
  const more = others.length >= SHOWN ? ', …' : '';
  throw new AppError(
    'VALIDATION_ERROR',
    `"${reference}" is the beginning of several run ids (${shown.join(', ')}${more})`,
    { hint: 'give more characters', details: { candidates: shown } },
  );
}

/** What was meant by a reference that is no run: `@last`, or the template that runs are of. */
function runHint(store: Store, reference: string): string {
  if (store.template(reference, null) !== null) {
    return `"${reference}" is a template: \`opcode query workflows --template ${reference}\` lists its runs`;
  }
  return (
    suggestion(reference, ['@last']) ?? 'list runs with query workflows (`opcode query workflows`)'
  );
}

/** @throws NOT_FOUND when the run has no such step, VALIDATION_ERROR when several have that id */
export function resolveStep(state: RunState, reference: string): StepState {
  const exact = state.steps.get(reference);
  if (exact !== undefined) return exact;
  const matches = [...state.steps.values()].filter((step) => isLastPart(step, reference));
  const [only, ...others] = matches;
  if (only === undefined) {
    const known = [...state.steps.keys()].slice(0, 20).join(', ');
    throw new AppError('NOT_FOUND', `run ${state.runId} has no step "${reference}"`, {
      hint: suggestion(reference, stepNames(state)) ?? `its steps so far: ${known}`,
    });
  }
  if (others.length === 0) return only;
  const shown = matches.slice(0, SHOWN).map((step) => step.path);
  const more = matches.length > SHOWN ? ', …' : '';
  throw new AppError(
    'VALIDATION_ERROR',
    `"${reference}" names ${matches.length} steps (${shown.join(', ')}${more})`,
    { hint: 'give the whole path', details: { candidates: shown } },
  );
}

const isLastPart = (step: StepState, reference: string): boolean =>
  step.plan.id === reference || step.path.endsWith(`.${reference}`);
