/**
 * What a step type does: begin an attempt, and go on when something about it has changed.
 *
 * `advance` is idempotent: it looks at the state and records only what is missing, so a log cut
 * anywhere goes on to the same end.
 */
import type { Json } from '../../model/json.ts';
import type { StepState } from '../../model/run-state.ts';
import type { Batch } from '../context.ts';

export interface Kind {
  /** Begins an attempt of a step whose rule and guard hold. `guard`: its value, when it has one. */
  start(batch: Batch, step: StepState, guard: Json | undefined): void;
  /** Goes on with a step that is running or suspended. */
  advance(batch: Batch, step: StepState): void;
}
