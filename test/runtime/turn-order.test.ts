/** Queues under `concurrency`: what a look at everything costs, and that nobody waits too long. */
import { expect } from 'bun:test';
import type { Definition } from '../../src/model/definition.ts';
import type { RunId } from '../../src/model/ids.ts';
import { worldTest } from './harness.ts';
import { createRig, gate, type World } from './rig.ts';

const oneAtATime: Definition = {
  concurrency: { key: 'all', limit: 1 },
  steps: [gate('a')],
};

async function queueOf(world: World, count: number): Promise<RunId[]> {
  const [rig] = world.rigs;
  const ids: RunId[] = [];
  for (let index = 0; index < count; index++) {
    const id = await rig?.start(oneAtATime, { template: 'queue' });
    if (id !== undefined) ids.push(id);
  }
  await world.settle();
  return ids;
}

const claims = { config: { claims: true } };

worldTest('a look reads a queue once, and no run that is known to wait', claims, async (world) => {
  const ids = await queueOf(world, 50);
  await world.pass(2000);
  const counts = { run: 0, runsWithConcurrencyKey: 0 };
  const { run, runsWithConcurrencyKey } = world.store;
  world.store.run = (runId) => {
    counts.run += 1;
    return run(runId);
  };
  world.store.runsWithConcurrencyKey = (template, key) => {
    counts.runsWithConcurrencyKey += 1;
    return runsWithConcurrencyKey(template, key);
  };
  await world.pass(5000);
  expect(ids.map((id) => world.store.head(id)?.status)).toEqual([
    'active',
    ...ids.slice(1).map(() => 'pending' as const),
  ]);
  expect([counts.run, counts.runsWithConcurrencyKey]).toEqual([0, 5]);
});

worldTest('each starts when the one before has ended', claims, async (world) => {
  const ids = await queueOf(world, 4);
  for (const [index, id] of ids.entries()) {
    await world.pass(2000);
    expect(world.store.head(id)?.status).toBe('active');
    expect(world.calls.filter(({ open }) => open).map(({ runId }) => runId)).toEqual([id]);
    world.calls[index]?.end();
    await world.settle();
  }
  expect(ids.map((id) => world.store.head(id)?.status)).toEqual(ids.map(() => 'completed'));
});

worldTest('one that waits can be cancelled from elsewhere', claims, async (world) => {
  const [, second, third] = await queueOf(world, 3);
  await world.pass(2000);
  if (second === undefined || third === undefined) throw new Error('three runs');
  const other = createRig(world, { config: { claims: false } });
  world.store.send({
    ...{ runId: second, kind: 'signal', receivedAt: world.clock.now(), idempotencyKey: null },
    body: { type: 'cancel', by: 'anna', role: 'local', sender: 'person', payload: null },
  });
  await world.pass(1100);
  expect(world.store.head(second)?.status).toBe('cancelled');
  expect(world.store.head(third)?.status).toBe('pending');
  expect(other.engine.liveRuns()).toBe(0);
});
