import { describe, expect, test } from 'bun:test';
import { newState } from '../../src/core/state.ts';
import { asDefinitionHash, asRunId } from '../../src/model/ids.ts';
import type { RunState } from '../../src/model/run-state.ts';
import { createFoldedStates } from '../../src/runtime/folded.ts';
import { type LiveRun, newLiveRun } from '../../src/runtime/live-run.ts';
import { planOf } from '../support/plan-of.ts';
import { holdAppends, worldTest } from './harness.ts';
import { createRig, gate, noop, type World } from './rig.ts';

const plan = planOf(
  { steps: [{ id: 'a', action: 'workflow.log', params: { message: 'a' } }] },
  asDefinitionHash('plan'),
);

/** A run as it is let go after `seq` events. */
function parked(id: string, seq: number, output: string, epoch = 3): LiveRun {
  const state: RunState = { ...newState(asRunId(id), plan), seq };
  for (const step of state.steps.values()) step.output = output;
  return newLiveRun(asRunId(id), plan, epoch, state, null);
}

const claim = (epoch: number, seq: number) => ({ epoch, seq, previousOwner: null });

describe('states of runs that left memory', () => {
  test('come back to the claim that follows, once', () => {
    const folded = createFoldedStates();
    const run = parked('r', 500, 'x');
    folded.keep(run);
    expect(folded.take(run.runId, claim(4, 500))).toBe(run.state as RunState);
    expect([folded.take(run.runId, claim(4, 500)), folded.bytes()]).toEqual([null, 0]);
  });

  test.each([
    ['somebody owned it in between', claim(5, 500)],
    ['somebody wrote', claim(4, 501)],
    ['the log is shorter (a restored file)', claim(4, 499)],
    ['the epochs began anew', claim(1, 500)],
  ])('are not used when %s', (_why, next) => {
    const folded = createFoldedStates();
    const run = parked('r', 500, 'x');
    folded.keep(run);
    expect(folded.take(run.runId, next)).toBeNull();
  });

  test('are not kept when the state is not what is committed', () => {
    const folded = createFoldedStates();
    folded.keep({ ...parked('ahead', 500, 'x'), committedSeq: 499 });
    folded.keep({ ...parked('busy', 500, 'x'), busy: true });
    folded.keep({ ...parked('none', 500, 'x'), state: null });
    expect(folded.bytes()).toBe(0);
  });

  test('are bounded in bytes, the oldest first; one that is too large is not kept', () => {
    const folded = createFoldedStates(10_000);
    const runs = ['a', 'b', 'c'].map((id) => parked(id, 500, 'x'.repeat(4000)));
    for (const run of runs) folded.keep(run);
    folded.keep(parked('huge', 500, 'x'.repeat(10_001)));
    expect(folded.bytes()).toBeLessThanOrEqual(10_000);
    const found = runs.map(({ runId }) => folded.take(runId, claim(4, 500)) !== null);
    expect(found).toEqual([false, true, true]);
    expect(folded.take(asRunId('huge'), claim(4, 500))).toBeNull();
  });
});

/** Three hundred events, then waits twice. */
const long = {
  steps: [
    {
      id: 'loop',
      type: 'loop' as const,
      config: { over: Array.from({ length: 80 }, (_, index) => index), body: [noop('body')] },
    },
    { id: 'w1', type: 'wait' as const, config: { signal: 'one' }, depends_on: ['loop'] },
    { id: 'w2', type: 'wait' as const, config: { signal: 'two' }, depends_on: ['w1'] },
    noop('end', { depends_on: ['w2'] }),
  ],
};

/** Sequences after which a log was read. */
function watchReads(world: World): number[] {
  const reads: number[] = [];
  const read = world.store.events;
  world.store.events = (runId, after, limit) => {
    reads.push(after);
    return read(runId, after, limit);
  };
  return reads;
}

const data = (name: string) => ({ type: 'data' as const, name, payload: name });

worldTest(
  'waking a run where it was parked does not read its log again',
  {},
  async (world, rig) => {
    const id = await rig.start(long);
    await world.settle();
    const reads = watchReads(world);
    expect(await rig.signal(id, data('one'))).toMatchObject({ ok: true });
    expect(await rig.signal(id, data('two'))).toMatchObject({ ok: true });
    await world.settle();
    expect([world.store.head(id)?.status, reads]).toEqual(['completed', []]);
  },
);

worldTest(
  'a run that another process moved on meanwhile goes on from what that wrote',
  {},
  async (world, rig) => {
    const id = await rig.start(long);
    await world.settle();
    const other = createRig(world);
    await other.signal(id, data('one'));
    await world.settle();
    expect(await rig.signal(id, data('two'))).toMatchObject({ ok: true });
    await world.settle();
    expect(world.store.head(id)?.status).toBe('completed');
    const waits = rig.events(id).filter(({ type }) => type === 'wait_completed');
    expect(waits.map(({ path }) => path)).toEqual(['w1', 'w2']);
  },
);

worldTest(
  'a run is not given up while its commit is on its way',
  { config: { claims: true } },
  async (world, rig) => {
    const wait = { id: 'w', type: 'wait' as const, config: { signal: 'go' } };
    const id = await rig.start({
      steps: [
        {
          id: 'p',
          type: 'parallel' as const,
          config: { mode: 'race', branches: [[gate('a')], [wait]] },
        },
        { id: 'w2', type: 'wait' as const, config: { signal: 'two' }, depends_on: ['p'] },
        { id: 'w3', type: 'wait' as const, config: { signal: 'three' }, depends_on: ['w2'] },
      ],
    });
    await world.settle();
    await rig.signal(id, data('go'));
    const owned = world.store.head(id);
    const release = holdAppends(world);
    const verdict = rig.signal(id, data('two'));
    await world.settle();
    // The loser of the race is gone at last while the end of the next wait is not on disk yet.
    world.call('p.branch_0.a').end();
    await world.settle();
    expect(world.store.head(id)).toEqual(owned);
    release();
    expect(await verdict).toMatchObject({ ok: true, pending: false });
    await world.settle();
    expect(world.store.head(id)).toMatchObject({ status: 'suspended', owner: null });
  },
);
