/**
 * Exit codes: what the shell is told about a run or an error.
 */
import { isJsonObject, type Json } from '../src/model/json.ts';
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

/** Gives the exit code of a command's run: the command's own, as a shell would tell it. */
export function exitCodeOfCommand(run: {
  readonly status: RunStatus;
  readonly error?: { readonly code: string; readonly details?: Json | undefined } | undefined;
}): number {
  if (run.status === 'completed') return EXIT.ok;
  if (run.status === 'cancelled') return ENDED_BY_US;
  if (run.status !== 'failed') return exitCodeOfRun(run);
  const { code, details } = run.error ?? { code: '' };
  if (code === 'TIMEOUT_ERROR') return ENDED_BY_US;
  if (!isJsonObject(details)) return NOT_STARTED;
  const { exit_code: own, errno, command } = details;
  if (typeof own === 'number') return own;
  if (typeof errno !== 'string' || command === undefined) return NOT_STARTED;
  return errno === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE;
}

/** As shells, `env` and `docker run` use them. */
export const NOT_STARTED = 125;
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
/** SIGTERM, by which a command is ended that takes too long or is cancelled. */
const ENDED_BY_US = 128 + 15;

const asksSomebody = (run: Parameters<typeof exitCodeOfRun>[0]): boolean =>
  (run.pending_decisions ?? []).length > 0 ||
  (run.waiting_for ?? []).some((wait) => ['decision', 'outcome_unknown'].includes(wait.kind));
