/** The types of events that there are, for whoever asks for some of them by name. */
import { nearestName } from '../core/graph-nearest.ts';
import { AppError } from '../model/error.ts';
import type { EventType } from '../model/event.ts';

const KNOWN: Readonly<Record<EventType, true>> = {
  workflow_started: true,
  workflow_completed: true,
  workflow_failed: true,
  workflow_cancelled: true,
  workflow_suspended: true,
  workflow_queued: true,
  workflow_resumed: true,
  workflow_timed_out: true,
  workflow_interrupted: true,
  masking_incomplete: true,
  step_scheduled: true,
  step_started: true,
  step_completed: true,
  step_failed: true,
  step_ignored: true,
  step_skipped: true,
  step_suspended: true,
  step_resumed: true,
  step_interrupted: true,
  step_retry_attempt: true,
  step_fallback: true,
  error_handler_invoked: true,
  decision_requested: true,
  decision_resolved: true,
  decision_cancelled: true,
  signal_received: true,
  variable_set: true,
  context_changed: true,
  condition_evaluated: true,
  loop_started: true,
  loop_iter_started: true,
  loop_iter_completed: true,
  loop_completed: true,
  parallel_started: true,
  parallel_completed: true,
  wait_started: true,
  wait_completed: true,
  circuit_breaker_open: true,
  circuit_breaker_half_open: true,
  circuit_breaker_closed: true,
  hook_started: true,
  hook_completed: true,
  hook_failed: true,
  log: true,
  custom: true,
  notification: true,
};

/** Names that an earlier program of this name had; `dag_mutated` is of none of ours. */
const FORMER: ReadonlyMap<string, string> = new Map([
  ['step_retrying', 'step_retry_attempt'],
  ['dag_mutated', 'dag_mutated'],
]);

/** The types that are named. @throws VALIDATION_ERROR naming the nearest one */
export function eventTypes(field: string, names: readonly string[]): readonly string[] {
  const known = Object.keys(KNOWN);
  return names.map((name) => {
    if (Object.hasOwn(KNOWN, name)) return name;
    const former = FORMER.get(name);
    if (former !== undefined) return former;
    const near = nearestName(name, known);
    throw new AppError('VALIDATION_ERROR', `${field}: there is no type of event "${name}"`, {
      hint: near === null ? `there are ${known.join(', ')}` : `did you mean "${near}"?`,
    });
  });
}
