/**
 * The `DecideContext` of one turn: evaluation with the run's compute answers, inline actions, params,
 * admission to slots. Nothing here throws; what an inline action throws becomes the step's failure.
 */
import type { Admission, DecideContext, InlineOutcome } from '../core/context.ts';
import { type ActionDef, type InlineAction, type ParamFit, splitParams } from '../model/action.ts';
import { AppError, failure, messageOf, type StepFailure } from '../model/error.ts';
import type { ComputeMemo, ComputeRequest, SecretRef } from '../model/expression.ts';
import type { JsonObject } from '../model/json.ts';
import type { Breakers } from './breakers.ts';
import type { RuntimeDeps } from './deps.ts';
import type { LiveRun } from './live-run.ts';
import { maskerOf, maskFailure } from './masking.ts';
import { childRefusal, placeAnswer } from './places.ts';
import { resolveSecrets } from './secrets.ts';
import { pathsAtWork, unsettledOf } from './settling.ts';
import type { Slots } from './slots.ts';

/** A turn may always record so many events: ten pure steps are one transaction on any machine. */
const MIN_TURN_EVENTS = 32;
/** After this long the other runs, the lease and whoever calls have their turn first. */
const TURN_MS = 8;

/** Name of a compute request inside a run. */
export const requestKey = ({ task, payload, limitMs }: ComputeRequest): string =>
  `${task}:${limitMs ?? ''}:${JSON.stringify(payload)}`;

/** What deciding `run` at `nowMs` may ask. */
export function createDecideContext(
  parts: AdmissionParts & { readonly deps: RuntimeDeps },
  run: LiveRun,
  nowMs: number,
): DecideContext {
  const { deps } = parts;
  const { evaluator, random } = deps;
  const began = deps.clock.monotonic();
  const memo = memoOf(run);
  // Nothing comes or goes while a turn is decided.
  let atWork: readonly string[] | null = null;
  return {
    nowMs,
    limits: deps.config.limits,
    onInterrupt: deps.config.onInterrupt,
    evaluate: (expression, scope) => evaluator.expression(expression, scope, memo),
    interpolate: (template, scope) => evaluator.template(template, scope, memo),
    engineAction(action, params, compiled, scope, limitMs) {
      if (limitMs === null) return deps.engineAction(action, params, compiled, scope, memo);
      const limited = memoOf(run, limitMs);
      const evaluated = deps.engineAction(action, params, compiled, scope, limited);
      if (evaluated.kind !== 'pending') return evaluated;
      return { kind: 'pending', request: { ...evaluated.request, limitMs } };
    },
    checkParams: (action, params, fit) => checkParams(deps, action, params, fit),
    runInline: (action, params, secretRefs, context) =>
      runInline(deps, run, action, params, secretRefs, context),
    admit: (path, action, params) => admit(parts, run, path, deps.actions.get(action), params),
    checkChild(params) {
      const resolved = deps.children.resolve(params);
      if (!resolved.ok) return resolved.error;
      const { place } = resolved;
      return place === null ? null : childRefusal(deps, run, place, params.wait !== false);
    },
    askPlace: () => placeAnswer(deps, run),
    checkOutput(schema, output) {
      const problems = deps.checkSchema(schema, output);
      if (problems.length === 0) return null;
      const message = `the output does not fit output_schema: ${problems.slice(0, 5).join('; ')}`;
      return failure('VALIDATION_ERROR', message, { output });
    },
    idempotencyKey: (path, generation) =>
      random.sha256(`${run.runId}\n${path}\n${generation}`).slice(0, 32),
    childId: (path, seq) => asUuid(random.sha256(`${run.runId}\n${path}\n${seq}\nchild`)),
    settling: () => {
      atWork ??= pathsAtWork(run);
      return atWork;
    },
    awaitSettling: (path) => void run.heldBack.add(path),
    unsettled: () => unsettledOf(run),
    mayGoOn: (events) => events < MIN_TURN_EVENTS || deps.clock.monotonic() - began < TURN_MS,
    evaluationsInFlight: () => run.computing.size > 0,
  };
}

/** The run's compute answers; a failure is handed out once, so that a retry is computed anew. */
const memoOf = (run: LiveRun, limitMs?: number): ComputeMemo => ({
  get(request) {
    if (run.memo.size === 0) return undefined;
    const key = requestKey(limitMs === undefined ? request : { ...request, limitMs });
    const answer = run.memo.get(key);
    if (answer?.ok === false) run.memo.delete(key);
    return answer;
  },
});

/** The first 32 hex digits of a hash in the shape of a run's id. */
const asUuid = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );

interface AdmissionParts {
  readonly slots: Slots;
  readonly breakers: Breakers;
  readonly stopping: () => boolean;
}

function admit(
  parts: AdmissionParts,
  run: LiveRun,
  path: string,
  def: ActionDef | undefined,
  params: JsonObject,
): Admission {
  if (parts.stopping()) return { kind: 'wait', for: 'slot' };
  const target = def === undefined ? null : breakerTarget(def, params);
  const granted = run.grants.delete(path);
  if (target !== null) return admitGuarded(parts, run, path, target, granted);
  return takeSlot(parts, run, path, granted) ? { kind: 'granted' } : { kind: 'wait', for: 'slot' };
}

function takeSlot(
  { slots }: AdmissionParts,
  run: LiveRun,
  path: string,
  granted: boolean,
): boolean {
  if (!granted && !slots.tryTake(run.runId)) return false;
  run.takenNow.add(path);
  return true;
}

/** Admission of a call whose target has a breaker. */
function admitGuarded(
  parts: AdmissionParts,
  run: LiveRun,
  path: string,
  target: string,
  granted: boolean,
): Admission {
  const verdict = parts.breakers.check(target);
  if (verdict.kind === 'open') {
    if (granted) parts.slots.release();
    return { kind: 'open', target, untilMs: verdict.untilMs };
  }
  const probes = verdict.kind === 'probe';
  if (!takeSlot(parts, run, path, granted)) {
    if (probes) parts.breakers.free(target);
    return { kind: 'wait', for: 'slot' };
  }
  if (!probes) return { kind: 'granted' };
  run.probes.set(path, target);
  return { kind: 'granted', probe: target };
}

/** The breaker target of a call: an http origin, a plugin; null for what has none. */
export function breakerTarget(def: ActionDef, params: JsonObject): string | null {
  return def.inline === false ? (def.breaker?.(params) ?? null) : null;
}

function checkParams(
  deps: RuntimeDeps,
  action: string,
  params: JsonObject,
  fit: ParamFit,
): ReturnType<DecideContext['checkParams']> {
  const def = deps.actions.get(action);
  if (def === undefined) {
    return { ok: false, error: failure('ACTION_UNAVAILABLE', `there is no action "${action}"`) };
  }
  const { visible, hidden } = splitParams(params);
  const checked = deps.checkParams(def, visible, { fit });
  if (checked.ok) return { ok: true, params: { ...(checked.given ?? visible), ...hidden } };
  const problems = checked.problems.map((problem) => problem.message);
  return {
    ok: false,
    error: failure('VALIDATION_ERROR', `${action}: ${problems.join('; ')}`, { problems }),
  };
}

function runInline(
  deps: RuntimeDeps,
  run: LiveRun,
  action: string,
  params: JsonObject,
  secretRefs: readonly SecretRef[],
  context: Parameters<DecideContext['runInline']>[3],
): InlineOutcome {
  const def = deps.actions.get(action);
  if (def === undefined || def.inline !== true) {
    return { ok: false, error: failure('ACTION_UNAVAILABLE', `there is no action "${action}"`) };
  }
  const secrets = resolveSecrets(deps.secrets, params, secretRefs);
  if (!secrets.ok) return { ok: false, error: secrets.error };
  const checked = deps.checkParams(def, secrets.value);
  if (!checked.ok) return { ok: false, error: failure('VALIDATION_ERROR', 'params do not fit') };
  const { used } = secrets;
  try {
    const act: InlineAction['run'] = def.run;
    const result = act(checked.params, { ...context, randomUuid: deps.random.uuid });
    // What it was given beside secrets is masked already.
    if (used.length === 0) return { ok: true, ...result };
    return { ok: true, output: maskerOf(deps, run, used).json(result.output) };
  } catch (thrown) {
    const error = failureOf(thrown);
    return {
      ok: false,
      error: used.length === 0 ? error : maskFailure(maskerOf(deps, run, used), error),
    };
  }
}

/** A thrown error as a step's failure: its code when it has one, else INTERNAL's stand-in. */
export function failureOf(thrown: unknown): StepFailure {
  if (thrown instanceof AppError) {
    const { details } = thrown;
    const retryAfter =
      typeof details === 'object' && details !== null && 'retry_after_ms' in details
        ? Number((details as JsonObject).retry_after_ms)
        : null;
    const message =
      thrown.hint === undefined ? thrown.message : `${thrown.message} (${thrown.hint})`;
    return {
      ...failure(thrown.code, message, details),
      ...(retryAfter === null || Number.isNaN(retryAfter) ? {} : { retry_after_ms: retryAfter }),
    };
  }
  return failure('EXECUTION_ERROR', messageOf(thrown));
}
