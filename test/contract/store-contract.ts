/**
 * What every store promises, as one suite: run it with `storeContract(name, open)`.
 *
 * `open` answers a fresh, empty store; the suite closes it. What only one implementation can show
 * (files, locks, crashes) is in its own tests.
 */
import { afterEach, beforeEach, describe } from 'bun:test';
import type { Store } from '../../src/model/store.ts';
import { accessContract } from './store-access.ts';
import { appendContract } from './store-append.ts';
import { catalogContract } from './store-catalog.ts';
import { claimContract } from './store-claims.ts';
import { inboxContract } from './store-inbox.ts';
import { noticeContract } from './store-notices.ts';
import { placeContract } from './store-places.ts';
import { queryContract } from './store-queries.ts';
import { scheduleContract } from './store-schedules.ts';
import { sessionContract } from './store-sessions.ts';
import { snapshotContract } from './store-snapshots.ts';
import { upkeepContract } from './store-upkeep.ts';

/** The store of the running test. */
interface StoreUnderTest {
  readonly store: Store;
}

export function storeContract(name: string, open: () => Store): void {
  describe(name, () => {
    let store: Store | null = null;
    const subject: StoreUnderTest = {
      get store() {
        if (store === null) throw new Error('the store is open only within a test');
        return store;
      },
    };
    beforeEach(() => {
      store = open();
    });
    afterEach(() => {
      store?.close();
      store = null;
    });
    appendContract(subject);
    accessContract(subject);
    claimContract(subject);
    inboxContract(subject);
    placeContract(subject);
    queryContract(subject);
    catalogContract(subject);
    scheduleContract(subject);
    snapshotContract(subject);
    sessionContract(subject);
    noticeContract(subject);
    upkeepContract(subject);
  });
}
