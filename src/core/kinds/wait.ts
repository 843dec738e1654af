/** Waits: for a time, until an instant, or for a named signal. Durable: the due time is in the log. */
import { failure } from '../../model/error.ts';
import type { Json } from '../../model/json.ts';
import type { WaitPlan } from '../../model/plan.ts';
import type { StepState, WaitState } from '../../model/run-state.ts';
import { parseRfc3339 } from '../../model/time.ts';
import { type Batch, emit } from '../context.ts';
import { failAttempt } from '../on-error.ts';
import {
  durationValue,
  known,
  type Outcome,
  refuseSecrets,
  scopeOf,
  sourceValue,
  templateValue,
} from '../values.ts';
import { dueAfter, elapsed, timeoutOf } from './begin.ts';
import type { Kind } from './kind.ts';

interface Due {
  readonly dueAt: number | null;
  readonly waitedMs: number;
  readonly signal: string | null;
}

export const wait: Kind = {
  start(batch, step, guard) {
    const body = step.plan.body;
    if (body.type !== 'wait') return;
    const limit = timeoutOf(batch, step);
    if (limit === undefined) return;
    const due = dueOf(batch, step, body, limit);
    if (due.kind === 'pending') return;
    if (due.kind === 'failure') {
      failAttempt(batch, step, due.error);
      return;
    }
    const { dueAt, signal, waitedMs } = due.value;
    emit(batch, 'step_started', step.path, {
      attempt: step.attempt,
      ...(guard === undefined ? {} : { guard }),
      ...(limit === null || signal !== null ? {} : { due_at: dueAfter(batch, limit) }),
      params: { due_at: dueAt, signal, waited_ms: waitedMs },
    });
  },
  advance(batch, step) {
    if (step.sub?.kind !== 'wait') {
      beginWait(batch, step);
      return;
    }
    if (step.rejected !== null) {
      const message = step.rejected.reasoning ?? 'the wait was cancelled';
      failAttempt(batch, step, failure('REJECTED', message, { by: step.rejected.by }));
      return;
    }
    const { signal, done } = step.sub;
    if (done === null && signal !== null) takeBuffered(batch, step, signal);
    if (step.sub?.kind === 'wait' && step.sub.done !== null) complete(batch, step, step.sub);
  },
};

/** The due time was worked out with the start, so a log cut between the two loses nothing. */
function beginWait(batch: Batch, step: StepState): void {
  const { due_at: dueAt, signal, waited_ms: waited } = step.params ?? {};
  emit(batch, 'wait_started', step.path, {
    ...(typeof dueAt === 'number' ? { due_at: dueAt } : {}),
    ...(typeof signal === 'string' ? { signal } : {}),
    ...(typeof waited === 'number' ? { waited_ms: waited } : {}),
  });
}

function dueOf(batch: Batch, step: StepState, body: WaitPlan, limit: number | null): Outcome<Due> {
  const scope = scopeOf(batch, step);
  if (body.signal !== null) return signalDue(batch, step, body, limit);
  if (body.duration !== null) {
    const ms = durationValue(batch, step, body.duration, () => scope);
    if (ms.kind !== 'value') return ms;
    if (ms.value === null) {
      const message = '`duration` must give how long to wait, such as "30s", not null';
      return { kind: 'failure', error: failure('VALIDATION_ERROR', message) };
    }
    const waitedMs = ms.value;
    return known({ dueAt: dueAfter(batch, waitedMs), waitedMs, signal: null });
  }
  if (body.until === null) return known({ dueAt: dueAfter(batch, 0), waitedMs: 0, signal: null });
  const until = sourceValue(batch, step, body.until, scope, "a wait's `until`");
  if (until.kind !== 'value') return until;
  const at = typeof until.value === 'string' ? parseRfc3339(until.value) : null;
  if (at === null) {
    const message = `\`until\` must give a time such as "2026-01-31T09:00:00Z", not ${JSON.stringify(until.value).slice(0, 60)}`;
    return { kind: 'failure', error: failure('VALIDATION_ERROR', message) };
  }
  return known({ dueAt: at, waitedMs: Math.max(0, at - dueAfter(batch, 0)), signal: null });
}

function signalDue(
  batch: Batch,
  step: StepState,
  body: WaitPlan,
  limit: number | null,
): Outcome<Due> {
  const scope = scopeOf(batch, step);
  const name =
    body.signal === null
      ? known<Json>(null)
      : refuseSecrets(templateValue(batch, step, body.signal, scope), "a signal's name");
  if (name.kind !== 'value') return name;
  if (typeof name.value !== 'string' || name.value === '') {
    return {
      kind: 'failure',
      error: failure('VALIDATION_ERROR', "a signal's name must be a text"),
    };
  }
  const own = durationValue(batch, step, body.timeout, () => scope);
  if (own.kind !== 'value') return own;
  const limits = [own.value, limit].filter((ms) => ms !== null);
  const dueAt = limits.length === 0 ? null : dueAfter(batch, Math.min(...limits));
  return known({ dueAt, waitedMs: 0, signal: name.value });
}

function takeBuffered(batch: Batch, step: StepState, name: string): void {
  const signal = batch.state.buffered.find(
    (kept) => kept.name === name && (kept.stepPath === null || kept.stepPath === step.path),
  );
  if (signal === undefined) return;
  emit(batch, 'wait_completed', step.path, { payload: signal.payload, from_seq: signal.seq });
}

function complete(batch: Batch, step: StepState, sub: WaitState): void {
  if (sub.done === null) return;
  const output =
    sub.signal === null
      ? { waited: sub.waitedMs }
      : {
          signal: sub.signal,
          payload: sub.done.payload,
          ...(sub.done.timedOut ? { timed_out: true } : {}),
        };
  emit(batch, 'step_completed', step.path, { output, duration_ms: elapsed(batch, step) });
}

/** A wait's time has come. */
export function waitDue(batch: Batch, step: StepState): void {
  const body = step.plan.body;
  if (step.sub?.kind !== 'wait' || body.type !== 'wait' || step.sub.done !== null) return;
  if (step.sub.signal === null) emit(batch, 'wait_completed', step.path, {});
  else if (body.onTimeout === 'continue') {
    emit(batch, 'wait_completed', step.path, { timed_out: true });
  } else {
    const message = `no signal "${step.sub.signal}" came in time`;
    failAttempt(batch, step, failure('TIMEOUT_ERROR', message));
  }
}
