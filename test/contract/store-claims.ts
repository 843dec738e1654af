/** Contract of ownership: who may claim what, and what an executor is told to claim. */
import { describe, expect, test } from 'bun:test';
import { asNodeId, asRunId } from '../../src/model/ids.ts';
import type { Store } from '../../src/model/store.ts';
import {
  append,
  completed,
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

export function claimContract(subject: { readonly store: Store }): void {
  const claimable = (nowMs: number, dead: string[] = [], limit = 10) =>
    subject.store.claimable(nowMs, dead.map(asNodeId), limit);

  describe('claiming', () => {
    test('a pending run becomes owned with a new epoch, once', () => {
      const { store } = subject;
      store.register(node());
      store.createPending(newRun('r1'));
      expect(store.claim(asRunId('r1'), NODE, [])).toEqual({
        epoch: 1,
        seq: 0,
        previousOwner: null,
      });
      expect(store.claim(asRunId('r1'), OTHER, [])).toBeNull();
      expect(store.claim(asRunId('r1'), NODE, [])).toBeNull();
      expect(store.head(asRunId('r1'))).toMatchObject({ owner: NODE, epoch: 1 });
    });

    test('a dead owner is followed, and its own appends are lost from then on', async () => {
      const { store } = subject;
      store.register(node());
      store.register(node(OTHER));
      await store.append([creation('r1')]);
      expect(store.claim(asRunId('r1'), OTHER, [])).toBeNull();
      expect(store.claim(asRunId('r1'), OTHER, [NODE])).toEqual({
        epoch: 2,
        seq: 1,
        previousOwner: NODE,
      });
      const late = append('r1', { expectedSeq: 1, events: [completed(2)] });
      expect(await store.append([late])).toEqual([{ ok: false, reason: 'lost' }]);
      const next = append('r1', { owner: OTHER, epoch: 2, expectedSeq: 1, events: [completed(2)] });
      expect((await store.append([next]))[0]?.ok).toBe(true);
    });

    test('an owner without a node row is gone', async () => {
      const { store } = subject;
      await store.append([creation('r1')]);
      expect(store.claim(asRunId('r1'), OTHER, [])).toMatchObject({ previousOwner: NODE });
    });

    test('a run that has ended is claimed only while messages wait for a verdict', async () => {
      const { store } = subject;
      const ended = patch({ status: 'completed', endedAt: T0, release: true });
      await store.append([creation('r1', { patch: ended })]);
      expect(store.claim(asRunId('r1'), NODE, [])).toBeNull();
      const { id } = store.send(message('r1')) ?? { id: 0 };
      expect(claimable(T0 + 5)).toEqual(ids('r1'));
      expect(store.claim(asRunId('r1'), NODE, [])).toMatchObject({ epoch: 2 });
      const settled = [{ inboxId: id, ok: true, result: {} } as const];
      await store.append([append('r1', { epoch: 2, expectedSeq: 1, patch: ended, settled })]);
      expect(claimable(T0 + 500)).toEqual([]);
      expect(store.claim(asRunId('r1'), NODE, [])).toBeNull();
    });

    test('giving up needs the owner and its epoch, and frees the run', () => {
      const { store } = subject;
      store.register(node());
      store.createPending(newRun('r1'));
      store.claim(asRunId('r1'), NODE, []);
      expect(store.release(asRunId('r1'), OTHER, 1, null)).toBe(false);
      expect(store.release(asRunId('r1'), NODE, 2, null)).toBe(false);
      expect(store.release(asRunId('r1'), NODE, 1, T0 + 70)).toBe(true);
      expect(store.head(asRunId('r1'))).toMatchObject({ owner: null, epoch: 1, wakeAt: T0 + 70 });
      expect(store.claim(asRunId('r1'), OTHER, [])).toMatchObject({ epoch: 2 });
    });

    test('a released pending run may be claimed again from when it could first', () => {
      const { store } = subject;
      store.register(node());
      store.createPending(newRun('r1', { claimableFrom: T0 + 10 }));
      store.claim(asRunId('r1'), NODE, []);
      store.release(asRunId('r1'), NODE, 1, null);
      expect(claimable(T0 + 9)).toEqual([]);
      expect(claimable(T0 + 10)).toEqual(ids('r1'));
    });
  });

  describe('what to claim', () => {
    test('pending runs from their time on, oldest due first, at most the limit', () => {
      const { store } = subject;
      store.createPending(newRun('late', { claimableFrom: T0 + 30 }));
      store.createPending(newRun('early', { claimableFrom: T0 + 10 }));
      store.createPending(newRun('same', { claimableFrom: T0 + 10 }));
      expect(claimable(T0 + 9)).toEqual([]);
      expect(claimable(T0 + 10)).toEqual(ids('early', 'same'));
      expect(claimable(T0 + 30)).toEqual(ids('early', 'same', 'late'));
      expect(claimable(T0 + 30, [], 1)).toEqual(ids('early'));
    });

    test('parked runs when their time has come, live ones never', async () => {
      const { store } = subject;
      store.register(node());
      const parked = (wakeAt: number | null) =>
        patch({ status: 'suspended', wakeAt, release: true });
      await store.append([
        creation('due', { patch: parked(T0 + 20) }),
        creation('waits', { patch: parked(null) }),
        creation('live', { patch: patch({ wakeAt: T0 + 1 }) }),
        creation('over', { patch: patch({ status: 'completed', wakeAt: T0 + 1, release: true }) }),
      ]);
      expect(claimable(T0 + 19)).toEqual([]);
      expect(claimable(T0 + 1000)).toEqual(ids('due'));
    });

    test('runs with mail nobody has read, also mail that came while they were owned', async () => {
      const { store } = subject;
      store.register(node());
      const parked = patch({ status: 'suspended', release: true });
      await store.append([creation('r1', { patch: parked }), creation('r2')]);
      expect(claimable(T0 + 1000)).toEqual([]);
      store.send(message('r1', { receivedAt: T0 + 50 }));
      store.send(message('r2', { receivedAt: T0 + 40 }));
      expect(claimable(T0 + 1000)).toEqual(ids('r1'));
      await store.append([append('r2', { expectedSeq: 1, patch: parked })]);
      expect(claimable(T0 + 1000)).toEqual(ids('r2', 'r1'));
    });

    test('unfinished runs of dead nodes and of nodes without a row', async () => {
      const { store } = subject;
      store.register(node());
      const owner = asNodeId('gone');
      await store.append([
        creation('r1', {}, { createdAt: T0 + 2 }),
        creation('r2', { owner }, { createdAt: T0 + 1 }),
        creation('r3', { owner, patch: patch({ status: 'failed' }) }),
      ]);
      expect(claimable(T0)).toEqual(ids('r2'));
      expect(claimable(T0, ['node-a'])).toEqual(ids('r2', 'r1'));
      store.remove(NODE);
      expect(claimable(T0)).toEqual(ids('r2', 'r1'));
    });

    test('the next time to look is the earliest in the future of a run nobody owns', async () => {
      const { store } = subject;
      expect(store.nextWakeAt(T0)).toBeNull();
      store.createPending(newRun('pending', { claimableFrom: T0 + 90 }));
      const parked = patch({ status: 'suspended', wakeAt: T0 + 60, release: true });
      await store.append([
        creation('parked', { patch: parked }),
        creation('live', { patch: patch({ wakeAt: T0 + 30 }) }),
      ]);
      expect(store.nextWakeAt(T0)).toBe(T0 + 60);
      expect(store.nextWakeAt(T0 + 60)).toBe(T0 + 90);
      expect(store.nextWakeAt(T0 + 90)).toBeNull();
    });

    test('unfinished runs without a living executor are counted', async () => {
      const { store } = subject;
      store.register(node());
      store.createPending(newRun('pending'));
      const gone = asNodeId('gone');
      await store.append([
        creation('live'),
        creation('orphan', { owner: gone }),
        creation('parked', { patch: patch({ status: 'suspended', release: true }) }),
        creation('over', { patch: patch({ status: 'completed', release: true }) }),
      ]);
      expect(store.countWithoutExecutor([])).toBe(3);
      expect(store.countWithoutExecutor([NODE])).toBe(4);
    });
  });
}
