import { describe, expect, test } from 'bun:test';
import { createSlots } from '../../src/runtime/slots.ts';
import { holdAppends, worldTest } from './harness.ts';
import { gate, type Rig, type World } from './rig.ts';

const one = { config: { poolSize: 1 } };
const statuses = (world: World, ids: readonly Parameters<World['store']['head']>[0][]) =>
  ids.map((id) => world.store.head(id)?.status);
const startAll = (rig: Rig, steps: readonly string[]) =>
  Promise.all(steps.map((id) => rig.start({ steps: [gate(id)] })));

/** Ends open calls one after the other; there must always be one. */
async function endAll(world: World, count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await world.settle();
    const [call] = world.calls.filter(({ open }) => open);
    expect(call?.path ?? `nothing runs after ${turn} of ${count}`).toBeString();
    if (call === undefined) throw new Error(`nothing runs after ${turn} of ${count}`);
    call.end();
  }
  await world.settle();
}

describe('slots of a pool', () => {
  test('are handed out round-robin over runs', () => {
    const slots = createSlots(1);
    const order: string[] = [];
    slots.tryTake('x');
    for (const path of ['a', 'b', 'c'])
      slots.request('wide', path, () => order.push(`wide ${path}`));
    slots.request('narrow', 'a', () => order.push('narrow a'));
    for (let turn = 0; turn < 4; turn++) slots.release();
    expect(order).toEqual(['wide a', 'narrow a', 'wide b', 'wide c']);
  });

  test('go to those who wait before those who come', () => {
    const slots = createSlots(1);
    slots.tryTake('x');
    let granted = 0;
    slots.request('y', 'a', () => {
      granted += 1;
    });
    expect(slots.tryTake('z')).toBe(false);
    slots.release();
    expect([granted, slots.taken, slots.tryTake('z')]).toEqual([1, 1, false]);
  });

  test('are not given to a request that was withdrawn', () => {
    const slots = createSlots(1);
    slots.tryTake('x');
    const withdraw = slots.request('y', 'a', () => expect.unreachable());
    withdraw();
    slots.release();
    expect([slots.taken, slots.waiting()]).toEqual([0, 0]);
  });
});

describe('executing actions', () => {
  worldTest(
    'are never more than the pool, and every run comes to its end',
    { config: { poolSize: 2 } },
    async (world, rig) => {
      const steps = [gate('a'), gate('b'), gate('c', 'idempotent', { depends_on: ['a'] })];
      const ids = await Promise.all(
        [1, 2, 3, 4].map((n) => rig.start({ steps }, { inputs: { n } })),
      );
      for (let turn = 0; turn < 12; turn++) {
        await world.settle();
        const open = world.calls.filter((call) => call.open);
        expect(open.length).toBeGreaterThan(0);
        expect(open.length).toBeLessThanOrEqual(2);
        open[0]?.end();
      }
      await world.settle();
      expect(statuses(world, ids)).toEqual(Array(4).fill('completed'));
    },
  );

  worldTest(
    'a slot granted while the run’s append is on its way is used',
    one,
    async (world, rig) => {
      const ids = await startAll(rig, ['a', 'b', 'c']);
      await world.settle();
      expect(world.openCalls()).toEqual(['a']);
      const release = holdAppends(world);
      const sent = rig.signal(ids[1] as never, { type: 'data', payload: { n: 1 } });
      await world.settle();
      world.call('a').end();
      await world.settle();
      release();
      await world.settle();
      await sent;
      await endAll(world, 2);
      expect(statuses(world, ids)).toEqual(Array(3).fill('completed'));
    },
  );

  worldTest(
    'a slot that frees while runs that want it are being written is used by both in turn',
    one,
    async (world, rig) => {
      await startAll(rig, ['a']);
      await world.settle();
      const release = holdAppends(world);
      const starting = startAll(rig, ['b', 'c']);
      await world.settle();
      world.call('a').end();
      await world.settle();
      release();
      const ids = await starting;
      await endAll(world, 2);
      expect(statuses(world, ids)).toEqual(['completed', 'completed']);
    },
  );

  worldTest(
    'a slot granted while the run is paused goes on, and the run asks again when resumed',
    one,
    async (world, rig) => {
      const [, paused] = await startAll(rig, ['a', 'b']);
      await world.settle();
      const pausing = rig.signal(paused as never, { type: 'pause' });
      await world.settle();
      await pausing;
      world.call('a').end();
      await world.settle();
      await startAll(rig, ['c']);
      await world.settle();
      expect(world.openCalls()).toEqual(['c']);
      const resuming = rig.signal(paused as never, { type: 'resume' });
      await world.settle();
      await resuming;
      world.call('c').end();
      await world.settle();
      expect(world.openCalls()).toEqual(['b']);
    },
  );
});

describe('no attempt starts before the one before it has settled', () => {
  worldTest(
    'an action that was aborted by its timeout and takes long to go',
    {},
    async (world, rig) => {
      const steps = [gate('a', 'idempotent', { timeout: '1s', retry: { max: 1 } })];
      const id = await rig.start({ steps });
      await world.settle();
      const first = world.call('a');
      await world.pass(1000);
      expect([first.signal.aborted, world.openCalls()]).toEqual([true, ['a']]);
      expect(rig.sentences(id).slice(-2)).toEqual([
        'step_retry_attempt a #2 in 0ms',
        'step_scheduled a settling',
      ]);
      first.end('too late');
      await world.settle();
      expect(world.call('a').attempt).toBe(2);
      world.call('a').end('in time');
      await world.settle();
      expect(rig.sentences(id)).toContain('step_completed a "in time"');
    },
  );

  worldTest('a composite whose inside has not gone yet', {}, async (world, rig) => {
    const config = {
      mode: 'while',
      condition: 'iter.index < 1',
      body: [gate('x'), gate('y')],
    } as const;
    await rig.start({
      steps: [{ id: 'l', type: 'loop', timeout: '5s', retry: { max: 1 }, config: { ...config } }],
    });
    await world.settle();
    world.call('l.iter_0.x').end();
    await world.settle();
    const last = world.call('l.iter_0.y');
    await world.pass(6000);
    expect([last.signal.aborted, world.openCalls()]).toEqual([true, ['l.iter_0.y']]);
    last.end();
    await world.settle();
    expect(world.openCalls()).toEqual(['l.iter_0.x']);
  });

  worldTest(
    'an attempt that settles while storage fails is not waited for for ever',
    {},
    async (world, rig) => {
      const steps = [gate('a', 'idempotent', { timeout: '1s', retry: { max: 1 } })];
      const id = await rig.start({ steps });
      await world.pass(1000);
      const first = world.call('a');
      world.store.failing = (method) => method === 'append';
      const sent = rig.signal(id, { type: 'data', payload: { x: 1 } });
      await world.settle();
      first.end();
      await world.settle();
      world.store.failing = null;
      await world.pass(5000);
      await sent;
      expect(world.openCalls()).toEqual(['a']);
    },
  );
});

describe('a run that has nothing in flight', () => {
  worldTest('leaves memory when it has ended', {}, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a')] });
    await endAll(world, 1);
    expect(world.store.head(id)).toMatchObject({ status: 'completed', owner: null });
    expect(rig.engine.liveRuns()).toBe(0);
  });

  worldTest('leaves memory when it waits for a person after an action', {}, async (world, rig) => {
    const question = { id: 'q', type: 'reasoning' as const, config: { prompt_context: '?' } };
    const id = await rig.start({ steps: [gate('a'), { ...question, depends_on: ['a'] }] });
    await endAll(world, 1);
    expect(world.store.head(id)).toMatchObject({ status: 'suspended', owner: null });
    expect(rig.engine.liveRuns()).toBe(0);
  });

  worldTest(
    'is parked while it sleeps, and wakes at its time',
    { config: { claims: true } },
    async (world, rig) => {
      const id = await rig.start({
        steps: [{ id: 'w', type: 'wait', config: { duration: '1h' } }],
      });
      await world.settle();
      expect([rig.engine.liveRuns(), world.store.head(id)?.owner]).toEqual([0, null]);
      await world.pass(3_600_000 - 2000);
      expect(world.store.head(id)?.status).toBe('active');
      await world.pass(4000);
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );

  worldTest(
    'stays when it sleeps only a moment',
    { config: { claims: true, parkAfterMs: 10_000 } },
    async (world, rig) => {
      await rig.start({ steps: [{ id: 'w', type: 'wait', config: { duration: '9s' } }] });
      await world.settle();
      expect(rig.engine.liveRuns()).toBe(1);
    },
  );
});
