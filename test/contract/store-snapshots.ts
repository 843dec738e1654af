/** Contract of snapshots: a cache that follows its run. */
import { describe, expect, test } from 'bun:test';
import { asRunId } from '../../src/model/ids.ts';
import type { Store } from '../../src/model/store.ts';
import { append, creation, eventsAfter, patch, T0 } from './store-fixtures.ts';

const run = asRunId('r1');
const snapshot = (seq: number, text = `state ${seq}`, version = 1) => ({ seq, version, text });

async function withRun(store: Store, events: number): Promise<void> {
  await store.append([creation('r1', { events: eventsAfter(0, events) })]);
}

export function snapshotContract(subject: { readonly store: Store }): void {
  describe('snapshots', () => {
    test('are given back as they were put, the newest one', async () => {
      const { store } = subject;
      await withRun(store, 9);
      expect([store.snapshot(run), store.snapshotMark(run)]).toEqual([null, null]);
      await store.putSnapshot(run, snapshot(4, 'ä"\u0000\n𝄞'));
      expect(store.snapshot(run)).toEqual(snapshot(4, 'ä"\u0000\n𝄞'));
      await store.putSnapshot(run, snapshot(8));
      await store.putSnapshot(run, snapshot(6));
      expect([store.snapshot(run), store.snapshotMark(run)]).toEqual([
        snapshot(8),
        { seq: 8, version: 1 },
      ]);
    });

    test('of another version take the place of the one that was there', async () => {
      const { store } = subject;
      await withRun(store, 9);
      await store.putSnapshot(run, snapshot(8, 'new', 2));
      await store.putSnapshot(run, snapshot(4, 'old', 1));
      expect(store.snapshot(run)).toEqual(snapshot(4, 'old', 1));
    });

    test('are not kept for a run that is not there or has a shorter log', async () => {
      const { store } = subject;
      await store.putSnapshot(run, snapshot(1));
      await withRun(store, 3);
      await store.putSnapshot(run, snapshot(4));
      expect(store.snapshot(run)).toBeNull();
    });

    test('can be dropped, also when there is none', async () => {
      const { store } = subject;
      await withRun(store, 3);
      await store.putSnapshot(run, snapshot(3));
      store.dropSnapshot(run);
      store.dropSnapshot(run);
      store.dropSnapshot(asRunId('none'));
      expect([store.snapshot(run), store.events(run, 0, 10).length]).toEqual([null, 3]);
    });

    test('go with their run, and are not there for a new one of its name', async () => {
      const { store } = subject;
      await withRun(store, 3);
      await store.putSnapshot(run, snapshot(3));
      const ended = patch({ status: 'failed', endedAt: T0 + 1, release: true });
      await store.append([append('r1', { expectedSeq: 3, patch: ended })]);
      expect(store.removeRuns([run], [])).toEqual([run]);
      await withRun(store, 3);
      expect(store.snapshot(run)).toBeNull();
    });
  });
}
