/**
 * What the events of composites mean: branches chosen, iterations begun, parallels opened.
 */
import { branchPrefix, iterationPrefix, parallelPrefix } from '../model/ids.ts';
import type { ListPlan } from '../model/plan.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import type { ApplyTable } from './apply-table.ts';
import { newList } from './state.ts';

/** The plan of a condition's branch: a named one, or the default. */
function branchPlan(step: StepState, branch: string | null): ListPlan | null {
  const body = step.plan.body;
  if (body.type !== 'condition' || branch === null) return null;
  const named = body.branches.get(branch);
  if (named !== undefined) return named;
  return branch === 'default' ? body.fallback : null;
}

function enqueue(state: RunState, step: StepState): void {
  state.agenda.push(step);
  state.touched.add(step);
}

export const COMPOSITE_EVENTS: ApplyTable = {
  condition_evaluated: (state, payload, _event, step) => {
    const plan = branchPlan(step, payload.branch);
    const list =
      plan === null || payload.branch === null
        ? null
        : newList(state.steps, plan, branchPrefix(step.path, payload.branch), step, 0);
    step.sub = { kind: 'condition', result: payload.result, branch: payload.branch, list };
    if (list !== null) state.agenda.push(...list.steps);
    enqueue(state, step);
  },
  loop_started: (state, payload, _event, step) => {
    step.sub = {
      kind: 'loop',
      items: payload.items ?? null,
      iterations: [],
      running: new Set(),
      ended: new Set(),
      truncated: false,
      finished: false,
    };
    enqueue(state, step);
  },
  loop_iter_started: (state, payload, _event, step) => {
    if (step.sub?.kind !== 'loop' || step.plan.body.type !== 'loop') return;
    const prefix = iterationPrefix(step.path, payload.index);
    const list = newList(state.steps, step.plan.body.body, prefix, step, payload.index);
    step.sub.iterations[payload.index] = list;
    step.sub.running.add(payload.index);
    if (list.open === 0) step.sub.ended.add(payload.index);
    state.agenda.push(...list.steps);
  },
  loop_iter_completed: (state, payload, _event, step) => {
    if (step.sub?.kind !== 'loop') return;
    step.sub.running.delete(payload.index);
    step.sub.ended.delete(payload.index);
    enqueue(state, step);
  },
  loop_completed: (state, payload, _event, step) => {
    if (step.sub?.kind !== 'loop') return;
    step.sub.finished = true;
    step.sub.truncated = payload.truncated ?? false;
    enqueue(state, step);
  },
  parallel_started: (state, _payload, _event, step) => {
    if (step.plan.body.type !== 'parallel') return;
    const branches = step.plan.body.branches.map((plan, index) =>
      newList(state.steps, plan, parallelPrefix(step.path, index), step, index),
    );
    step.sub = { kind: 'parallel', branches, winner: null, finished: false };
    for (const list of branches) state.agenda.push(...list.steps);
    enqueue(state, step);
  },
  parallel_completed: (state, payload, _event, step) => {
    if (step.sub?.kind !== 'parallel') return;
    step.sub.finished = true;
    step.sub.winner = payload.winner ?? null;
    enqueue(state, step);
  },
};
