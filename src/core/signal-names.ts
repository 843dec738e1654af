/**
 * Tells which signals by name a run can still take: what no wait is left for is refused, never kept for
 * nobody.
 */
import type { ListPlan, StepBody, StepPlan } from '../model/plan.ts';
import type { ListState, LoopState, RunState, StepState } from '../model/run-state.ts';

/**
 * True while a wait of this name is left for one more signal: one that waits, or that may still begin
 * to (a wait's name may come from the run), beyond those that signals are already kept for.
 */
export function mayStillBeTaken(state: RunState, name: string): boolean {
  const kept = state.buffered.filter((signal) => signal.name === name).length;
  return inList(state.top, name) > kept;
}

/** True when the definition has a wait of this name, or one whose name comes from the run. */
export const isPlanned = (state: RunState, name: string): boolean =>
  inPlans([state.plan.top], name) > 0;

const sum = <T>(items: readonly T[], count: (item: T) => number): number =>
  items.reduce((total, item) => total + count(item), 0);

/** Waits of the name that a list's open steps have left; infinite where nobody knows how many. */
const inList = (list: ListState, name: string): number =>
  sum(list.steps, (step) => (step.resolution === 'open' ? inStep(step, name) : 0));

function inStep(step: StepState, name: string): number {
  const { body } = step.plan;
  if (body.type === 'wait') return inWait(step, name);
  if (mayStartOver(step)) return inPlans(listsOf(body), name) > 0 ? Number.POSITIVE_INFINITY : 0;
  const { sub } = step;
  switch (sub?.kind) {
    case undefined:
      return body.type === 'loop' ? inIterations(step, null, name) : inPlans(listsOf(body), name);
    case 'condition':
      return sub.list === null ? 0 : inList(sub.list, name);
    case 'parallel':
      return sum(sub.branches, (branch) => inList(branch, name));
    case 'loop':
      return sum(sub.iterations, (list) => inList(list, name)) + inIterations(step, sub, name);
    default:
      return 0;
  }
}

function inWait({ sub, plan }: StepState, name: string): number {
  if (sub?.kind !== 'wait') return planTakes(plan, name);
  return sub.done === null && sub.signal === name ? 1 : 0;
}

/** A step whose tries are not spent; what it would start over is known only when it does. */
const mayStartOver = ({ plan, attempt }: StepState): boolean =>
  plan.retry !== null && attempt <= plan.retry.max;

/** Waits in the iterations that have not begun. */
function inIterations({ plan }: StepState, sub: LoopState | null, name: string): number {
  const { body } = plan;
  if (body.type !== 'loop' || sub?.finished === true) return 0;
  const each = inPlans([body.body], name);
  const total =
    sub?.items == null
      ? body.maxIter
      : Math.min(sub.items.length, body.maxIter ?? sub.items.length);
  if (each === 0) return 0;
  return total === null
    ? Number.POSITIVE_INFINITY
    : Math.max(0, total - (sub?.iterations.length ?? 0)) * each;
}

const inPlans = (lists: readonly ListPlan[], name: string): number =>
  sum(lists, (list) => sum(list.steps, (plan) => planTakes(plan, name)));

function planTakes(plan: StepPlan, name: string): number {
  const { body } = plan;
  if (body.type === 'wait') {
    return body.signal !== null && (body.signal.dynamic || body.signal.raw === name) ? 1 : 0;
  }
  const inside = inPlans(listsOf(body), name);
  const repeats = body.type === 'loop' || plan.retry !== null;
  return repeats && inside > 0 ? Number.POSITIVE_INFINITY : inside;
}

/** Lists of a definition below one step. */
function listsOf(body: StepBody): readonly ListPlan[] {
  if (body.type === 'loop') return [body.body];
  if (body.type === 'parallel') return body.branches;
  if (body.type !== 'condition') return [];
  const named = [...body.branches.values()];
  return body.fallback === null ? named : [...named, body.fallback];
}
