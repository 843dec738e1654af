/**
 * "The end" of a run, for comparing runs: status, what each step came to, outputs, context. Without
 * times, ids and attempts, which may differ.
 */

import { fold } from '../../src/core/evolve.ts';
import { outputOf } from '../../src/core/outputs.ts';
import { newState } from '../../src/core/state.ts';
import type { RunEvent } from '../../src/model/event.ts';
import type { RunId } from '../../src/model/ids.ts';
import type { Json } from '../../src/model/json.ts';
import type { Plan } from '../../src/model/plan.ts';

export interface End {
  readonly status: string;
  readonly steps: Readonly<Record<string, { readonly status: string; readonly output: Json }>>;
  readonly context: Json;
  readonly errorCode: string | null;
}

/** What a whole log comes to. */
export function endOf(runId: RunId, plan: Plan, events: readonly RunEvent[]): End {
  const state = fold(newState(runId, plan), events);
  const steps: Record<string, { status: string; output: Json }> = {};
  for (const path of [...state.steps.keys()].sort()) {
    const step = state.steps.get(path);
    if (step !== undefined) steps[path] = { status: step.status, output: timeless(outputOf(step)) };
  }
  return {
    status: state.status,
    steps,
    context: { ...state.context },
    errorCode: state.error?.code ?? null,
  };
}

/** Times differ from run to run. */
function timeless(value: Json): Json {
  return JSON.parse(JSON.stringify(value, (key, item) => (key === 'resolved_at' ? 'then' : item)));
}
