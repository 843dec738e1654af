/**
 * When a pending step becomes ready, and why it is skipped when it never can: trigger rules.
 *
 * A dependency counts by its resolution; one skipped because something failed before it counts, for
 * `all_ok`, as that failure: a step never runs as if the work it builds on had been done.
 */
import type { SkipReason } from '../model/event.ts';
import type { StepState } from '../model/run-state.ts';

export type Readiness =
  | { readonly kind: 'wait' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'skip'; readonly reason: SkipReason };

const WAIT: Readiness = { kind: 'wait' };
const READY: Readiness = { kind: 'ready' };
const skip = (reason: SkipReason): Readiness => ({ kind: 'skip', reason });

/** What a step's trigger rule says of its dependencies now. */
export function readiness(step: StepState): Readiness {
  const { waits, completedDeps, failedDeps, brokenDeps } = step;
  const total = step.plan.deps.length;
  const broken = failedDeps + brokenDeps > 0;
  const ended = waits === 0;
  const skipped = total - waits - completedDeps - failedDeps;
  switch (step.plan.rule) {
    case 'all_ok':
      if (broken) return skip('upstream_failed');
      if (!ended) return WAIT;
      return total === 0 || completedDeps > 0 ? READY : skip('upstream_skipped');
    case 'all_completed':
      if (broken) return skip('upstream_failed');
      if (skipped > 0) return skip('rule_not_met');
      return ended ? READY : WAIT;
    case 'none_failed':
      if (failedDeps > 0) return skip('upstream_failed');
      return ended ? READY : WAIT;
    case 'all_done':
      return ended ? READY : WAIT;
    case 'any_failed':
      if (!ended) return WAIT;
      return failedDeps > 0 ? READY : skip('rule_not_met');
  }
}
