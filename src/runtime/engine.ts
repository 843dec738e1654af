/**
 * The engine of one process: runs it owns, from start or takeover to their end.
 *
 * Wires mailbox, reconciler, slots, timers, inbox and ownership together; the rules of a run are all
 * in core. Every promise it gives resolves only after the commit that makes it true.
 */
import { handOnQueues, placeFor } from '../core/concurrency.ts';
import type { Engine, SignalOutcome, StartedRun, StartRequest } from '../model/engine.ts';
import { AppError } from '../model/error.ts';
import { asRunId, type RunId } from '../model/ids.ts';
import { type EngineInput, type Signal, signalToBody } from '../model/input.ts';
import type { Json } from '../model/json.ts';
import { keyedBy, type SignalKey, signalKeyConflict, startKeyConflict } from '../model/keys.ts';
import { placeConflict } from '../model/place.ts';
import type { NewRun } from '../model/store.ts';
import { createBreakers } from './breakers.ts';
import { createPlans, type Plans } from './claiming.ts';
import type { RuntimeDeps } from './deps.ts';
import { engineMetrics, type Measured } from './engine-metrics.ts';
import { createEventBus, type EventBus } from './event-bus.ts';
import { pullInbox } from './inbox.ts';
import { createLifecycle, type Lifecycle, wakePlaces } from './lifecycle.ts';
import { type LiveRun, newLiveRun } from './live-run.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { createOutputLog, type OutputLog, type StreamMasker } from './output-log.ts';
import { createOwnership, type Ownership } from './ownership.ts';
import { sourceOf } from './places.ts';
import { createReconciler } from './reconcile.ts';
import { createRunTable, type RunTable } from './run-table.ts';
import { createSlots } from './slots.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import { drain, releaseAtStop, settleAborted } from './stopping.ts';
import { createTakeover, type Takeover } from './takeover.ts';
import { createTimers, type Timers } from './timers.ts';
import { createWaiters, type Waiters } from './waiters.ts';
import { createWatch, type Watch } from './watch.ts';

export interface EngineParts extends RuntimeDeps {
  readonly createStreamMasker: (secrets: () => readonly string[]) => StreamMasker;
}

interface Wired extends Measured {
  readonly deps: EngineParts;
  readonly bus: EventBus;
  readonly plans: Plans;
  readonly output: OutputLog;
  readonly timers: Timers;
  readonly ownership: Ownership;
  readonly lifecycle: Lifecycle;
  readonly snapshots: Snapshots;
  readonly mailbox: Mailbox;
  readonly takeover: Takeover;
  readonly waiters: Waiters;
  readonly watch: Watch;
  readonly deliver: (run: LiveRun, input: EngineInput) => void;
}

/** An engine over a store; registers this process as an executor at once. */
export function createEngine(deps: EngineParts): Engine {
  const wired = wire(deps);
  const { runs, bus, waiters } = wired;
  return {
    start: (request) => start(wired, request),
    signal: (runId, signal, key, waitMs) => sendSignal(wired, runId, signal, key, waitMs),
    async recover(runId) {
      handOn(wired, null);
      if (runId === null) return wired.takeover.recover();
      if ((await wired.takeover.claim(runId)) !== null) return 1;
      tellHolders(wired, runId);
      return 0;
    },
    handOn: (group) => handOn(wired, group),
    settled: (runId, options) => waiters.settled(runId, options),
    owns: (runId) => runs.live.has(runId),
    liveRuns: () => runs.live.size,
    othersThan: (runId) => othersThan(runs, runId),
    othersQuiet: (runId) => waiters.untilTrue(() => othersThan(runs, runId) === 0),
    onEvents: bus.onEvents,
    onOutput: bus.onOutput,
    onForeignWrite: wired.watch.onForeignWrite,
    status: (runId) => deps.store.head(runId)?.status ?? null,
    metrics: () => engineMetrics(wired, deps.config.poolSize),
    stop: (options) => stop(wired, options.graceMs, options.graceUnsafeMs),
  };
}

/** A run that others wait for may have been told to make room by who added the waiting one. */
function tellHolders({ deps, takeover }: Wired, runId: RunId): void {
  const place = deps.store.place(runId);
  if (place === null || place.holds) return;
  for (const holder of deps.store.placeHolders(place, HOLDERS_TOLD)) takeover.takeOn(holder.runId);
}

const HOLDERS_TOLD = 100;

/** Turns that a raised limit gives, or that nobody gave because a process ended in the middle. */
function handOn({ deps, runs, takeover }: Wired, group: string | null): void {
  const woken = handOnQueues(sourceOf(deps), group, deps.clock.now());
  wakePlaces({ deps, runs, takeOn: takeover.takeOn }, woken);
}

/** The parts know each other through functions, because they call each other in a circle. */
function wire(deps: EngineParts): Wired {
  const { store, clock, config, log } = deps;
  const runs = createRunTable();
  const bus = createEventBus(log);
  const slots = createSlots(config.poolSize);
  const breakers = createBreakers(clock, config.breakers);
  const timers = createTimers(clock);
  const plans = createPlans(deps);
  const output = createOutputLog(store, clock, log, bus.output, deps.createStreamMasker);
  const deliver: Wired['deliver'] = (run, input) => {
    if (!run.lost) mailbox.deliver(run, input);
  };
  const dropAll = (): void => {
    for (const run of [...runs.live.values()]) {
      if (run.starting?.create == null) runs.dropped.add(run.runId);
      runs.rejectStart(run.runId, new AppError('CONFLICT', 'this process may no longer write'));
      lifecycle.drop(run);
    }
  };
  const ownership = createOwnership(deps, dropAll, () => takeover.reclaim());
  const snapshots = createSnapshots(deps);
  const lifecycle = createLifecycle({
    deps,
    runs,
    slots,
    snapshots,
    deliver,
    reconciler: () => reconciler,
    wake: (run) => mailbox.wake(run),
    takeOn: (runId) => takeover.takeOn(runId),
    poke(runId) {
      watch.poke();
      clock.soon(() => waiters.check(runId));
    },
  });
  const { onSettled } = lifecycle;
  const executing = { deps, slots, breakers, timers, output };
  const reconciler = createReconciler({ ...executing, deliver, onSettled });
  const { mayWrite } = ownership;
  const publish: EventBus['publish'] = (events) => {
    for (const { runId, event } of events) {
      if (event.type === 'log') output.note(runId, event.path ?? '', event.payload);
    }
    // Whoever reads the logs of a run that has stopped finds all of it.
    if (events.some(({ event }) => STOPS.has(event.type))) output.flush();
    bus.publish(events);
  };
  const stopping = (): boolean => runs.stopping;
  const mailbox = createMailbox({
    ...lifecycle,
    deps,
    slots,
    breakers,
    stopping,
    mayWrite,
    publish,
  });
  const wake = (run: LiveRun): void => {
    mailbox.wake(run);
    watch.poke();
  };
  const takeover = createTakeover({ deps, runs, plans, ownership, deliver, wake });
  const isBusy = (runId: RunId): boolean => {
    const run = runs.live.get(runId);
    return run !== undefined && (run.busy || run.inputs.length > 0);
  };
  const waiters = createWaiters(store, clock, bus, () => watch.poke(), isBusy);
  const watch = watchStore(deps, runs, takeover, waiters);
  const measured: Measured = { slots, breakers, runs };
  const parts = { deps, bus, plans, output, timers, ownership, lifecycle, mailbox, snapshots };
  return { ...parts, ...measured, takeover, waiters, watch, deliver };
}

/** Events after which a run prints no more, for now or for good. */
const STOPS: ReadonlySet<string> = new Set([
  'workflow_completed',
  'workflow_failed',
  'workflow_cancelled',
  'workflow_suspended',
]);

/** Runs that are live here, or are being claimed, besides one. */
function othersThan({ live, claiming }: RunTable, runId: RunId): number {
  const ids = new Set([...live.keys(), ...claiming.keys()]);
  ids.delete(runId);
  return ids.size;
}

function watchStore(
  deps: EngineParts,
  runs: RunTable,
  takeover: Takeover,
  waiters: Waiters,
): Watch {
  return createWatch({
    deps,
    liveRuns: () => runs.live.size,
    waiting: () => waiters.count(),
    onLook() {
      takeover.look();
      waiters.check();
    },
  });
}

async function start(wired: Wired, request: StartRequest): Promise<StartedRun> {
  const { deps, runs, plans, mailbox, watch } = wired;
  if (runs.stopping) throw new AppError('CONFLICT', 'this process is stopping');
  const { definitionHash, facts } = request;
  const stored: Json = {
    definition: request.definition as unknown as Json,
    output_schema: request.outputSchema,
  };
  deps.store.putDefinition(definitionHash, stored);
  const plan = plans.plan({ definitionHash, rules: facts.rules });
  const runId = request.runId ?? asRunId(deps.random.uuid());
  const nowMs = deps.clock.now();
  const newcomer = { runId, plan, facts, owner: request.owner };
  const place = placeFor(sourceOf(deps), deps.evaluator, nowMs, newcomer);
  const create: NewRun = {
    runId,
    definitionHash,
    start: facts,
    createdAt: nowMs,
    idempotency: request.idempotency,
    place,
    claimableFrom: nowMs,
  };
  const { reuse = null } = request;
  if (place !== null) {
    const { group, key } = place;
    const carried = reuse === null ? {} : { carried: reuse };
    const start = { ...facts, concurrency: { group, key }, ...carried };
    return startInPlace(wired, { ...create, start });
  }
  const run = newLiveRun(runId, plan, 1, null, { facts, create, reuse });
  runs.live.set(runId, run);
  runs.family.add(runId);
  const started = runs.awaitStart(runId);
  mailbox.wake(run);
  watch.poke();
  return started;
}

/** A run that needs a place is put down first; it begins at once if it got one, else with its turn. */
async function startInPlace(wired: Wired, create: NewRun): Promise<StartedRun> {
  const { deps, runs, takeover } = wired;
  const outcome = deps.store.createPending(create);
  if (!outcome.ok) {
    if (outcome.reason === 'no_place') throw placeConflict(outcome.refusal);
    if (outcome.reason !== 'duplicate') throw new AppError('INTERNAL', 'the run was not added');
    if (outcome.sameRequest) return { runId: outcome.runId, created: false };
    throw startKeyConflict(outcome.runId);
  }
  runs.family.add(create.runId);
  wakePlaces({ deps, runs, takeOn: takeover.takeOn }, outcome.woken ?? []);
  await takeover.claim(create.runId);
  return { runId: create.runId, created: true };
}

async function sendSignal(
  wired: Wired,
  runId: RunId,
  signal: Signal,
  key: SignalKey | null,
  waitMs: number,
): Promise<SignalOutcome> {
  const { deps, runs, takeover, waiters, deliver } = wired;
  const sent = deps.store.send({
    runId,
    kind: 'signal',
    body: signalToBody(signal),
    receivedAt: deps.clock.now(),
    ...keyedBy(key),
  });
  if (sent === null) throw new AppError('NOT_FOUND', `there is no run ${runId}`);
  if (sent.duplicate && !sent.same) {
    throw signalKeyConflict(deps.store.row(sent.id)?.body ?? null);
  }
  const run = runs.live.get(runId);
  if (run !== undefined) for (const input of pullInbox(deps.store, run)) deliver(run, input);
  else if (!runs.stopping) await takeover.claim(runId);
  const outcome = await waiters.verdict(sent.id, waitMs);
  return sent.duplicate ? { ...outcome, repeated: true } : outcome;
}

async function stop(wired: Wired, graceMs: number, graceUnsafeMs: number): Promise<void> {
  const { deps, runs, mailbox, watch, lifecycle } = wired;
  runs.stopping = true;
  watch.close();
  await drain(deps, runs, graceMs, graceUnsafeMs);
  await mailbox.idle();
  const left = [...runs.live.values()];
  for (const run of left) lifecycle.drop(run);
  await settleAborted(deps, left);
  const kept = left.filter((run) => !releaseAtStop(deps, run));
  await wired.snapshots.flush();
  wired.timers.close();
  wired.output.flush();
  wired.ownership.close(kept.length > 0);
  wired.waiters.close();
  await deps.compute.close();
}
