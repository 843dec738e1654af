/**
 * Taking runs on: claiming, ending what a dead owner left running, folding, and what to decide first.
 */

import { hasInterrupted } from '../core/restart.ts';
import type { Definition } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import type { RecordedProcess } from '../model/event.ts';
import { asNodeId, type NodeId, type RunId } from '../model/ids.ts';
import type { EngineInput } from '../model/input.ts';
import type { Json } from '../model/json.ts';
import type { Plan } from '../model/plan.ts';
import { knowsRules, rulesOf } from '../model/rules.ts';
import type { RunState } from '../model/run-state.ts';
import type { Claim, RunRow } from '../model/store.ts';
import type { RuntimeDeps } from './deps.ts';
import { foldRun } from './folding.ts';
import { type LiveRun, newLiveRun } from './live-run.ts';
import { missingSecrets } from './masking.ts';
import type { PreviousOwner } from './ownership.ts';
import { waitsForTurn } from './places.ts';
import type { RunTable } from './run-table.ts';
import { noteProcessElsewhere } from './unsettled-elsewhere.ts';

export interface Plans {
  /** The compiled plan of a stored definition, from a bounded cache. */
  plan(of: PlanKey): Plan;
}

type PlanKey = Pick<RunRow, 'definitionHash' | 'rules'>;

/** Compiled plans kept in memory. */
const MAX_PLANS = 256;

/** A cache of plans by definition hash and rules. Throws `AppError` when a definition is gone or unreadable. */
export function createPlans(deps: Pick<RuntimeDeps, 'store' | 'compile'>): Plans {
  const plans = new Map<string, Plan>();
  return {
    plan({ definitionHash: hash, rules }) {
      const key = `${rules} ${hash}`;
      const cached = plans.get(key);
      if (cached !== undefined) return cached;
      const stored = deps.store.definition(hash) as {
        definition: Definition;
        output_schema: Json;
      } | null;
      if (stored === null) {
        throw new AppError('STORE_ERROR', `definition ${hash.slice(0, 12)} is not in the database`);
      }
      const plan = deps.compile(
        stored.definition,
        hash,
        stored.output_schema ?? null,
        rulesOf(rules),
      );
      if (plans.size >= MAX_PLANS) plans.delete(plans.keys().next().value as string);
      plans.set(key, plan);
      return plan;
    },
  };
}

export interface ClaimParts {
  readonly deps: RuntimeDeps;
  readonly plans: Plans;
  readonly runs: Pick<RunTable, 'folded'>;
  readonly previous: (node: NodeId) => PreviousOwner;
}

/** Makes this node the owner and the run live; null when somebody else has it or nothing is to do. */
export async function claimRun(
  { deps, plans, runs, previous }: ClaimParts,
  runId: RunId,
  dead: readonly NodeId[],
): Promise<LiveRun | null> {
  const { store } = deps;
  const { folded } = runs;
  const row = executableRun(store, runId);
  if (row === null) return null;
  const plan = plans.plan(row);
  if (row.seq === 0 && plan.concurrency !== null && waitsForTurn(store, runId)) return null;
  const claim = store.claim(runId, deps.node.nodeId, dead);
  if (claim === null) return null;
  if (claim.seq === 0 && row.start !== null) {
    return newLiveRun(runId, plan, claim.epoch, null, {
      facts: row.start,
      create: null,
      reuse: row.start.carried ?? null,
    });
  }
  const before = claim.previousOwner === null ? null : previous(claim.previousOwner);
  const taken: Taken = { claim, updatedAt: row.updatedAt, before };
  const known = folded.take(runId, claim);
  if (known !== null && known.plan === plan) {
    // Nothing of it was executing when it left, so there are no leftovers to end.
    const run = newLiveRun(runId, plan, claim.epoch, known, null);
    run.inputs.push(firstInput(taken, known));
    return run;
  }
  try {
    return await foldClaimed(deps, runId, plan, taken);
  } catch (thrown) {
    // Not live here: whoever looks next may try.
    store.release(runId, deps.node.nodeId, claim.epoch, deps.clock.now());
    throw thrown;
  }
}

/** A claim that was made, and what was known of the run and its owner before it. */
interface Taken {
  readonly claim: Claim;
  readonly updatedAt: number;
  /** Null when nobody owned it. */
  readonly before: PreviousOwner | null;
}

/** A run's row; null also for one that a newer program wrote: who knows its rules executes it. */
function executableRun(store: RuntimeDeps['store'], runId: RunId): RunRow | null {
  const row = store.run(runId);
  return row !== null && knowsRules(row.rules) ? row : null;
}

async function foldClaimed(
  deps: RuntimeDeps,
  runId: RunId,
  plan: Plan,
  taken: Taken,
): Promise<LiveRun> {
  const { claim } = taken;
  const processes = new Map<string, RecordedProcess | null>();
  const state = foldRun(deps.store, { runId, plan }, claim.seq, (event) => {
    if (event.type === 'step_started' && event.path !== null) {
      processes.set(event.path, event.payload.process ?? null);
    }
  });
  const run = newLiveRun(runId, plan, claim.epoch, state, null);
  await killLeftovers(deps, run, processes);
  const names = missingSecrets(deps, run, state);
  if (names.length > 0) run.inputs.push({ type: 'masking_incomplete', names });
  run.inputs.push(firstInput(taken, state));
  return run;
}

/** Recorded process groups that still run belong to nobody: they are ended before anything starts. */
async function killLeftovers(
  deps: RuntimeDeps,
  run: LiveRun,
  processes: ReadonlyMap<string, RecordedProcess | null>,
): Promise<void> {
  const kill = async (path: string, process: RecordedProcess): Promise<void> => {
    const end = await deps.processes.killRecorded(process);
    if (end === 'elsewhere') noteProcessElsewhere(run, path, process);
    if (end !== 'lives') return;
    // Nothing more can be done about it: it is named at the run's end.
    run.unsettled.add({ path, what: { pid: process.pid }, givenUp: true });
  };
  const kills: Promise<void>[] = [];
  for (const [path, process] of processes) {
    // What a completed step left running in the background is its own affair.
    if (process === null || run.state?.steps.get(path)?.status === 'completed') continue;
    kills.push(kill(path, process));
  }
  if (kills.length > 0) deps.log.debug('ending recorded processes', { workflow_id: run.runId });
  await Promise.all(kills);
}

function firstInput({ claim, updatedAt, before }: Taken, state: RunState): EngineInput {
  const { previousOwner, epoch } = claim;
  // Something in flight without an owner: a takeover before this one did not get through.
  const node = previousOwner ?? (hasInterrupted(state) ? asNodeId('unknown') : null);
  // Given up in good order: nothing was in flight, but the time without an owner does not count.
  if (node === null) return { type: 'taken_up', epoch, lastSeenMs: updatedAt };
  const lastSeenMs = before?.lastSeenMs ?? null;
  const active = before?.activeRuns ?? null;
  // The run itself is one of those.
  const others = active === null ? {} : { others: Math.max(0, active - 1) };
  return { type: 'process_restarted', epoch, node, lastSeenMs, ...others };
}
