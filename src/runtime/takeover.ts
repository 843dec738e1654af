/**
 * Taking runs on: one that woke, one that was signalled, or everything that is claimable.
 */
import { outstanding } from '../core/outstanding.ts';
import { messageOf } from '../model/error.ts';
import type { NodeId, RunId } from '../model/ids.ts';
import type { EngineInput } from '../model/input.ts';
import { isRunEnded } from '../model/run-status.ts';
import { claimRun, type Plans } from './claiming.ts';
import type { RuntimeDeps } from './deps.ts';
import { pullInbox } from './inbox.ts';
import type { LiveRun } from './live-run.ts';
import type { Ownership } from './ownership.ts';
import { createRecovery } from './recovery.ts';
import type { RunTable } from './run-table.ts';
import { findUnsettledChildren } from './unsettled-elsewhere.ts';

export interface Takeover {
  /** Looks at a run's inbox when it is live here, else claims it if it is this process's to claim. */
  takeOn(runId: RunId): void;
  /** Owner of the run, when that could be had: null when somebody else has it. */
  claim(runId: RunId): Promise<LiveRun | null>;
  /** Claims everything that is claimable, in batches; answers how many. */
  recover(): Promise<number>;
  /** Takes runs up again that were given up because the lease could not be kept. */
  reclaim(): void;
  /** Looks for messages and due times that others wrote for this process's runs, and what is claimable. */
  look(): void;
}

export interface TakeoverParts {
  readonly deps: RuntimeDeps;
  readonly runs: RunTable;
  readonly plans: Plans;
  readonly ownership: Ownership;
  readonly deliver: (run: LiveRun, input: EngineInput) => void;
  readonly wake: (run: LiveRun) => void;
}

export function createTakeover(parts: TakeoverParts): Takeover {
  const { deps, runs, ownership } = parts;
  const { store, log, config } = deps;

  const takeOn = (runId: RunId): void => {
    const run = runs.live.get(runId);
    if (run !== undefined) {
      for (const input of pullInbox(store, run)) parts.deliver(run, input);
    } else if (config.claims || runs.family.has(runId)) {
      claimOrReport(runId, []).catch(() => undefined);
    }
  };
  const claimOrReport = (runId: RunId, dead: readonly NodeId[]): Promise<LiveRun | null> =>
    claimOnce(parts, runId, dead).catch((thrown: unknown) => {
      log.error('a run could not be claimed', { workflow_id: runId, error: messageOf(thrown) });
      return null;
    });

  const recover = createRecovery({ deps, runs, ownership, claim: claimOrReport });

  return {
    takeOn,
    claim: (runId) => claimOnce(parts, runId, ownership.deadNodes()),
    recover,
    reclaim() {
      if (runs.dropped.size > 0) ownership.noteOwnDeath();
      for (const runId of [...runs.dropped]) {
        runs.dropped.delete(runId);
        claimOrReport(runId, [deps.node.nodeId]).catch(() => undefined);
      }
    },
    look() {
      if (runs.live.size > 0) {
        for (const runId of store.runsWithUnsettled(deps.node.nodeId)) takeOn(runId);
      }
      // One query finds whatever is claimable; without `claims` only the family is this process's to take.
      if (config.claims) {
        recover().catch((thrown: unknown) =>
          log.error('recovery failed', { error: messageOf(thrown) }),
        );
        return;
      }
      for (const runId of runs.family) {
        if (!runs.live.has(runId) && isDue(deps, runId)) takeOn(runId);
      }
    },
  };
}

function claimOnce(
  parts: TakeoverParts,
  runId: RunId,
  dead: readonly NodeId[],
): Promise<LiveRun | null> {
  const { runs } = parts;
  const known = runs.live.get(runId);
  if (known !== undefined) return Promise.resolve(known);
  const underWay = runs.claiming.get(runId);
  if (underWay !== undefined) return underWay;
  const claimed = claimAndEnter(parts, runId, dead).finally(() => runs.claiming.delete(runId));
  runs.claiming.set(runId, claimed);
  return claimed;
}

async function claimAndEnter(
  parts: TakeoverParts,
  runId: RunId,
  dead: readonly NodeId[],
): Promise<LiveRun | null> {
  const { deps, runs, plans, ownership } = parts;
  const { previous } = ownership;
  const run = await claimRun({ deps, plans, runs, previous }, runId, dead);
  if (run === null) return null;
  try {
    for (const left of runs.leftovers.get(runId) ?? []) run.unsettled.add(left);
    findUnsettledChildren(deps, run);
    run.inputs.push(...missedTimers(deps, run), ...missedSignals(deps, run));
  } catch (thrown) {
    // Not live here: whoever looks next may try.
    deps.store.release(runId, deps.node.nodeId, run.epoch, deps.clock.now());
    throw thrown;
  }
  runs.family.add(runId);
  runs.live.set(runId, run);
  parts.wake(run);
  return run;
}

/** Timers that became due while nobody owned the run. */
function missedTimers({ clock }: RuntimeDeps, run: LiveRun): EngineInput[] {
  if (run.state === null) return [];
  const now = clock.now();
  return outstanding(run.state).flatMap((command): EngineInput[] => {
    if (command.kind !== 'timer' || command.dueAt > now) return [];
    const { path, seq, timer, dueAt } = command;
    return [{ type: 'timer_fired', path, seq, timer, at: dueAt }];
  });
}

/** What the inbox holds, with the time it came: an approval given in time counts. */
function missedSignals({ store }: RuntimeDeps, run: LiveRun): EngineInput[] {
  const received = new Map(store.unsettled(run.runId).map((row) => [row.id, row.receivedAt]));
  return pullInbox(store, run).map((input) => {
    const at = input.type === 'signal' ? received.get(input.inboxId ?? -1) : undefined;
    return input.type === 'signal' && at !== undefined ? { ...input, at } : input;
  });
}

function isDue({ store, clock }: RuntimeDeps, runId: RunId): boolean {
  const head = store.head(runId);
  if (head === null || head.owner !== null) return false;
  if (store.unsettled(runId).length > 0) return true;
  return !isRunEnded(head.status) && head.wakeAt !== null && head.wakeAt <= clock.now();
}
