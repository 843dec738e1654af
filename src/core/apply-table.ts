/** The shape of evolve's tables: what each event type does to the state. */
import type { EventOf, EventPayloads, EventType } from '../model/event.ts';
import type { RunState, StepState } from '../model/run-state.ts';

export type Apply<K extends EventType> = (
  state: RunState,
  payload: EventPayloads[K],
  event: EventOf<K>,
  step: StepState,
) => void;
export type ApplyTable = { readonly [K in EventType]?: Apply<K> };
