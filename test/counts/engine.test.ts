/**
 * What a step, a run and a commit cost in events and transactions: counts that no machine changes.
 */
import { afterEach, expect, test } from 'bun:test';
import type { Definition } from '../../src/model/definition.ts';
import type { RunId } from '../../src/model/ids.ts';
import type { RunAppend, Store } from '../../src/model/store.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { type BenchEngine, createBenchEngine, prepare } from '../bench/engine-harness.ts';
import { recordAppends } from '../bench/raw-limit.ts';
import { chain, fanOut, forEach, parallel } from '../bench/shapes.ts';
import { steadyClock } from './steady-clock.ts';

let bench: BenchEngine | null = null;
afterEach(async () => {
  await bench?.close();
  bench = null;
});

interface Ran {
  readonly runId: RunId;
  readonly store: Store;
  readonly appends: readonly (readonly RunAppend[])[];
}

async function ran(definition: Definition, poolSize = 64): Promise<Ran> {
  const { store, take } = recordAppends(createMemoryStore());
  bench = createBenchEngine({ store, config: { poolSize }, clock: steadyClock() });
  const runId = await bench.complete(prepare(definition));
  return { runId, store, appends: take() };
}

const eventTypes = ({ store, runId }: Ran): string[] =>
  store.events(runId, 0, 100_000).map((event) => event.type);

test('a pure step is two events', async () => {
  const types = eventTypes(await ran(chain(1)));
  expect(types).toEqual([
    'workflow_started',
    'step_started',
    'step_completed',
    'workflow_completed',
  ]);
});

test.each([10, 1000])(
  'a run of %d pure steps is one transaction while its turn lasts, two events a step',
  async (count) => {
    const run = await ran(chain(count));
    // A turn ends after some milliseconds, however many events; ten steps always fit.
    if (count <= 10) expect(run.appends.length).toBe(1);
    expect(eventTypes(run).length).toBe(2 * count + 2);
  },
);

test('a fan-out has two events a step, a loop two more an iteration', async () => {
  const wide = await ran(fanOut(500));
  expect(eventTypes(wide).length).toBe(2 * 500 + 2);
  await bench?.close();
  const loop = await ran(forEach(200));
  // The run's two, the loop's step and its own start and end.
  expect(eventTypes(loop).length).toBe(2 + 2 + 2 + 4 * 200);
});

test.each([1, 3, 20])(
  'a sequence of %d effectful steps is one commit a step, and one',
  async (count) => {
    const run = await ran(chain(count, 'bench.unsafe'));
    expect(run.appends.length).toBe(count + 1);
    expect(eventTypes(run).length).toBe(2 * count + 2);
  },
);

test('effects that end together are decided together', async () => {
  const run = await ran(parallel(64, 'bench.unsafe'));
  expect(run.appends.length).toBe(2);
  expect(eventTypes(run).length).toBe(2 * 64 + 2);
});

test('a step that waits for a slot costs one event more, and no commit of its own', async () => {
  const run = await ran(parallel(40, 'bench.unsafe'), 10);
  expect(eventTypes(run).filter((type) => type === 'step_scheduled').length).toBe(30);
  expect(run.appends.length).toBeLessThanOrEqual(40 / 10 + 1);
});

test('runs that start in one turn share one transaction, each with its own share', async () => {
  const { store, take } = recordAppends(createMemoryStore());
  bench = createBenchEngine({ store, clock: steadyClock() });
  const { start } = bench;
  const prepared = prepare(chain(10));
  await Promise.all(Array.from({ length: 50 }, () => start(prepared)));
  const groups = take();
  expect(groups.length).toBe(1);
  expect(groups[0]?.length).toBe(50);
  expect(new Set(groups[0]?.map(({ runId }) => runId)).size).toBe(50);
});
