/** What is counted when a process dies under many runs: the innocent are not blamed. */
import { describe, expect } from 'bun:test';
import type { RunId } from '../../src/model/ids.ts';
import { worldTest } from './harness.ts';
import { ask, createRig, gate, type Rig, type World } from './rig.ts';

const again = { steps: [gate('a', 'unsafe', { on_interrupt: 'rerun' })] };

async function startMany(world: World, rig: Rig, count: number): Promise<RunId[]> {
  const ids: RunId[] = [];
  for (let index = 0; index < count; index++) ids.push(await rig.start(again));
  await world.settle();
  return ids;
}

/** The process dies; another takes on everything, or one run. */
async function next(world: World, rig: Rig, only: RunId | null = null): Promise<Rig> {
  world.dead.add(rig.nodeId);
  const other = createRig(world);
  await other.engine.recover(only);
  await world.settle();
  return other;
}

/** `others` of each interruption of a run's step. */
const othersOf = (rig: Rig, id: RunId): unknown[] =>
  rig
    .events(id)
    .flatMap((event) => (event.type === 'step_interrupted' ? [event.payload.others] : []));

const endsOf = (world: World, ids: readonly RunId[]): string[] => [
  ...new Set(ids.map((id) => world.store.head(id)?.status ?? '')),
];

describe('a process that dies', () => {
  worldTest(
    'under twenty runs blames none of them eight times, and the ninth time quarantines them',
    {},
    async (world, rig) => {
      const ids = await startMany(world, rig, 20);
      let latest = rig;
      for (let death = 1; death <= 8; death++) latest = await next(world, latest);
      expect(endsOf(world, ids)).toEqual(['active']);
      expect(othersOf(latest, ids[7] as RunId)).toEqual(Array(8).fill(19));
      latest = await next(world, latest);
      expect(endsOf(world, ids)).toEqual(['suspended']);
      const [first = '' as RunId] = ids;
      expect(latest.sentences(first).at(-1)).toContain('workflow_suspended quarantined');
      await latest.signal(first, { type: 'resume' });
      await world.settle();
      const call = world.calls.findLast(({ runId, open }) => open && runId === first);
      call?.end();
      await world.settle();
      expect(world.store.head(first)?.status).toBe('completed');
    },
  );

  worldTest('under one run blames its step: the third time it fails', {}, async (world, rig) => {
    const [id = '' as RunId] = await startMany(world, rig, 1);
    let latest = rig;
    for (let death = 1; death <= 3; death++) latest = await next(world, latest);
    expect(othersOf(latest, id)).toEqual([0, 0, 0]);
    expect(world.store.run(id)).toMatchObject({ status: 'failed', error: { code: 'INTERRUPTED' } });
  });

  worldTest(
    'is counted before anything of it is claimed, by whoever finds it first',
    {},
    async (world, rig) => {
      const [one, two, three] = await startMany(world, rig, 3);
      // Runs that only wait were not at work there.
      await rig.start({ steps: [ask('q')] });
      await world.settle();
      const first = await next(world, rig, one);
      const second = createRig(world);
      await second.engine.recover(null);
      await world.settle();
      const others = [one, two, three].map((id) => othersOf(second, id as RunId));
      expect(others).toEqual([[2], [2], [2]]);
      expect([first, second].map(({ engine }) => engine.liveRuns())).toEqual([1, 2]);
    },
  );
});

worldTest(
  'runs that a process gives up for a while, and takes again, are counted together',
  {},
  async (world, rig) => {
    const [id = '' as RunId] = await startMany(world, rig, 3);
    world.store.failing = (method) => method === 'renew';
    await world.pass(50_000);
    for (const call of world.calls) if (call.open) call.end();
    world.store.failing = null;
    await world.pass(20_000);
    expect(rig.engine.owns(id)).toBe(true);
    expect(othersOf(rig, id)).toEqual([2]);
  },
);

for (const count of [1, 4]) {
  worldTest(`a stop that cuts ${count} off counts those it cut off`, {}, async (world, rig) => {
    await rig.start({ steps: [{ id: 'w', type: 'wait', config: { duration: '1h' } }] });
    const [id = '' as RunId] = await startMany(world, rig, count);
    const stopping = rig.engine.stop({ graceMs: 0, graceUnsafeMs: 0 });
    await world.pass(8000);
    await stopping;
    const other = createRig(world);
    await other.engine.recover(null);
    await world.settle();
    expect(othersOf(other, id)).toEqual([count - 1]);
  });
}
