/**
 * What a step or list has yielded. Composite outputs are assembled from their parts when read and
 * never stored in the log.
 */
import { type Json, type JsonObject, setOwn } from '../model/json.ts';
import type { ListState, RunState, StepState } from '../model/run-state.ts';

/** A step's output: null when skipped or ignored, the fallback's when it stood in. */
export function outputOf(step: StepState): Json {
  if (step.status === 'failed') {
    const fallback = step.handled && step.plan.fallback !== null ? step.plan.fallback : null;
    const standIn = fallback === null ? undefined : step.list.steps[fallback];
    return standIn?.resolution === 'completed' ? outputOf(standIn) : null;
  }
  if (step.status !== 'completed') return null;
  if (step.output !== undefined || step.error !== null) return step.output ?? null;
  // Kept on the step while it stays completed: a reset clears it with the rest.
  step.output = compositeOutput(step);
  return step.output;
}

function compositeOutput(step: StepState): Json {
  const { sub } = step;
  if (sub === null) return null;
  switch (sub.kind) {
    case 'condition': {
      if (sub.branch === null) return { branch: sub.result, skipped: true };
      return { branch: sub.branch, output: sub.list === null ? null : listOutput(sub.list) };
    }
    case 'loop': {
      const results = sub.iterations.map(listOutput);
      const output: JsonObject = { iterations: results.length, results };
      return sub.truncated ? { ...output, truncated: true } : output;
    }
    case 'parallel': {
      if (sub.winner === null) return { mode: 'all', branches: sub.branches.map(listOutput) };
      const winner = sub.branches[sub.winner];
      return {
        mode: 'race',
        winner: sub.winner,
        output: winner === undefined ? null : listOutput(winner),
      };
    }
    default:
      return null;
  }
}

/** A list's output: that of its last written step that is no fallback. */
export function listOutput(list: ListState): Json {
  const step = list.steps[list.plan.result];
  return step === undefined ? null : outputOf(step);
}

/** The run's default output: each leaf of the top list by id. */
export function defaultOutput(state: RunState): JsonObject {
  const output: Record<string, Json> = {};
  for (const index of state.top.plan.leaves) {
    const step = state.top.steps[index];
    if (step !== undefined) setOwn(output, step.plan.id, outputOf(step));
  }
  return output;
}
