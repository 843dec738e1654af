/** Queues under `concurrency`: nobody looks for a freed place, it is handed on. */
import { expect } from 'bun:test';
import type { Definition } from '../../src/model/definition.ts';
import { asRunId, type RunId } from '../../src/model/ids.ts';
import { templateGroup } from '../../src/model/place.ts';
import { hashOf, startFacts } from '../support/test-engine.ts';
import { worldTest } from './harness.ts';
import { createRig, gate, type Rig, type World } from './rig.ts';

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

const HOUR = 3_600_000;
/** Nothing is found by looking. */
const claims = { config: { claims: true, livePollMs: HOUR, idlePollMs: HOUR } };
const statuses = (world: World, ids: readonly RunId[]) =>
  ids.map((id) => world.store.head(id)?.status);

worldTest('a look meets no run that waits', { config: { claims: true } }, async (world) => {
  const ids = await queueOf(world, 50);
  await world.pass(2000);
  let reads = 0;
  const { run } = world.store;
  world.store.run = (runId) => {
    reads += 1;
    return run(runId);
  };
  await world.pass(5000);
  expect(statuses(world, ids)).toEqual(['active', ...ids.slice(1).map(() => 'pending' as const)]);
  expect(reads).toBe(0);
});

worldTest('each starts when the one before has ended, at once', claims, async (world) => {
  const ids = await queueOf(world, 4);
  for (const [index, id] of ids.entries()) {
    expect(world.store.head(id)?.status).toBe('active');
    expect(world.calls.filter(({ open }) => open).map(({ runId }) => runId)).toEqual([id]);
    world.calls[index]?.end();
    await world.settle();
  }
  expect(statuses(world, ids)).toEqual(ids.map(() => 'completed'));
});

worldTest('a freed place is handed on at once also after a restart', claims, async (world) => {
  const ids = await queueOf(world, 3);
  const [first] = world.rigs as [Rig];
  world.dead.add(first.nodeId);
  const next = createRig(world, claims);
  await next.engine.recover(null);
  await world.settle();
  for (const id of ids) {
    const call = world.calls.find((each) => each.open && each.runId === id && each.repeat);
    (call ?? world.calls.find((each) => each.open && each.runId === id))?.end();
    await world.settle();
    expect(world.store.head(id)?.status).toBe('completed');
  }
});

worldTest(
  'who is replaced by a run that the store alone added hears of it',
  claims,
  async (world) => {
    const [holder] = await queueOf(world, 1);
    const [rig] = world.rigs as [Rig];
    if (holder === undefined) throw new Error('one run');
    const { definitionHash, start } = { ...world.store.run(holder), start: startFacts({}) };
    const newer = asRunId('newer');
    const outcome = world.store.createPending({
      ...{ runId: newer, definitionHash: definitionHash ?? hashOf(oneAtATime), start },
      ...{ createdAt: world.clock.now(), claimableFrom: world.clock.now(), idempotency: null },
      place: {
        group: templateGroup('queue'),
        key: 'all',
        limit: 1,
        isCommon: true,
        whenFull: 'replace',
      },
    });
    expect(outcome.ok).toBe(true);
    await rig.engine.recover(newer);
    await world.settle();
    const [call] = world.calls;
    expect(call?.signal.aborted).toBe(true);
    call?.fail();
    await world.settle();
    expect(world.store.head(holder)?.status).toBe('cancelled');
    expect(world.store.head(newer)?.status).toBe('active');
  },
);

worldTest('a turn that nobody gave is given at the next start', claims, async (world) => {
  const [, second] = await queueOf(world, 2);
  if (second === undefined) throw new Error('two runs');
  const [rig] = world.rigs as [Rig];
  // The newest version allows two now; who registered it was gone before it could hand on.
  world.store.putDefinition('x'.repeat(64) as never, {});
  world.store.define({
    name: 'queue',
    definitionHash: 'x'.repeat(64) as never,
    rules: 1,
    pack: {
      ...{ name: null, description: null, category: null, inputSchema: null },
      ...{ outputSchema: null, triggers: null },
      definition: { ...oneAtATime, concurrency: { key: 'all', limit: 2 } },
    },
    ...{ agentId: null, workingDir: null, sourceFile: null, createdAt: world.clock.now() },
  });
  await world.settle();
  expect(world.store.head(second)?.status).toBe('pending');
  await rig.engine.recover(null);
  await world.settle();
  expect(world.store.head(second)?.status).toBe('active');
});

worldTest('one that waits can be cancelled from elsewhere', claims, async (world) => {
  const [, second, third] = await queueOf(world, 3);
  if (second === undefined || third === undefined) throw new Error('three runs');
  const other = createRig(world, { config: { claims: false } });
  const sent = other.signal(second, { type: 'cancel' });
  await world.pass(1100);
  expect(await sent).toMatchObject({ ok: true, pending: false });
  expect(world.store.head(second)?.status).toBe('cancelled');
  expect(world.store.head(third)?.status).toBe('pending');
  expect(other.engine.liveRuns()).toBe(0);
});

const failsOnce: Definition = { ...oneAtATime, steps: [gate('a', 'unsafe')] };

worldTest('a retried run waits for its turn and then goes on', claims, async (world, rig) => {
  const failed = await rig.start(failsOnce, { template: 'queue' });
  await world.settle();
  world.call('a').fail();
  await world.settle();
  const holder = await rig.start(oneAtATime, { template: 'queue' });
  await world.settle();
  const sent = await rig.signal(failed, { type: 'retry' });
  expect(sent).toMatchObject({ ok: true, result: { again: ['a'], queued: true } });
  expect(world.store.head(failed)).toMatchObject({ status: 'pending', owner: null, wakeAt: null });
  expect(world.calls.filter(({ open }) => open).map(({ runId }) => runId)).toEqual([holder]);
  world.call('a').end();
  await world.settle();
  expect(rig.events(failed).map(({ type }) => type)).toEqual([
    ...['workflow_started', 'step_started', 'step_failed', 'workflow_failed'],
    ...['signal_received', 'workflow_queued', 'workflow_resumed', 'step_started'],
  ] as never);
  world.call('a').end();
  await world.settle();
  expect(statuses(world, [failed, holder])).toEqual(['completed', 'completed']);
});

worldTest(
  'a retried run that waits can be cancelled, also twice retried',
  claims,
  async (world, rig) => {
    const failed = await rig.start(failsOnce, { template: 'queue' });
    await world.settle();
    world.call('a').fail();
    await world.settle();
    const holder = await rig.start(oneAtATime, { template: 'queue' });
    await world.settle();
    await rig.signal(failed, { type: 'retry' });
    expect(await rig.signal(failed, { type: 'retry' })).toMatchObject({ ok: false });
    expect(await rig.signal(failed, { type: 'cancel' })).toMatchObject({ ok: true });
    expect(statuses(world, [failed, holder])).toEqual(['cancelled', 'active']);
    expect(world.store.place(failed)).toBeNull();
  },
);
