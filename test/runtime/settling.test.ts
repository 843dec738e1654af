/**
 * What waits until an attempt before it is really over, under an executor that lets runs leave memory:
 * it goes on when that is gone, whoever owned the run meanwhile.
 */
import { describe, expect } from 'bun:test';
import type { StepDef } from '../../src/model/definition.ts';
import type { RunId } from '../../src/model/ids.ts';
import { worldTest } from './harness.ts';
import { createRig, gate, noop, type Rig, type World } from './rig.ts';

const daemon = { config: { claims: true } };
const limited = { timeout: '300ms', retry: { max: 1 } } as const;

/** Each composite around a gate that is still at work when the limit of the composite is over. */
const AROUND: Readonly<Record<string, (inner: StepDef) => StepDef>> = {
  'the step itself': (inner) => ({ ...inner, ...limited }),
  'a loop': (inner) => ({
    id: 'l',
    type: 'loop',
    ...limited,
    config: { over: '[1]', body: [inner] },
  }),
  'a parallel': (inner) => ({
    id: 'p',
    type: 'parallel',
    ...limited,
    config: { branches: [[inner], [noop('b')]] },
  }),
  'a race': (inner) => ({
    id: 'r',
    type: 'parallel',
    ...limited,
    config: {
      mode: 'race',
      branches: [[inner], [{ id: 'w', type: 'wait', config: { signal: 'x' } }]],
    },
  }),
  'a condition': (inner) => ({
    id: 'c',
    type: 'condition',
    ...limited,
    config: { expression: 'true', branches: { true: [inner] } },
  }),
};

const openCall = (world: World) => {
  const [call] = world.calls.filter(({ open }) => open);
  if (call === undefined) throw new Error('nothing is at work');
  return call;
};

describe('an attempt after one that its time limit cut off', () => {
  for (const [name, around] of Object.entries(AROUND)) {
    for (const kind of ['idempotent', 'unsafe'] as const) {
      worldTest(`starts once that is gone: ${name}, ${kind}`, daemon, async (world, rig) => {
        const id = await rig.start({ steps: [around(gate('a', kind))] });
        await world.pass(400);
        expect(world.calls).toHaveLength(1);
        openCall(world).end();
        await world.settle();
        expect(world.calls).toHaveLength(2);
        openCall(world).end();
        await world.settle();
        expect(world.store.head(id)?.status).toBe('completed');
      });
    }
  }
});

/** A run whose second attempt waits until the first is gone. */
async function heldBack(world: World, rig: Rig): Promise<RunId> {
  const id = await rig.start({ steps: [gate('a', 'idempotent', { ...limited, timeout: '5m' })] });
  await world.pass(301_000);
  expect(rig.sentences(id).at(-1)).toContain('settling');
  return id;
}

async function endsWithSecondCall(world: World, id: RunId): Promise<void> {
  await world.settle();
  expect(world.calls).toHaveLength(2);
  openCall(world).end();
  await world.settle();
  expect(world.store.head(id)?.status).toBe('completed');
}

describe('what waits until something is gone goes on', () => {
  worldTest('when the run was paused before and is resumed after', daemon, async (world, rig) => {
    const id = await heldBack(world, rig);
    await rig.signal(id, { type: 'pause' });
    openCall(world).end();
    await world.settle();
    expect(world.store.head(id)).toMatchObject({ status: 'suspended', owner: null });
    void rig.signal(id, { type: 'resume' });
    await endsWithSecondCall(world, id);
  });

  worldTest('when it was paused and resumed before that', daemon, async (world, rig) => {
    const id = await heldBack(world, rig);
    void rig.signal(id, { type: 'pause' });
    await world.settle();
    void rig.signal(id, { type: 'resume' });
    await world.settle();
    openCall(world).end();
    await endsWithSecondCall(world, id);
  });

  worldTest('when nothing can be written at that moment', daemon, async (world, rig) => {
    const id = await heldBack(world, rig);
    world.store.failing = (method) => method === 'append';
    openCall(world).end();
    await world.settle();
    world.store.failing = null;
    await world.pass(3000);
    await endsWithSecondCall(world, id);
  });

  worldTest('when a signal that could not be written came before', daemon, async (world, rig) => {
    const id = await heldBack(world, rig);
    world.store.failing = (method) => method === 'append';
    void rig.signal(id, { type: 'data', payload: { n: 1 } });
    await world.settle();
    openCall(world).end();
    await world.settle();
    world.store.failing = null;
    await world.pass(3000);
    await endsWithSecondCall(world, id);
  });

  worldTest('in the next process after a graceful stop', daemon, async (world, rig) => {
    const id = await heldBack(world, rig);
    const stopped = rig.engine.stop({ graceMs: 0, graceUnsafeMs: 0 });
    await world.settle();
    openCall(world).end();
    await world.pass(100);
    await stopped;
    createRig(world, daemon);
    await world.pass(1000);
    await endsWithSecondCall(world, id);
  });

  worldTest('in the next process after a crash', daemon, async (world, rig) => {
    const id = await heldBack(world, rig);
    world.store.failing = () => true;
    openCall(world).end();
    world.store.failing = null;
    world.dead.add(rig.nodeId);
    await createRig(world, daemon).engine.recover(null);
    await endsWithSecondCall(world, id);
  });

  const shortLease = { config: { claims: true, leaseMs: 6000, renewMs: 1000 } };
  worldTest(
    'when the process gave the run up for want of a lease',
    shortLease,
    async (world, rig) => {
      const id = await heldBack(world, rig);
      world.store.failing = (method) => method === 'renew';
      await world.pass(5000);
      expect(rig.engine.owns(id)).toBe(false);
      world.store.failing = null;
      await world.pass(1500);
      expect([rig.engine.owns(id), world.calls.length]).toEqual([true, 1]);
      openCall(world).end();
      await endsWithSecondCall(world, id);
    },
  );
});

describe('a list that fail_fast cut off and that is tried again', () => {
  worldTest('waits for what was cut off', daemon, async (world, rig) => {
    const id = await rig.start({
      fail_fast: true,
      steps: [
        {
          id: 'c',
          type: 'condition',
          retry: { max: 1, on: ['ASSERTION_FAILED'] },
          config: {
            expression: 'true',
            branches: {
              true: [
                gate('slow', 'idempotent', { depends_on: [] }),
                gate('bad', 'idempotent', { depends_on: [] }),
              ],
            },
          },
        },
      ],
    });
    await world.settle();
    const slow = world.call('c.true.slow');
    world.call('c.true.bad').fail('ASSERTION_FAILED');
    await world.settle();
    slow.end();
    await world.settle();
    expect(world.openCalls().sort()).toEqual(['c.true.bad', 'c.true.slow']);
    for (const call of world.calls) if (call.open) call.end();
    await world.settle();
    expect(world.store.head(id)?.status).toBe('completed');
  });
});
