/**
 * What has to wait until something is really over: a process that was told to end and still lives, a
 * request that is still open, a child run that is still being cancelled.
 *
 * The end of a step is recorded at once. What builds on that end waits until nothing of it is at work:
 * its own next attempt, its fallback, the steps behind it, a sequential loop's next iteration, and the
 * output, the hooks and the end of the run.
 */
import { iterationPrefix, pathsOverlap } from '../model/ids.ts';
import type { RunState, StepState } from '../model/run-state.ts';
import { type Ending, isRunEnded } from '../model/run-status.ts';
import { type Batch, emit } from './context.ts';

/** Tells how a run is going to end that has nothing left to do but its hooks, or null. */
export function endingOf(state: RunState): Ending | null {
  if (state.status === 'pending' || isRunEnded(state.status)) return null;
  if (state.cancelling !== null) return 'cancelled';
  if (state.timedOut === 'fail' || state.timedOut === 'cancel') return 'timed_out';
  if (state.top.open > 0) return null;
  const failed = state.hook === null ? state.top.failure !== null : state.hook.error !== null;
  return failed ? 'failed' : 'completed';
}

/** True when nothing of the run is to be done any more but to wait until it has settled. */
export const onlySettles = (state: RunState): boolean =>
  state.cancelling !== null ||
  (state.top.open === 0 && (state.hook === null || state.hook.list.open === 0));

/** Paths at which something is at work, in flight or told to end. */
function atWork(batch: Batch): readonly string[] {
  const paths = batch.ctx.settling();
  if (batch.orphans.length === 0) return paths;
  return [...paths, ...batch.orphans.map(({ path }) => path)];
}

/** True when the run has settled; else it is decided again as soon as it has. */
export function hasSettled(batch: Batch): boolean {
  if (atWork(batch).length === 0) return true;
  batch.ctx.awaitSettling(null);
  // Whoever looks at it sees a run that comes to its end by itself.
  if (batch.state.status === 'suspended')
    emit(batch, 'workflow_resumed', null, { reason: 'ending' });
  return false;
}

/** True when a step may not start yet; it is looked at again when that has changed. */
export function mustSettleBefore(batch: Batch, step: StepState): boolean {
  const paths = atWork(batch);
  if (paths.length === 0) return false;
  const followed = followedPaths(step);
  const waits = paths.some(
    (path) =>
      pathsOverlap(path, step.path) ||
      followed.some((dep) => pathsOverlap(path, dep) && !isLoser(batch.state, path)),
  );
  if (waits) batch.ctx.awaitSettling(step.path);
  return waits;
}

/** True when something of an iteration is still at work; the loop is looked at again after it. */
export function isIterationAtWork(batch: Batch, loop: StepState, index: number): boolean {
  const paths = atWork(batch);
  // Asked before each iteration of each loop, and nearly always no.
  if (paths.length === 0) return false;
  const prefix = iterationPrefix(loop.path, index);
  const waits = paths.some((path) => pathsOverlap(path, prefix) && !isLoser(batch.state, path));
  if (waits) batch.ctx.awaitSettling(loop.path);
  return waits;
}

/** Paths of the steps that this one follows. */
function followedPaths({ plan, list }: StepState): string[] {
  const indexes = plan.fallbackOf === null ? plan.deps : [...plan.deps, plan.fallbackOf];
  return indexes.flatMap((index) => list.steps[index]?.path ?? []);
}

/** True for what stands in a branch that lost a race; a race ends with its winner. */
function isLoser({ steps }: RunState, path: string): boolean {
  let step = steps.get(path);
  while (step !== undefined) {
    const { owner, index } = step.list;
    if (owner === null) return false;
    const { body } = owner.plan;
    const isLost = owner.sub?.kind === 'parallel' && (owner.sub.winner ?? index) !== index;
    if (isLost && body.type === 'parallel' && !body.settle) return true;
    step = owner;
  }
  return false;
}
