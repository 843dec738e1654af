import { describe, expect } from 'bun:test';
import type { RunId } from '../../src/model/ids.ts';
import type { Json } from '../../src/model/json.ts';
import { hashOf, startFacts } from '../support/test-engine.ts';
import { worldTest } from './harness.ts';
import { ask, createRig, gate, noop, type Rig, type World } from './rig.ts';

const HOUR = 3_600_000;

/** Another process writes into the inbox; nobody is told. */
function sendFromElsewhere(world: World, runId: RunId, body: Record<string, Json>): void {
  const sender = { by: 'anna', role: 'local', sender: 'person', payload: null };
  world.store.send({
    ...{ runId, kind: 'signal' as const, body: { ...sender, ...body } },
    ...{ receivedAt: world.clock.now(), idempotencyKey: null },
  });
}

const approve = { type: 'decision', step_id: 'q', payload: { choice: 'yes' } };
const resolved = (rig: Rig, id: RunId): string[] =>
  rig.sentences(id).filter((sentence) => sentence.startsWith('decision_resolved'));
const question = (timeout: string) => ({
  steps: [ask('q', {}, { timeout, fallback: 'no' }), noop('b', { depends_on: ['q'] })],
});

const stop = async (world: World, rig: Rig): Promise<void> => {
  const stopping = rig.engine.stop({ graceMs: 0, graceUnsafeMs: 0 });
  await world.pass(8000);
  await stopping;
};

describe('an approval and a timeout', () => {
  worldTest(
    'the approval was sent first, from elsewhere, and nobody has looked yet',
    { config: { livePollMs: 5000 } },
    async (world, rig) => {
      const id = await rig.start({ ...question('9s') });
      await world.pass(8990);
      sendFromElsewhere(world, id, approve);
      await world.pass(2000);
      expect(resolved(rig, id)).toEqual(['decision_resolved q yes via signal by anna']);
    },
  );

  worldTest(
    'the approval was sent while nobody lived, the timeout passed later: it counts',
    {},
    async (world, rig) => {
      const id = await rig.start(question('1h'));
      await stop(world, rig);
      sendFromElsewhere(world, id, approve);
      await world.pass(2 * HOUR);
      const next = createRig(world);
      await next.engine.recover(null);
      await world.pass(1000);
      expect(resolved(next, id)).toEqual(['decision_resolved q yes via signal by anna']);
    },
  );

  worldTest(
    'the timeout passed while nobody lived, the approval was sent later: the fallback',
    {},
    async (world, rig) => {
      const id = await rig.start(question('1h'));
      await stop(world, rig);
      await world.pass(2 * HOUR);
      sendFromElsewhere(world, id, approve);
      await world.pass(1000);
      const next = createRig(world);
      await next.engine.recover(null);
      await world.pass(1000);
      expect(resolved(next, id)).toEqual(['decision_resolved q no via timeout by system']);
    },
  );

  worldTest('the same after a crash', {}, async (world, rig) => {
    const steps = [gate('a'), ...question('1h').steps];
    const id = await rig.start({ steps });
    await world.settle();
    world.dead.add(rig.nodeId);
    world.clock.jump(2 * HOUR);
    sendFromElsewhere(world, id, approve);
    const next = createRig(world);
    await next.engine.recover(null);
    await world.pass(1000);
    expect(resolved(next, id)).toEqual(['decision_resolved q no via timeout by system']);
  });
});

describe('a signal', () => {
  worldTest('cancels a run that nobody has claimed yet', {}, async (world, rig) => {
    const definition = { steps: [gate('a')] };
    const runId = 'waiting-run' as RunId;
    world.store.putDefinition(hashOf(definition), {
      definition: definition as unknown as Json,
      output_schema: null,
    });
    world.store.createPending({
      ...{ runId, definitionHash: hashOf(definition), start: startFacts({}) },
      ...{ idempotency: null, place: null },
      ...{ createdAt: world.clock.now(), claimableFrom: world.clock.now() },
    });
    const sent = rig.signal(runId, { type: 'cancel' });
    await world.pass(11_000);
    expect(await sent).toMatchObject({ ok: true, pending: false });
    expect(world.store.head(runId)?.status).toBe('cancelled');
    expect(world.calls.filter((call) => !call.signal.aborted)).toEqual([]);
  });

  worldTest(
    'cancels a run that waits for its turn under a concurrency limit',
    {},
    async (world, rig) => {
      const definition = { steps: [gate('a')], concurrency: { key: 'all', limit: 1 } };
      const template = 'nightly';
      const first = await rig.start(definition, { template });
      await world.settle();
      const second = await rig.start(definition, { template });
      await world.settle();
      expect(world.store.head(second)?.status).toBe('pending');
      const sent = rig.signal(second, { type: 'cancel' });
      await world.pass(2000);
      expect(world.store.head(second)?.status).toBe('cancelled');
      expect(await sent).toMatchObject({ ok: true, pending: false });
      expect(world.store.head(first)?.status).toBe('active');
    },
  );

  worldTest('with an idempotency key is applied once', {}, async (world, rig) => {
    const go = { type: 'wait' as const, config: { signal: 'go' } };
    const id = await rig.start({
      steps: [
        { id: 'v', ...go },
        { id: 'w', ...go, depends_on: ['v'] },
      ],
    });
    const send = async () => {
      const sent = rig.signal(id, { type: 'data', name: 'go' }, 'same');
      await world.settle();
      return sent;
    };
    const first = await send();
    expect(await send()).toEqual({ ...first, repeated: true });
    expect(world.store.run(id)?.waitingFor).toEqual([{ step_id: 'w', kind: 'signal', name: 'go' }]);
  });

  worldTest('that cannot apply is refused and changes nothing', {}, async (world, rig) => {
    const id = await rig.start({ steps: [gate('a')] });
    const before = rig.sentences(id);
    const sent = rig.signal(id, { type: 'resume' });
    await world.settle();
    expect(await sent).toMatchObject({ ok: false, error: { code: 'CONFLICT' } });
    expect(rig.sentences(id)).toEqual(before);
  });

  worldTest(
    'to a run of another living process is applied there, within one look',
    {},
    async (world, rig) => {
      const id = await rig.start({ steps: [gate('a')] });
      const other = createRig(world);
      const sent = other.signal(id, { type: 'cancel' });
      await world.pass(1100);
      expect(await sent).toMatchObject({ ok: true, pending: false });
      expect([rig.engine.owns(id), other.engine.owns(id)]).toEqual([true, false]);
      world.call('a').end();
      await world.settle();
      expect(world.store.head(id)?.status).toBe('cancelled');
    },
  );

  worldTest(
    'to a run whose owner does not answer is accepted and not yet applied',
    {},
    async (world, rig) => {
      const id = await rig.start({ steps: [gate('a')] });
      await world.settle();
      const silent = createRig(world);
      world.store.failing = (method) => method === 'append';
      const sent = silent.signal(id, { type: 'pause' });
      await world.pass(10_100);
      expect(await sent).toMatchObject({ ok: true, pending: true });
    },
  );
});

describe('starting with an idempotency key', () => {
  const steps = [gate('a')];

  worldTest(
    'again gives the first run, whatever the order of its params',
    {},
    async (world, rig) => {
      const first = await rig.start({ steps }, { inputs: { a: 1, b: 2 }, key: 'k' });
      expect(await rig.start({ steps }, { inputs: { b: 2, a: 1 }, key: 'k' })).toBe(first);
      await world.settle();
      expect(world.calls).toHaveLength(1);
    },
  );

  worldTest('twice at the same moment gives one run', {}, async (world, rig) => {
    const both = [1, 2].map(() => rig.start({ steps }, { key: 'k' }));
    const [first, second] = await Promise.all(both);
    expect(second as string).toBe(first as string);
    await world.settle();
    expect(world.calls).toHaveLength(1);
  });

  worldTest('with other params is a CONFLICT that names the first', {}, async (_world, rig) => {
    const first = await rig.start({ steps }, { inputs: { a: 1 }, key: 'k' });
    const refused = rig.start({ steps }, { inputs: { a: 2 }, key: 'k' });
    const error = await refused.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFLICT', details: { workflow_id: first } });
  });
});
