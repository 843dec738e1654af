/** Contract of the durable inbox. */
import { describe, expect, test } from 'bun:test';
import { asRunId } from '../../src/model/ids.ts';
import type { Store } from '../../src/model/store.ts';
import {
  append,
  creation,
  ids,
  message,
  NODE,
  newRun,
  node,
  OTHER,
  patch,
  T0,
} from './store-fixtures.ts';

export function inboxContract(subject: { readonly store: Store }): void {
  describe('the inbox', () => {
    test('keeps messages in order until they have a verdict', async () => {
      const { store } = subject;
      await store.append([creation('r1')]);
      const first = store.send(message('r1', { body: { n: 1 } }));
      const second = store.send(message('r1', { body: [2, 'zwei'] }));
      expect(first).toEqual({ id: 1, duplicate: false, same: false });
      expect(store.unsettled(asRunId('r1'))).toEqual([
        { ...message('r1', { body: { n: 1 } }), id: 1, verdict: null },
        { ...message('r1', { body: [2, 'zwei'] }), id: 2, verdict: null },
      ]);
      const verdict = { inboxId: 1, ok: true, result: { resumed: true } } as const;
      await store.append([append('r1', { expectedSeq: 1, settled: [verdict] })]);
      expect(store.unsettled(asRunId('r1')).map((row) => row.id)).toEqual([second?.id ?? 0]);
      expect(store.row(1)?.verdict).toEqual({ ok: true, result: { resumed: true } });
    });

    test('a signal that has its verdict keeps who sent what, and not what it brought', async () => {
      const { store } = subject;
      await store.append([creation('r1')]);
      const body = { type: 'data', by: 'ann', step_id: 'a', payload: { key: 's' }, reasoning: 's' };
      store.send(message('r1', { body }));
      store.send(message('r1', { kind: 'turn', body: { payload: 1 } }));
      expect(store.row(1)?.body).toEqual(body);
      const settled = [1, 2].map((inboxId) => ({ inboxId, ok: true, result: {} }) as const);
      await store.append([append('r1', { expectedSeq: 1, settled })]);
      expect(store.row(1)?.body).toEqual({ type: 'data', by: 'ann', step_id: 'a' });
      expect(store.row(2)?.body).toEqual({ payload: 1 });
    });

    test('a message to nobody is told so', () => {
      expect(subject.store.send(message('none'))).toBeNull();
      expect(subject.store.row(1)).toBeNull();
    });

    test('the same key to the same run changes nothing, also after the verdict', async () => {
      const { store } = subject;
      await store.append([creation('r1'), creation('r2')]);
      const keyed = message('r1', { idempotencyKey: 'once' });
      expect(store.send(keyed)).toEqual({ id: 1, duplicate: false, same: false });
      expect(store.send({ ...keyed, body: 'other' })).toEqual({
        id: 1,
        duplicate: true,
        same: true,
      });
      expect(store.send(message('r2', { idempotencyKey: 'once' }))).toEqual({
        id: 2,
        duplicate: false,
        same: false,
      });
      const verdict = { inboxId: 1, ok: true, result: {} } as const;
      await store.append([append('r1', { expectedSeq: 1, settled: [verdict], sends: [keyed] })]);
      expect(store.send(keyed)).toEqual({ id: 1, duplicate: true, same: true });
      expect(store.unsettled(asRunId('r1'))).toEqual([]);
    });

    test('a key answers only the same message; one from before fingerprints answers all', async () => {
      const { store } = subject;
      await store.append([creation('r1')]);
      const keyed = (text: string, fingerprint: string) =>
        message('r1', { idempotencyKey: text, keyed: { fingerprint, earlier: 'once' } });
      expect(store.send(keyed('ann once', 'f'))).toEqual({ id: 1, duplicate: false, same: false });
      expect(store.send(keyed('ann once', 'f'))).toEqual({ id: 1, duplicate: true, same: true });
      expect(store.send(keyed('ann once', 'g'))).toEqual({ id: 1, duplicate: true, same: false });
      expect(store.send(keyed('bob once', 'f'))).toEqual({ id: 2, duplicate: false, same: false });
      store.send(message('r1', { idempotencyKey: 'old' }));
      const after = { idempotencyKey: 'ann old', keyed: { fingerprint: 'f', earlier: 'old' } };
      expect(store.send(message('r1', after))).toEqual({ id: 3, duplicate: true, same: true });
    });

    test('a message marks a run nobody owns, and never moves its time later', async () => {
      const { store } = subject;
      const parked = (wakeAt: number | null) =>
        patch({ status: 'suspended', wakeAt, release: true });
      await store.append([
        creation('asleep', { patch: parked(null) }),
        creation('soon', { patch: parked(T0 + 1) }),
        creation('owned', { patch: patch({ wakeAt: T0 + 900 }) }),
      ]);
      for (const run of ['asleep', 'soon', 'owned']) store.send(message(run));
      const wakeAt = (run: string) => store.head(asRunId(run))?.wakeAt;
      expect([wakeAt('asleep'), wakeAt('soon'), wakeAt('owned')]).toEqual([
        T0 + 5,
        T0 + 1,
        T0 + 900,
      ]);
    });

    test('an append marks the run that its message goes to', async () => {
      const { store } = subject;
      const parked = patch({ status: 'suspended', release: true });
      await store.append([creation('parent', { patch: parked })]);
      await store.append([creation('child', { sends: [message('parent')] })]);
      expect(store.head(asRunId('parent'))?.wakeAt).toBe(T0 + 5);
    });

    test('releasing with open messages keeps the mark, in an append or without', async () => {
      const { store } = subject;
      store.register(node());
      await store.append([creation('r1'), creation('r2')]);
      store.send(message('r1', { receivedAt: T0 + 8 }));
      store.send(message('r2', { receivedAt: T0 + 9 }));
      const parked = patch({ status: 'suspended', wakeAt: T0 + 99, release: true });
      await store.append([append('r1', { expectedSeq: 1, patch: parked })]);
      store.release(asRunId('r2'), NODE, 1, null);
      expect(store.head(asRunId('r1'))?.wakeAt).toBe(T0 + 8);
      expect(store.head(asRunId('r2'))?.wakeAt).toBe(T0 + 9);
    });

    test('an owner sees which of its runs have mail, in the order it came', async () => {
      const { store } = subject;
      await store.append([creation('r1'), creation('r2'), creation('r3', { owner: OTHER })]);
      store.createPending(newRun('r4'));
      for (const run of ['r2', 'r3', 'r1', 'r2', 'r4']) store.send(message(run));
      expect(store.runsWithUnsettled(NODE)).toEqual(ids('r2', 'r1'));
      expect(store.runsWithUnsettled(OTHER)).toEqual(ids('r3'));
    });
  });
}
