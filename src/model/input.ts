/**
 * What happened and is not yet recorded: the engine's inputs.
 *
 * Every answer names the event that asked for it (`seq`); `decide` drops one that is no longer what
 * is open at its path.
 */
import type { StepFailure } from './error.ts';
import type { CarriedEvents, EventPayloads, SignalType } from './event.ts';
import type { SecretRef } from './expression.ts';
import type { RunId } from './ids.ts';
import type { Json, JsonObject } from './json.ts';
import type { Queue } from './place.ts';

export interface Signal {
  readonly type: SignalType;
  /** Who sends it: agent id, `cli:<user>`, … */
  readonly by: string | null;
  readonly role: 'admin' | 'operator' | 'approver' | 'agent' | 'viewer' | 'local';
  /** What kind of sender: decides `by: person|agent` questions. */
  readonly sender: 'person' | 'agent' | 'system';
  readonly stepId?: string;
  readonly name?: string;
  readonly payload: Json;
  readonly reasoning?: string;
  /** Only of a message that the engine sends to a child run: it follows its parent. */
  readonly cause?: 'parent';
}

/** Facts an inline or finished action yields beside its output: events of the same transaction. */
export interface ActionNotes {
  readonly notified?: readonly EventPayloads['notification'][];
  /** Keys merged into the context (`workflow.set`, `workflow.context`). */
  readonly context?: JsonObject;
  readonly variables?: JsonObject;
  readonly emitted?: readonly { readonly event_type: string; readonly payload: Json }[];
  readonly logged?: readonly {
    readonly level: string;
    readonly message: string;
    readonly data?: Json;
  }[];
}

export type EngineInput =
  | { readonly type: 'sweep' }
  /** Values of secrets that the run has used cannot be found any more. */
  | { readonly type: 'masking_incomplete'; readonly names: readonly string[] }
  /** A run that had been given up in good order is owned again. */
  | { readonly type: 'taken_up'; readonly epoch: number; readonly lastSeenMs: number }
  | {
      readonly type: 'step_succeeded';
      readonly path: string;
      readonly seq: number;
      readonly output: Json;
      readonly notes?: ActionNotes;
    }
  | {
      readonly type: 'step_failed';
      readonly path: string;
      readonly seq: number;
      readonly error: StepFailure;
      readonly notes?: ActionNotes;
    }
  | {
      readonly type: 'timer_fired';
      readonly path: string | null;
      readonly seq: number;
      readonly timer: TimerKind;
      /** When it was due, set for timers that became due while nobody owned the run. */
      readonly at?: number;
    }
  | { readonly type: 'slot_granted'; readonly path: string; readonly seq: number }
  | { readonly type: 'evaluated'; readonly path: string | null }
  | {
      readonly type: 'signal';
      readonly inboxId: number | null;
      readonly signal: Signal;
      /** When it was received, set for signals that came while nobody owned the run. */
      readonly at?: number;
    }
  | {
      readonly type: 'child_ended';
      readonly inboxId: number | null;
      readonly path: string;
      readonly seq: number;
      readonly childId: string;
      readonly status: 'completed' | 'failed' | 'cancelled';
      readonly output?: Json;
      readonly error?: StepFailure;
    }
  | {
      readonly type: 'child_changed';
      readonly inboxId: number | null;
      readonly path: string;
      readonly seq: number;
      readonly childId: string;
      readonly status: 'active' | 'suspended';
    }
  /** The run's turn under `concurrency` has come. */
  | { readonly type: 'turn'; readonly inboxId: number | null }
  | {
      readonly type: 'circuit_changed';
      readonly path: string;
      readonly target: string;
      readonly state: 'open' | 'closed';
      readonly untilMs: number | null;
    }
  | {
      readonly type: 'process_restarted';
      readonly epoch: number;
      readonly node: string | null;
      readonly lastSeenMs: number | null;
      /** Other active runs of the process that died; not there when nobody could count them. */
      readonly others?: number;
    };

export type TimerKind = 'timeout' | 'retry' | 'wait' | 'decision' | 'run_timeout';

/** What a run is started with; recorded as `workflow_started`. */
export interface StartFacts {
  readonly inputs: JsonObject;
  readonly secretRefs: readonly SecretRef[];
  /** Names of secrets that are masked besides its own: those of the run that starts it. */
  readonly masks?: readonly string[];
  readonly context: JsonObject;
  readonly name: string | null;
  readonly template: string | null;
  readonly version: number | null;
  readonly agentId: string | null;
  readonly parent: { readonly runId: string; readonly path: string; readonly depth: number } | null;
  readonly trigger: Json | null;
  readonly exec: { readonly cwd: string; readonly env: Readonly<Record<string, string>> };
  /** Version of the engine's rules that the run keeps to its end (see `rules.ts`). */
  readonly rules: number;
  /** The queue in which it is counted under `concurrency`; left out for none. */
  readonly concurrency?: Queue;
  /** Of a rerun that somebody else will take on: what its log begins with. Not recorded by itself. */
  readonly carried?: CarriedEvents;
}

/** Verdict on a signal, settled in the transaction of what it caused. */
export type SignalVerdict =
  | { readonly inboxId: number | null; readonly ok: true; readonly result: JsonObject }
  | { readonly inboxId: number | null; readonly ok: false; readonly error: StepFailure };

/** Tells a run that its turn under `concurrency` has come. */
export const turnMessage = (runId: RunId, receivedAt: number): InboxMessage => ({
  runId,
  kind: 'turn',
  body: {},
  receivedAt,
  idempotencyKey: null,
});

/** The cancel that a run gets when a newer one with its concurrency key takes its place. */
export function replacedMessage(runId: RunId, receivedAt: number): InboxMessage {
  const body = signalToBody({
    type: 'cancel',
    by: 'concurrency',
    role: 'operator',
    sender: 'system',
    payload: null,
    reasoning: 'replaced by a newer run with the same concurrency key',
  });
  return { runId, kind: 'signal', body, receivedAt, idempotencyKey: null };
}

interface InboxMessage {
  readonly runId: RunId;
  readonly kind: 'signal' | 'turn';
  readonly body: Json;
  readonly receivedAt: number;
  readonly idempotencyKey: null;
}

/** A signal as it stands in the inbox. */
export function signalToBody(signal: Signal): Json {
  return {
    type: signal.type,
    by: signal.by,
    role: signal.role,
    sender: signal.sender,
    payload: signal.payload,
    ...(signal.stepId === undefined ? {} : { step_id: signal.stepId }),
    ...(signal.name === undefined ? {} : { name: signal.name }),
    ...(signal.reasoning === undefined ? {} : { reasoning: signal.reasoning }),
  };
}
