/**
 * What happens to a live run between its commits: commands started and stopped, children and parents
 * woken, parked runs and ended runs let go.
 */
import { commandsOf, nextDueAt } from '../core/outstanding.ts';
import { AppError, messageOf } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import type { EngineInput } from '../model/input.ts';
import { startKeyConflict } from '../model/keys.ts';
import type { WokenRun } from '../model/place.ts';
import { isRunEnded, type RunStatus } from '../model/run-status.ts';
import type { RunAppend } from '../model/store.ts';
import type { CommitParts } from './commit.ts';
import { startEvaluations } from './computing.ts';
import type { RuntimeDeps } from './deps.ts';
import { isQuiet, type LiveRun, type Settling } from './live-run.ts';
import { mayLeave } from './projection.ts';
import type { Reconciler } from './reconcile.ts';
import type { RunTable } from './run-table.ts';
import { takeHeldBack } from './settling.ts';
import type { Slots } from './slots.ts';
import type { Snapshots } from './snapshots.ts';
import type { Decided } from './turn.ts';
import { stopWaitingElsewhere, waitElsewhere } from './unsettled-elsewhere.ts';

export interface LifecycleParts {
  readonly deps: RuntimeDeps;
  readonly runs: RunTable;
  readonly slots: Slots;
  readonly snapshots: Snapshots;
  readonly reconciler: () => Reconciler;
  readonly deliver: (run: LiveRun, input: EngineInput) => void;
  /** Decides a run again in the next turn. */
  readonly wake: (run: LiveRun) => void;
  /** Makes sure somebody here looks at a run. */
  readonly takeOn: (runId: RunId) => void;
  /** Something changed about a run: whoever waits for it looks. */
  readonly poke: (runId: RunId) => void;
}

export interface Lifecycle
  extends Pick<
    CommitParts,
    'onCommitted' | 'onNothing' | 'onLost' | 'onDuplicate' | 'onStorageError'
  > {
  readonly onSettled: (run: LiveRun, settling: Settling) => void;
  /** Takes a run out of memory; what it executes is stopped. */
  readonly drop: (run: LiveRun) => void;
}

/** The lifecycle of one engine's runs. */
export function createLifecycle(parts: LifecycleParts): Lifecycle {
  const { deps, runs } = parts;
  const drop = (run: LiveRun): void => dropRun(parts, run);
  return {
    drop,
    onNothing(run, decided) {
      follow(parts, run, decided);
      if (decided.advanced.unfinished) parts.wake(run);
      else releaseIfQuiet(parts, run);
      // It is no longer busy: whoever waits until it rests may have waited for that alone.
      if (!run.lost) parts.poke(run.runId);
    },
    onCommitted: (run, decided, woken) => committed(parts, run, decided, woken),
    onSettled: (run, settling) => settled(parts, ownerOf(parts, run, settling)),
    onLost(run) {
      deps.log.warn('this process no longer owns the run', { workflow_id: run.runId });
      drop(run);
      runs.rejectStart(run.runId, new AppError('CONFLICT', 'another process took the run over'));
    },
    onDuplicate(run, outcome) {
      drop(run);
      if (outcome.sameRequest) {
        runs.resolveStart(run.runId, { runId: outcome.runId, created: false });
      } else runs.rejectStart(run.runId, startKeyConflict(outcome.runId));
    },
    onStorageError(run, error) {
      if (run.starting === null || run.starting.create === null) return false;
      drop(run);
      const refused = new AppError('STORE_ERROR', error.message, { hint: 'nothing was started' });
      runs.rejectStart(run.runId, refused);
      return true;
    },
  };
}

function dropRun({ runs, reconciler, poke }: LifecycleParts, run: LiveRun): void {
  run.lost = true;
  stopWaitingElsewhere(run);
  reconciler().abandon(run);
  for (const prepared of run.prepared.values()) if ('discard' in prepared) prepared.discard();
  run.prepared.clear();
  if (run.unsettled.size > 0) runs.leftovers.set(run.runId, run.unsettled);
  if (runs.live.get(run.runId) === run) runs.live.delete(run.runId);
  poke(run.runId);
}

function committed(
  parts: LifecycleParts,
  run: LiveRun,
  decided: Decided,
  woken: readonly WokenRun[],
): void {
  const { runs } = parts;
  for (const { inboxId } of decided.advanced.verdicts) {
    if (inboxId !== null) run.queuedInbox.delete(inboxId);
  }
  follow(parts, run, decided);
  runs.resolveStart(run.runId, { runId: run.runId, created: true });
  if (decided.append === null) return;
  wakeOthers(parts, decided.append);
  wakePlaces(parts, woken);
  if (decided.append.patch.release) letGo(parts, run, decided.append.patch.status);
  else if (decided.advanced.unfinished) parts.wake(run);
  else releaseIfQuiet(parts, run);
}

function wakeOthers({ runs, takeOn }: LifecycleParts, append: RunAppend): void {
  for (const child of append.children) {
    runs.family.add(child.runId);
    takeOn(child.runId);
  }
  for (const send of append.sends) {
    // A parent or child that is told something here is carried on here, unless somebody has it.
    runs.family.add(send.runId);
    takeOn(send.runId);
  }
}

/** The row has no owner any more: the run has ended, or waits where nobody needs to hold it. */
function letGo(parts: LifecycleParts, run: LiveRun, status: RunStatus): void {
  const { runs, takeOn } = parts;
  if (!isRunEnded(status)) runs.folded.keep(run);
  parts.snapshots.left(run);
  dropRun(parts, run);
  if (hasMessages(parts, run)) takeOn(run.runId);
  else if (isRunEnded(status)) runs.family.delete(run.runId);
}

/** Messages that came meanwhile; when the store cannot say, the next look at the family finds them. */
function hasMessages({ deps }: LifecycleParts, run: LiveRun): boolean {
  try {
    return deps.store.unsettled(run.runId).length > 0;
  } catch (thrown) {
    deps.log.warn('the inbox could not be read', {
      workflow_id: run.runId,
      error: messageOf(thrown),
    });
    return false;
  }
}

/** A run that had something in flight at its last commit may leave once that is gone. */
function releaseIfQuiet(parts: LifecycleParts, run: LiveRun): void {
  const { deps } = parts;
  const { state } = run;
  // While its commit is on its way the state is ahead of the log, and the row must stay ours.
  if (run.lost || run.busy || state === null || run.starting !== null || !isQuiet(run)) return;
  const nowMs = deps.clock.now();
  if (!mayLeave(deps.config, state, nowMs)) return;
  releaseRow(deps, run, isRunEnded(state.status) ? null : nextDueAt(state));
  letGo(parts, run, state.status);
}

/** Runs that were given their turn or told to make room: here, if they are this process's to take. */
export function wakePlaces(
  { deps, runs, takeOn }: Pick<LifecycleParts, 'deps' | 'runs' | 'takeOn'>,
  woken: readonly WokenRun[],
): void {
  for (const { runId, why } of woken) {
    // Who asked for the room sees to it that it is made, also where nobody else executes.
    if (why === 'replaced') runs.family.add(runId);
    takeOn(runId);
  }
  const isLeft = ({ runId }: WokenRun): boolean =>
    !runs.live.has(runId) && !runs.claiming.has(runId);
  if (woken.some(isLeft)) deps.wakeExecutors?.();
}

/** Starts and stops what the turn led to. */
function follow(parts: LifecycleParts, run: LiveRun, decided: Decided): void {
  const { state } = run;
  if (state === null) return;
  for (const path of run.takenNow) {
    // Started and ended in the same turn (a lost race): the slot was never used.
    const step = state.steps.get(path);
    const commands = step === undefined ? [] : commandsOf(state, step);
    if (!commands.some((command) => command.kind === 'execute')) parts.slots.release();
  }
  run.takenNow.clear();
  run.probes.clear();
  waitElsewhere(parts.deps, run, () => settled(parts, run));
  startEvaluations(parts.deps.compute, run, decided.advanced.pending, parts.deliver);
  parts.reconciler().reconcile(run);
}

/** The run as it lives here now; what it gave up with an earlier life it is waiting for too. */
function ownerOf({ runs }: LifecycleParts, run: LiveRun, settling: Settling): LiveRun {
  if (runs.leftovers.get(run.runId)?.size === 0) runs.leftovers.delete(run.runId);
  const now = run.lost ? runs.live.get(run.runId) : undefined;
  if (!settling.givenUp) now?.unsettled.delete(settling);
  return now ?? run;
}

/** A process or request is gone: steps that waited for that may start, an ended run may leave. */
function settled(parts: LifecycleParts, run: LiveRun): void {
  if (run.lost) return;
  const heldBack = takeHeldBack(run);
  // Folded anew after a commit that failed, it looks at every step anyway.
  if (run.state === null) return;
  // Handed over first: a run that left memory before would never look at them.
  for (const input of heldBack) parts.deliver(run, input);
  releaseIfQuiet(parts, run);
}

/** Gives a run's row up; when that cannot be written the row counts as free once this process ends. */
export function releaseRow(deps: RuntimeDeps, run: LiveRun, wakeAt: number | null): void {
  try {
    deps.store.release(run.runId, deps.node.nodeId, run.epoch, wakeAt);
  } catch (thrown) {
    deps.log.warn('a run could not be released', {
      workflow_id: run.runId,
      error: messageOf(thrown),
    });
  }
}
