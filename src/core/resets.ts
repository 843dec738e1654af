/**
 * Taking parts of the tree back to pending: what a retried composite or a `retry` signal restarts.
 *
 * `resetSteps` is used by evolve; `incompletePaths` by decide to name what restarts. Completed parts
 * are kept: everything between a reset step and the composite above keeps its other children.
 */
import type { RunEvent } from '../model/event.ts';
import { iterationPrefix } from '../model/ids.ts';
import type { ListState, RunState, StepState } from '../model/run-state.ts';
import { listsBelow } from './lists-below.ts';
import { forgetList, forgetStep, makePending, recount, setStatus } from './state.ts';

/**
 * Resets the named steps (or iterations of a loop, or a whole composite's inside when the path is
 * `below` itself). Composites between them and `below` become pending with what they hold kept; with
 * `below` null they run again up to the top.
 */
export function resetSteps(
  state: RunState,
  paths: readonly string[],
  below: StepState | null,
  event: RunEvent,
): void {
  const lists = new Set<ListState>();
  for (const path of paths) resetOne(state, path, below, lists);
  for (const list of [...lists]) reopenOwners(state, list, below, event, lists);
  for (const list of lists) recount(state, list);
}

function resetOne(
  state: RunState,
  path: string,
  below: StepState | null,
  lists: Set<ListState>,
): void {
  if (below !== null && path === below.path) {
    for (const list of listsBelow(below)) forgetList(state, list);
    below.sub = null;
    return;
  }
  const step = state.steps.get(path);
  if (step !== undefined) {
    forgetStep(state, step);
    lists.add(step.list);
    return;
  }
  resetIteration(state, path, below, lists);
}

/** `batch.iter_3`: this iteration and all after it are gone. */
function resetIteration(
  state: RunState,
  path: string,
  below: StepState | null,
  lists: Set<ListState>,
): void {
  const match = /^(.*)\.iter_(\d+)$/.exec(path);
  const loop = match === null ? undefined : state.steps.get(match[1] as string);
  if (match === null || loop?.sub?.kind !== 'loop') return;
  for (const list of loop.sub.iterations.splice(Number(match[2]))) {
    forgetList(state, list);
    loop.sub.running.delete(list.index);
    loop.sub.ended.delete(list.index);
  }
  loop.sub.finished = false;
  // A retried loop itself waits for its delay; only one further in is pending again.
  if (loop === below) return;
  lists.add(loop.list);
  if (loop.status !== 'running') makePending(state, loop);
}

/** Counts a list anew and lets every composite around it run again. */
export function reopenAbove(state: RunState, list: ListState, event: RunEvent): void {
  const lists = new Set([list]);
  reopenOwners(state, list, null, event, lists);
  for (const each of lists) recount(state, each);
}

function reopenOwners(
  state: RunState,
  from: ListState,
  below: StepState | null,
  event: RunEvent,
  lists: Set<ListState>,
): void {
  let list = from;
  while (list.owner !== null) {
    const owner = list.owner;
    markUnfinished(owner, list);
    if (owner === below) return;
    lists.add(owner.list);
    makePending(state, owner);
    owner.attempt = 1;
    if (below === null) reopen(state, owner, event);
    list = owner.list;
  }
}

function markUnfinished(owner: StepState, list: ListState): void {
  const sub = owner.sub;
  if (sub?.kind === 'loop') {
    sub.finished = false;
    sub.running.add(list.index);
  } else if (sub?.kind === 'parallel') {
    sub.finished = false;
    sub.winner = null;
  }
}

/** A composite runs again with what it holds, its timeout counted afresh. */
function reopen(state: RunState, step: StepState, event: RunEvent): void {
  setStatus(state, step, 'running');
  step.guardPassed = true;
  step.seq = event.seq;
  step.startedAt = event.at;
  step.dueAt = step.limitMs === null ? null : event.at + step.limitMs;
  state.agenda.push(step);
}

/** Composites below that wait with kept parts run again when the one above does. */
export function reopenBelow(state: RunState, step: StepState, event: RunEvent): void {
  for (const list of listsBelow(step)) {
    for (const child of list.steps) {
      if (child.status === 'pending' && child.sub !== null && isComposite(child)) {
        reopen(state, child, event);
        reopenBelow(state, child, event);
      } else state.agenda.push(child);
    }
  }
}

export const isComposite = (step: StepState): boolean => {
  const type = step.plan.body.type;
  return type === 'condition' || type === 'loop' || type === 'parallel';
};

const FAILURE_SKIPS = new Set(['upstream_failed', 'fail_fast', 'timeout', 'cancelled']);

/** Whether a step must start over for its list to come to a good end. */
const isIncomplete = (step: StepState): boolean =>
  step.resolution === 'failed' || wasCutOff(step) || wasCutOff(fallbackOf(step));

const wasCutOff = (step: StepState | undefined): boolean =>
  step?.status === 'skipped' && FAILURE_SKIPS.has(step.skipReason ?? '');

const fallbackOf = (step: StepState): StepState | undefined =>
  step.plan.fallback === null ? undefined : step.list.steps[step.plan.fallback];

/** Paths below a failed composite that start over when it is retried; the rest is kept. */
export function incompletePaths(step: StepState): string[] {
  const sub = step.sub;
  if (sub?.kind === 'parallel' && sub.branches.length > 0 && isRace(step)) return [step.path];
  if (
    sub?.kind === 'loop' &&
    step.plan.body.type === 'loop' &&
    step.plan.body.mode !== 'for_each'
  ) {
    const last = sub.iterations.at(-1);
    const isBad = last !== undefined && (last.open > 0 || incompleteIn(last).length > 0);
    // When the test failed, the iterations stay and it is made again.
    return [iterationPrefix(step.path, sub.iterations.length - (isBad ? 1 : 0))];
  }
  return listsBelow(step).flatMap((list) => incompleteIn(list));
}

const isRace = (step: StepState): boolean =>
  step.plan.body.type === 'parallel' && step.plan.body.mode === 'race';

/** Paths of a list's steps that start over. */
export function incompleteIn(list: ListState): string[] {
  const paths: string[] = [];
  for (const step of list.steps) {
    if (!isIncomplete(step)) continue;
    const inner = isComposite(step) && step.sub !== null ? incompletePaths(step) : [];
    if (inner.length > 0 && !inner.includes(step.path)) paths.push(...inner);
    else paths.push(step.path);
    // Its fallback is asked for anew, or not needed any more.
    const fallback = fallbackOf(step);
    if (fallback !== undefined) paths.push(fallback.path);
  }
  return [...new Set(paths)];
}
