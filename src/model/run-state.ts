/**
 * A run's state, folded from its events by `core/evolve.ts`, which alone changes it.
 *
 * A tree: lists hold steps, composites hold lists. `steps` indexes every live step by path; what a
 * retry forgets leaves the tree. `agenda` and `touched` are worklists that evolve fills: what decide
 * must look at next, and whose commands may have changed. They carry no information of their own.
 */
import type { StepFailure } from './error.ts';
import type { EventPayloads, ExecContext, SkipReason } from './event.ts';
import type { SecretRef } from './expression.ts';
import type { RunId } from './ids.ts';
import type { Json, JsonObject } from './json.ts';
import type { ListPlan, Plan, StepPlan } from './plan.ts';
import type { RunStatus, StepStatus } from './run-status.ts';

/** How a step looks to the steps that depend on it. */
type Resolution = 'open' | 'completed' | 'failed' | 'skipped';

export interface RunState {
  readonly runId: RunId;
  readonly plan: Plan;
  status: RunStatus;
  /** Sequence and time of the last event. */
  seq: number;
  at: number;
  startedAt: number;
  endedAt: number | null;
  facts: RunFacts;
  inputs: JsonObject;
  inputSecrets: readonly SecretRef[];
  /** Names of every secret that it was given or is to mask, in the order they came up. */
  usedSecrets: readonly string[];
  /** Those of them that could not be masked any more after a restart. */
  missingSecrets: readonly string[];
  /** True once it has started another run. */
  hasChildren: boolean;
  context: Record<string, Json>;
  paused: boolean;
  /** It came back from its end and waits for a place under its `concurrency`. */
  queued: boolean;
  /** Why the run was paused by itself, else null. */
  pauseReason: string | null;
  readonly top: ListState;
  hook: HookState | null;
  hooksDone: Set<'on_complete' | 'on_error'>;
  readonly steps: Map<string, StepState>;
  /** Steps with something in flight: scheduled, running (leaves), retrying, suspended. */
  readonly open: Set<StepState>;
  /** Actions that hold a slot. */
  executing: number;
  activeLeaves: number;
  waitingLeaves: number;
  /** Finished active time; while active the current stretch began at `activeSince`. */
  activeMs: number;
  activeSince: number | null;
  /** Active time at which the present limit began to count. */
  limitBaseMs: number;
  /** Sequence of the event that began the present active stretch: names the limit's timer. */
  activeSeq: number;
  timeoutMs: number | null;
  timedOut: 'fail' | 'suspend' | 'cancel' | null;
  /** A cancel that was received and is being carried out. */
  cancelling: { readonly by: string | null; readonly reason: string | null } | null;
  buffered: BufferedSignal[];
  stepExecutions: number;
  /** Takeovers since the last progress, from processes that executed nothing but this run … */
  takeovers: number;
  /** … and from processes that had other active runs too. */
  sharedTakeovers: number;
  /** Sequence of the last event that was progress; 0 before the first. */
  progressSeq: number;
  output: Json | undefined;
  error: StepFailure | null;
  readonly agenda: (StepState | ListState)[];
  readonly touched: Set<StepState>;
}

interface RunFacts {
  readonly name: string | null;
  readonly template: string | null;
  readonly version: number | null;
  readonly agentId: string | null;
  readonly parent: { readonly runId: string; readonly path: string; readonly depth: number } | null;
  readonly trigger: Json;
  readonly exec: ExecContext;
  /** Version of the engine's rules. */
  readonly rules: number;
}

export interface HookState {
  readonly kind: 'on_complete' | 'on_error';
  readonly list: ListState;
  readonly output: Json | undefined;
  readonly error: StepFailure | null;
}

interface BufferedSignal {
  readonly seq: number;
  readonly name: string;
  /** Only this step may take it, when the sender named one. */
  readonly stepPath: string | null;
  readonly payload: Json;
}

export interface ListState {
  readonly node: 'list';
  readonly plan: ListPlan;
  /** Path prefix of its steps, "" for the top list. */
  readonly prefix: string;
  readonly owner: StepState | null;
  /** Branch or iteration index; 0 for others. */
  readonly index: number;
  readonly steps: StepState[];
  /** Steps whose resolution is open. */
  open: number;
  failure: { readonly seq: number; readonly error: StepFailure } | null;
  /** True once a step in it was started. */
  ran: boolean;
}

export interface StepState {
  readonly node: 'step';
  readonly path: string;
  readonly plan: StepPlan;
  readonly list: ListState;
  status: StepStatus;
  resolution: Resolution;
  /** The attempt that runs now or would run next, from 1. */
  attempt: number;
  /** Sequence of the event that opened what is open now; 0 before the first. */
  seq: number;
  startedAt: number | null;
  endedAt: number | null;
  /** When the attempt's timeout ends it; waits and decisions keep their own time in `sub`. */
  dueAt: number | null;
  retryAt: number | null;
  /** The attempt's timeout in milliseconds, kept to give a reopened composite a fresh one. */
  limitMs: number | null;
  /** When the limit of a composite stopped counting, because a question below is open; else null. */
  heldSince: number | null;
  guardPassed: boolean;
  params: JsonObject | null;
  secretRefs: readonly SecretRef[];
  output: Json | undefined;
  error: StepFailure | null;
  /** A failed step whose fallback decides. */
  handled: boolean;
  unknownOutcome: boolean;
  skipReason: SkipReason | null;
  /** A fallback that was asked for. */
  needed: boolean;
  waitingFor: string | null;
  generation: number;
  /** Params replaced by a `retry` signal. */
  overrides: JsonObject | null;
  interruptions: number;
  /** What of that counts; null before the first. */
  crashes: CrashCount | null;
  /** What a crash in the middle of the step asks for, until it is carried out. */
  interrupted: 'rerun' | 'ask' | 'fail' | null;
  /** A rejection that was received (reject, cancel of this step) and is being carried out. */
  rejected: { readonly by: string | null; readonly reasoning: string | null } | null;
  /** A skip of this step that was received while it was open. */
  skipping: boolean;
  sub: SubState | null;
  /** Dependencies by how they ended. */
  waits: number;
  completedDeps: number;
  failedDeps: number;
  /** Dependencies skipped because something failed before them. */
  brokenDeps: number;
}

/** Crashes that caught a step, by whether anything else was at work. */
export interface CrashCount {
  readonly alone: number;
  readonly shared: number;
  /** Sequence of the last of them. */
  readonly seq: number;
}

type SubState = ConditionState | LoopState | ParallelState | WaitState | DecisionState | ChildState;

interface ConditionState {
  readonly kind: 'condition';
  readonly result: string;
  /** Key of the branch taken, "default", or null when nothing matched. */
  readonly branch: string | null;
  readonly list: ListState | null;
}

export interface LoopState {
  readonly kind: 'loop';
  readonly items: readonly Json[] | null;
  readonly iterations: ListState[];
  /** Indices of iterations that are open. */
  readonly running: Set<number>;
  /** Open iterations whose list may have come to its end since they were looked at. */
  readonly ended: Set<number>;
  truncated: boolean;
  finished: boolean;
}

export interface ParallelState {
  readonly kind: 'parallel';
  readonly branches: readonly ListState[];
  winner: number | null;
  finished: boolean;
}

export interface WaitState {
  readonly kind: 'wait';
  readonly signal: string | null;
  readonly dueAt: number | null;
  readonly waitedMs: number;
  done: { readonly timedOut: boolean; readonly payload: Json } | null;
}

export interface DecisionState {
  readonly kind: 'decision';
  readonly seq: number;
  readonly ask: EventPayloads['decision_requested'];
  readonly askedAt: number;
  /** An answer that was received and is being carried out. */
  answer: EventPayloads['decision_resolved'] | null;
  resolved: EventPayloads['decision_resolved'] | null;
  resolvedAt: number | null;
}

interface ChildState {
  readonly kind: 'child';
  readonly childId: string;
  suspended: boolean;
  /** True while its end is being taken in: it need not be cancelled. */
  ended: boolean;
}
