/**
 * Behind which steps something happens: a step that is neither pure nor only reads, in their own list
 * or behind a composite around them.
 */
import type { ListPlan, StepPlan } from '../model/plan.ts';
import { listsBelow, type PlannedStep } from './plan-walk.ts';

/** The steps with an effect behind them. Linear in steps and dependencies. */
export function findEffectsBehind(steps: readonly PlannedStep[]): ReadonlySet<StepPlan> {
  const acting = new Set<StepPlan>();
  for (const { plan } of [...steps].reverse()) if (acts(plan, acting)) acting.add(plan);
  const behind = new Set<StepPlan>();
  const done = new Set<ListPlan>();
  // Composites come before what they hold, so what is behind them is known when their lists follow.
  for (const { list, owner } of steps) {
    if (done.has(list)) continue;
    done.add(list);
    markList(list, owner !== null && behind.has(owner.plan), acting, behind);
  }
  return behind;
}

function acts(plan: StepPlan, acting: ReadonlySet<StepPlan>): boolean {
  const { body } = plan;
  if (body.type === 'action') return body.effect !== 'pure' && body.effect !== 'read';
  return listsBelow(body).some((list) => list.steps.some((step) => acting.has(step)));
}

function markList(
  list: ListPlan,
  behindAll: boolean,
  acting: ReadonlySet<StepPlan>,
  behind: Set<StepPlan>,
): void {
  const waiting = list.steps.map((step) => step.dependents.length);
  const todo = list.steps.filter((step) => step.dependents.length === 0);
  for (let step = todo.pop(); step !== undefined; step = todo.pop()) {
    const follows = step.dependents.some((index) => {
      const next = list.steps[index];
      return next !== undefined && (acting.has(next) || behind.has(next));
    });
    if (behindAll || follows) behind.add(step);
    for (const index of step.deps) {
      waiting[index] = (waiting[index] ?? 0) - 1;
      const before = list.steps[index];
      if (waiting[index] === 0 && before !== undefined) todo.push(before);
    }
  }
}
