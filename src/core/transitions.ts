/**
 * When a pending step becomes ready, and why it is skipped when it never can: trigger rules.
 *
 * A dependency counts by its resolution; one skipped because something failed before it counts, for
 * `all_ok`, as that failure: a step never runs as if the work it builds on had been done.
 */
import type { TriggerRule } from '../model/definition.ts';
import type { SkipReason } from '../model/event.ts';
import type { StepState } from '../model/run-state.ts';

export type Readiness =
  | { readonly kind: 'wait' }
  | { readonly kind: 'ready' }
  | { readonly kind: 'skip'; readonly reason: SkipReason };

const WAIT: Readiness = { kind: 'wait' };
const READY: Readiness = { kind: 'ready' };
const skip = (reason: SkipReason): Readiness => ({ kind: 'skip', reason });

/** Dependencies by how they stand now. */
interface Tally {
  readonly total: number;
  readonly ended: boolean;
  readonly completed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Failed, or skipped because of a failure. */
  readonly broken: boolean;
}

/** What a step's trigger rule says of its dependencies now. */
export function readiness(step: StepState): Readiness {
  const { waits, completedDeps, failedDeps, brokenDeps } = step;
  const total = step.plan.deps.length;
  return RULES[step.plan.rule]({
    total,
    ended: waits === 0,
    completed: completedDeps,
    failed: failedDeps,
    skipped: total - waits - completedDeps - failedDeps,
    broken: failedDeps + brokenDeps > 0,
  });
}

const RULES: { readonly [R in TriggerRule]: (tally: Tally) => Readiness } = {
  all_ok: ({ broken, ended, total, completed }) => {
    if (broken) return skip('upstream_failed');
    if (!ended) return WAIT;
    return total === 0 || completed > 0 ? READY : skip('upstream_skipped');
  },
  all_completed: ({ broken, skipped, ended }) => {
    if (broken) return skip('upstream_failed');
    if (!ended) return WAIT;
    return skipped > 0 ? skip('rule_not_met') : READY;
  },
  none_failed: ({ failed, ended }) => {
    if (failed > 0) return skip('upstream_failed');
    return ended ? READY : WAIT;
  },
  all_done: ({ ended }) => (ended ? READY : WAIT),
  any_failed: ({ ended, failed }) => {
    if (!ended) return WAIT;
    return failed > 0 ? READY : skip('rule_not_met');
  },
};
