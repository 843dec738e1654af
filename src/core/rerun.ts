/**
 * Rerun from a step: what a new run takes over from an old one, as events, and what runs again.
 *
 * Kept are completed steps that are neither the step, nor after it, nor around it. Composites around
 * it are open again with their recorded choice, items and earlier iterations. The events are made from
 * the old run's state, so attempts that a retry forgot are not carried along.
 */
import type { CarriedEvent, EventPayloads, EventType } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { ListPlan, Plan, StepPlan } from '../model/plan.ts';
import type { ListState, RunState, StepState } from '../model/run-state.ts';
import { listsBelow } from './lists-below.ts';
import { outputOf } from './outputs.ts';
import { isComposite } from './resets.ts';

export interface RerunPlan {
  readonly events: readonly CarriedEvent[];
  /** Paths of kept steps, and of steps that run again or may do so. */
  readonly kept: readonly string[];
  readonly again: readonly string[];
}

interface Carrying {
  readonly runId: string;
  readonly events: CarriedEvent[];
  readonly kept: string[];
  /** Steps that run again, per list around the step. */
  readonly again: ReadonlySet<StepState>;
  readonly around: ReadonlySet<StepState>;
}

/** What a rerun of `old` from `from` keeps; with null nothing, with `nothing` all that completed. */
export function planRerun(old: RunState, from: StepState | 'nothing' | null): RerunPlan {
  const again = new Set<StepState>();
  const around = new Set<StepState>();
  if (from === null) for (const step of old.top.steps) again.add(step);
  else if (from !== 'nothing') markAgain(from, again, around);
  const carrying: Carrying = { runId: old.runId, events: [], kept: [], again, around };
  carryList(carrying, old.top);
  const kept = new Set(carrying.kept);
  return {
    events: carrying.events,
    kept: carrying.kept,
    again: [...old.steps.values()].filter((step) => !isWithin(step, kept)).map(({ path }) => path),
  };
}

/** True for a kept step, and for one inside it that did not run (the loser of a race): it stays so. */
function isWithin(step: StepState, kept: ReadonlySet<string>): boolean {
  for (let at: StepState | null = step; at !== null; at = at.list.owner) {
    if (kept.has(at.path)) return true;
  }
  return false;
}

function markAgain(from: StepState, again: Set<StepState>, around: Set<StepState>): void {
  again.add(from);
  for (let step: StepState | null = from; step !== null; step = step.list.owner) {
    if (step !== from) around.add(step);
    for (const after of behind(step)) again.add(after);
  }
}

/** Everything in a step's list that depends on it, directly or through others; fallbacks too. */
function behind(step: StepState): Set<StepState> {
  const found = new Set<StepState>();
  const todo = [step];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    const next =
      at.plan.fallback === null ? at.plan.dependents : [...at.plan.dependents, at.plan.fallback];
    for (const index of next) {
      const after = at.list.steps[index];
      if (after === undefined || found.has(after) || after === step) continue;
      found.add(after);
      todo.push(after);
    }
  }
  return found;
}

function add<K extends EventType>(
  c: Carrying,
  type: K,
  path: string,
  payload: EventPayloads[K],
): void {
  c.events.push({ type, path, payload });
}

/** A list in which something runs again: what completed in it is kept. */
function carryList(c: Carrying, list: ListState): void {
  for (const step of list.steps) {
    if (c.around.has(step)) carryOpen(c, step);
    else if (!c.again.has(step) && step.resolution === 'completed' && !isStandIn(c, step)) {
      carryWhole(c, step);
    }
  }
}

/** A fallback is kept together with the step it stood in for. */
function isStandIn(c: Carrying, step: StepState): boolean {
  const owner = step.plan.fallbackOf === null ? undefined : step.list.steps[step.plan.fallbackOf];
  return owner !== undefined && c.again.has(owner);
}

/** A composite around the step: open again, with what it had decided. */
function carryOpen(c: Carrying, step: StepState): void {
  const { sub } = step;
  startOf(c, step);
  if (sub?.kind === 'condition') {
    add(c, 'condition_evaluated', step.path, { result: sub.result, branch: sub.branch });
    if (sub.list !== null) carryList(c, sub.list);
  } else if (sub?.kind === 'parallel') {
    parallelStart(c, step);
    for (const branch of sub.branches) carryList(c, branch);
  } else if (sub?.kind === 'loop') carryOpenLoop(c, step);
}

function carryOpenLoop(c: Carrying, step: StepState): void {
  const { sub } = step;
  const body = step.plan.body;
  if (sub?.kind !== 'loop' || body.type !== 'loop') return;
  loopStart(c, step);
  const holds = (list: ListState): boolean =>
    list.steps.some((inner) => c.again.has(inner) || c.around.has(inner));
  const concurrent = body.maxConcurrency > 1;
  for (const list of sub.iterations) {
    const repeats = holds(list);
    add(c, 'loop_iter_started', step.path, { index: list.index });
    if (repeats || list.open > 0 || list.failure !== null) carryList(c, list);
    else carryIteration(c, step, list);
    // In a sequence, later iterations build on this one.
    if (repeats && !concurrent) return;
  }
}

function carryIteration(c: Carrying, step: StepState, list: ListState): void {
  for (const inner of list.steps) carryWhole(c, inner);
  add(c, 'loop_iter_completed', step.path, { index: list.index });
}

function startOf(c: Carrying, step: StepState): void {
  const params = isComposite(step) ? null : step.params;
  add(c, 'step_started', step.path, {
    attempt: step.attempt,
    ...(params === null ? {} : { params }),
    ...(params === null || step.secretRefs.length === 0 ? {} : { secret_refs: step.secretRefs }),
  });
}

function loopStart(c: Carrying, step: StepState): void {
  const { sub } = step;
  const body = step.plan.body;
  if (sub?.kind !== 'loop' || body.type !== 'loop') return;
  const items = sub.items === null ? {} : { count: sub.items.length, items: sub.items };
  add(c, 'loop_started', step.path, { mode: body.mode, ...items });
}

function parallelStart(c: Carrying, step: StepState): void {
  const body = step.plan.body;
  if (body.type !== 'parallel') return;
  add(c, 'parallel_started', step.path, { branches: body.branches.length, mode: body.mode });
}

/** A step that has ended, with everything below it, as it ended. */
function carryWhole(c: Carrying, step: StepState): void {
  if (step.status === 'skipped') {
    add(c, 'step_skipped', step.path, { reason: step.skipReason ?? 'not_needed' });
    return;
  }
  startOf(c, step);
  carryInside(c, step);
  if (step.status === 'failed') carryFailure(c, step);
  else if (step.error !== null)
    add(c, 'step_ignored', step.path, { error: step.error, ...outcomeOfStep(step) });
  else {
    const output: { output?: Json } = isComposite(step) ? {} : { output: outputOf(step) };
    const duration_ms = (step.endedAt ?? 0) - (step.startedAt ?? 0);
    add(c, 'step_completed', step.path, { ...output, duration_ms, reused_from: c.runId });
  }
  c.kept.push(step.path);
}

function carryFailure(c: Carrying, step: StepState): void {
  if (step.error === null) return;
  const handled = step.handled ? { handled: 'fallback' as const } : {};
  add(c, 'step_failed', step.path, { error: step.error, ...handled, ...outcomeOfStep(step) });
  const fallback = step.plan.fallback === null ? undefined : step.list.steps[step.plan.fallback];
  if (fallback !== undefined && step.handled) {
    add(c, 'step_fallback', step.path, { fallback_step: fallback.path });
  }
}

/** That nobody knows whether a failed step took effect stays true in the run that keeps it. */
function outcomeOfStep(step: StepState): { outcome?: 'unknown' } {
  return step.unknownOutcome ? { outcome: 'unknown' } : {};
}

function carryInside(c: Carrying, step: StepState): void {
  const { sub } = step;
  if (sub?.kind === 'condition') {
    add(c, 'condition_evaluated', step.path, { result: sub.result, branch: sub.branch });
    carryLists(c, step);
  } else if (sub?.kind === 'parallel') {
    parallelStart(c, step);
    carryLists(c, step);
    add(c, 'parallel_completed', step.path, sub.winner === null ? {} : { winner: sub.winner });
  } else if (sub?.kind === 'loop') {
    loopStart(c, step);
    for (const list of sub.iterations) {
      add(c, 'loop_iter_started', step.path, { index: list.index });
      carryIteration(c, step, list);
    }
    const truncated = sub.truncated ? { truncated: true } : {};
    add(c, 'loop_completed', step.path, { iterations: sub.iterations.length, ...truncated });
  }
}

function carryLists(c: Carrying, step: StepState): void {
  for (const list of listsBelow(step)) for (const inner of list.steps) carryWhole(c, inner);
}

/** Kept paths that another version of the definition does not have, or has as another type. */
export function missingIn(plan: Plan, old: RunState, kept: readonly string[]): string[] {
  return kept.filter((path) => {
    const step = old.steps.get(path);
    return step !== undefined && planAt(plan, step)?.body.type !== step.plan.body.type;
  });
}

/** Kept paths whose step says something else in this version of the definition. */
export function changedIn(plan: Plan, old: RunState, kept: readonly string[]): string[] {
  return kept.filter((path) => {
    const step = old.steps.get(path);
    const now = step === undefined ? undefined : planAt(plan, step);
    return step !== undefined && now !== undefined && textOf(now) !== textOf(step.plan);
  });
}

/** Names in a plan that say where a step stands or how it was compiled, not what it does. */
const NOT_MEANING = new Set(['index', 'deps', 'dependents', 'compiled', 'references', 'leaves']);

const textOf = (plan: StepPlan): string =>
  JSON.stringify(plan, (key, value: unknown) => {
    if (NOT_MEANING.has(key)) return undefined;
    return value instanceof Map ? [...value] : value;
  });

/** The plan of the step at an old step's path in another version, or undefined. */
function planAt(plan: Plan, step: StepState): StepPlan | undefined {
  const list = listPlanAt(plan, step.list);
  const index = list?.indexById.get(step.plan.id);
  return index === undefined ? undefined : list?.steps[index];
}

function listPlanAt(plan: Plan, list: ListState): ListPlan | undefined {
  const { owner } = list;
  if (owner === null) return plan.top;
  const body = planAt(plan, owner)?.body;
  if (body?.type === 'loop') return body.body;
  if (body?.type === 'parallel') return body.branches[list.index];
  if (body?.type !== 'condition' || owner.sub?.kind !== 'condition') return undefined;
  const branch = owner.sub.branch ?? '';
  return (
    body.branches.get(branch) ?? (branch === 'default' ? (body.fallback ?? undefined) : undefined)
  );
}

/** The step a failed run failed at first, or null. */
export function firstFailed(old: RunState): StepState | null {
  const path = old.error?.step_id ?? old.top.failure?.error.step_id;
  return path === undefined ? null : (old.steps.get(path) ?? null);
}
