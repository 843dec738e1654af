/**
 * `signal`: a message to a run, through its durable inbox, and the verdict of whoever owns the run.
 *
 * Without an engine here the row is left for the executor that lives; the verdict is waited for all
 * the same. A refusal is thrown with its own code and changes nothing.
 */

import * as v from 'valibot';
import type { SignalOutcome } from '../model/engine.ts';
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import { type Signal, signalToBody } from '../model/input.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { keyedBy, type SignalKey, signalKeyConflict, signalKeyText } from '../model/keys.ts';
import { isRunEnded } from '../model/run-status.ts';
import { requireAccess, signalAccess } from './access.ts';
import { refuseOthersDecisions } from './kept-decisions.ts';
import { failedNext, type Next, nextOf } from './next.ts';
import { type CallContext, EVERYWHERE, type Operation } from './operation.ts';
import { ownerOf } from './owner.ts';
import type { OpsParts } from './parts.ts';
import type { ReadRun } from './run-reader.ts';
import { resolveRun } from './run-ref.ts';
import { endingView, endOf, pendingDecisions, statusOf, waitingOf } from './run-view.ts';
import { signalInput, signalOutput } from './schemas.ts';
import type { WaitingForView } from './shapes.ts';
import { jsonObjectInput } from './shapes.ts';
import { decisionTarget, type SignalTarget } from './signal-target.ts';
import { waitForRun, waitMsOf, waitUntil } from './waiting.ts';

type Input = v.InferOutput<typeof signalInput>;

/** How long the verdict is waited for before the answer is "accepted, not yet applied". */
const VERDICT_WAIT_MS = 10_000;

/** How long a cancel waits until nothing of the run is at work; then the answer says `ending`. */
const END_WAIT_MS = 1000;

const isCancel = ({ signal_type: type, step_id }: Input): boolean =>
  type === 'cancel' && step_id === undefined;

/** Events by which a run moves on. */
const MOVES: ReadonlySet<string> = new Set([
  'decision_resolved',
  'wait_completed',
  'workflow_resumed',
  'step_started',
  'step_scheduled',
  'step_completed',
  'step_failed',
  'workflow_completed',
  'workflow_failed',
]);

export function createSignal(parts: OpsParts): Operation<typeof signalInput, typeof signalOutput> {
  const { store } = parts;
  return {
    name: 'signal',
    summary: 'Answer a decision, send data, cancel, retry, skip, pause or resume a run',
    input: signalInput,
    output: signalOutput,
    surfaces: EVERYWHERE,
    access: 'decide',
    async handle(ctx, input) {
      const { signal_type: type } = input;
      requireAccess(ctx.caller.role, signalAccess(type, input.step_id), `signal ${type}`);
      // Refused before anything is sent.
      waitMsOf(input.wait);
      const runId = resolveRun(store, input.workflow_id);
      const seqBefore = store.head(runId)?.seq ?? 0;
      const outcome = await send(parts, ctx, runId, input);
      if (!outcome.ok) throw refusalOf(parts, runId, outcome);
      if (!outcome.pending) await waitForEffect(parts, ctx, runId, input);
      const run = parts.reader.read(runId);
      const waiting_for = waitingOf(parts, run, pendingDecisions(parts, run));
      const next = outcome.pending ? null : nextAfter(parts, run, waiting_for);
      return {
        ok: true,
        workflow_id: runId,
        signal_type: input.signal_type,
        result: outcome.repeated === true ? { ...outcome.result, already: true } : outcome.result,
        resumed: !outcome.pending && hasMoved(parts, runId, seqBefore),
        status: statusOf(run),
        ...endingView(run),
        ...endOf(run),
        ...(outcome.pending ? { pending: true } : {}),
        waiting_for,
        ...(next === null ? {} : { next }),
      };
    },
  };
}

/** Of a run that has ended for another one: to look at that. */
function nextAfter(parts: OpsParts, run: ReadRun, waits: readonly WaitingForView[]): Next | null {
  const { parentId } = run.row;
  const parent = parentId === null ? null : parts.store.head(parentId);
  if (!isRunEnded(statusOf(run)) || parent === null || isRunEnded(parent.status)) {
    return nextOf(run, pendingDecisions(parts, run), waits);
  }
  return {
    tool: 'status',
    arguments: { workflow_id: parent.runId, wait: '25s' },
    why: 'it has ended, and the run that awaits it goes on: look at that one',
  };
}

/** Waits as the caller asked; a cancel until the run has ended, or as long as that may take. */
async function waitForEffect(
  parts: OpsParts,
  { abort }: CallContext,
  runId: RunId,
  input: Input,
): Promise<void> {
  const waitMs = waitMsOf(input.wait);
  if (isCancel(input)) {
    await waitForRun(parts, runId, 'ended', { timeoutMs: END_WAIT_MS, abort });
  }
  if (waitMs !== 0) await waitForRun(parts, runId, 'stopped', { timeoutMs: waitMs, abort });
}

const hasMoved = ({ store }: OpsParts, runId: RunId, after: number): boolean =>
  store.events(runId, after, 100).some((event) => MOVES.has(event.type));

function refusalOf({ reader }: OpsParts, runId: RunId, outcome: SignalOutcome): AppError {
  const { error } = outcome;
  if (error === null) return new AppError('SIGNAL_FAILED', 'the signal was refused');
  const { details } = error;
  const isUseless = isJsonObject(details ?? null) && (details as JsonObject).again !== undefined;
  return new AppError(error.code, error.message, {
    ...(details === undefined ? {} : { details }),
    ...(isUseless ? { hint: adviceOf(failedNext(reader.read(runId).state)) } : {}),
  });
}

/** What to do as one sentence: the reason, then the call. */
const adviceOf = ({ tool, arguments: args, why }: Next): string =>
  tool === undefined ? why : `${why}: ${tool} ${JSON.stringify(args ?? {})}`;

function send(
  parts: OpsParts,
  ctx: CallContext,
  addressed: RunId,
  input: Input,
): Promise<SignalOutcome> {
  const { runId, signal } = targetOf(parts, ctx, addressed, input);
  refuseOtherInputs(parts, ctx, runId, signal);
  const key = signalKeyOf(parts, ctx, input);
  return parts.engine === null
    ? sendThroughInbox(parts, ctx, runId, signal, key)
    : parts.engine.signal(runId, signal, key, VERDICT_WAIT_MS);
}

/** A signal's key, with all that was asked under it. */
function signalKeyOf(
  { random }: OpsParts,
  { caller }: CallContext,
  input: Input,
): SignalKey | null {
  const { idempotency_key: key, signal_type: type, step_id, name, reasoning } = input;
  if (key === undefined) return null;
  const fingerprint = random.sha256(
    canonicalJson({
      type,
      step: step_id ?? null,
      name: name ?? null,
      payload: payloadOf(input),
      reasoning: reasoning ?? null,
      agent: input.agent_id ?? caller.agentId,
    }),
  );
  return { text: signalKeyText(ownerOf(caller), key), fingerprint, earlier: key };
}

/** A decision goes to the run in which the question is; every other signal to the run it names. */
function targetOf(
  parts: OpsParts,
  ctx: CallContext,
  addressed: RunId,
  input: Input,
): { readonly runId: RunId; readonly signal: Signal } {
  const { step_id, idempotency_key } = input;
  const { stepId: _, ...signal } = signalOf(ctx, input);
  const target: SignalTarget =
    signal.type === 'decision'
      ? decisionTarget(parts, ctx, addressed, { by: signal.by, step_id, idempotency_key })
      : { runId: addressed, ...(step_id === undefined ? {} : { stepId: step_id }) };
  const { runId, stepId } = target;
  return { runId, signal: stepId === undefined ? signal : { ...signal, stepId } };
}

/** What was decided for some inputs holds for no others. @throws PERMISSION_DENIED */
function refuseOtherInputs(
  { reader }: OpsParts,
  { caller }: CallContext,
  runId: RunId,
  { type, by, payload }: Signal,
): void {
  const changes = type === 'retry' && isJsonObject(payload) && Object.hasOwn(payload, 'inputs');
  if (!changes) return;
  const { state } = reader.read(runId);
  refuseOthersDecisions(caller, by, state, state.steps.keys());
}

async function sendThroughInbox(
  parts: OpsParts,
  ctx: CallContext,
  runId: RunId,
  signal: Signal,
  key: SignalKey | null,
): Promise<SignalOutcome> {
  const { store, clock, wakeExecutors } = parts;
  const receivedAt = clock.now();
  const body = signalToBody(signal);
  const sent = store.send({ runId, kind: 'signal', body, receivedAt, ...keyedBy(key) });
  if (sent === null) throw new AppError('NOT_FOUND', `there is no run "${runId}"`);
  if (sent.duplicate && !sent.same) throw signalKeyConflict(store.row(sent.id)?.body ?? null);
  wakeExecutors?.();
  const repeated = sent.duplicate ? { repeated: true as const } : {};
  const verdict = await waitUntil(parts, () => store.row(sent.id)?.verdict ?? null, {
    timeoutMs: VERDICT_WAIT_MS,
    abort: ctx.abort,
    runId,
  });
  if (verdict === null) return { ok: true, pending: true, result: {}, error: null, ...repeated };
  return verdict.ok
    ? { ok: true, pending: false, result: verdict.result, error: null, ...repeated }
    : { ok: false, pending: false, result: {}, error: verdict.error };
}

function signalOf({ caller }: CallContext, input: Input): Signal {
  return {
    type: input.signal_type,
    by: input.agent_id ?? caller.agentId ?? caller.name ?? null,
    role: caller.role,
    sender: caller.sender,
    payload: payloadOf(input),
    ...(input.step_id === undefined ? {} : { stepId: input.step_id }),
    ...(input.name === undefined ? {} : { name: input.name }),
    ...(input.reasoning === undefined ? {} : { reasoning: input.reasoning }),
  };
}

/** The payload; an object given as a JSON text is read, as agents often send it. */
function payloadOf({ payload, signal_type: type }: Input): Json {
  if (payload === undefined) return type === 'data' ? {} : null;
  if (typeof payload !== 'string' || type === 'data') return payload;
  const object = v.safeParse(jsonObjectInput, payload);
  if (object.success) return object.output;
  throw new AppError('VALIDATION_ERROR', 'payload: must be an object', {
    hint: 'for a decision {"choice": "…"}, for a retry {"inputs": {…}}',
  });
}
