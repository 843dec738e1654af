/**
 * The engine of one process: runs it owns, from start or takeover to their end.
 *
 * Wires mailbox, reconciler, slots, timers, inbox and ownership together; the rules of a run are all
 * in core. Every promise it gives resolves only after the commit that makes it true.
 */

import { commandsOf } from '../core/outstanding.ts';
import type { Engine, SignalOutcome, StartedRun, StartRequest } from '../model/engine.ts';
import { AppError, messageOf } from '../model/error.ts';
import { asRunId, type RunId } from '../model/ids.ts';
import type { EngineInput } from '../model/input.ts';
import type { Json } from '../model/json.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { NewRun } from '../model/store.ts';
import { claimRun, createPlans } from './claiming.ts';
import { startEvaluations } from './computing.ts';
import type { RuntimeDeps } from './deps.ts';
import { createEventBus } from './event-bus.ts';
import { pullInbox, signalToBody } from './inbox.ts';
import { isQuiet, type LiveRun, newLiveRun } from './live-run.ts';
import { createMailbox } from './mailbox.ts';
import { createOutputLog, type StreamMasker } from './output-log.ts';
import { createOwnership } from './ownership.ts';
import { createReconciler } from './reconcile.ts';
import { createSlots } from './slots.ts';
import { createTimers } from './timers.ts';
import type { Decided } from './turn.ts';
import { createWaiters } from './waiters.ts';
import { createWatch } from './watch.ts';

export interface EngineParts extends RuntimeDeps {
  readonly createStreamMasker: (secrets: readonly string[]) => StreamMasker;
}

/** Claims in flight at once during recovery. */
const RECOVERY_BATCH = 16;

/** An engine over a store; registers this process as an executor at once. */
export function createEngine(deps: EngineParts): Engine {
  const { store, clock, config, log } = deps;
  const live = new Map<RunId, LiveRun>();
  /** Runs this process takes on again when they wake: started or claimed here, and their children. */
  const family = new Set<RunId>();
  const starts = new Map<
    RunId,
    { resolve: (run: StartedRun) => void; reject: (error: Error) => void }
  >();
  const claiming = new Map<RunId, Promise<LiveRun | null>>();
  let stopping = false;

  const bus = createEventBus(log);
  const slots = createSlots(config.poolSize);
  const timers = createTimers(clock);
  const plans = createPlans(deps);
  const waiters = createWaiters(store, clock, bus, () => watch.poke());
  const output = createOutputLog(store, clock, log, bus.output, deps.createStreamMasker);
  const ownership = createOwnership(deps, () => {
    for (const run of [...live.values()]) drop(run, true);
  });

  const deliver = (run: LiveRun, input: EngineInput): void => {
    if (!run.lost) mailbox.deliver(run, input);
  };
  const reconciler = createReconciler({
    deps,
    slots,
    timers,
    output,
    deliver,
    onSettled: (run) => onSettled(run),
  });
  const mailbox = createMailbox({
    deps,
    slots,
    mayWrite: ownership.mayWrite,
    publish: bus.publish,
    onCommitted: (run, decided) => onCommitted(run, decided),
    onNothing: (run, decided) => follow(run, decided),
    onLost: (run) => {
      log.warn('this process no longer owns the run', { workflow_id: run.runId });
      drop(run, true);
      rejectStart(run.runId, new AppError('CONFLICT', 'another process took the run over'));
    },
    onDuplicate: (run, outcome) => {
      drop(run, true);
      const waiting = starts.get(run.runId);
      starts.delete(run.runId);
      if (outcome.sameParams) waiting?.resolve({ runId: outcome.runId, created: false });
      else waiting?.reject(duplicateError(outcome.runId));
    },
    onStorageError(run, error) {
      if (run.starting === null || run.starting.create === null) return false;
      drop(run, true);
      rejectStart(
        run.runId,
        new AppError('STORE_ERROR', error.message, { hint: 'nothing was started' }),
      );
      return true;
    },
  });

  const rejectStart = (runId: RunId, error: Error): void => {
    const waiting = starts.get(runId);
    starts.delete(runId);
    waiting?.reject(error);
  };

  /** Takes a run out of memory; what it executes is stopped when it was lost. */
  const drop = (run: LiveRun, lost: boolean): void => {
    if (lost) run.lost = true;
    reconciler.abandon(run);
    for (const prepared of run.prepared.values()) if ('discard' in prepared) prepared.discard();
    run.prepared.clear();
    if (live.get(run.runId) === run) live.delete(run.runId);
    watch.poke();
  };

  const onCommitted = (run: LiveRun, decided: Decided): void => {
    for (const verdict of decided.advanced.verdicts) {
      if (verdict.inboxId !== null) run.queuedInbox.delete(verdict.inboxId);
    }
    follow(run, decided);
    starts.get(run.runId)?.resolve({ runId: run.runId, created: true });
    starts.delete(run.runId);
    const { append } = decided;
    if (append === null) return;
    for (const child of append.children) {
      family.add(child.runId);
      takeOn(child.runId);
    }
    for (const send of append.sends) takeOn(send.runId);
    if (append.patch.release) {
      run.lost = true;
      drop(run, false);
      if (isRunEnded(append.patch.status)) family.delete(run.runId);
      else if (store.unsettled(run.runId).length > 0) takeOn(run.runId);
    }
  };

  /** Starts and stops what the turn led to. */
  const follow = (run: LiveRun, decided: Decided): void => {
    const { state } = run;
    if (state === null) return;
    for (const path of run.takenNow) {
      const step = state.steps.get(path);
      const executes =
        step !== undefined && commandsOf(state, step).some((command) => command.kind === 'execute');
      if (!executes) slots.release();
    }
    run.takenNow.clear();
    startEvaluations(deps.compute, run, decided.advanced.pending, deliver);
    reconciler.reconcile(run);
  };

  /** A process or request is gone: steps that waited for that may start, an ended run may leave. */
  const onSettled = (run: LiveRun): void => {
    const { state } = run;
    if (run.lost || state === null) return;
    if (isRunEnded(state.status)) {
      if (!isQuiet(run)) return;
      run.lost = true;
      drop(run, false);
      family.delete(run.runId);
      releaseQuietly(run);
      return;
    }
    let waits = false;
    for (const step of state.open) {
      if (step.status !== 'scheduled' || step.waitingFor !== 'settling') continue;
      state.agenda.push(step);
      waits = true;
    }
    if (waits) deliver(run, { type: 'evaluated', path: null });
  };

  const releaseQuietly = (run: LiveRun): void => {
    try {
      store.release(run.runId, deps.node.nodeId, run.epoch, null);
    } catch (thrown) {
      // The row keeps our name until this process ends; then it counts as free.
      log.warn('a run could not be released', { workflow_id: run.runId, error: messageOf(thrown) });
    }
  };

  /** Makes sure somebody here looks at a run: its inbox when it is live, else by claiming it. */
  const takeOn = (runId: RunId): void => {
    const run = live.get(runId);
    if (run !== undefined) {
      for (const input of pullInbox(store, run)) deliver(run, input);
    } else if (config.claims || family.has(runId)) {
      claim(runId, []).catch((thrown: unknown) =>
        log.error('a run could not be claimed', { workflow_id: runId, error: messageOf(thrown) }),
      );
    }
  };

  const claim = (
    runId: RunId,
    dead: ReturnType<typeof ownership.deadNodes>,
  ): Promise<LiveRun | null> => {
    const known = live.get(runId);
    if (known !== undefined) return Promise.resolve(known);
    const under = claiming.get(runId);
    if (under !== undefined) return under;
    const claimed = claimRun(deps, plans, runId, dead, ownership.lastSeen)
      .then((run) => {
        if (run === null) return null;
        family.add(runId);
        live.set(runId, run);
        for (const input of pullInbox(store, run)) run.inputs.push(input);
        mailbox.wake(run);
        watch.poke();
        return run;
      })
      .finally(() => claiming.delete(runId));
    claiming.set(runId, claimed);
    return claimed;
  };

  const recover = async (): Promise<number> => {
    let count = 0;
    const tried = new Set<RunId>();
    for (;;) {
      if (stopping || live.size >= config.maxLiveRuns) return count;
      const dead = ownership.deadNodes();
      const ids = store
        .claimable(clock.now(), dead, RECOVERY_BATCH + tried.size)
        .filter((id) => !tried.has(id))
        .slice(0, RECOVERY_BATCH);
      if (ids.length === 0) return count;
      for (const id of ids) tried.add(id);
      const claimed = await Promise.all(ids.map((id) => claimOrReport(id, dead)));
      count += claimed.filter((run) => run !== null).length;
    }
  };

  const claimOrReport = (id: RunId, dead: Parameters<typeof claim>[1]): Promise<LiveRun | null> =>
    claim(id, dead).catch((thrown: unknown) => {
      log.error('a run could not be recovered', { workflow_id: id, error: messageOf(thrown) });
      return null;
    });

  const watch = createWatch({
    deps,
    liveRuns: () => live.size,
    waiting: () => waiters.count(),
    onForeignWrite() {
      for (const runId of store.runsWithUnsettled(deps.node.nodeId)) takeOn(runId);
      for (const runId of family) if (!live.has(runId) && isDue(runId)) takeOn(runId);
      waiters.check();
    },
    onTick: () => (config.claims ? recover().then(() => undefined) : Promise.resolve()),
  });

  const isDue = (runId: RunId): boolean => {
    const head = store.head(runId);
    if (head === null || head.owner !== null) return false;
    if (store.unsettled(runId).length > 0) return true;
    return !isRunEnded(head.status) && head.wakeAt !== null && head.wakeAt <= clock.now();
  };

  const startRun = (request: StartRequest): Promise<StartedRun> => {
    if (stopping) return Promise.reject(new AppError('CONFLICT', 'this process is stopping'));
    const runId = asRunId(deps.random.uuid());
    const stored: Json = {
      definition: request.definition as unknown as Json,
      output_schema: request.outputSchema,
    };
    store.putDefinition(request.definitionHash, stored);
    const plan = plans.plan(request.definitionHash);
    const create: NewRun = {
      runId,
      definitionHash: request.definitionHash,
      start: request.facts,
      createdAt: clock.now(),
      idempotency: idempotencyOf(deps, request),
      concurrencyKey: null,
      claimableFrom: clock.now(),
    };
    const run = newLiveRun(runId, plan, 1, null, { facts: request.facts, create });
    live.set(runId, run);
    family.add(runId);
    const started = new Promise<StartedRun>((resolve, reject) =>
      starts.set(runId, { resolve, reject }),
    );
    mailbox.wake(run);
    watch.poke();
    return started;
  };

  return {
    start: startRun,
    async signal(runId, signal, idempotencyKey, waitMs) {
      const sent = store.send({
        runId,
        kind: 'signal',
        body: signalToBody(signal),
        receivedAt: clock.now(),
        idempotencyKey,
      });
      if (sent === null) throw new AppError('NOT_FOUND', `there is no run ${runId}`);
      if (stopping) return verdictOf(sent.id, waitMs);
      const run = live.get(runId);
      if (run !== undefined) for (const input of pullInbox(store, run)) deliver(run, input);
      else await claim(runId, ownership.deadNodes());
      return verdictOf(sent.id, waitMs);
    },
    async recover(runId) {
      if (runId === null) return recover();
      return (await claim(runId, ownership.deadNodes())) === null ? 0 : 1;
    },
    settled: (runId, options) => waiters.settled(runId, options),
    owns: (runId) => live.has(runId),
    liveRuns: () => live.size,
    onEvents: bus.onEvents,
    onOutput: bus.onOutput,
    status: (runId) => store.head(runId)?.status ?? null,
    async stop(options) {
      stopping = true;
      watch.close();
      await drain(options.graceMs, options.graceUnsafeMs);
      await mailbox.idle();
      for (const run of [...live.values()]) {
        drop(run, true);
        releaseAtStop(run);
      }
      timers.close();
      output.flush();
      ownership.close();
      waiters.close();
      await deps.compute.close();
    },
  };

  function verdictOf(inboxId: number, waitMs: number): Promise<SignalOutcome> {
    return waiters.verdict(inboxId, waitMs);
  }

  /** Waits until nothing executes, unsafe steps longer than the others. */
  async function drain(graceMs: number, graceUnsafeMs: number): Promise<void> {
    const began = clock.monotonic();
    for (;;) {
      const { unsafe, other } = countExecuting();
      const spent = clock.monotonic() - began;
      const waitMore = (unsafe > 0 && spent < graceUnsafeMs) || (other > 0 && spent < graceMs);
      if (!waitMore) return;
      await new Promise<void>((done) => clock.after(20, done));
    }
  }

  function countExecuting(): { unsafe: number; other: number } {
    let unsafe = 0;
    let other = 0;
    for (const run of live.values()) {
      for (const { path } of run.unsettled) {
        const body = run.state?.steps.get(path)?.plan.body;
        if (body?.type === 'action' && body.effect === 'unsafe') unsafe += 1;
        else other += 1;
      }
    }
    return { unsafe, other };
  }

  /** A run with nothing in flight is free for the next executor at once. */
  function releaseAtStop(run: LiveRun): void {
    if (run.unsettled.size > 0 || run.state === null) return;
    const ended = isRunEnded(run.state.status);
    try {
      store.release(run.runId, deps.node.nodeId, run.epoch, ended ? null : clock.now());
    } catch (thrown) {
      log.warn('a run could not be released', { workflow_id: run.runId, error: messageOf(thrown) });
    }
  }
}

function idempotencyOf(deps: RuntimeDeps, request: StartRequest): NewRun['idempotency'] {
  if (request.idempotencyKey === null) return null;
  return {
    scope: request.facts.template ?? request.definitionHash,
    key: request.idempotencyKey,
    fingerprint: deps.random.sha256(JSON.stringify(request.facts.inputs)),
  };
}

function duplicateError(runId: RunId): AppError {
  return new AppError('CONFLICT', 'this idempotency key was used with other params', {
    details: { workflow_id: runId },
    hint: `run ${runId} has it; use another key for other params`,
  });
}
