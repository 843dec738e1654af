/**
 * What outlives its step and is not this process's to end: child runs that were told to end and have
 * not yet, and processes that a dead owner left on another host.
 *
 * Which children there are is in the store, not in the parent's log; their end comes through the
 * parent's inbox in the transaction that records it. Nobody tells of the end of a process elsewhere:
 * it is waited for as long as whoever executed it may have taken to notice.
 */
import type { Orphan } from '../core/context.ts';
import type { RecordedProcess } from '../model/event.ts';
import type { EngineInput } from '../model/input.ts';
import type { ListPlan, Plan } from '../model/plan.ts';
import type { RunState } from '../model/run-state.ts';
import type { RunStatus } from '../model/run-status.ts';
import type { RuntimeDeps } from './deps.ts';
import type { LiveRun, Settling, UnsettledElsewhere } from './live-run.ts';
import { takeHeldBack } from './settling.ts';

/** Another node may have to find it first: a lease, and so long beyond it. */
const BEYOND_LEASE_MS = 30_000;

const UNFINISHED: readonly RunStatus[] = ['pending', 'active', 'suspended'];
/** Children of one run that are looked through at a time. */
const PAGE = 200;

const entry = (path: string, what: Settling['what']): UnsettledElsewhere => ({
  ...{ path, what, givenUp: false, stopWaiting: null },
});

/** Notes a process that a dead owner left on a host where nothing can be done about it from here. */
export function noteProcessElsewhere(
  { unsettledElsewhere }: LiveRun,
  path: string,
  { host, pid }: RecordedProcess,
): void {
  unsettledElsewhere.set(`${host}:${pid}`, entry(path, { pid }));
}

/** Notes the children that this turn has told to end. */
export function noteOrphans({ unsettledElsewhere }: LiveRun, orphans: readonly Orphan[]): void {
  for (const { childId, path } of orphans)
    unsettledElsewhere.set(childId, entry(path, { child: childId }));
}

/** Forgets children whose end is among the run's inputs; answers who waited for that. */
export function forgetEndedChildren(run: LiveRun): EngineInput[] {
  if (run.unsettledElsewhere.size === 0) return [];
  let hasEnded = false;
  for (const input of run.inputs) {
    const child =
      input.type === 'child_ended' ? run.unsettledElsewhere.get(input.childId) : undefined;
    if (child === undefined || input.type !== 'child_ended') continue;
    child.stopWaiting?.();
    run.unsettledElsewhere.delete(input.childId);
    hasEnded = true;
  }
  return hasEnded ? takeHeldBack(run) : [];
}

/** Finds, for a run just claimed, the children that still live although their step has ended. */
export function findUnsettledChildren({ store }: Pick<RuntimeDeps, 'store'>, run: LiveRun): void {
  if (run.state === null || !startsChildren(run.plan)) return;
  let cursor: string | undefined;
  do {
    const more = cursor === undefined ? {} : { cursor };
    const filter = { parentId: run.runId, status: UNFINISHED, limit: PAGE, ...more };
    const { items, nextCursor } = store.queryRuns(filter);
    for (const { runId, parentPath } of items) {
      const path = parentPath ?? '';
      if (!isAwaited(run.state, path, runId))
        run.unsettledElsewhere.set(runId, entry(path, { child: runId }));
    }
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
}

function isAwaited({ steps, open }: RunState, path: string, childId: string): boolean {
  const step = steps.get(path);
  return step?.sub?.kind === 'child' && step.sub.childId === childId && open.has(step);
}

/** Waits for each, but not for ever: nobody may be there who ends it. */
export function waitElsewhere(
  { clock, config }: Pick<RuntimeDeps, 'clock' | 'config'>,
  { unsettledElsewhere }: LiveRun,
  onGivenUp: () => void,
): void {
  for (const child of unsettledElsewhere.values()) {
    child.stopWaiting ??= clock.after(config.leaseMs + BEYOND_LEASE_MS, () => {
      child.givenUp = true;
      onGivenUp();
    });
  }
}

/** Ends the waits of a run that leaves memory. */
export function stopWaitingElsewhere({ unsettledElsewhere }: LiveRun): void {
  for (const child of unsettledElsewhere.values()) child.stopWaiting?.();
}

const known = new WeakMap<Plan, boolean>();

/** True when some step of the plan starts a run. */
function startsChildren(plan: Plan): boolean {
  const before = known.get(plan);
  if (before !== undefined) return before;
  const starts = [plan.top, plan.onComplete, plan.onError].some(
    (list) => list !== null && hasChildStep(list),
  );
  known.set(plan, starts);
  return starts;
}

function hasChildStep(list: ListPlan): boolean {
  return list.steps.some(({ body }) => {
    switch (body.type) {
      case 'action':
        return body.via === 'child';
      case 'loop':
        return hasChildStep(body.body);
      case 'parallel':
        return body.branches.some(hasChildStep);
      case 'condition':
        return (
          [...body.branches.values()].some(hasChildStep) ||
          (body.fallback !== null && hasChildStep(body.fallback))
        );
      default:
        return false;
    }
  });
}
