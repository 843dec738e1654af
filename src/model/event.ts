/**
 * Recorded facts of a run: the append-only log.
 *
 * An event in memory is `{seq, at, type, path, payload}`; `payload` is the wire JSON (snake_case) and
 * is stored as it is. `seq` is gapless per run from 1, `at` epoch milliseconds and never decreases.
 * Every event that any release wrote must still fold: fields are added, never renamed.
 */
import type { DecisionOption } from './definition.ts';
import type { StepFailure } from './error.ts';
import type { SecretRef } from './expression.ts';
import type { Json, JsonObject } from './json.ts';

/** Where a run executes: working directory and the starter's environment. */
export interface ExecContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A process that was recorded before it was released, for whoever has to kill it later. */
export interface RecordedProcess {
  readonly pid: number;
  /** Start time of the process in clock ticks since boot, as text. */
  readonly started: string;
  readonly boot_id: string;
  readonly host: string;
}

export type SkipReason =
  | 'condition_false'
  | 'upstream_skipped'
  | 'upstream_failed'
  | 'rule_not_met'
  | 'fail_fast'
  | 'race_lost'
  | 'not_needed'
  | 'skipped_by_signal'
  | 'cancelled'
  | 'timeout';

export interface WaitingFor {
  readonly step_id: string;
  readonly kind: 'decision' | 'signal' | 'child' | 'vault' | 'outcome_unknown' | 'settling';
  readonly name?: string;
}

/** Something that did not end in time after its step had ended. */
export type Unsettled = { readonly step_id: string } & (
  | { readonly pid: number }
  | { readonly child: string }
  | { readonly call: string }
);

export interface EventPayloads {
  workflow_started: {
    readonly definition_hash: string;
    /** Version of the engine's rules; left out in logs that are older than rules: 1. */
    readonly rules?: number;
    readonly inputs: JsonObject;
    readonly secret_refs?: readonly SecretRef[];
    /** Secrets that the run which started this one has used: masked here too. */
    readonly masks?: readonly string[];
    readonly context: JsonObject;
    readonly name: string | null;
    readonly template: string | null;
    readonly version: number | null;
    readonly agent_id: string | null;
    readonly parent?: {
      readonly workflow_id: string;
      readonly step_id: string;
      readonly depth: number;
    };
    readonly trigger?: Json;
    readonly exec: ExecContext;
    /** Where it is counted under `concurrency`. */
    readonly concurrency?: { readonly group: string; readonly key: string };
    /** The run's limit on active time, milliseconds. */
    readonly timeout_ms?: number;
    readonly from?: { readonly workflow_id: string; readonly step_id?: string };
  };
  workflow_completed: { readonly output: Json; readonly unsettled?: readonly Unsettled[] };
  workflow_failed: { readonly error: StepFailure; readonly unsettled?: readonly Unsettled[] };
  workflow_cancelled: {
    readonly reason: string | null;
    readonly by: string | null;
    readonly unsettled?: readonly Unsettled[];
  };
  workflow_suspended: { readonly reason: string; readonly waiting_for: readonly WaitingFor[] };
  /** A run that came back from its end waits for a place under its `concurrency`. */
  workflow_queued: { readonly signal: 'retry' | 'skip' | 'resume' };
  workflow_resumed: { readonly reason: string; readonly by?: string | null };
  workflow_timed_out: { readonly limit_ms: number; readonly action: 'fail' | 'suspend' | 'cancel' };
  workflow_interrupted: {
    readonly epoch: number;
    readonly node: string | null;
    /** RFC 3339 time when the earlier owner was last known to live; active time stops there. */
    readonly last_seen: string | null;
    /** Effects that were in flight; a takeover without any is no sign of harm. */
    readonly in_flight?: number;
    /** Other active runs of the process that died; not there when nobody could count them. */
    readonly others?: number;
  };
  /** Values of these secrets cannot be masked from here on: nobody has them any more. */
  masking_incomplete: { readonly names: readonly string[] };
  step_scheduled: {
    readonly guard?: Json;
    readonly params?: JsonObject;
    readonly secret_refs?: readonly SecretRef[];
    readonly attempt: number;
    readonly waiting_for: 'slot' | 'settling' | 'breaker' | 'vault' | 'concurrency';
  };
  step_started: {
    readonly attempt: number;
    readonly guard?: Json;
    readonly params?: JsonObject;
    readonly secret_refs?: readonly SecretRef[];
    /** Epoch milliseconds at which the attempt's timeout ends it. */
    readonly due_at?: number;
    readonly child_id?: string;
    readonly process?: RecordedProcess;
  };
  step_completed: {
    readonly output?: Json;
    readonly duration_ms: number;
    readonly outcome?: string;
    readonly reused_from?: string;
  };
  step_failed: {
    readonly error: StepFailure;
    readonly outcome?: 'unknown';
    /** Set when `on_error` names a fallback: the failure is handled if the fallback is. */
    readonly handled?: 'fallback';
  };
  step_ignored: { readonly error: StepFailure; readonly outcome?: 'unknown' };
  step_skipped: {
    readonly reason: SkipReason;
    readonly outcome?: 'unknown';
    readonly guard?: Json;
  };
  step_suspended: { readonly reason: string };
  step_resumed: { readonly reason: string };
  step_interrupted: {
    readonly policy: 'rerun' | 'ask' | 'fail';
    /** Crashes that have caught the step, whatever else was at work. */
    readonly count: number;
    /**
     * What else may have caused the crash: other active runs of that process and other effects of this
     * run. Not there in logs of before, where each crash counts against the step.
     */
    readonly others?: number;
  };
  step_retry_attempt: {
    readonly attempt: number;
    readonly max_attempts: number;
    readonly delay_ms: number;
    readonly due_at: number;
    readonly error: StepFailure;
    /** Paths of lists or steps below this composite that start over; all below them is forgotten. */
    readonly restarts?: readonly string[];
    /** True when no attempt was spent (an open circuit breaker). */
    readonly free?: boolean;
    readonly outcome?: 'unknown';
  };
  step_fallback: { readonly fallback_step: string };
  error_handler_invoked: { readonly strategy: string };
  decision_requested: {
    readonly kind: 'reasoning' | 'outcome_unknown';
    readonly prompt: Json;
    readonly data: JsonObject;
    readonly options: readonly DecisionOption[];
    readonly by: 'any' | 'person' | 'agent' | 'operator';
    readonly target_agent?: string;
    readonly fallback?: string;
    readonly due_at?: number;
    readonly then: readonly DecisionThen[];
    readonly step_outputs: JsonObject;
  };
  decision_resolved: {
    readonly choice: string | null;
    readonly rejected?: boolean;
    readonly reasoning: string | null;
    readonly data: Json;
    readonly resolved_by: string | null;
    readonly on_behalf?: string;
    readonly via: 'signal' | 'timeout';
  };
  decision_cancelled: { readonly reason: string };
  signal_received: {
    readonly type: SignalType;
    readonly by: string | null;
    readonly payload: Json;
    readonly name?: string;
    readonly step_id?: string;
    readonly reasoning?: string;
    /** For `retry` and `skip`: steps that are pending again (what is above them runs again). */
    readonly resets?: readonly string[];
    /** For a decision: the answer as it will be resolved. */
    readonly answer?: EventPayloads['decision_resolved'];
    /** Set when a parent run was paused or resumed, and this run with it. */
    readonly cause?: 'parent';
    /** For `retry`: changed params of the step, which raises its generation. */
    readonly inputs?: JsonObject;
  };
  variable_set: { readonly set: JsonObject; readonly by: string | null };
  context_changed: { readonly set: JsonObject; readonly by: string | null };
  condition_evaluated: { readonly result: string; readonly branch: string | null };
  loop_started: {
    readonly mode: 'for_each' | 'while' | 'until';
    readonly count?: number;
    readonly items?: readonly Json[];
  };
  loop_iter_started: { readonly index: number };
  loop_iter_completed: { readonly index: number };
  loop_completed: { readonly iterations: number; readonly truncated?: boolean };
  parallel_started: { readonly branches: number; readonly mode: 'all' | 'race' };
  parallel_completed: { readonly winner?: number };
  wait_started: { readonly due_at?: number; readonly signal?: string; readonly waited_ms?: number };
  wait_completed: {
    readonly timed_out?: boolean;
    readonly payload?: Json;
    readonly from_seq?: number;
  };
  circuit_breaker_open: { readonly target: string; readonly until: string };
  circuit_breaker_half_open: { readonly target: string };
  circuit_breaker_closed: { readonly target: string };
  hook_started: {
    readonly hook: 'on_complete' | 'on_error';
    readonly output?: Json;
    readonly error?: StepFailure;
  };
  hook_completed: { readonly hook: 'on_complete' | 'on_error' };
  hook_failed: { readonly hook: 'on_complete' | 'on_error'; readonly error: StepFailure };
  log: { readonly level: string; readonly message: string; readonly data?: Json };
  custom: { readonly event_type: string; readonly payload: Json };
  /** A message of `workflow.notify`, to be delivered at least once within its time. */
  notification: {
    readonly message: string;
    readonly level: string;
    readonly ttl_ms: number;
    readonly data?: Json;
    readonly agent_id?: string;
  };
}

export interface DecisionThen {
  readonly step_id: string;
  readonly action: string;
  readonly effect: string;
  readonly condition?: string;
}

export const SIGNAL_TYPES = [
  'decision',
  'data',
  'cancel',
  'retry',
  'skip',
  'pause',
  'resume',
] as const;
export type SignalType = (typeof SIGNAL_TYPES)[number];

export type EventType = keyof EventPayloads;

export type EventOf<K extends EventType> = {
  readonly seq: number;
  readonly at: number;
  readonly type: K;
  /** Step path, null for the run itself. */
  readonly path: string | null;
  readonly payload: EventPayloads[K];
};

export type RunEvent = { [K in EventType]: EventOf<K> }[EventType];

/** An event that a rerun takes over from an earlier run, still without sequence and time. */
export interface CarriedEvent {
  readonly type: EventType;
  readonly path: string;
  readonly payload: EventPayloads[EventType];
}

/** What a rerun takes over, and where from. */
export interface CarriedEvents {
  readonly from: { readonly workflow_id: string; readonly step_id?: string };
  readonly events: readonly CarriedEvent[];
}
