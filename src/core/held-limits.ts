/**
 * Limits of composites while somebody is asked about an unknown outcome below them: they do not run.
 * What the process did not live to record is nobody's delay.
 */
import type { RunState, StepState } from '../model/run-state.ts';

/** Stops the limits around a step whose outcome is asked about. */
export function holdLimits(state: RunState, step: StepState, at: number): void {
  for (const owner of around(step)) {
    owner.heldSince ??= at;
    state.touched.add(owner);
  }
}

/** Has the limits around a step run on that no further question holds. */
export function releaseLimits(state: RunState, step: StepState, at: number): void {
  if (step.sub?.kind !== 'decision' || step.sub.ask.kind !== 'outcome_unknown') return;
  for (const owner of around(step)) {
    if (owner.heldSince === null || isAsked(state, owner, step)) continue;
    if (owner.dueAt !== null) owner.dueAt += at - owner.heldSince;
    owner.heldSince = null;
    state.touched.add(owner);
  }
}

/** The composites around a step, innermost first. */
function around(step: StepState): StepState[] {
  const owners: StepState[] = [];
  for (let { owner } = step.list; owner !== null; owner = owner.list.owner) owners.push(owner);
  return owners;
}

/** Whether another question than that of one step is open below a composite. */
function isAsked(state: RunState, owner: StepState, but: StepState): boolean {
  for (const step of state.open) {
    const { sub } = step;
    if (step === but || sub?.kind !== 'decision' || sub.resolved !== null) continue;
    if (sub.ask.kind === 'outcome_unknown' && around(step).includes(owner)) return true;
  }
  return false;
}
