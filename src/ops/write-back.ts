/**
 * Brings what was committed from the log of changes into the database file every now and then: whoever
 * loses the log beside the file then loses a minute, not all since the start.
 */
import { messageOf } from '../model/error.ts';
import type { Clock, Logger } from '../model/ports.ts';
import type { UpkeepStore } from '../model/upkeep-store.ts';

interface Parts {
  readonly store: Pick<UpkeepStore, 'checkpoint'>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Logger;
}

/** The first time comes soon after the start: what was there before may be in the log alone. */
const FIRST_MS = 1000;
const AGAIN_MS = 60_000;

/** Begins; the result ends it. Nobody waits for it, and it waits for nobody. */
export function writeBackOften({ store, clock, log }: Parts): () => void {
  const work = (): void => {
    try {
      store.checkpoint('passing');
    } catch (thrown) {
      log.debug('the log of changes was not written back', { error: messageOf(thrown) });
    }
    cancel = clock.after(AGAIN_MS, work);
  };
  let cancel = clock.after(FIRST_MS, work);
  return () => cancel();
}
