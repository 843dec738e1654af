/**
 * The dependencies a compiled plan knows of, in the form that `buildDiagram` takes.
 *
 * The plan is the authority on what a step reads; this only renames indices to ids, list by list.
 */
import { branchPrefix, HOOK_COMPLETE, HOOK_ERROR, parallelPrefix, stepPath } from '../model/ids.ts';
import type { ListPlan, Plan, StepBody } from '../model/plan.ts';
import type { ListEdge } from './build.ts';
import { ANY_ITERATION, TOP_LIST } from './model.ts';

/** A lookup of every dependency of a list by its path, for `BuildOptions.dependencies`. */
export function planDependencies(plan: Plan): (listPath: string) => readonly ListEdge[] {
  const byList = new Map<string, ListEdge[]>();
  collect(byList, TOP_LIST, plan.top);
  for (const [path, list] of [
    [HOOK_COMPLETE, plan.onComplete],
    [HOOK_ERROR, plan.onError],
  ] as const) {
    for (const step of list?.steps ?? []) collectBody(byList, path, step.body);
  }
  return (listPath) => byList.get(listPath) ?? [];
}

function collect(byList: Map<string, ListEdge[]>, path: string, list: ListPlan): void {
  const edges: ListEdge[] = [];
  for (const step of list.steps) {
    for (const index of step.deps) {
      const from = list.steps[index];
      if (from !== undefined) edges.push({ from: from.id, to: step.id });
    }
    collectBody(byList, stepPath(path, step.id), step.body);
  }
  byList.set(path, edges);
}

function collectBody(byList: Map<string, ListEdge[]>, path: string, body: StepBody): void {
  switch (body.type) {
    case 'condition':
      for (const [key, list] of body.branches) collect(byList, branchPrefix(path, key), list);
      if (body.fallback !== null) collect(byList, branchPrefix(path, 'default'), body.fallback);
      return;
    case 'loop':
      collect(byList, `${path}.${ANY_ITERATION}`, body.body);
      return;
    case 'parallel':
      for (const [i, list] of body.branches.entries()) {
        collect(byList, parallelPrefix(path, i), list);
      }
      return;
    default:
  }
}
