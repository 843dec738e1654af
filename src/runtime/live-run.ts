/**
 * A run this process owns, while it is in memory: its folded state, what is in flight for it, and the
 * inputs that are still to be decided.
 *
 * `state` is exactly what is committed, except inside one turn of the mailbox. Null after a commit
 * that failed: it is folded again before the next decision.
 */

import type { PreparedProcess } from '../model/action.ts';
import type { Command } from '../model/command.ts';
import type { StepFailure } from '../model/error.ts';
import type { CarriedEvents } from '../model/event.ts';
import type { ComputeAnswer } from '../model/expression.ts';
import type { RunId } from '../model/ids.ts';
import type { EngineInput, StartFacts } from '../model/input.ts';
import type { Plan } from '../model/plan.ts';
import type { RunState } from '../model/run-state.ts';
import type { NewRun } from '../model/store.ts';

export interface InFlight {
  readonly command: Command;
  /** Asks it to stop; an execution goes on settling until its process or request is gone. */
  readonly stop: () => void;
}

/** Something that may still be at work at a path. */
export interface Settling {
  readonly path: string;
  readonly what: { readonly pid: number } | { readonly call: string } | { readonly child: string };
  /** It did not go in time. */
  givenUp: boolean;
}

/** A child run, or a process on another host: who ends it is not this process. */
export interface UnsettledElsewhere extends Settling {
  /** Ends the wait for it; null before that has begun. */
  stopWaiting: (() => void) | null;
}

export interface LiveRun {
  readonly runId: RunId;
  readonly plan: Plan;
  readonly epoch: number;
  state: RunState | null;
  /** Sequence of the last committed event. */
  committedSeq: number;
  inputs: EngineInput[];
  /** True from the moment it is to be decided until that is committed. */
  busy: boolean;
  /** Facts of a run whose first event is not written yet. */
  starting: {
    readonly facts: StartFacts;
    readonly create: NewRun | null;
    readonly reuse: CarriedEvents | null;
  } | null;
  /** By path, then by command name. */
  readonly inFlight: Map<string, Map<string, InFlight>>;
  /** Executions whose process or request may still live, also ones the state no longer asks for. */
  readonly unsettled: Set<Settling>;
  /** Child runs and processes of other hosts that outlive their step, by a name of each. */
  readonly unsettledElsewhere: Map<string, UnsettledElsewhere>;
  /** Steps (null: the run) that wait until something they build on is gone. */
  readonly heldBack: Set<string | null>;
  /** Slots granted and not yet used, by path. */
  readonly grants: Set<string>;
  /** Slots taken in the turn that is being decided. */
  readonly takenNow: Set<string>;
  /** Breaker targets that steps starting in this turn probe, by path. */
  readonly probes: Map<string, string>;
  /** Places that children starting in this turn take, by queue. */
  readonly childPlaces: Map<string, number>;
  readonly prepared: Map<number, PreparedProcess | StepFailure>;
  readonly memo: Map<string, ComputeAnswer>;
  readonly computing: Map<string, (string | null)[]>;
  /** Evaluations that wait for an earlier one of this run to come back. */
  readonly computeQueue: (() => void)[];
  /** Evaluations of this run that are at a compute process. */
  computeOut: number;
  readonly queuedInbox: Set<number>;
  /** The topmost run of its tree, once that was looked up. */
  root: RunId | null;
  /** Secrets that the store knows its tree to have used; null before that was looked up. */
  savedSecrets: Set<string> | null;
  storageFailures: number;
  lost: boolean;
}

/** A run just claimed or created. */
export function newLiveRun(
  runId: RunId,
  plan: Plan,
  epoch: number,
  state: RunState | null,
  starting: LiveRun['starting'],
): LiveRun {
  return {
    runId,
    plan,
    epoch,
    state,
    committedSeq: state?.seq ?? 0,
    inputs: [],
    busy: false,
    starting,
    inFlight: new Map(),
    unsettled: new Set(),
    unsettledElsewhere: new Map(),
    heldBack: new Set(),
    grants: new Set(),
    takenNow: new Set(),
    probes: new Map(),
    childPlaces: new Map(),
    prepared: new Map(),
    memo: new Map(),
    computing: new Map(),
    computeQueue: [],
    computeOut: 0,
    queuedInbox: new Set(),
    root: null,
    savedSecrets: null,
    storageFailures: 0,
    lost: false,
  };
}

/** True when nothing of the run is in flight here but timers. */
export function isQuiet(run: LiveRun): boolean {
  if (run.inputs.length > 0 || run.computing.size > 0 || isSettling(run)) return false;
  for (const commands of run.inFlight.values()) {
    for (const { command } of commands.values()) {
      if (command.kind === 'execute' || command.kind === 'slot') return false;
    }
  }
  return true;
}

/** True while this process waits for something of the run to be gone. */
function isSettling({ unsettled, unsettledElsewhere }: LiveRun): boolean {
  for (const each of unsettled) if (!each.givenUp) return true;
  for (const each of unsettledElsewhere.values()) if (!each.givenUp) return true;
  return false;
}
