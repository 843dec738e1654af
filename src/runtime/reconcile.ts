/**
 * Makes what is in flight equal to what the state asks for, after every commit.
 *
 * Looks only at the steps the batch touched. A command that is no longer asked for is stopped; an
 * execution that was stopped goes on settling (and keeps its slot) until its process is gone, and no
 * step at, above or below its path is admitted before.
 */
import { commandsOf, runCommands } from '../core/outstanding.ts';
import type { PreparedProcess } from '../model/action.ts';
import { type Command, commandKey } from '../model/command.ts';
import type { StepFailure } from '../model/error.ts';
import type { EngineInput } from '../model/input.ts';
import { isJsonObject } from '../model/json.ts';
import type { Masker } from '../model/ports.ts';
import type { RunState } from '../model/run-state.ts';
import type { Breakers } from './breakers.ts';
import { breakerTarget } from './decide-context.ts';
import type { RuntimeDeps } from './deps.ts';
import { actionContext, type ExecuteCommand, executeStep, invocationOf } from './execute-step.ts';
import type { InFlight, LiveRun, Settling } from './live-run.ts';
import { maskFailure, secretValues } from './masking.ts';
import type { OutputLog } from './output-log.ts';
import { giveUpMs } from './settling.ts';
import type { Slots } from './slots.ts';
import type { Timers } from './timers.ts';

export interface Reconciler {
  /** Starts and stops commands of the steps touched since the last call. */
  reconcile(run: LiveRun): void;
  /** Stops everything of a run; executions go on settling. */
  abandon(run: LiveRun): void;
}

export interface ReconcileParts {
  readonly deps: RuntimeDeps;
  readonly slots: Slots;
  readonly breakers: Breakers;
  readonly timers: Timers;
  readonly output: OutputLog;
  /** Hands an input to the run's mailbox. */
  readonly deliver: (run: LiveRun, input: EngineInput) => void;
  /** Called when an execution's process or request is gone, or given up. */
  readonly onSettled: (run: LiveRun, settling: Settling) => void;
}

/** The reconciler of one engine. */
export function createReconciler(parts: ReconcileParts): Reconciler {
  const reconcilePath = (run: LiveRun, path: string | null, wanted: readonly Command[]): void => {
    const key = path ?? '';
    const known = run.inFlight.get(key);
    if (known === undefined && wanted.length === 0) return;
    const current = known ?? new Map<string, InFlight>();
    stopUnwanted(current, wanted);
    for (const command of wanted) {
      const name = commandKey(command);
      if (!current.has(name)) current.set(name, start(parts, run, command));
    }
    if (current.size === 0) run.inFlight.delete(key);
    else run.inFlight.set(key, current);
  };

  return {
    reconcile(run) {
      const { state } = run;
      if (state === null) return;
      const paths = new Set<string>();
      for (const step of state.touched) paths.add(step.path);
      state.touched.clear();
      for (const path of paths) {
        const step = state.steps.get(path);
        reconcilePath(run, path, step === undefined ? [] : commandsOf(state, step));
      }
      reconcilePath(run, null, runCommands(state));
      returnUnusedGrants(parts, run, state);
    },
    abandon(run) {
      for (const commands of run.inFlight.values())
        for (const flight of commands.values()) flight.stop();
      run.inFlight.clear();
    },
  };
}

/** Stops what is in flight at a path and no longer asked for. */
function stopUnwanted(current: Map<string, InFlight>, wanted: readonly Command[]): void {
  if (current.size === 0) return;
  const names = new Set(wanted.map(commandKey));
  for (const [name, flight] of current) {
    if (names.has(name)) continue;
    current.delete(name);
    flight.stop();
  }
}

/** A granted slot that its step no longer asks for goes back; its `slot_granted` will find nothing. */
function returnUnusedGrants(parts: ReconcileParts, run: LiveRun, state: RunState): void {
  for (const path of [...run.grants]) {
    const step = state.steps.get(path);
    const wanted =
      step !== undefined && commandsOf(state, step).some(({ kind }) => kind === 'slot');
    if (wanted) continue;
    run.grants.delete(path);
    parts.slots.release();
  }
}

function start(parts: ReconcileParts, run: LiveRun, command: Command): InFlight {
  switch (command.kind) {
    case 'timer':
      return startTimer(parts, run, command);
    case 'slot':
      return startSlot(parts, run, command);
    case 'execute':
      return startExecution(parts, run, command);
  }
}

function startTimer(
  parts: ReconcileParts,
  run: LiveRun,
  command: Extract<Command, { kind: 'timer' }>,
): InFlight {
  const { path, seq, timer, dueAt } = command;
  // An event is never earlier than the one before it, also when the wall clock jumped back.
  const now = Math.max(parts.deps.clock.now(), run.state?.at ?? 0);
  const delay = Math.max(0, dueAt - now);
  const stop = parts.timers.add(delay, () =>
    parts.deliver(run, { type: 'timer_fired', path, seq, timer }),
  );
  return { command, stop };
}

function startSlot(
  parts: ReconcileParts,
  run: LiveRun,
  command: Extract<Command, { kind: 'slot' }>,
): InFlight {
  const { path, seq } = command;
  const stop = parts.slots.request(run.runId, path, () => {
    run.grants.add(path);
    parts.deliver(run, { type: 'slot_granted', path, seq });
  });
  return { command, stop };
}

function startExecution(parts: ReconcileParts, run: LiveRun, command: ExecuteCommand): InFlight {
  const abort = new AbortController();
  const prepared = run.prepared.get(command.seq) ?? null;
  run.prepared.delete(command.seq);
  const what =
    prepared !== null && 'process' in prepared
      ? { pid: prepared.process.pid }
      : { call: command.action };
  const settling: Settling = { path: command.path, what, givenUp: false };
  run.unsettled.add(settling);
  let cancelGiveUp: () => void = () => undefined;
  const finish = (input: EngineInput): void => {
    run.unsettled.delete(settling);
    cancelGiveUp();
    forget(run, command);
    parts.slots.release();
    noteBreaker(parts, run, command, input, abort.signal.aborted);
    if (!abort.signal.aborted) parts.deliver(run, input);
    parts.onSettled(run, settling);
  };
  // One promise, one ending: executeStep never rejects.
  void call(parts, run, command, abort.signal, prepared).then(finish);
  const stop = (): void => {
    if (abort.signal.aborted) return;
    cancelGiveUp = parts.timers.add(giveUpMs(settling), () => {
      settling.givenUp = true;
      parts.onSettled(run, settling);
    });
    abort.abort();
  };
  return { command, stop };
}

/** What has ended is no longer in flight, whether or not the state has been told yet. */
function forget(run: LiveRun, command: Command): void {
  const commands = run.inFlight.get(command.path ?? '');
  commands?.delete(commandKey(command));
  if (commands?.size === 0) run.inFlight.delete(command.path ?? '');
}

/** Tells the target's breaker how the call ended; a change of its state becomes an event of the run. */
function noteBreaker(
  parts: ReconcileParts,
  run: LiveRun,
  command: ExecuteCommand,
  input: EngineInput,
  aborted: boolean,
): void {
  const def = parts.deps.actions.get(command.action);
  const target = def === undefined ? null : breakerTarget(def, command.params);
  if (target === null) return;
  const timedOut = command.dueAt !== null && parts.deps.clock.now() >= command.dueAt;
  const isLocal = input.type === 'step_failed' && concernsFile(input.error);
  if ((aborted && !timedOut) || isLocal) {
    parts.breakers.free(target);
    return;
  }
  const failed = input.type === 'step_failed' ? input.error.code : null;
  const change = parts.breakers.record(target, aborted ? 'TIMEOUT_ERROR' : failed);
  if (change !== null)
    parts.deliver(run, { type: 'circuit_changed', path: command.path, ...change });
}

/** A file that an answer could not be written to says nothing about who gave the answer. */
function concernsFile({ details }: StepFailure): boolean {
  return isJsonObject(details) && typeof details.path === 'string';
}

async function call(
  parts: ReconcileParts,
  run: LiveRun,
  command: ExecuteCommand,
  signal: AbortSignal,
  prepared: PreparedProcess | StepFailure | null,
): Promise<EngineInput> {
  const { deps } = parts;
  const { path, seq } = command;
  const { state } = run;
  if (prepared !== null && 'code' in prepared)
    return { type: 'step_failed', path, seq, error: prepared };
  const invocation = invocationOf(deps, command);
  const used = invocation.ok ? invocation.value.used : [];
  const values = (): readonly string[] => secretValues(deps, run, used);
  if (!invocation.ok || state === null) {
    prepared?.discard();
    const error = invocation.ok
      ? { code: 'STORE_ERROR' as const, message: 'the run was lost' }
      : maskFailure(deps.createMasker(values()), invocation.error);
    return { type: 'step_failed', path, seq, error };
  }
  const stream = parts.output.open(run.runId, path, command.attempt, values);
  const masker = (): Masker => deps.createMasker(values());
  const context = actionContext(deps, state, command, signal, used, masker, stream.write);
  const input = await executeStep(deps, command, invocation.value, context, prepared);
  stream.close();
  return input;
}
