/** Snapshots: when they are written, who uses them, and that nobody depends on them. */
import { describe, expect } from 'bun:test';
import { EVOLVE_VERSION } from '../../src/core/snapshot.ts';
import type { RunId } from '../../src/model/ids.ts';
import type { RunSnapshot } from '../../src/model/snapshot-store.ts';
import { worldTest } from './harness.ts';
import { createRig, noop, type Rig, type World } from './rig.ts';

const AFTER = 100;
const config = { snapshotAfterEvents: AFTER };

const long = (items: number) => ({
  steps: [
    {
      id: 'loop',
      type: 'loop' as const,
      config: { over: Array.from({ length: items }, (_, index) => index), body: [noop('body')] },
    },
    { id: 'w1', type: 'wait' as const, config: { signal: 'one' }, depends_on: ['loop'] },
    { id: 'w2', type: 'wait' as const, config: { signal: 'two' }, depends_on: ['w1'] },
    noop('end', { depends_on: ['w2'] }),
  ],
});

const data = (name: string) => ({ type: 'data' as const, name, payload: name });

async function parked(world: World, rig: Rig, items = 40): Promise<RunId> {
  const id = await rig.start(long(items));
  await world.settle();
  return id;
}

/** What another process reads of the log to bring the run to its end. */
async function readsOf(world: World, id: RunId): Promise<number[]> {
  const reads: number[] = [];
  const read = world.store.events;
  world.store.events = (runId, after, limit) => {
    reads.push(after);
    return read(runId, after, limit);
  };
  const other = createRig(world, { config });
  expect(await other.signal(id, data('one'))).toMatchObject({ ok: true });
  expect(await other.signal(id, data('two'))).toMatchObject({ ok: true });
  await world.settle();
  world.store.events = read;
  expect(world.store.head(id)?.status).toBe('completed');
  return reads;
}

worldTest(
  'a parked run with a long log is woken elsewhere by the events behind its snapshot',
  { config },
  async (world, rig) => {
    const id = await parked(world, rig);
    const seq = rig.events(id).length;
    expect(world.store.snapshotMark(id)).toEqual({ seq, version: EVOLVE_VERSION });
    expect((await readsOf(world, id))[0]).toBe(seq);
    // A run that has ended needs none.
    expect(world.store.snapshotMark(id)).toBeNull();
  },
);

worldTest('a short log has none', { config }, async (world, rig) => {
  const id = await parked(world, rig, 5);
  expect(world.store.snapshotMark(id)).toBeNull();
});

worldTest(
  'a new one is written only so many events after the last',
  { config },
  async (world, rig) => {
    const id = await parked(world, rig);
    const first = world.store.snapshotMark(id);
    await rig.signal(id, data('one'));
    await world.settle();
    expect(rig.events(id).length).toBeGreaterThan(first?.seq ?? 0);
    expect(world.store.snapshotMark(id)).toEqual(first);
  },
);

worldTest(
  'a process that stops at once has written it before it is gone',
  { config },
  async (world, rig) => {
    const id = await rig.start(long(40));
    const stopping = rig.engine.stop({ graceMs: 0, graceUnsafeMs: 0 });
    await world.pass(8000);
    await stopping;
    expect(world.store.snapshotMark(id)).not.toBeNull();
  },
);

describe('what is wrong with a snapshot is made good by the log', () => {
  const faults: Readonly<Record<string, (kept: RunSnapshot) => RunSnapshot>> = {
    'cut off': (kept) => ({ ...kept, text: kept.text.slice(0, -20) }),
    empty: (kept) => ({ ...kept, text: '' }),
    'another value': (kept) => ({ ...kept, text: '[1]' }),
    'of another version': (kept) => ({ ...kept, version: EVOLVE_VERSION + 1 }),
    'of another run': (kept) => ({ ...kept, text: kept.text.replace(/"run":"./, '"run":"x') }),
    'of another definition': (kept) => ({
      ...kept,
      text: kept.text.replace(/"plan":"./, '"plan":"x'),
    }),
    'with a sequence that is not its own': (kept) => ({ ...kept, seq: kept.seq - 1 }),
    'with fields nobody knows': (kept) => ({
      ...kept,
      text: kept.text.replace('"stepExecutions"', '"stepsExecuted"'),
    }),
    'with another number of steps': (kept) => ({
      ...kept,
      text: kept.text.replace('"top":[3,null,1,[', '"top":[3,null,1,[0,'),
    }),
  };
  for (const [name, fault] of Object.entries(faults)) {
    worldTest(name, { config }, async (world, rig) => {
      const id = await parked(world, rig);
      const kept = world.store.snapshot(id);
      if (kept === null) throw new Error('there is none');
      const broken = fault(kept);
      expect(broken).not.toEqual(kept);
      world.store.dropSnapshot(id);
      await world.store.putSnapshot(id, broken);
      expect((await readsOf(world, id))[0]).toBe(0);
    });
  }

  worldTest('one that is ahead of the log', { config }, async (world, rig) => {
    const id = await parked(world, rig);
    const kept = world.store.snapshot(id);
    if (kept === null) throw new Error('there is none');
    world.store.snapshot = () => ({ ...kept, seq: kept.seq + 5 });
    expect((await readsOf(world, id))[0]).toBe(0);
  });
});

worldTest('a store that keeps none is no obstacle', { config }, async (world, rig) => {
  world.store.failing = (method) => method === 'putSnapshot' || method === 'snapshotMark';
  const id = await parked(world, rig);
  world.store.failing = null;
  expect(rig.logged.join()).toContain('a snapshot could not be kept');
  expect((await readsOf(world, id))[0]).toBe(0);
});
