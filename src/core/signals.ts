/**
 * What a signal does to a run: checked first, then recorded; one that cannot apply changes nothing.
 *
 * `signal_received` records the intention, evolve applies it, settling carries it out.
 */
import { failure, isRetryable, type StepFailure } from '../model/error.ts';
import type { EventPayloads } from '../model/event.ts';
import { decisionId } from '../model/ids.ts';
import type { EngineInput, Signal } from '../model/input.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../model/json.ts';
import type { DecisionState, RunState, StepState } from '../model/run-state.ts';
import { isRunEnded } from '../model/run-status.ts';
import { type Batch, emit } from './context.ts';
import { checkAnswer, denialOf, denialWithin } from './decision-answer.ts';
import { findStep } from './find-step.ts';
import { incompleteIn, isComposite } from './resets.ts';
import { endingOf, onlySettles } from './settling.ts';
import { isPlanned, mayStillBeTaken } from './signal-names.ts';

type SignalInput = Extract<EngineInput, { type: 'signal' }>;
type Verdict = { readonly ok: JsonObject } | { readonly error: StepFailure };

/** Applies a signal and notes the verdict for whoever sent it. */
export function receiveSignal(batch: Batch, input: SignalInput): void {
  const verdict = apply(batch, input.signal);
  const { inboxId } = input;
  batch.verdicts.push(
    'ok' in verdict
      ? { inboxId, ok: true, result: verdict.ok }
      : { inboxId, ok: false, error: verdict.error },
  );
}

function apply(batch: Batch, signal: Signal): Verdict {
  switch (signal.type) {
    case 'decision':
      return decide(batch, signal);
    case 'data':
      return data(batch, signal);
    case 'cancel':
      return cancel(batch, signal);
    case 'retry':
    case 'skip':
      return restart(batch, signal, signal.type);
    case 'pause':
      return pause(batch, signal);
    case 'resume':
      return resume(batch, signal);
  }
}

function record(
  batch: Batch,
  signal: Signal,
  step: StepState | null,
  more: Partial<EventPayloads['signal_received']> = {},
): void {
  emit(batch, 'signal_received', null, {
    type: signal.type,
    by: signal.by,
    payload: signal.payload,
    ...(step === null ? {} : { step_id: step.path }),
    ...(signal.reasoning === undefined ? {} : { reasoning: signal.reasoning }),
    ...(signal.cause === undefined ? {} : { cause: signal.cause }),
    ...more,
  });
}

const refuse = (
  code: 'CONFLICT' | 'NOT_FOUND' | 'VALIDATION_ERROR' | 'PERMISSION_DENIED',
  message: string,
  details?: Json,
): Verdict => ({
  error: failure(code, message, details),
});

function ended(batch: Batch, what: string): Verdict | null {
  const { state } = batch;
  if (!isRunEnded(state.status)) return null;
  return refuse('CONFLICT', `the run is ${state.status}: ${what}`, { status: state.status });
}

/** True while a signal would end the step's wait. */
const isAwaitingSignal = ({ sub }: StepState): boolean =>
  sub?.kind === 'wait' && sub.done === null && sub.signal !== null;

const isAsking = (step: StepState): boolean =>
  step.status === 'suspended' && step.sub?.kind === 'decision' && step.sub.resolved === null;

function decide(batch: Batch, signal: Signal): Verdict {
  const found = decisionStep(batch, signal);
  if (typeof found === 'string') return decisionMissing(batch, found);
  const sub = found.sub;
  if (sub?.kind !== 'decision') return decisionMissing(batch, `step "${found.path}" asks nothing`);
  const denied = denialOf(signal, sub.ask);
  if (denied !== null) return refuse('PERMISSION_DENIED', denied);
  if (sub.resolved !== null || sub.answer !== null) return alreadyDecided(sub, signal, found);
  const answer = checkAnswer(signal, sub.ask);
  if ('error' in answer) return { error: answer.error };
  if (found.status !== 'suspended')
    return decisionMissing(batch, `step "${found.path}" no longer asks`);
  record(batch, signal, found, { answer: answer.answer });
  const id = decisionId(batch.state.runId, sub.seq);
  return { ok: { decision_id: id, step_id: found.path, choice: answer.answer.choice } };
}

function decisionStep(batch: Batch, signal: Signal): StepState | string {
  if (signal.stepId !== undefined)
    return findStep(batch.state, signal.stepId, [
      isAsking,
      (step) => step.sub?.kind === 'decision',
    ]);
  const asking = [...batch.state.open].filter(isAsking);
  const [only] = asking;
  if (only === undefined) return lastDecided(batch) ?? 'no decision is pending';
  if (asking.length === 1) return only;
  return `${asking.length} decisions are pending (${asking
    .slice(0, 6)
    .map((s) => s.path)
    .join(', ')}): say which with step_id`;
}

/** The one decision a run has had, for whoever answers it again. */
function lastDecided(batch: Batch): StepState | null {
  const decided = [...batch.state.steps.values()].filter((step) => step.sub?.kind === 'decision');
  return decided.length === 1 ? (decided[0] ?? null) : null;
}

function decisionMissing(batch: Batch, message: string): Verdict {
  const pending = [...batch.state.open].filter(isAsking).map((step) => step.path);
  const isNowhere = message.startsWith('the run has no');
  const gone = ended(batch, isNowhere ? message.replace('the run', 'it') : message);
  if (gone !== null) return gone;
  const code = isNowhere ? 'NOT_FOUND' : 'CONFLICT';
  return refuse(code, message, { status: batch.state.status, pending_decisions: pending });
}

function alreadyDecided(sub: DecisionState, signal: Signal, step: StepState): Verdict {
  const was = sub.resolved ?? sub.answer;
  const payload = isJsonObject(signal.payload) ? signal.payload : {};
  const choice = ownValue(payload, 'choice') ?? null;
  const same =
    was !== null &&
    was.choice === choice &&
    was.resolved_by === signal.by &&
    (was.rejected ?? false) === (ownValue(payload, 'reject') === true);
  if (same) return { ok: { step_id: step.path, choice, already: true } };
  const who = was?.resolved_by ?? 'somebody';
  const what = was?.rejected === true ? 'rejected it' : `chose "${was?.choice}"`;
  return refuse('CONFLICT', `already decided: ${who} ${what}`, {
    choice: was?.choice ?? null,
    resolved_by: who,
  });
}

function data(batch: Batch, signal: Signal): Verdict {
  const gone = ended(batch, 'it takes no more signals');
  if (gone !== null) return gone;
  if (signal.name === undefined && signal.stepId === undefined) return mergeContext(batch, signal);
  let name = signal.name;
  let target: StepState | null = null;
  if (signal.stepId !== undefined) {
    const step = findStep(batch.state, signal.stepId, [
      isAwaitingSignal,
      (s) => s.sub?.kind === 'wait',
    ]);
    if (typeof step === 'string') return refuse('NOT_FOUND', step);
    const waiting = isAwaitingSignal(step) && step.sub?.kind === 'wait' ? step.sub.signal : null;
    if (waiting === null) {
      return refuse('CONFLICT', `step "${step.path}" waits for no signal (it is ${step.status})`);
    }
    name = waiting;
    target = step;
  }
  if (name === undefined || (target === null && !mayStillBeTaken(batch.state, name))) {
    return refuse('NOT_FOUND', untaken(batch.state, name ?? ''));
  }
  record(batch, signal, target, { name });
  return { ok: { name } };
}

function untaken(state: RunState, name: string): string {
  if (!isPlanned(state, name)) return `no step of this run can wait for a signal "${name}"`;
  const kept = state.buffered.some((signal) => signal.name === name);
  const why = kept ? 'a signal is kept for each that is left' : 'each has ended or cannot begin';
  return `no step of this run can wait for a signal "${name}" any more: ${why}`;
}

function mergeContext(batch: Batch, signal: Signal): Verdict {
  if (!isJsonObject(signal.payload)) {
    return refuse(
      'VALIDATION_ERROR',
      'data without a name is merged into the context: it must be an object',
    );
  }
  record(batch, signal, null);
  emit(batch, 'context_changed', null, { set: signal.payload, by: signal.by });
  return { ok: { merged: Object.keys(signal.payload) } };
}

function cancel(batch: Batch, signal: Signal): Verdict {
  const gone = ended(batch, 'there is nothing to cancel');
  if (gone !== null) return gone;
  if (signal.stepId === undefined) {
    const ending = endingOf(batch.state);
    if (ending !== null && onlySettles(batch.state)) return { ok: { already: true, ending } };
    record(batch, signal, null);
    return { ok: { cancelled: true } };
  }
  const step = findStep(batch.state, signal.stepId, [(s) => s.status === 'suspended']);
  if (typeof step === 'string') return refuse('NOT_FOUND', step);
  if (step.status !== 'suspended') {
    return refuse(
      'CONFLICT',
      `step "${step.path}" is ${step.status}, only a waiting step can be cancelled`,
    );
  }
  const denied = denialWithin(signal, step, batch.state.steps.values());
  if (denied !== null) return refuse('PERMISSION_DENIED', denied);
  record(batch, signal, step);
  return { ok: { step_id: step.path, rejected: true } };
}

/** Refuses what would change a run that only comes to its end. */
function endsAnyway(batch: Batch): Verdict | null {
  const ending = endingOf(batch.state);
  if (ending === null) return null;
  const { status } = batch.state;
  return refuse('CONFLICT', `the run is ending (${ending}): wait for its end`, { status, ending });
}

function pause(batch: Batch, signal: Signal): Verdict {
  const gone = ended(batch, 'there is nothing to pause') ?? endsAnyway(batch);
  if (gone !== null) return gone;
  const { paused, pauseReason } = batch.state;
  // Paused for its own sake it stays so when its parent goes on.
  const isForParent = pauseReason === 'parent' && signal.cause === undefined;
  if (paused && !isForParent) return { ok: { already: true } };
  record(batch, signal, null);
  return { ok: { paused: true } };
}

function resume(batch: Batch, signal: Signal): Verdict {
  // Its parent goes on: only what its parent's pause held goes on with it.
  if (signal.cause === 'parent' && batch.state.pauseReason !== 'parent') {
    return { ok: { already: true } };
  }
  const gone = ended(batch, 'there is nothing to resume');
  if (gone !== null) return gone;
  if (!batch.state.paused) {
    // One that was held back before it began has just begun because of this signal.
    if (batch.events[0]?.type === 'workflow_started') return { ok: { resumed: true } };
    return refuse('CONFLICT', 'the run is not paused', { status: batch.state.status });
  }
  record(batch, signal, null);
  return { ok: { resumed: true } };
}

function restart(batch: Batch, signal: Signal, type: 'retry' | 'skip'): Verdict {
  const { state } = batch;
  if (state.status === 'completed' || state.status === 'cancelled') {
    return refuse('CONFLICT', `the run is ${state.status}: use rerun`, { status: state.status });
  }
  const ending = endsAnyway(batch);
  if (ending !== null) return ending;
  let target: StepState | null = null;
  if (signal.stepId !== undefined) {
    const found = findStep(state, signal.stepId, fitsFor(type));
    if (typeof found === 'string') return refuse('NOT_FOUND', found);
    target = found;
  } else if (type === 'skip') {
    return refuse('VALIDATION_ERROR', 'skip needs step_id: which step shall be skipped?');
  }
  const problem = target === null ? null : cannotRestart(target, type);
  if (problem !== null) return refuse('CONFLICT', problem, { status: state.status });
  const denied =
    type === 'retry' || target === null ? null : denialWithin(signal, target, state.steps.values());
  if (denied !== null) return refuse('PERMISSION_DENIED', denied);
  const late = tooLate(batch, type);
  if (late !== null) return late;
  return nothingToRetry(batch, type, target) ?? applyRestart(batch, signal, type, target);
}

/** A run that has not failed, or whose parent has gone on without it. */
function tooLate({ state }: Batch, type: 'retry' | 'skip'): Verdict | null {
  if (type === 'retry' && state.status !== 'failed') {
    return refuse('CONFLICT', `the run is ${state.status}; only a failed run can be retried`, {
      status: state.status,
    });
  }
  if (state.facts.parent !== null && state.status === 'failed') {
    return refuse(
      'CONFLICT',
      "the parent's step has ended with this run's failure: retry the parent",
      {
        parent: state.facts.parent.runId,
      },
    );
  }
  return null;
}

/** What `retry` and `skip` mean first by a short name: what holds the run up, then what they may take. */
const fitsFor = (type: 'retry' | 'skip'): readonly ((step: StepState) => boolean)[] => [
  (step) => step.resolution === 'failed',
  (step) => step.resolution === 'open' && cannotRestart(step, type) === null,
  (step) => cannotRestart(step, type) === null,
];

function cannotRestart(step: StepState, type: 'retry' | 'skip'): string | null {
  const may =
    type === 'retry' ? ['failed'] : ['failed', 'suspended', 'running', 'scheduled', 'retrying'];
  if (may.includes(step.status)) return null;
  return `step "${step.path}" is ${step.status}: only a ${may.join(', ')} step can be ${type === 'retry' ? 'retried' : 'skipped'}`;
}

function applyRestart(
  batch: Batch,
  signal: Signal,
  type: 'retry' | 'skip',
  target: StepState | null,
): Verdict {
  const { state } = batch;
  if (type === 'skip' && target !== null && target.status !== 'failed') {
    record(batch, signal, target);
    return { ok: { skipped: target.path } };
  }
  const inputs = isJsonObject(signal.payload) ? ownValue(signal.payload, 'inputs') : undefined;
  if (inputs !== undefined && target === null) {
    return refuse('VALIDATION_ERROR', 'inputs change one step: say which with step_id');
  }
  const all = restartPaths(batch, target);
  const under = target === null ? '' : `${target.path}.`;
  // A skipped step does not run again, nor does anything in it.
  const resets =
    type === 'retry' ? all : all.filter((path) => path !== target?.path && !path.startsWith(under));
  const more = isJsonObject(inputs) && target !== null ? { inputs } : {};
  const refused = comeBack(batch, type, () => record(batch, signal, target, { resets, ...more }));
  if (refused !== null) return { error: refused };
  if (type === 'skip' && target !== null) {
    emit(batch, 'step_skipped', target.path, { reason: 'skipped_by_signal' });
  }
  const skipped = type === 'skip' ? { skipped: target?.path ?? null } : {};
  return { ok: { ...skipped, again: resets, ...(state.queued ? { queued: true } : {}) } };
}

/** Coming back from the end is a start: it takes a place, or waits for one; null unless refused. */
function comeBack(batch: Batch, signal: 'retry' | 'skip', note: () => void): StepFailure | null {
  const place = batch.state.status === 'failed' ? batch.ctx.askPlace() : null;
  if (place?.kind === 'refused') return place.error;
  note();
  if (place !== null) batch.restarted = place.kind;
  if (place?.kind === 'waits') emit(batch, 'workflow_queued', null, { signal });
  return null;
}

/** A failure that is no step's comes again when no step runs again, unless time may have mended it. */
function nothingToRetry(
  batch: Batch,
  type: 'retry' | 'skip',
  target: StepState | null,
): Verdict | null {
  const { error } = batch.state;
  if (type === 'skip') return null;
  if (error === null || isRetryable(error.code)) return null;
  if (restartPaths(batch, target).length > 0) return null;
  const message = `nothing of this run can be tried again: every step is done, and what failed (${error.code}) would fail again`;
  return refuse('CONFLICT', message, { status: 'failed', code: error.code, again: [] });
}

/** Innermost failed steps (or the named one's inside) and what was skipped because of failures. */
function restartPaths(batch: Batch, target: StepState | null): string[] {
  const all = incompleteIn(batch.state.top);
  if (target === null) return all;
  const under = isComposite(target) ? all.filter((path) => path.startsWith(`${target.path}.`)) : [];
  const { fallback } = target.plan;
  const standIn = fallback === null ? undefined : target.list.steps[fallback]?.path;
  const itself = standIn === undefined ? [target.path] : [target.path, standIn];
  const wanted = under.length > 0 ? under : itself;
  const others = all.filter(
    (path) => isSkipped(batch, path) && !path.startsWith(`${target.path}.`),
  );
  return [...new Set([...wanted, ...others])];
}

const isSkipped = (batch: Batch, path: string): boolean =>
  batch.state.steps.get(path)?.status === 'skipped';
