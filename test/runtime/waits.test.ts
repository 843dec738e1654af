/** Whoever waits is told when it is time, and bothered only by the run it waits for. */
import { describe, expect, test } from 'bun:test';
import { asRunId } from '../../src/model/ids.ts';
import { ANY_RUN, createWaits } from '../../src/runtime/waits.ts';
import { createHandClock } from './hand-clock.ts';
import { worldTest } from './harness.ts';
import { ask, createRig, gate } from './rig.ts';

const [a, b] = [asRunId('a'), asRunId('b')];

test('a wait is looked at for its own run, and for any when it waits for any', () => {
  const waits = createWaits(createHandClock());
  const looks: string[] = [];
  for (const key of [a, b, ANY_RUN] as const) {
    const answer = (): null => {
      looks.push(key);
      return null;
    };
    void waits.until<null>({ key, answer, waitMs: null, late: () => null });
  }
  looks.length = 0;
  waits.look(a);
  expect(looks).toEqual([ANY_RUN, a]);
  waits.look();
  expect(looks.slice(2).sort()).toEqual([ANY_RUN, a, b]);
});

test('a wait ends once: by its answer, its time or the close', async () => {
  const clock = createHandClock();
  const waits = createWaits(clock);
  let answer: string | null = null;
  const wait = (waitMs: number | null) =>
    waits.until<string>({
      ...{ key: a, answer: () => answer, waitMs },
      late: (closing) => (closing ? 'closed' : 'late'),
    });
  const late = wait(10);
  clock.fireNext(20);
  const answered = wait(10);
  answer = 'here';
  waits.look(a);
  answer = null;
  const closed = wait(null);
  waits.close();
  expect(await Promise.all([late, answered, closed])).toEqual(['late', 'here', 'closed']);
  expect([waits.count(), clock.timers()]).toEqual([0, 0]);
});

test('an answer that throws rejects its wait and no other', async () => {
  const waits = createWaits(createHandClock());
  const wait = (answer: () => string | null) =>
    waits.until({ key: a, answer, waitMs: null, late: () => 'closed' });
  let isBroken = false;
  const broken = wait(() => {
    if (isBroken) throw new Error('gone');
    return null;
  });
  const other = wait(() => (isBroken ? 'other' : null));
  isBroken = true;
  waits.look(a);
  await expect(broken).rejects.toThrow('gone');
  expect(await other).toBe('other');
});

describe('settled', () => {
  worldTest(
    'says so at once when a refused signal was all that kept a run from resting',
    { config: { livePollMs: 60_000, idlePollMs: 60_000 } },
    async (world, rig) => {
      const id = await rig.start({ steps: [ask('q')] });
      await world.settle();
      const refused = rig.signal(id, { type: 'decision', stepId: 'other', payload: {} });
      const settled = rig.engine.settled(id, { timeoutMs: null, orSuspended: true });
      await world.settle();
      expect(await refused).toMatchObject({ ok: false });
      expect(await settled).toBe('suspended');
    },
  );

  worldTest('is not told of other runs', {}, async (world, rig) => {
    const waited = await rig.start({ steps: [gate('a')] });
    const other = await rig.start({ steps: [gate('b')] });
    await world.settle();
    const settled = rig.engine.settled(waited, { timeoutMs: null, orSuspended: false });
    await world.settle();
    let heads = 0;
    const read = world.store.head;
    world.store.head = (runId) => {
      if (runId === waited) heads += 1;
      return read(runId);
    };
    world.call('b').end();
    await world.settle();
    expect([world.store.head(other)?.status, heads]).toEqual(['completed', 0]);
    world.call('a').end();
    expect(await settled).toBe('ended');
  });
});

worldTest(
  'an executor takes a signal from elsewhere within one look, also for a run that is parked',
  { config: { claims: true, livePollMs: 50, idlePollMs: 50 } },
  async (world, rig) => {
    const id = await rig.start({ steps: [ask('q')] });
    await world.pass(1010);
    const other = createRig(world, { config: { claims: false } });
    world.store.send({
      ...{ runId: id, kind: 'signal', receivedAt: world.clock.now(), idempotencyKey: null },
      body: { type: 'decision', payload: { choice: 'yes' }, by: 'anna', role: 'local' },
    });
    await world.pass(60);
    expect(world.store.head(id)?.status).toBe('completed');
    expect(other.engine.liveRuns()).toBe(0);
  },
);
