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
import { decisionRows, patchOf } from '../../src/runtime/projection.ts';
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
}

export interface FullRun {
  readonly runId: RunId;
  readonly events: readonly RunEvent[];
  readonly end: End;
  readonly sink: Sink;
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
export async function runWhole(shape: Shape): Promise<FullRun> {
  const test = createTestEngine();
  try {
    const runId = await test.start(shape.definition, shape.inputs ?? {});
    await drive(test, runId, shape);
    const events = test.store.events(runId, 0, 100_000);
    const end = endOf(runId, testPlan(shape.definition), events);
    return { runId, events, end, sink: test.sink };
  } finally {
    await test.close();
  }
}

/** A store that holds the first `count` events, owned by a node that is gone. */
async function storeWithPrefix(
  shape: Shape,
  runId: RunId,
  events: readonly RunEvent[],
  count: number,
  snapshotAt: number | null,
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
        concurrencyKey: null,
        claimableFrom: 0,
      },
      patch: patchOf(state, false),
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
  const store = await storeWithPrefix(shape, whole.runId, whole.events, count, snapshotAt);
  const test = createTestEngine({ store, sink: sinkAt(whole.events, count, inFlightDone) });
  try {
    const claimed = await test.engine.recover(whole.runId);
    const status = store.head(whole.runId)?.status;
    if (claimed === 0 && (status === 'active' || status === 'pending')) {
      throw new Error(`the run was not claimed after ${count} events`);
    }
    await drive(test, whole.runId, shape);
    const events = store.events(whole.runId, 0, 100_000);
    const end = endOf(whole.runId, testPlan(shape.definition), events);
    return { end, sink: test.sink, events };
  } finally {
    await test.close();
  }
}
