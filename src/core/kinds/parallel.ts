/** Parallel steps: all branches to their end, or the first good one. */

import { failure } from '../../model/error.ts';
import type { ListState, ParallelState, StepState } from '../../model/run-state.ts';
import { abortList } from '../abort.ts';
import { type Batch, emit } from '../context.ts';
import { failAttempt } from '../on-error.ts';
import { firstFailure } from '../refusal.ts';
import { beginComposite, completeComposite } from './begin.ts';
import type { Kind } from './kind.ts';

export const parallel: Kind = {
  start(batch, step, guard) {
    beginComposite(batch, step, guard);
  },
  advance(batch, step) {
    const body = step.plan.body;
    if (body.type !== 'parallel') return;
    if (step.sub?.kind !== 'parallel') {
      const { mode, branches } = body;
      emit(batch, 'parallel_started', step.path, { branches: branches.length, mode });
    }
    if (step.sub?.kind !== 'parallel') return;
    admitWaiting(batch, step.sub, body.maxConcurrency);
    if (body.mode === 'race') advanceRace(batch, step, step.sub);
    else advanceAll(batch, step, step.sub);
  },
};

/** Whether a branch may run: under `max_concurrency` only the first so many open ones do. */
export function branchMayRun(list: ListState): boolean {
  const owner = list.owner;
  const body = owner?.plan.body;
  if (owner?.sub?.kind !== 'parallel' || body?.type !== 'parallel') return true;
  if (body.maxConcurrency === null) return true;
  let before = 0;
  for (const branch of owner.sub.branches) {
    if (branch === list) return true;
    if (branch.open > 0) before += 1;
    if (before >= body.maxConcurrency) return false;
  }
  return true;
}

function admitWaiting(batch: Batch, sub: ParallelState, max: number | null): void {
  if (max === null) return;
  let open = 0;
  for (const branch of sub.branches) {
    if (branch.open === 0) continue;
    if (!branch.ran) batch.state.agenda.push(...branch.steps);
    open += 1;
    if (open >= max) return;
  }
}

function advanceAll(batch: Batch, step: StepState, sub: ParallelState): void {
  if (sub.branches.some((branch) => branch.open > 0)) return;
  const failed = firstFailure(batch.state.plan.rules, sub.branches);
  if (failed !== null) {
    failAttempt(batch, step, failed.error);
    return;
  }
  if (!sub.finished) emit(batch, 'parallel_completed', step.path, {});
  completeComposite(batch, step);
}

function advanceRace(batch: Batch, step: StepState, sub: ParallelState): void {
  if (!sub.finished) {
    const winner = raceWinner(sub);
    if (winner !== null) emit(batch, 'parallel_completed', step.path, { winner });
    else if (sub.branches.every((branch) => branch.open === 0)) {
      const error = firstFailure(batch.state.plan.rules, sub.branches)?.error;
      const none = failure('EXECUTION_ERROR', 'no branch of the race ran to a good end');
      failAttempt(batch, step, error ?? none);
    }
  }
  if (!sub.finished) return;
  sub.branches.forEach((branch, index) => {
    if (index !== sub.winner && branch.open > 0) abortList(batch, branch, 'race_lost');
  });
  completeComposite(batch, step);
}

/** The first branch that ended well; one that executed nothing only when none executed anything. */
function raceWinner(sub: ParallelState): number | null {
  const good = (branch: ListState): boolean => branch.open === 0 && branch.failure === null;
  const ran = sub.branches.findIndex((branch) => good(branch) && branch.ran);
  if (ran >= 0) return ran;
  const allIdle = sub.branches.every((branch) => good(branch) && !branch.ran);
  return allIdle && sub.branches.length > 0 ? 0 : null;
}
