/**
 * The engine port: what operations ask of the runtime.
 *
 * Everything a method reports as done is durable when its promise resolves. Errors are `AppError`s.
 */
import type { Definition } from './definition.ts';
import type { StepFailure } from './error.ts';
import type { CarriedEvents, RunEvent } from './event.ts';
import type { DefinitionHash, RunId } from './ids.ts';
import type { Signal, StartFacts } from './input.ts';
import type { Json, JsonObject } from './json.ts';
import type { SignalKey, StartKey } from './keys.ts';
import type { RunStatus } from './run-status.ts';

export interface StartRequest {
  readonly definition: Definition;
  readonly definitionHash: DefinitionHash;
  readonly outputSchema: Json | null;
  readonly facts: StartFacts;
  readonly idempotency: StartKey | null;
  /** Whose run it is: keeps apart the runs of different callers that have no template. */
  readonly owner: string;
  /** Its id, when the caller has made one already. */
  readonly runId?: RunId;
  /** Events copied from another run (`rerun --from`): the log begins with these after its start. */
  readonly reuse?: CarriedEvents;
}

export interface StartedRun {
  readonly runId: RunId;
  /** False when the idempotency key already had a run. */
  readonly created: boolean;
}

export interface SignalOutcome {
  readonly ok: boolean;
  /** True when accepted and durable, but not yet applied within the wait. */
  readonly pending: boolean;
  /** True when just this signal was sent before under its key: the verdict is that one's. */
  readonly repeated?: true;
  readonly result: JsonObject;
  readonly error: StepFailure | null;
}

/** A committed event as subscribers get it, in commit order. */
export interface PublishedEvent {
  readonly id: number;
  readonly runId: RunId;
  readonly event: RunEvent;
}

export interface OutputChunk {
  readonly runId: RunId;
  readonly path: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

export type RunStop = 'ended' | 'suspended' | 'timeout' | 'lost';

/** What an executing process has to do just now. */
export interface EngineMetrics {
  /** Steps that hold a slot, and slots that there are. */
  readonly executing: number;
  readonly slots: number;
  /** Steps that wait for one. */
  readonly queued: number;
  readonly liveRuns: number;
  /** Circuit breakers that are not closed. */
  readonly breakers: readonly { readonly target: string; readonly state: 'open' | 'half_open' }[];
}

export interface Engine {
  /** Starts a run here; resolved when it is on disk, with everything that could be decided at once. */
  start(request: StartRequest): Promise<StartedRun>;
  /** Sends through the durable inbox, claims the run when nobody owns it, waits for the verdict. */
  signal(
    runId: RunId,
    signal: Signal,
    key: SignalKey | null,
    waitMs: number,
  ): Promise<SignalOutcome>;
  /** Claims and continues one run, or everything that is claimable. Answers how many were claimed. */
  recover(runId: RunId | null): Promise<number>;
  /** Gives turns under `concurrency` that a raised limit of this group leaves room for. */
  handOn(group: string): void;
  /** Waits until the run has ended, or (with `orSuspended`) waits for somebody, here or elsewhere. */
  settled(
    runId: RunId,
    options: { timeoutMs: number | null; orSuspended: boolean },
  ): Promise<RunStop>;
  /** True when this process owns the run now. */
  owns(runId: RunId): boolean;
  liveRuns(): number;
  /** Runs that are live here besides this one. */
  othersThan(runId: RunId): number;
  /** Resolves when no other run is live here: they have ended, wait, or belong to somebody else. */
  othersQuiet(runId: RunId): Promise<void>;
  onEvents(listener: (events: readonly PublishedEvent[]) => void): () => void;
  onOutput(listener: (chunk: OutputChunk) => void): () => void;
  /** Calls back within a moment of a write of another process; looks more often while somebody listens. */
  onForeignWrite(listener: () => void): () => void;
  /** Whoever is parked or queued keeps its place in the store; steps in flight get `graceMs`. */
  stop(options: { graceMs: number; graceUnsafeMs: number }): Promise<void>;
  status(runId: RunId): RunStatus | null;
  metrics(): EngineMetrics;
}
