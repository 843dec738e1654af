/**
 * Decisions that stay in force when a run goes on or runs again: nobody takes one that he could not
 * have made himself over to other inputs, another context or another definition than it was made for.
 */
import { denialOf } from '../core/decision-answer.ts';
import { AppError } from '../model/error.ts';
import type { RunState } from '../model/run-state.ts';
import type { Caller } from './operation.ts';

/** @throws PERMISSION_DENIED when one of these steps holds the decision of somebody else */
export function refuseOthersDecisions(
  caller: Caller,
  agentId: string | null,
  state: RunState,
  paths: Iterable<string>,
): void {
  const { role, sender } = caller;
  const by = agentId ?? caller.name ?? null;
  for (const path of paths) {
    const step = state.steps.get(path);
    if (step?.status !== 'completed' || step.sub?.kind !== 'decision') continue;
    const { ask, resolved } = step.sub;
    if (resolved?.via !== 'signal') continue;
    const denied = denialOf({ type: 'decision', by, role, sender, payload: null }, ask);
    if (denied === null) continue;
    throw new AppError(
      'PERMISSION_DENIED',
      `"${path}" was decided for what the run was started with, not for something else`,
      {
        hint: `${denied}; begin before that step, so that it is asked again, or change nothing`,
        details: { step_id: path },
      },
    );
  }
}
