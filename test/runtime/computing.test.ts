import { describe, expect } from 'bun:test';
import { worldTest } from './harness.ts';
import { ask, createRig, gate, noop, type World } from './rig.ts';

const slow = { slowExpressions: true };
const guarded = (id: string) => noop(id, { condition: 'inputs.slow == 1' });

function answer(world: World, value: boolean): void {
  const [request] = world.computing.splice(0, 1);
  if (request === undefined) throw new Error('nothing is being computed');
  request.answer({ ok: true, value });
}

describe('an evaluation that is out at a compute process', () => {
  worldTest('keeps the run active; the answer carries it on', slow, async (world, rig) => {
    const id = await rig.start({ steps: [guarded('a'), ask('q')] });
    await world.settle();
    expect(world.store.head(id)?.status).toBe('active');
    answer(world, true);
    await world.settle();
    expect(rig.sentences(id)).toContain('step_completed a {"value":"a"}');
    expect(world.store.head(id)?.status).toBe('suspended');
  });

  worldTest('is asked once for steps that ask the same', slow, async (world, rig) => {
    const id = await rig.start({ steps: [guarded('a'), guarded('b')] });
    await world.settle();
    expect(world.computing).toHaveLength(1);
    answer(world, false);
    await world.settle();
    expect(world.store.head(id)?.status).toBe('completed');
    expect(rig.sentences(id)).toContain('step_skipped b condition_false');
  });

  worldTest('that fails fails its step', slow, async (world, rig) => {
    const id = await rig.start({ steps: [guarded('a')] });
    await world.settle();
    world.computing[0]?.answer({ ok: false, error: { code: 'LIMIT_EXCEEDED', message: '2 s' } });
    await world.settle();
    expect(world.store.run(id)?.error).toMatchObject({ code: 'LIMIT_EXCEEDED', step_id: 'a' });
  });

  worldTest(
    'whose answer comes after the run was cancelled changes nothing',
    slow,
    async (world, rig) => {
      const id = await rig.start({ steps: [guarded('a')] });
      await world.settle();
      const cancelled = rig.signal(id, { type: 'cancel' });
      await world.settle();
      await cancelled;
      const before = rig.sentences(id);
      answer(world, true);
      await world.settle();
      expect([world.store.head(id)?.status, rig.sentences(id)]).toEqual(['cancelled', before]);
      expect(rig.engine.liveRuns()).toBe(0);
    },
  );

  worldTest('is asked again by whoever takes the run over', slow, async (world, rig) => {
    const id = await rig.start({ steps: [guarded('a')] });
    await world.settle();
    world.dead.add(rig.nodeId);
    await createRig(world, slow).engine.recover(null);
    await world.settle();
    expect(world.computing).toHaveLength(2);
    world.computing.shift();
    answer(world, true);
    await world.settle();
    expect(world.store.head(id)?.status).toBe('completed');
  });

  worldTest('survives a commit that fails: it is asked again', slow, async (world, rig) => {
    const id = await rig.start({ steps: [gate('g'), guarded('a')] });
    await world.settle();
    world.store.failing = (method) => method === 'append';
    answer(world, true);
    await world.settle();
    world.store.failing = null;
    await world.pass(5000);
    if (world.computing.length > 0) answer(world, true);
    world.call('g').end();
    await world.pass(1000);
    expect(world.store.head(id)?.status).toBe('completed');
  });
});
