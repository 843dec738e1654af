/**
 * `advance(state, inputs, ctx)`: everything that follows from a batch of inputs, as events.
 *
 * Inputs that arrive together are decided together: results first, then signals, then timers. The
 * events are already applied to `state`; the caller commits both or discards both.
 */
import type { StepFailure } from '../model/error.ts';
import type { CarriedEvents, RunEvent } from '../model/event.ts';
import type { EngineInput, SignalVerdict, StartFacts } from '../model/input.ts';
import type { JsonObject } from '../model/json.ts';
import type { RunState } from '../model/run-state.ts';
import { isRunEnded } from '../model/run-status.ts';
import { toRfc3339 } from '../model/time.ts';
import { hasUnknownOutcome } from './abort.ts';
import {
  type Batch,
  type DecideContext,
  emit,
  type Orphan,
  type PendingEvaluation,
} from './context.ts';
import { timerFired } from './deadlines.ts';
import { emitNotes } from './kinds/action.ts';
import { elapsed } from './kinds/begin.ts';
import { failAttempt } from './on-error.ts';
import { refusalMark } from './refusal.ts';
import { processRestarted, takenUp } from './restart.ts';
import { settle, sweep } from './settle.ts';
import { receiveSignal } from './signals.ts';

export interface Advanced {
  readonly events: readonly RunEvent[];
  readonly verdicts: readonly SignalVerdict[];
  readonly pending: readonly PendingEvaluation[];
  readonly orphans: readonly Orphan[];
  /** Set when the run came back from its end: with a place, or to wait for one. */
  readonly restarted: 'holds' | 'waits' | null;
  /** True when the turn's time was over before everything had followed: decide again at once. */
  readonly unfinished: boolean;
  /** Inputs that were not taken for that reason. */
  readonly rest: readonly EngineInput[];
}

const ORDER: Record<EngineInput['type'], number> = {
  process_restarted: 0,
  taken_up: 0,
  masking_incomplete: 0,
  turn: 0,
  step_succeeded: 1,
  step_failed: 1,
  child_ended: 1,
  child_changed: 1,
  circuit_changed: 1,
  slot_granted: 2,
  evaluated: 2,
  sweep: 2,
  signal: 3,
  timer_fired: 4,
};

/**
 * Results first, then signals, then timers. What came or became due while nobody owned the run has a
 * time of its own and is taken in that order, ties to the signal.
 */
function inOrder(a: EngineInput, b: EngineInput): number {
  const byTime = timeOf(a) - timeOf(b);
  return Number.isNaN(byTime) || byTime === 0 ? ORDER[a.type] - ORDER[b.type] : byTime;
}

/** Before all times: what is no signal and no timer; after all: what came just now. */
function timeOf(input: EngineInput): number {
  if (ORDER[input.type] < ORDER.signal) return Number.NEGATIVE_INFINITY;
  const at = 'at' in input ? input.at : undefined;
  return at ?? Number.POSITIVE_INFINITY;
}

/** Decides a batch of inputs; `state` has every event applied afterwards. */
export function advance(
  state: RunState,
  inputs: readonly EngineInput[],
  ctx: DecideContext,
): Advanced {
  const batch: Batch = {
    state,
    ctx,
    events: [],
    verdicts: [],
    pending: [],
    orphans: [],
    restarted: null,
    unfinished: false,
  };
  const ordered = [...inputs].sort(inOrder);
  // What an earlier turn had no time for comes first.
  if (state.agenda.length > 0) settle(batch);
  for (const [at, input] of ordered.entries()) {
    if (batch.unfinished) return { ...batch, rest: ordered.slice(at) };
    take(batch, input);
    // Signals and timers must see what the input before them led to.
    settle(batch);
  }
  return { ...batch, rest: [] };
}

/** Records the start of a run and everything that follows at once. */
export function beginRun(
  state: RunState,
  facts: StartFacts,
  timeoutMs: number | null,
  ctx: DecideContext,
  reuse: CarriedEvents | null = null,
  inputs: readonly EngineInput[] = [],
): Advanced {
  const batch: Batch = {
    state,
    ctx,
    events: [],
    verdicts: [],
    pending: [],
    orphans: [],
    restarted: null,
    unfinished: false,
  };
  const { parent } = facts;
  emit(batch, 'workflow_started', null, {
    definition_hash: state.plan.hash,
    rules: state.plan.rules.version,
    inputs: facts.inputs,
    ...(facts.secretRefs.length === 0 ? {} : { secret_refs: facts.secretRefs }),
    ...(facts.masks === undefined ? {} : { masks: facts.masks }),
    context: facts.context,
    name: facts.name,
    template: facts.template,
    version: facts.version,
    agent_id: facts.agentId,
    ...(parent === null
      ? {}
      : { parent: { workflow_id: parent.runId, step_id: parent.path, depth: parent.depth } }),
    ...(facts.trigger === null ? {} : { trigger: facts.trigger }),
    exec: facts.exec,
    ...(facts.concurrency === undefined ? {} : { concurrency: facts.concurrency }),
    ...(timeoutMs === null ? {} : { timeout_ms: timeoutMs }),
    ...(reuse === null ? {} : { from: reuse.from }),
  });
  for (const { type, path, payload } of reuse?.events ?? []) emit(batch, type, path, payload);
  // What came while the run waited to be claimed counts before anything starts.
  for (const input of [...inputs].sort(inOrder)) take(batch, input);
  sweep(state);
  settle(batch);
  return { ...batch, rest: [] };
}

function take(batch: Batch, input: EngineInput): void {
  const { state } = batch;
  if (isRunEnded(state.status) && input.type !== 'signal') {
    // Nobody waits for a child's message any more; settled, it is not looked at again.
    if ('inboxId' in input && input.inboxId !== null) {
      batch.verdicts.push({ inboxId: input.inboxId, ok: true, result: {} });
    }
    return;
  }
  switch (input.type) {
    case 'process_restarted':
      processRestarted(batch, input);
      break;
    case 'sweep':
      sweep(state);
      break;
    case 'taken_up':
      takenUp(batch, input);
      break;
    case 'masking_incomplete':
      emit(batch, 'masking_incomplete', null, { names: input.names });
      break;
    case 'step_succeeded':
    case 'step_failed':
      takeResult(batch, input);
      break;
    case 'slot_granted':
    case 'evaluated':
      lookAgain(batch, input);
      break;
    case 'timer_fired':
      timerFired(batch, input);
      break;
    case 'signal':
      receiveSignal(batch, input);
      break;
    case 'child_ended':
    case 'child_changed':
      takeChild(batch, input);
      break;
    case 'circuit_changed':
      takeCircuit(batch, input);
      break;
    case 'turn':
      takeTurn(batch, input);
      break;
  }
}

function takeResult(
  batch: Batch,
  input: Extract<EngineInput, { type: 'step_succeeded' | 'step_failed' }>,
): void {
  const step = batch.state.steps.get(input.path);
  if (step === undefined || step.seq !== input.seq || step.status !== 'running') return;
  emitNotes(batch, step, input.notes);
  if (input.type === 'step_failed') {
    // Whoever kept the limit, the step's or the action's own: nobody knows what took effect.
    const unknown = input.error.code === 'TIMEOUT_ERROR' && hasUnknownOutcome(step);
    failAttempt(batch, step, input.error, unknown);
  } else {
    emit(batch, 'step_completed', step.path, {
      output: input.output,
      duration_ms: elapsed(batch, step),
    });
  }
}

/** A run that waited for its place goes on; one that begins with its turn needs no event for it. */
function takeTurn(batch: Batch, { inboxId }: Extract<EngineInput, { type: 'turn' }>): void {
  const { state } = batch;
  if (inboxId !== null) batch.verdicts.push({ inboxId, ok: true, result: {} });
  if (!state.queued) return;
  emit(batch, 'workflow_resumed', null, { reason: 'turn' });
  sweep(state);
}

function takeCircuit(batch: Batch, input: Extract<EngineInput, { type: 'circuit_changed' }>): void {
  const { path, target, state, untilMs } = input;
  const known = batch.state.steps.has(path) ? path : null;
  if (state === 'closed') emit(batch, 'circuit_breaker_closed', known, { target });
  else emit(batch, 'circuit_breaker_open', known, { target, until: toRfc3339(untilMs ?? 0) });
}

function lookAgain(
  batch: Batch,
  input: Extract<EngineInput, { type: 'slot_granted' | 'evaluated' }>,
): void {
  const step = input.path === null ? undefined : batch.state.steps.get(input.path);
  if (step === undefined) return;
  if (input.type === 'slot_granted' && step.seq !== input.seq) return;
  batch.state.agenda.push(step);
}

function takeChild(
  batch: Batch,
  input: Extract<EngineInput, { type: 'child_ended' | 'child_changed' }>,
): void {
  const step = batch.state.steps.get(input.path);
  if (input.inboxId !== null) {
    batch.verdicts.push({ inboxId: input.inboxId, ok: true, result: {} });
  }
  if (step?.sub?.kind !== 'child' || step.sub.childId !== input.childId) return;
  if (step.status !== 'running' && step.status !== 'suspended') return;
  if (input.type === 'child_changed') childChanged(batch, step.path, input.status);
  else if (input.status === 'completed') {
    step.sub.ended = true;
    emit(batch, 'step_completed', step.path, {
      output: input.output ?? null,
      duration_ms: elapsed(batch, step),
    });
  } else {
    step.sub.ended = true;
    const message = `the workflow it started was ${input.status}`;
    const error: StepFailure = input.error ?? { code: 'CANCELLED', message };
    const details = childDetails(error, input.childId);
    failAttempt(batch, step, { code: error.code, message: error.message, details });
  }
}

/** A refusal's mark stays where every handler above looks for it. */
function childDetails(error: StepFailure, childId: string): JsonObject {
  const { details } = error;
  const mark = refusalMark(error);
  return {
    workflow_id: childId,
    ...(details === undefined ? {} : { child: details }),
    ...(mark === null ? {} : { decision: mark }),
  };
}

function childChanged(batch: Batch, path: string, status: 'active' | 'suspended'): void {
  const step = batch.state.steps.get(path);
  if (step === undefined || step.sub?.kind !== 'child') return;
  if (status === 'active') {
    if (step.status === 'suspended') emit(batch, 'step_resumed', path, { reason: 'child' });
    return;
  }
  if (step.params?.on_suspend === 'fail') {
    failAttempt(batch, step, {
      code: 'EXECUTION_ERROR',
      message: 'the workflow it started waits for somebody, and on_suspend is fail',
      details: { workflow_id: step.sub.childId },
    });
  } else if (step.status === 'running') {
    emit(batch, 'step_suspended', path, { reason: 'child' });
  }
}
