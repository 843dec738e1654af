/**
 * Running one action outside the decision: secrets in, the action under an abort signal, masking on
 * everything it yields. One of the four places where a thrown error becomes data.
 */
import {
  type ActionContext,
  type ActionDef,
  type EffectAction,
  type PreparedProcess,
  splitParams,
} from '../model/action.ts';
import type { Command } from '../model/command.ts';
import { failure, type StepFailure } from '../model/error.ts';
import type { EngineInput } from '../model/input.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Masker } from '../model/ports.ts';
import type { RunState } from '../model/run-state.ts';
import { failureOf } from './decide-context.ts';
import type { RuntimeDeps } from './deps.ts';
import { maskFailure } from './masking.ts';
import { resolveSecrets } from './secrets.ts';

export type ExecuteCommand = Extract<Command, { kind: 'execute' }>;

export interface Invocation {
  readonly def: EffectAction;
  readonly params: JsonObject;
  readonly used: readonly string[];
}

/** The action and its params as they go in, or why it cannot be called. */
export function invocationOf(
  deps: RuntimeDeps,
  command: ExecuteCommand,
):
  | { readonly ok: true; readonly value: Invocation }
  | { readonly ok: false; readonly error: StepFailure } {
  const def: ActionDef | undefined = deps.actions.get(command.action);
  if (def === undefined || def.inline !== false) {
    const message = `there is no action "${command.action}"`;
    return { ok: false, error: failure('ACTION_UNAVAILABLE', message) };
  }
  const secrets = resolveSecrets(deps.secrets, command.params, command.secretRefs);
  if (!secrets.ok) return secrets;
  const { visible, hidden } = splitParams(secrets.value);
  const checked = deps.checkParams(def, visible);
  if (!checked.ok) {
    const message = checked.problems.map((problem) => problem.message).join('; ');
    return { ok: false, error: failure('VALIDATION_ERROR', message) };
  }
  const params = { ...checked.params, ...hidden };
  return { ok: true, value: { def, params, used: secrets.used } };
}

/** What an action is told about where it runs. */
export function actionContext(
  deps: RuntimeDeps,
  state: RunState,
  command: ExecuteCommand,
  signal: AbortSignal,
  secrets: readonly string[],
  masker: () => Masker,
  onOutput: ActionContext['onOutput'],
): ActionContext {
  const { exec } = state.facts;
  const key = `${state.runId}\n${command.path}\n${command.generation}`;
  return {
    runId: state.runId,
    path: command.path,
    attempt: command.attempt,
    idempotencyKey: deps.random.sha256(key).slice(0, 32),
    repeat: command.repeat > 0,
    cwd: exec.cwd,
    env: exec.env,
    timeoutMs: command.dueAt === null ? null : Math.max(0, command.dueAt - deps.clock.now()),
    signal,
    onOutput,
    secrets,
    masker,
    limits: deps.config.actionLimits,
    nowMs: () => deps.clock.now(),
    randomUuid: deps.random.uuid,
  };
}

/** Runs the action to its end; the answer names the event that asked. Never rejects. */
export async function executeStep(
  deps: RuntimeDeps,
  command: ExecuteCommand,
  invocation: Invocation,
  context: ActionContext,
  prepared: PreparedProcess | null,
): Promise<EngineInput> {
  const { path, seq } = command;
  const { masker } = context;
  try {
    const result =
      prepared === null
        ? await invocation.def.run(invocation.params, context)
        : await prepared.run(context);
    const output = await masker().jsonInTurns(result.output);
    const limit = deps.config.actionLimits.outputBytes;
    const bounded = invocation.def.boundsItsOutput === true;
    const tooLarge = bounded ? null : outputTooLarge(output, limit);
    if (tooLarge !== null) return { type: 'step_failed', path, seq, error: tooLarge };
    return {
      type: 'step_succeeded',
      path,
      seq,
      output,
      ...(result.notes === undefined ? {} : { notes: result.notes }),
    };
  } catch (thrown) {
    const error = maskFailure(masker(), failureOf(thrown));
    return { type: 'step_failed', path, seq, error };
  }
}

/** A cheap bound on an output's JSON size; only values near the limit are really serialised. */
function outputTooLarge(output: Json, limit: number): StepFailure | null {
  if (estimate(output, limit) <= limit) return null;
  const bytes = JSON.stringify(output).length;
  if (bytes <= limit) return null;
  return failure('OUTPUT_TOO_LARGE', `the output takes ${bytes} bytes, the limit is ${limit}`);
}

function estimate(value: Json, limit: number): number {
  if (typeof value === 'string') return value.length * 2 + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let total = 2;
  const items = isJsonObject(value) ? Object.entries(value) : (value as readonly Json[]).entries();
  for (const [key, item] of items) {
    total += (typeof key === 'string' ? key.length * 2 : 0) + 2 + estimate(item as Json, limit);
    if (total > limit) return total;
  }
  return total;
}
