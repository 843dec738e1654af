/**
 * What deciding may ask of the world, and the one batch that is being decided.
 *
 * Every answer is recorded with the event it leads to, so replay asks nothing. None of these throws.
 */
import type { InlineContext, ParamFit } from '../model/action.ts';
import type { StepFailure } from '../model/error.ts';
import type { EventPayloads, EventType, RunEvent, Unsettled } from '../model/event.ts';
import type {
  ComputeRequest,
  Evaluated,
  Expression,
  Scope,
  SecretRef,
  Template,
} from '../model/expression.ts';
import type { ActionNotes, SignalVerdict } from '../model/input.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { RunState } from '../model/run-state.ts';
import { evolve } from './evolve.ts';

/** Whether an action may start now. */
export type Admission =
  /** `probe`: the call that finds out whether this target works again. */
  | { readonly kind: 'granted'; readonly probe?: string }
  | { readonly kind: 'wait'; readonly for: 'slot' | 'vault' }
  | { readonly kind: 'open'; readonly target: string; readonly untilMs: number };

/** What an ended run gets that shall go on. */
export type PlaceAnswer =
  | { readonly kind: 'holds' | 'waits' }
  | { readonly kind: 'refused'; readonly error: StepFailure };

export type InlineOutcome =
  | { readonly ok: true; readonly output: Json; readonly notes?: ActionNotes }
  | { readonly ok: false; readonly error: StepFailure };

export interface EngineLimits {
  /** Iterations of one loop without `max_iter` (for_each). */
  readonly loopIterations: number;
  /** Iterations of a `while`/`until` without `max_iter`. */
  readonly openLoopIterations: number;
  /** Step executions of one run. */
  readonly stepExecutions: number;
  /** UTF-8 bytes of a decision's texts and data. */
  readonly decisionBytes: number;
  /** Milliseconds a hook may take when it states no timeout. */
  readonly hookTimeoutMs: number;
  /** Takeovers without progress, from processes with no other run, before a run is quarantined. */
  readonly takeovers: number;
  /** Crashes with nothing else at work that one step may be caught by before it fails. */
  readonly interruptions: number;
  /** Crashes with something else at work before the run is quarantined. */
  readonly sharedCrashes: number;
  /** Milliseconds an "outcome unknown" question stays open for runs nobody started by hand. */
  readonly askTimeoutMs: number;
  /** True: agents too may say what became of an interrupted step. */
  readonly agentsAnswer: boolean;
  readonly childDepth: number;
}

export const DEFAULT_ENGINE_LIMITS: EngineLimits = {
  loopIterations: 10_000,
  openLoopIterations: 1000,
  stepExecutions: 100_000,
  decisionBytes: 64 * 1024,
  hookTimeoutMs: 300_000,
  takeovers: 3,
  interruptions: 3,
  sharedCrashes: 9,
  askTimeoutMs: 86_400_000,
  agentsAnswer: false,
  childDepth: 16,
};

export interface DecideContext {
  readonly nowMs: number;
  readonly limits: EngineLimits;
  /** Policy for unsafe steps found running after a crash, when neither step nor definition says. */
  readonly onInterrupt: 'rerun' | 'ask' | 'fail';
  evaluate(expression: Expression, scope: Scope): Evaluated;
  interpolate(template: Template, scope: Scope): Evaluated;
  /**
   * `expr.eval`, `cel.eval`, `jq` over checked params; `compiled` when the source is constant,
   * `limitMs` the step's own limit on what a compute process does for it.
   */
  engineAction(
    action: string,
    params: JsonObject,
    compiled: Expression | null,
    scope: Scope,
    limitMs: number | null,
  ): Evaluated;
  /** The params made ready for their action, without its defaults, or why they are wrong. */
  checkParams(
    action: string,
    params: JsonObject,
    fit: ParamFit,
  ):
    | { readonly ok: true; readonly params: JsonObject }
    | { readonly ok: false; readonly error: StepFailure };
  runInline(
    action: string,
    params: JsonObject,
    secretRefs: readonly SecretRef[],
    context: Omit<InlineContext, 'randomUuid'>,
  ): InlineOutcome;
  /** Takes a slot for this step when it may start at once. */
  admit(path: string, action: string, params: JsonObject): Admission;
  /** Why a child run cannot be started with these params (no such template, …), or null. */
  checkChild(params: JsonObject): StepFailure | null;
  /** First 32 hex digits of SHA-256 over run id, path and generation. */
  idempotencyKey(path: string, generation: number): string;
  /** Why an output does not fit a JSON Schema, or null. */
  checkOutput(schema: Json, output: Json): StepFailure | null;
  /** The place that this ended run gets when it goes on; null when none limits it. */
  askPlace(): PlaceAnswer | null;
  /** The id of the child run that an attempt starts; `seq` is that of the event that records it. */
  childId(path: string, seq: number): string;
  /** Paths at which something is in flight, or was told to end and is still there. */
  settling(): readonly string[];
  /** Has a step (null: the run) decided again when something of that is gone. */
  awaitSettling(path: string | null): void;
  /** What did not end in time and is waited for no more. */
  unsettled(): readonly Unsettled[];
  /** False when this turn has taken long enough; `events` is how many it has recorded. */
  mayGoOn(events: number): boolean;
  /** True while evaluations of this run are out at a compute process. */
  evaluationsInFlight(): boolean;
}

export interface PendingEvaluation {
  readonly path: string | null;
  readonly request: ComputeRequest;
}

/** A child run, and the step that no longer waits for it. */
export interface Orphan {
  readonly childId: string;
  readonly path: string;
}

/** The batch being decided: what has been recorded so far and applied to `state`. */
export interface Batch {
  readonly state: RunState;
  readonly ctx: DecideContext;
  readonly events: RunEvent[];
  readonly verdicts: SignalVerdict[];
  readonly pending: PendingEvaluation[];
  /** Child runs whose step ended without them: they shall be cancelled. */
  readonly orphans: Orphan[];
  /** Set when the run came back from its end: with a place, or to wait for one. */
  restarted: 'holds' | 'waits' | null;
  /** Set when `mayGoOn` said no: what is left stays on the agenda. */
  unfinished: boolean;
}

/** Events that move a run; a suspended run is resumed before the first of them. */
const PROGRESS = new Set<EventType>([
  'step_scheduled',
  'step_started',
  'step_completed',
  'step_failed',
  'step_ignored',
  'step_retry_attempt',
  'step_resumed',
  'decision_resolved',
  'wait_completed',
]);

/** Records a fact: gives it the next sequence, applies it, adds it to the batch. */
export function emit<K extends EventType>(
  batch: Batch,
  type: K,
  path: string | null,
  payload: EventPayloads[K],
): number {
  const { state } = batch;
  if (state.status === 'suspended' && !state.paused && PROGRESS.has(type)) {
    record(batch, 'workflow_resumed', null, { reason: type });
  }
  return record(batch, type, path, payload);
}

function record<K extends EventType>(
  batch: Batch,
  type: K,
  path: string | null,
  payload: EventPayloads[K],
): number {
  const { state, ctx } = batch;
  if (path !== null && LEAVES_CHILD.has(type)) noteOrphan(batch, path);
  const event = {
    seq: state.seq + 1,
    at: Math.max(state.at, ctx.nowMs),
    type,
    path,
    payload,
  } as unknown as RunEvent;
  batch.events.push(event);
  evolve(state, event);
  return event.seq;
}

const LEAVES_CHILD = new Set<EventType>([
  'step_skipped',
  'step_failed',
  'step_ignored',
  'step_retry_attempt',
]);

function noteOrphan(batch: Batch, path: string): void {
  const step = batch.state.steps.get(path);
  if (step?.sub?.kind !== 'child' || step.sub.ended) return;
  if (step.status === 'running' || step.status === 'suspended')
    batch.orphans.push({ childId: step.sub.childId, path });
}
