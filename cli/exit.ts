/**
 * Exit codes: what the shell is told about a run or an error.
 */
import type { RunStatus } from '../src/model/run-status.ts';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  waiting: 5,
  denied: 6,
  suspended: 7,
  cancelled: 8,
  internal: 70,
  interrupted: 130,
} as const;

/** What a run's state means to the shell; `decisions` are those that somebody has to make. */
export function exitCodeOfRun(run: {
  readonly status: RunStatus;
  readonly pending_decisions?: readonly unknown[];
  readonly waiting_for?: readonly { readonly kind: string }[];
}): number {
  switch (run.status) {
    case 'completed':
      return EXIT.ok;
    case 'failed':
      return EXIT.failed;
    case 'cancelled':
      return EXIT.cancelled;
    case 'suspended':
      return asksSomebody(run) ? EXIT.suspended : EXIT.waiting;
    case 'pending':
    case 'active':
      return EXIT.waiting;
  }
}

const asksSomebody = (run: Parameters<typeof exitCodeOfRun>[0]): boolean =>
  (run.pending_decisions ?? []).length > 0 ||
  (run.waiting_for ?? []).some((wait) => ['decision', 'outcome_unknown'].includes(wait.kind));
