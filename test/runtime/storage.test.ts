import { describe, expect } from 'bun:test';
import { worldTest } from './harness.ts';
import { createRig, gate, noop } from './rig.ts';

const chain = { steps: [gate('a'), noop('b', { depends_on: ['a'] })] };

describe('while storage fails', () => {
  worldTest('a start is refused and nothing is registered', {}, async (world, rig) => {
    world.store.failing = (method) => method === 'append';
    const starting = rig.start(chain).catch((error: { code: string }) => error.code);
    await world.settle();
    expect(await starting).toBe('STORE_ERROR');
    world.store.failing = null;
    await world.pass(5000);
    expect(world.store.latestId()).toBeNull();
    expect([world.calls.length, rig.engine.liveRuns()]).toEqual([0, 0]);
  });

  worldTest(
    'a run waits and goes on when there is room; its step is not run again',
    {},
    async (world, rig) => {
      const id = await rig.start(chain);
      await world.settle();
      world.store.failing = (method) => method === 'append';
      world.call('a').end('once');
      await world.pass(5000);
      expect(world.store.head(id)?.status).toBe('active');
      world.store.failing = null;
      await world.pass(3000);
      expect(world.store.head(id)?.status).toBe('completed');
      expect(rig.sentences(id)).toContain('step_completed a "once"');
      expect(world.calls).toHaveLength(1);
    },
  );

  worldTest('reading it back fails too: the run waits all the same', {}, async (world, rig) => {
    const id = await rig.start(chain);
    await world.settle();
    world.store.failing = () => true;
    world.call('a').end('once');
    await world.pass(5000);
    world.store.failing = null;
    await world.pass(3000);
    expect(world.store.head(id)?.status).toBe('completed');
    expect(world.calls).toHaveLength(1);
  });

  worldTest(
    'for longer than the lease, runs are taken up again afterwards',
    {},
    async (world, rig) => {
      const id = await rig.start({
        steps: [gate('a', 'idempotent'), noop('b', { depends_on: ['a'] })],
      });
      await world.settle();
      world.store.failing = () => true;
      await world.pass(120_000);
      world.store.failing = null;
      await world.pass(30_000);
      for (const call of world.calls) if (call.open) call.end();
      await world.pass(30_000);
      for (const call of world.calls) if (call.open) call.end();
      await world.pass(5000);
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );

  worldTest(
    'a look at the inbox at a run’s end does not take other runs down',
    {},
    async (world, rig) => {
      world.store.failing = (method) => method === 'unsettled';
      const starting = [rig.start({ steps: [noop('pure')] }), rig.start(chain)] as const;
      await world.settle();
      world.store.failing = null;
      const ids = await Promise.all(starting);
      await world.settle();
      world.call('a').end();
      await world.pass(3000);
      expect(ids.map((id) => world.store.head(id)?.status)).toEqual(['completed', 'completed']);
    },
  );

  worldTest(
    'a run that could not be folded when it was claimed can be claimed again',
    {},
    async (world, rig) => {
      const id = await rig.start(chain);
      await world.settle();
      world.dead.add(rig.nodeId);
      const next = createRig(world);
      world.store.failing = (method) => method === 'events';
      await next.engine.recover(null);
      world.store.failing = null;
      await next.engine.recover(null);
      await world.settle();
      expect(next.sentences(id)).toContain('step_interrupted a rerun 1');
      expect(next.engine.owns(id)).toBe(true);
    },
  );

  worldTest(
    'a run whose inbox could not be read when it was claimed can be claimed again',
    {},
    async (world, rig) => {
      const id = await rig.start(chain);
      await world.settle();
      world.dead.add(rig.nodeId);
      let reads = 0;
      const next = createRig(world);
      world.store.failing = (method) => method === 'unsettled' && reads++ === 0;
      await next.engine.recover(null);
      world.store.failing = null;
      await next.engine.recover(null);
      await world.settle();
      expect(next.sentences(id)).toContain('step_interrupted a rerun 1');
    },
  );
});
