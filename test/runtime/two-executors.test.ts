/** Two executors on one store: how soon one acts on what the other wrote. */
import { describe, expect } from 'bun:test';
import { asNodeId, asRunId } from '../../src/model/ids.ts';
import { worldTest } from './harness.ts';
import { ask, createRig, gate } from './rig.ts';

describe('two executors', () => {
  const executor = { config: { claims: true } };

  worldTest(
    'a signal to a run that is live in the other is applied there within 50 ms',
    executor,
    async (world, rig) => {
      const wait = { id: 'w', type: 'wait' as const, config: { signal: 'go' } };
      const id = await rig.start({ steps: [gate('a'), wait] });
      await world.settle();
      const other = createRig(world, executor);
      await world.pass(2000);
      const verdict = other.signal(id, { type: 'data', name: 'go', payload: 1 });
      await world.pass(50);
      expect(rig.sentences(id)).toContain('step_completed w {"signal":"go","payload":1}');
      await world.pass(50);
      expect(await verdict).toMatchObject({ ok: true, pending: false });
      expect(rig.engine.owns(id)).toBe(true);
    },
  );

  worldTest(
    'a signal to a parked run is taken on at once by whoever it was sent through',
    executor,
    async (world, rig) => {
      const id = await rig.start({ steps: [ask('q')] });
      await world.pass(2000);
      const other = createRig(world, executor);
      const verdict = other.signal(id, { type: 'decision', payload: { choice: 'yes' } });
      await world.settle();
      expect(await verdict).toMatchObject({ ok: true, pending: false });
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );

  worldTest(
    'the end of a child in the other is taken in by its parent within 50 ms',
    { ...executor, templates: { child: { steps: [gate('c')] } } },
    async (world, rig) => {
      const call = {
        id: 'call',
        action: 'workflow.run',
        params: { template_name: 'child', params: {} },
      };
      const id = await rig.start({ steps: [call, gate('beside')] });
      await world.settle();
      const child = world.calls.find(({ path }) => path === 'c');
      const childId = asRunId(child?.runId ?? '');
      // The child moves to the other: this process lets go of it and is not asked again.
      const other = createRig(world, executor);
      world.store.release(childId, asNodeId(rig.nodeId), 1, world.clock.now());
      expect(await other.engine.recover(childId)).toBe(1);
      await world.settle();
      world.calls.findLast(({ path, open }) => path === 'c' && open)?.end('done');
      await world.pass(50);
      expect(world.store.head(childId)?.status).toBe('completed');
      expect(rig.sentences(id)).toContain('step_completed call {"c":"done"}');
    },
  );
});
