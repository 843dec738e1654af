/**
 * Cutting a run's log after each event and letting a new engine go on from there.
 */
import { fold } from '../../src/core/evolve.ts';
import { EVOLVE_VERSION, writeSnapshot } from '../../src/core/snapshot.ts';
import { newState } from '../../src/core/state.ts';
import type { Definition } from '../../src/model/definition.ts';
import type { RunEvent } from '../../src/model/event.ts';
import { asNodeId, type RunId } from '../../src/model/ids.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { Store } from '../../src/model/store.ts';
import type { RuntimeConfig } from '../../src/runtime/deps.ts';
import { decisionRows, mayLeave, patchOf } from '../../src/runtime/projection.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { type End, endOf } from './ends.ts';
import { createSink, type Sink } from './test-actions.ts';
import {
  createTestEngine,
  DEAD,
  hashOf,
  startFacts,
  type TestEngine,
  testPlan,
} from './test-engine.ts';

export interface Shape {
  readonly name: string;
  readonly definition: Definition;
  readonly inputs?: JsonObject;
  /** Choices for decisions by the step's own id; rejects with "reject". */
  readonly decide?: Readonly<Record<string, string>>;
  /** Payloads for named signals. */
  readonly signals?: Readonly<Record<string, Json>>;
  /** Where its log is cut: after every event (default), or only where a transaction ended. */
  readonly cutAt?: 'events' | 'commits';
}

export interface FullRun {
  readonly runId: RunId;
  readonly events: readonly RunEvent[];
  readonly end: End;
  readonly sink: Sink;
  /** Sequences at which a transaction ended. */
  readonly commits: ReadonlySet<number>;
}

/** Answers everything a run waits for until it has ended. */
async function drive(test: TestEngine, runId: RunId, shape: Shape): Promise<void> {
  for (let round = 0; round < 200; round++) {
    const stop = await test.engine.settled(runId, { timeoutMs: null, orSuspended: true });
    if (stop !== 'suspended') return;
    const row = test.store.run(runId);
    const waiting = row?.waitingFor.find(
      ({ kind, name }) => kind !== 'signal' || Object.hasOwn(shape.signals ?? {}, name ?? ''),
    );
    if (waiting === undefined) {
      await test.signal(runId, { type: 'resume' });
    } else if (waiting.kind === 'signal') {
      const payload = shape.signals?.[waiting.name ?? ''] ?? null;
      await test.signal(runId, { type: 'data', name: waiting.name ?? '', payload });
    } else await answer(test, runId, waiting.step_id, waiting.kind, shape);
  }
  throw new Error('the run never ends');
}

async function answer(
  test: TestEngine,
  runId: RunId,
  path: string,
  kind: string,
  shape: Shape,
): Promise<void> {
  if (kind === 'outcome_unknown') {
    // The sink knows what happened.
    const happened = (test.sink.done.get(path) ?? 0) > 0;
    const value = givenValue(test, runId, path);
    const payload = happened ? { choice: 'completed', data: { value } } : { choice: 'rerun' };
    await test.signal(runId, { type: 'decision', stepId: path, payload });
    return;
  }
  const id = path.slice(path.lastIndexOf('.') + 1);
  const choice = shape.decide?.[id] ?? 'yes';
  const payload = choice === 'reject' ? { reject: true } : { choice };
  await test.signal(runId, { type: 'decision', stepId: path, payload });
}

/** The value an interrupted step was given, from its start in the log. */
function givenValue(test: TestEngine, runId: RunId, path: string): Json {
  let value: Json = null;
  for (const event of test.store.events(runId, 0, 100_000)) {
    if (event.type === 'step_started' && event.path === path) {
      value = event.payload.params?.value ?? value;
    }
  }
  return value;
}

/** Runs a shape once without any crash. */
export async function runWhole(
  shape: Shape,
  config: Partial<RuntimeConfig> = {},
): Promise<FullRun> {
  const commits = new Set<number>();
  const store = createMemoryStore();
  const noting: Store = {
    ...store,
    append(group) {
      for (const { expectedSeq, events } of group) commits.add(expectedSeq + events.length);
      return store.append(group);
    },
  };
  const test = createTestEngine({ store: noting, config });
  try {
    const runId = await test.start(shape.definition, shape.inputs ?? {});
    await drive(test, runId, shape);
    const events = test.store.events(runId, 0, 100_000);
    const end = endOf(runId, testPlan(shape.definition), events);
    return { runId, events, end, sink: test.sink, commits };
  } finally {
    await test.close();
  }
}

/**
 * How a run was left: owned by a node that is gone, free and to be looked at now (a graceful stop), or
 * parked until it is due.
 */
export type Left = 'crashed' | 'free' | 'parked';

/** A store that holds the first `count` events. */
async function storeWithPrefix(
  shape: Shape,
  runId: RunId,
  events: readonly RunEvent[],
  count: number,
  snapshotAt: number | null,
  left: Left,
): Promise<Store> {
  const store = createMemoryStore();
  const definitionHash = hashOf(shape.definition);
  const owner = asNodeId(`dead-${count}-${runId}`);
  DEAD.add(owner);
  store.register({
    nodeId: owner,
    role: 'test',
    pid: 1,
    pidStarted: '1',
    bootId: 'boot',
    host: 'host',
    pidNamespace: '',
    mountNamespace: '',
    uid: 0,
    version: 'test',
    leaseUntil: 4_000_000_000_000,
    startedAt: 0,
  });
  store.putDefinition(definitionHash, {
    definition: shape.definition as unknown as Json,
    output_schema: null,
  });
  const state = fold(newState(runId, testPlan(shape.definition)), events.slice(0, count));
  await store.append([
    {
      runId,
      owner,
      epoch: 1,
      expectedSeq: 0,
      events: events.slice(0, count),
      create: {
        runId,
        definitionHash,
        start: startFacts(shape.inputs ?? {}),
        createdAt: 0,
        idempotency: null,
        place: null,
        claimableFrom: 0,
      },
      patch: { ...patchOf(state, left !== 'crashed'), ...(left === 'free' ? { wakeAt: 0 } : {}) },
      decisions: decisionRows(state, events.slice(0, count)),
      settled: [],
      sends: [],
      children: [],
    },
  ]);
  if (snapshotAt !== null) {
    const cached = fold(newState(runId, testPlan(shape.definition)), events.slice(0, snapshotAt));
    const text = writeSnapshot(cached);
    if (text === null) throw new Error(`no snapshot after ${snapshotAt} events`);
    await store.putSnapshot(runId, { seq: snapshotAt, version: EVOLVE_VERSION, text });
  }
  return store;
}

/** What the effects had done when the log was cut: finished steps, and perhaps the one in flight. */
function sinkAt(events: readonly RunEvent[], count: number, inFlightDone: boolean): Sink {
  const sink = createSink();
  const begun = new Map<string, boolean>();
  for (const event of events.slice(0, count)) {
    const { path } = event;
    if (path === null) continue;
    if (event.type === 'step_started') {
      sink.begun.set(path, (sink.begun.get(path) ?? 0) + 1);
      begun.set(path, true);
    } else if (event.type === 'step_completed') {
      sink.done.set(path, (sink.done.get(path) ?? 0) + 1);
      begun.delete(path);
    } else if (event.type === 'step_failed' || event.type === 'step_retry_attempt')
      begun.delete(path);
  }
  for (const path of begun.keys()) {
    if (inFlightDone) sink.done.set(path, (sink.done.get(path) ?? 0) + 1);
    else sink.begun.set(path, (sink.begun.get(path) ?? 1) - 1);
  }
  return sink;
}

export interface Recovered {
  readonly end: End;
  readonly sink: Sink;
  readonly events: readonly RunEvent[];
}

/** Lets a new engine go on from a cut log to the end. */
export async function recoverFrom(
  shape: Shape,
  whole: FullRun,
  count: number,
  inFlightDone: boolean,
  /** The new engine finds a snapshot of so many events. */
  snapshotAt: number | null = null,
): Promise<Recovered> {
  const { runId, events } = whole;
  const store = await storeWithPrefix(shape, runId, events, count, snapshotAt, 'crashed');
  const test = createTestEngine({ store, sink: sinkAt(events, count, inFlightDone) });
  try {
    const claimed = await test.engine.recover(runId);
    const status = store.head(runId)?.status;
    if (claimed === 0 && (status === 'active' || status === 'pending')) {
      throw new Error(`the run was not claimed after ${count} events`);
    }
    return await toTheEnd(test, shape, runId);
  } finally {
    await test.close();
  }
}

/** A run that is at work for as long as a process lives. */
const NEIGHBOUR: Definition = {
  steps: [{ id: 'n', action: 'test.idempotent', params: { hang_times: 1000 } }],
};

/** Stays out of the world: what it does has no effect, and after its first commits it says no more. */
function createDyingEngine(store: Store): TestEngine {
  const told = new Set<RunId>();
  return createTestEngine({
    store: {
      ...store,
      append(group) {
        if (group.some(({ runId }) => told.has(runId))) return new Promise(() => undefined);
        for (const { runId } of group) told.add(runId);
        return store.append(group);
      },
    },
  });
}

/**
 * Lets so many processes take on a cut log beside another run, each dying as soon as it has told what
 * it begins; then one goes on to the end.
 */
export async function recoverAfterDeaths(
  shape: Shape,
  whole: FullRun,
  count: number,
  deaths: number,
): Promise<Recovered> {
  const { runId, events } = whole;
  const store = await storeWithPrefix(shape, runId, events, count, null, 'crashed');
  const neighbour = createDyingEngine(store);
  await neighbour.start(NEIGHBOUR);
  neighbour.crash();
  for (let death = 0; death < deaths; death++) {
    const dying = createDyingEngine(store);
    await dying.engine.recover(null);
    for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve));
    dying.crash();
  }
  const test = createTestEngine({ store, sink: sinkAt(events, count, false) });
  try {
    await test.engine.recover(runId);
    return await toTheEnd(test, shape, runId);
  } finally {
    await test.close();
  }
}

/** A process that lets runs leave memory whenever it may, and takes on what is claimable. */
export const EAGER_TO_PARK = { claims: true, parkAfterMs: -1 } as const;

/** The numbers of events after which a run's log is cut. */
export function cutsOf(shape: Shape, { events, commits }: FullRun): number[] {
  const all = events.map((_, index) => index + 1);
  return shape.cutAt === 'commits' ? all.filter((count) => commits.has(count)) : all;
}

/** Whether such a process may have let the run go after this event. */
export function mayBeParked(shape: Shape, whole: FullRun, count: number): boolean {
  if (!whole.commits.has(count)) return false;
  const state = fold(
    newState(whole.runId, testPlan(shape.definition)),
    whole.events.slice(0, count),
  );
  return mayLeave(EAGER_TO_PARK, state, state.at);
}

/** Lets a daemon find a run as it was left after `count` events; nobody tells it of it. */
export async function wakeFrom(
  shape: Shape,
  whole: FullRun,
  count: number,
  left: Left,
): Promise<Recovered> {
  const { runId, events } = whole;
  const store = await storeWithPrefix(shape, runId, events, count, null, left);
  const sink = sinkAt(events, count, false);
  const test = createTestEngine({ store, sink, config: EAGER_TO_PARK });
  try {
    return await toTheEnd(test, shape, runId);
  } finally {
    await test.close();
  }
}

async function toTheEnd(test: TestEngine, shape: Shape, runId: RunId): Promise<Recovered> {
  await drive(test, runId, shape);
  const events = test.store.events(runId, 0, 100_000);
  return { end: endOf(runId, testPlan(shape.definition), events), sink: test.sink, events };
}
