import { describe, expect } from 'bun:test';
import { holdAppends, worldTest } from './harness.ts';
import { ask, createRig, gate, noop, type Rig, type World } from './rig.ts';

const HOUR = 3_600_000;
const chain = { steps: [gate('a'), gate('b'), noop('c', { depends_on: ['a', 'b'] })] };

const stop = async (world: World, rig: Rig): Promise<void> => {
  const stopping = rig.engine.stop({ graceMs: 0, graceUnsafeMs: 0 });
  await world.pass(8000);
  await stopping;
};

describe('two engines on one store', () => {
  worldTest(
    'who lost a run writes nothing of it and aborts what it executes',
    {},
    async (world, rig) => {
      const id = await rig.start(chain);
      await world.settle();
      const [a, b] = [world.call('a'), world.call('b')];
      world.dead.add(rig.nodeId);
      const next = createRig(world);
      expect(await next.engine.recover(null)).toBe(1);
      await world.settle();
      const before = next.sentences(id);
      a.end('old');
      await world.settle();
      expect(next.sentences(id)).toEqual(before);
      expect([b.signal.aborted, rig.engine.owns(id), next.engine.owns(id)]).toEqual([
        true,
        false,
        true,
      ]);
      b.end('old');
      for (const call of world.calls) if (call.open) call.end('new');
      await world.settle();
      expect(next.sentences(id)).toContain('step_completed a "new"');
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );

  worldTest(
    'an append that was on its way when the run was taken over is not written',
    {},
    async (world, rig) => {
      const id = await rig.start(chain);
      await world.settle();
      const release = holdAppends(world);
      world.call('a').end('late');
      await world.settle();
      world.dead.add(rig.nodeId);
      const next = createRig(world);
      world.store.held = null;
      await next.engine.recover(null);
      await world.settle();
      release();
      await world.settle();
      expect(next.sentences(id)).not.toContain('step_completed a "late"');
      expect(rig.engine.owns(id)).toBe(false);
    },
  );

  worldTest('a run of a living process is not taken over', {}, async (world, rig) => {
    const id = await rig.start(chain);
    await world.settle();
    const next = createRig(world);
    expect([await next.engine.recover(null), await next.engine.recover(id)]).toEqual([0, 0]);
  });

  worldTest(
    'a run of a process that renews no more is taken over when its lease has run out',
    {},
    async (world, rig) => {
      const id = await rig.start(chain);
      await world.settle();
      world.store.failing = (method) => method === 'renew';
      const next = createRig(world);
      await world.pass(30_000);
      expect(await next.engine.recover(null)).toBe(0);
      world.store.failing = null;
      // The first process stands still: only the wall clock goes on.
      world.clock.jump(61_000);
      expect(await next.engine.recover(id)).toBe(1);
    },
  );

  worldTest(
    'a repeat after a crash has the same idempotency key and is told that it is one',
    {},
    async (world, rig) => {
      await rig.start({ steps: [gate('a')] });
      await world.settle();
      const first = world.call('a');
      world.dead.add(rig.nodeId);
      await createRig(world).engine.recover(null);
      await world.settle();
      const second = world.calls[1];
      expect(second).toMatchObject({
        repeat: true,
        idempotencyKey: first.idempotencyKey,
        attempt: 1,
      });
      expect(first.repeat).toBe(false);
    },
  );
});

describe('time', () => {
  worldTest(
    'a wall clock that jumps back holds no timer of a living process up',
    {},
    async (world, rig) => {
      const wait = {
        id: 'w',
        type: 'wait' as const,
        config: { duration: '10s' },
        depends_on: ['a'],
      };
      const id = await rig.start({ steps: [gate('a'), wait] });
      await world.settle();
      world.clock.jump(-HOUR);
      world.call('a').end();
      await world.pass(11_000);
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );

  worldTest(
    'a wall clock that jumps forward fires no timer of a living process early',
    {},
    async (world, rig) => {
      const id = await rig.start({
        steps: [{ id: 'w', type: 'wait', config: { duration: '1m' } }],
      });
      await world.settle();
      world.clock.jump(HOUR);
      await world.pass(50_000);
      expect(world.store.head(id)?.status).toBe('active');
      await world.pass(11_000);
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );

  worldTest(
    'in which no process owned the run does not count to its limit',
    {},
    async (world, rig) => {
      const wait = (id: string, duration: string, after: string) => ({
        ...{ id, type: 'wait' as const, config: { duration }, depends_on: [after] },
      });
      const steps = [gate('a'), wait('w', '40m', 'a'), wait('v', '5m', 'w')];
      const id = await rig.start({ timeout: '1h', steps });
      await world.settle();
      world.call('a').end();
      await world.pass(HOUR / 6);
      await stop(world, rig);
      await world.pass(5 * HOUR);
      const next = createRig(world);
      await next.engine.recover(null);
      await world.pass(HOUR / 10);
      expect(world.store.run(id)).toMatchObject({ status: 'completed', error: null });
    },
  );

  worldTest(
    'a wait that passed while the process was down fires at start',
    {},
    async (world, rig) => {
      const id = await rig.start({
        steps: [{ id: 'w', type: 'wait', config: { duration: '1h' } }],
      });
      await stop(world, rig);
      await world.pass(2 * HOUR);
      const next = createRig(world);
      await next.engine.recover(null);
      await world.pass(100);
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );
});

describe('stopping', () => {
  worldTest('lets steps in flight finish and starts none after them', {}, async (world, rig) => {
    const steps = [gate('a'), gate('b', 'unsafe', { depends_on: ['a'] })];
    const id = await rig.start({ steps });
    await world.settle();
    const stopping = rig.engine.stop({ graceMs: 10_000, graceUnsafeMs: 300_000 });
    await world.settle();
    world.call('a').end('kept');
    await world.pass(100);
    expect(world.openCalls()).toEqual([]);
    await stopping;
    expect(rig.sentences(id)).toContain('step_completed a "kept"');
    expect(world.store.head(id)?.owner).toBeNull();
    await createRig(world).engine.recover(null);
    await world.settle();
    expect(world.openCalls()).toEqual(['b']);
  });

  worldTest('gives unsafe steps longer than others', {}, async (world, rig) => {
    await rig.start({ steps: [gate('a'), gate('b', 'unsafe')] });
    await world.settle();
    const stopping = rig.engine.stop({ graceMs: 1000, graceUnsafeMs: 60_000 });
    await world.pass(30_000);
    expect(world.call('b').signal.aborted).toBe(false);
    world.call('b').end();
    await world.pass(8000);
    await stopping;
    expect(world.call('a').signal.aborted).toBe(true);
  });

  worldTest('a step that was cut off is judged as after a crash', {}, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a', 'unsafe')] });
    await stop(world, rig);
    const next = createRig(world);
    await next.engine.recover(null);
    await world.settle();
    expect(next.sentences(id)).toContain('step_interrupted a ask 1');
  });

  worldTest('takes no new start', {}, async (world, rig) => {
    await stop(world, rig);
    const error = await rig.start(chain).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFLICT' });
  });

  worldTest(
    'tells whoever waits for a run that it is no longer looked after here',
    {},
    async (world, rig) => {
      const id = await rig.start({ steps: [ask('q')] });
      let told: string | null = null;
      const waiting = rig.engine
        .settled(id, { timeoutMs: null, orSuspended: false })
        .then((end) => {
          told = end;
        });
      await stop(world, rig);
      await world.settle();
      expect(told as string | null).toBe('lost');
      await waiting;
    },
  );
});
