/**
 * `evolve(state, event)`: applies one recorded fact to the state, in place.
 *
 * It evaluates nothing, reads no clock, and accepts every event any release ever wrote; a fact about
 * a step that is not there (a newer release forgot it) is passed over. Deciding what follows from a
 * fact is not done here: evolve only leaves it on the agenda.
 */
import type { EventPayloads, EventType, RunEvent } from '../model/event.ts';
import { setOwn } from '../model/json.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import type { Apply, ApplyTable } from './apply-table.ts';
import { COMPOSITE_EVENTS } from './evolve-composites.ts';
import { RUN_EVENTS } from './evolve-run.ts';
import { STEP_EVENTS } from './evolve-steps.ts';

const setContext = (state: RunState, payload: EventPayloads['context_changed']): void => {
  // A copy: what read the context before keeps what it read.
  const context = Object.assign(Object.create(null), state.context) as RunState['context'];
  for (const [key, value] of Object.entries(payload.set)) setOwn(context, key, value);
  state.context = context;
};

const TABLE: ApplyTable = {
  ...RUN_EVENTS,
  ...STEP_EVENTS,
  ...COMPOSITE_EVENTS,
  variable_set: setContext,
  context_changed: setContext,
};

/** Applies one event; `event.seq` must be the state's next. */
export function evolve(state: RunState, event: RunEvent): void {
  if (event.seq !== state.seq + 1) {
    throw new Error(`event ${event.seq} of ${state.runId} does not follow ${state.seq}`);
  }
  state.seq = event.seq;
  state.at = event.at;
  const apply = TABLE[event.type] as Apply<EventType> | undefined;
  if (apply === undefined) return;
  const step = event.path === null ? undefined : state.steps.get(event.path);
  if (event.path !== null && step === undefined) return;
  apply(state, event.payload as never, event as never, step as StepState);
}

/** Folds a whole log into a state; the agenda stays empty, a sweep is needed before deciding. */
export function fold(state: RunState, events: readonly RunEvent[]): RunState {
  for (const event of events) {
    evolve(state, event);
    state.agenda.length = 0;
  }
  return state;
}
