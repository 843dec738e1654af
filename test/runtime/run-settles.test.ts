/**
 * The end of a run is recorded when nothing of it is at work any more; what builds on the end of a step
 * waits until the step is really over.
 */
import { describe, expect } from 'bun:test';
import type { StepDef } from '../../src/model/definition.ts';
import type { RunId } from '../../src/model/ids.ts';
import type { AppendOutcome } from '../../src/model/store.ts';
import { worldTest } from './harness.ts';
import { createRig, gate, noop, type Rig, type World } from './rig.ts';

const daemon = { config: { claims: true } };
const limited = { timeout: '5s' } as const;
const cutOff = (id: string, more: Partial<StepDef> = {}): StepDef =>
  gate(id, 'idempotent', { ...limited, on_error: { strategy: 'ignore' }, ...more });

const stepOf = (rig: Rig, id: RunId, path: string): string | undefined =>
  rig.sentences(id).findLast((sentence) => sentence.split(' ')[1] === path);

async function cancel(world: World, rig: Rig, id: RunId): Promise<void> {
  void rig.signal(id, { type: 'cancel' });
  await world.settle();
}

const settlingRow = (ending: string, step_id = 'a') => ({
  status: 'active',
  waitingFor: [{ step_id, kind: 'settling', name: ending }],
});

describe('a run ends when it has settled', () => {
  worldTest('after a cancel', daemon, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a'), noop('b', { depends_on: ['a'] })] });
    await cancel(world, rig, id);
    expect(world.store.run(id)).toMatchObject(settlingRow('cancelled'));
    world.call('a').end();
    await world.settle();
    expect(world.store.run(id)).toMatchObject({ status: 'cancelled', waitingFor: [], owner: null });
    expect(rig.events(id).at(-1)?.payload).toEqual({ reason: null, by: 'anna' });
  });

  worldTest('at its limit, before the hook begins', daemon, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a')], timeout: '5s', on_error: gate('tell') });
    await world.pass(6000);
    expect(world.store.run(id)).toMatchObject(settlingRow('timed_out'));
    expect(world.openCalls()).toEqual(['a']);
    world.call('a').end();
    await world.settle();
    expect(world.openCalls()).toEqual(['@on_error']);
    world.call('@on_error').end();
    await world.settle();
    expect(world.store.run(id)).toMatchObject({ status: 'failed' });
  });

  worldTest('when its last step was cut off', daemon, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a', 'idempotent', limited)] });
    await world.pass(6000);
    expect(world.store.run(id)).toMatchObject(settlingRow('failed'));
    world.call('a').end();
    await world.settle();
    expect(world.store.run(id)).toMatchObject({ status: 'failed' });
  });

  worldTest('and its output is made after that', daemon, async (world, rig) => {
    const id = await rig.start({ steps: [cutOff('a'), noop('b')], on_complete: noop('done') });
    await world.pass(6000);
    expect(rig.sentences(id).some((sentence) => sentence.startsWith('hook_started'))).toBe(false);
    world.call('a').end();
    await world.settle();
    expect(world.store.run(id)).toMatchObject({ status: 'completed' });
  });

  worldTest('which a second cancel does not change', daemon, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a')] });
    await cancel(world, rig, id);
    const again = await rig.signal(id, { type: 'cancel' });
    expect(again).toMatchObject({ ok: true, result: { already: true, ending: 'cancelled' } });
    for (const type of ['pause', 'retry', 'skip'] as const) {
      const refused = await rig.signal(id, { type, stepId: 'a' });
      expect([refused.error?.code, refused.error?.details]).toEqual([
        'CONFLICT',
        { status: 'active', ending: 'cancelled' },
      ]);
    }
    expect(rig.sentences(id).filter((s) => s.startsWith('signal_received'))).toHaveLength(1);
  });

  worldTest('or when what does not end was waited for long enough', daemon, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a')] });
    await cancel(world, rig, id);
    await world.pass(9900);
    expect(world.store.head(id)?.status).toBe('active');
    await world.pass(200);
    expect(world.store.run(id)).toMatchObject({ status: 'cancelled', owner: null });
    expect(rig.events(id).at(-1)?.payload).toMatchObject({
      unsettled: [{ step_id: 'a', call: 'gate.idempotent' }],
    });
  });

  worldTest('in the next process when this one is killed meanwhile', daemon, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a')] });
    await cancel(world, rig, id);
    world.dead.add(rig.nodeId);
    await createRig(world, daemon).engine.recover(null);
    await world.settle();
    expect(world.store.head(id)?.status).toBe('cancelled');
  });

  worldTest('and is active until then also when it was suspended', daemon, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a')] });
    void rig.signal(id, { type: 'pause' });
    await cancel(world, rig, id);
    expect(world.store.run(id)).toMatchObject(settlingRow('cancelled'));
    world.call('a').end();
    await world.settle();
    expect(world.store.head(id)?.status).toBe('cancelled');
  });
});

describe('what follows a step that was cut off waits until it is over', () => {
  worldTest('a step behind it, whose guard is looked at then', daemon, async (world, rig) => {
    const id = await rig.start({
      steps: [
        cutOff('a'),
        noop('b', { depends_on: ['a'] }),
        noop('off', { depends_on: ['a'], condition: 'false' }),
        noop('free'),
      ],
    });
    await world.pass(6000);
    expect(stepOf(rig, id, 'free')).toContain('completed');
    expect(stepOf(rig, id, 'b')).toBe('step_scheduled b settling');
    expect(world.store.run(id)?.waitingFor).toEqual([
      { step_id: 'b', kind: 'settling' },
      { step_id: 'off', kind: 'settling' },
    ]);
    world.call('a').end();
    await world.settle();
    expect(stepOf(rig, id, 'b')).toContain('step_completed');
    expect(stepOf(rig, id, 'off')).toContain('step_skipped');
    expect(world.store.head(id)?.status).toBe('completed');
  });

  worldTest('a step behind one that was skipped by hand', daemon, async (world, rig) => {
    const id = await rig.start({
      steps: [gate('a'), gate('b', 'idempotent', { depends_on: ['a'], trigger_rule: 'all_done' })],
    });
    void rig.signal(id, { type: 'skip', stepId: 'a' });
    await world.settle();
    expect(world.openCalls()).toEqual(['a']);
    world.call('a').end();
    await world.settle();
    expect(world.openCalls()).toEqual(['b']);
  });

  worldTest('its fallback', daemon, async (world, rig) => {
    await rig.start({
      steps: [
        gate('a', 'idempotent', {
          ...limited,
          on_error: { strategy: 'fallback_step', fallback_step: 'b' },
        }),
        gate('b'),
      ],
    });
    await world.pass(6000);
    expect(world.openCalls()).toEqual(['a']);
    world.call('a').end();
    await world.settle();
    expect(world.openCalls()).toEqual(['b']);
  });

  for (const config of [
    { over: '[1, 2]' },
    { mode: 'while', condition: 'iter.index < 2', max_iter: 3 },
    { mode: 'until', condition: 'iter.index == 1', max_iter: 3 },
  ] as const) {
    worldTest(`the next iteration: ${JSON.stringify(config)}`, daemon, async (world, rig) => {
      const id = await rig.start({
        steps: [{ id: 'l', type: 'loop', config: { ...config, body: [cutOff('x')] } }],
      });
      await world.pass(6000);
      expect(world.openCalls()).toEqual(['l.iter_0.x']);
      expect(world.store.run(id)?.waitingFor).toEqual([{ step_id: 'l', kind: 'settling' }]);
      world.call('l.iter_0.x').end();
      await world.settle();
      expect(world.openCalls()).toEqual(['l.iter_1.x']);
    });
  }

  worldTest('but not another iteration at the same time', daemon, async (world, rig) => {
    const config = { over: '[1, 2, 3]', max_concurrency: 2, body: [cutOff('x')] };
    await rig.start({ steps: [{ id: 'l', type: 'loop', config }] });
    await world.pass(6000);
    expect(world.openCalls()).toEqual(['l.iter_0.x', 'l.iter_1.x', 'l.iter_2.x']);
  });

  for (const settle of [undefined, false, true]) {
    worldTest(`a race, settle: ${settle}`, daemon, async (world, rig) => {
      const branches = [[gate('slow')], [gate('fast')]];
      const more = settle === undefined ? {} : { settle };
      const id = await rig.start({
        steps: [
          { id: 'r', type: 'parallel', config: { mode: 'race', branches, ...more } },
          gate('b', 'idempotent', { depends_on: ['r'] }),
        ],
      });
      await world.settle();
      world.call('r.branch_1.fast').end();
      await world.settle();
      const atOnce = ['r.branch_0.slow', 'b'];
      expect(world.openCalls()).toEqual(settle === true ? ['r.branch_0.slow'] : atOnce);
      if (settle === true) {
        world.call('r.branch_0.slow').end();
        await world.settle();
        expect(world.openCalls()).toEqual(['b']);
      }
      world.call('b').end();
      await world.settle();
      // The run itself ends when all that it began is over.
      expect(world.store.head(id)?.status).toBe(settle === true ? 'completed' : 'active');
    });
  }
});

describe('a process that a dead owner left', () => {
  const recorded = { pid: 4711, started: '1', boot_id: 'b', host: 'other' };

  /** Starts a run, lets its process die while a step with a recorded process runs, and is cancelled. */
  async function leftBy(world: World, rig: Rig): Promise<RunId> {
    const id = await rig.start({ steps: [gate('a')] });
    const started = rig.events(id).find(({ type }) => type === 'step_started');
    Object.assign(started?.payload ?? {}, { process: recorded });
    await cancel(world, rig, id);
    world.dead.add(rig.nodeId);
    return id;
  }

  worldTest('and that KILL does not end is named at the end', daemon, async (world, rig) => {
    const id = await leftBy(world, rig);
    const killRecorded = () => Promise.resolve('lives' as const);
    await createRig(world, { ...daemon, killRecorded }).engine.recover(null);
    await world.settle();
    expect(rig.events(id).at(-1)).toMatchObject({
      type: 'workflow_cancelled',
      payload: { unsettled: [{ step_id: 'a', pid: 4711 }] },
    });
  });

  worldTest('on another host is waited for, but not for ever', daemon, async (world, rig) => {
    const id = await leftBy(world, rig);
    const killRecorded = () => Promise.resolve('elsewhere' as const);
    await createRig(world, { ...daemon, killRecorded }).engine.recover(null);
    await world.pass(89_000);
    expect(world.store.run(id)).toMatchObject(settlingRow('cancelled'));
    await world.pass(2000);
    expect(world.store.head(id)?.status).toBe('cancelled');
  });
});

describe('a child run', () => {
  const templates = { t: { steps: [gate('a')] } };
  const call: StepDef = { id: 'c', action: 'workflow.run', params: { template_name: 't' } };
  const calling = { templates, ...daemon };
  const again = { timeout: '5s', retry: { max: 1 } };

  worldTest(
    'of the attempt before has ended before the next begins',
    calling,
    async (world, rig) => {
      const id = await rig.start({ steps: [{ ...call, ...again }] });
      await world.pass(6000);
      expect(world.openCalls()).toEqual(['a']);
      expect(stepOf(rig, id, 'c')).toBe('step_scheduled c settling');
      world.call('a').end();
      await world.settle();
      expect(world.calls).toHaveLength(2);
      expect(
        world.store.queryRuns({ parentId: id, limit: 9 }).items.map((row) => row.status),
      ).toEqual(['active', 'cancelled']);
      world.call('a').end();
      await world.settle();
      expect(world.store.head(id)?.status).toBe('completed');
    },
  );

  worldTest('is found again after a crash of the parent’s process', calling, async (world, rig) => {
    const other = createRig(world, { templates });
    const id = await rig.start({ steps: [{ ...call, ...again }] });
    await world.pass(6000);
    world.dead.add(rig.nodeId);
    await other.engine.recover(id);
    await world.settle();
    expect(world.calls).toHaveLength(1);
    await createRig(world, calling).engine.recover(null);
    await world.pass(100);
    expect(
      world.store.queryRuns({ parentId: id, limit: 9 }).items.map((row) => row.status),
    ).toEqual(['active', 'cancelled']);
  });

  worldTest('that nobody ends is given up, and named', calling, async (world, rig) => {
    const id = await rig.start({ steps: [call] });
    await world.settle();
    const [child] = world.store.queryRuns({ parentId: id, limit: 9 }).items;
    // Its executor does nothing any more, and its lease does not run out.
    world.store.claimable = () => [];
    const { append } = world.store;
    world.store.append = async (group) => {
      const outcomes = await append(group.filter(({ runId }) => runId !== child?.runId));
      let at = 0;
      return group.map(({ runId }): AppendOutcome => {
        const outcome = runId === child?.runId ? undefined : outcomes[at++];
        return outcome ?? { ok: false, reason: 'lost' };
      });
    };
    await cancel(world, rig, id);
    expect(world.store.run(id)).toMatchObject(settlingRow('cancelled', 'c'));
    await world.pass(91_000);
    expect(world.store.head(id)?.status).toBe('cancelled');
    expect(rig.events(id).at(-1)?.payload).toMatchObject({
      unsettled: [{ step_id: 'c', child: child?.runId }],
    });
  });
});
