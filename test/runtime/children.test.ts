import { describe, expect } from 'bun:test';
import type { StepDef } from '../../src/model/definition.ts';
import type { RunId } from '../../src/model/ids.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { RunRow } from '../../src/model/store.ts';
import { worldTest } from './harness.ts';
import { ask, createRig, gate, noop, type World } from './rig.ts';

const callChild = (params: JsonObject = {}, more: Partial<StepDef> = {}): StepDef => ({
  id: 'c',
  action: 'workflow.run',
  params: { template_name: 't', ...params },
  ...more,
});
const acting = { templates: { t: { steps: [gate('a')] } } };
const asking = { templates: { t: { steps: [ask('q')] } } };

/** Children of a run, oldest first. */
const childrenOf = (world: World, parentId: RunId): readonly RunRow[] =>
  [...world.store.queryRuns({ parentId, limit: 50 }).items].reverse();

function onlyChild(world: World, parentId: RunId): RunRow {
  const [child, second] = childrenOf(world, parentId);
  if (child === undefined || second !== undefined) throw new Error('not exactly one child');
  return child;
}

describe('a parent', () => {
  worldTest('waits for its child and takes its output', acting, async (world, rig) => {
    const id = await rig.start({ steps: [callChild(), noop('b', { depends_on: ['c'] })] });
    await world.settle();
    expect(world.store.head(id)?.status).toBe('active');
    world.call('a').end({ n: 1 });
    await world.settle();
    expect(rig.sentences(id)).toContain('step_completed c {"a":{"n":1}}');
    expect(world.store.head(id)?.status).toBe('completed');
  });

  worldTest(
    'is suspended while its child waits for a person, and goes on after the answer',
    asking,
    async (world, rig) => {
      const id = await rig.start({ steps: [callChild()] });
      await world.settle();
      const child = onlyChild(world, id);
      expect(world.store.run(id)).toMatchObject({
        status: 'suspended',
        waitingFor: [{ step_id: 'c', kind: 'child', name: child.runId }],
      });
      const answered = rig.signal(child.runId, { type: 'decision', payload: { choice: 'yes' } });
      await world.settle();
      expect(await answered).toMatchObject({ ok: true });
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );

  worldTest('with other work is active while its child waits', asking, async (world, rig) => {
    const id = await rig.start({ steps: [callChild(), gate('busy')] });
    await world.settle();
    expect(world.store.head(id)?.status).toBe('active');
  });

  worldTest('fails with its child’s error', acting, async (world, rig) => {
    const id = await rig.start({ steps: [callChild()] });
    await world.settle();
    world.call('a').fail('ASSERTION_FAILED');
    await world.settle();
    expect(world.store.run(id)).toMatchObject({
      status: 'failed',
      error: { code: 'ASSERTION_FAILED', step_id: 'c' },
    });
  });

  worldTest('that is cancelled takes its children down', acting, async (world, rig) => {
    const id = await rig.start({ steps: [callChild()] });
    await world.settle();
    const call = world.call('a');
    const cancelled = rig.signal(id, { type: 'cancel' });
    await world.settle();
    await cancelled;
    expect([call.signal.aborted, onlyChild(world, id).status]).toEqual([true, 'active']);
    expect(world.store.run(id)).toMatchObject({
      status: 'active',
      waitingFor: [{ step_id: 'c', kind: 'settling', name: 'cancelled' }],
    });
    call.end();
    await world.settle();
    expect([onlyChild(world, id).status, world.store.head(id)?.status]).toEqual([
      'cancelled',
      'cancelled',
    ]);
  });

  worldTest('whose step times out cancels the child', acting, async (world, rig) => {
    const id = await rig.start({ steps: [callChild({}, { timeout: '1m' })] });
    await world.pass(61_000);
    expect(world.store.head(id)?.status).toBe('active');
    world.call('a').end();
    await world.settle();
    expect(world.store.run(id)).toMatchObject({
      status: 'failed',
      error: { code: 'TIMEOUT_ERROR' },
    });
    expect(onlyChild(world, id).status).toBe('cancelled');
  });

  worldTest('with on_suspend fail cancels a child that waits', asking, async (world, rig) => {
    const id = await rig.start({ steps: [callChild({ on_suspend: 'fail' })] });
    await world.settle();
    expect(world.store.head(id)?.status).toBe('failed');
    expect(onlyChild(world, id).status).toBe('cancelled');
  });

  worldTest(
    'with wait false goes on at once, and the child lives on its own',
    acting,
    async (world, rig) => {
      const id = await rig.start({ steps: [callChild({ wait: false })] });
      await world.settle();
      expect(world.store.head(id)?.status).toBe('completed');
      expect(world.openCalls()).toEqual(['a']);
      world.call('a').end();
      await world.settle();
      expect(world.store.queryRuns({ status: ['completed'], limit: 9 }).items).toHaveLength(2);
    },
  );

  worldTest('has a child of its own for every attempt', acting, async (world, rig) => {
    const id = await rig.start({ steps: [callChild({}, { retry: { max: 1 } })] });
    await world.settle();
    world.call('a').fail();
    await world.pass(100);
    world.call('a').end();
    await world.settle();
    expect(childrenOf(world, id).map(({ status }) => status)).toEqual(['failed', 'completed']);
    expect(world.store.head(id)?.status).toBe('completed');
  });

  worldTest('retried by a signal starts another child', acting, async (world, rig) => {
    const id = await rig.start({ steps: [callChild()] });
    await world.settle();
    world.call('a').fail();
    await world.settle();
    const retried = rig.signal(id, { type: 'retry' });
    await world.settle();
    await retried;
    expect(world.openCalls()).toEqual(['a']);
    world.call('a').end();
    await world.settle();
    expect(world.store.head(id)?.status).toBe('completed');
  });

  worldTest(
    'starts another child when a while iteration is repeated',
    acting,
    async (world, rig) => {
      const config = { mode: 'while' as const, condition: 'iter.index < 1', max_iter: 3 };
      const retry = { max: 1, on: ['EXECUTION_ERROR'] };
      const id = await rig.start({
        steps: [{ id: 'l', type: 'loop', retry, config: { ...config, body: [callChild()] } }],
      });
      await world.settle();
      world.call('a').fail();
      await world.pass(100);
      world.call('a').end();
      await world.settle();
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );
});

describe('a crash', () => {
  worldTest(
    'while the child executes: the same child goes on, the parent with it',
    acting,
    async (world, rig) => {
      const id = await rig.start({ steps: [callChild()] });
      await world.settle();
      world.dead.add(rig.nodeId);
      await createRig(world, acting).engine.recover(null);
      await world.settle();
      world.calls[1]?.end('again');
      await world.settle();
      expect(onlyChild(world, id).status).toBe('completed');
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );

  worldTest(
    'of the parent only: its child’s end is kept in its inbox',
    acting,
    async (world, rig) => {
      const id = await rig.start({ steps: [callChild()] });
      await world.settle();
      const child = onlyChild(world, id);
      world.dead.add(rig.nodeId);
      const childOnly = createRig(world, acting);
      expect(await childOnly.engine.recover(child.runId)).toBe(1);
      await world.settle();
      world.calls[1]?.end('late');
      await world.settle();
      expect(onlyChild(world, id).status).toBe('completed');
      const next = createRig(world, acting);
      await next.engine.recover(null);
      await world.settle();
      expect(world.store.head(id)?.status).toBe('completed');
      expect(next.sentences(id)).toContain('step_completed c {"a":"late"}');
    },
  );
});

describe('pause', () => {
  const chain = { templates: { t: { steps: [gate('a'), noop('b', { depends_on: ['a'] })] } } };

  worldTest('goes down to the children, and resume with it', chain, async (world, rig) => {
    const id = await rig.start({ steps: [callChild()] });
    await world.settle();
    const child = onlyChild(world, id).runId;
    void rig.signal(id, { type: 'pause' });
    await world.settle();
    world.call('a').end();
    await world.settle();
    expect(world.store.run(child)).toMatchObject({ status: 'suspended', paused: true });
    void rig.signal(id, { type: 'resume' });
    await world.settle();
    expect([world.store.head(child)?.status, world.store.head(id)?.status]).toEqual([
      'completed',
      'completed',
    ]);
  });

  worldTest('of a child for its own sake outlives its parent’s', chain, async (world, rig) => {
    for (const order of [['child', 'parent'] as const, ['parent', 'child'] as const]) {
      const id = await rig.start({ steps: [callChild()] });
      await world.settle();
      const child = onlyChild(world, id).runId;
      for (const who of order) {
        void rig.signal(who === 'child' ? child : id, { type: 'pause' });
        await world.settle();
      }
      world.call('a').end();
      void rig.signal(id, { type: 'resume' });
      await world.settle();
      expect({ order, paused: world.store.run(child)?.paused }).toEqual({ order, paused: true });
      void rig.signal(child, { type: 'resume' });
      await world.settle();
      expect(world.store.head(id)?.status).toBe('completed');
    }
  });

  worldTest('by the run’s limit goes down too', chain, async (world, rig) => {
    const id = await rig.start({ steps: [callChild()], timeout: '5s', on_timeout: 'suspend' });
    await world.pass(6000);
    expect(onlyChild(world, id).paused).toBe(true);
    void rig.signal(id, { type: 'resume' });
    await world.settle();
    expect(onlyChild(world, id).paused).toBe(false);
  });

  worldTest('cannot be made to look like a parent’s from outside', chain, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a')] });
    await world.settle();
    void rig.signal(id, { type: 'pause', cause: 'parent' });
    await world.settle();
    expect(rig.events(id).at(-1)).toMatchObject({ type: 'signal_received' });
    expect(JSON.stringify(rig.events(id))).not.toContain('"cause"');
  });
});
