/**
 * Waiting for other processes that use the database: SQLite never waits by itself here, because its
 * wait stops the event loop and is unfair between processes.
 */
import { isBusy, toStoreError } from './errors.ts';

const MAX_BACKOFF_MS = 25;
const MAX_PAUSE_MS = 4;

export interface Patience {
  readonly path: string;
  readonly limitMs: number;
}

/** Runs work over the database; what SQLite throws becomes a STORE_ERROR that names the file. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw toStoreError(thrown, path);
  }
}

/** Repeats until nobody else holds the lock, pausing this thread for random moments. */
export function untilFree<T>({ path, limitMs }: Patience, work: () => T): T {
  let giveUpAt = 0;
  for (;;) {
    try {
      return guarded(path, work);
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown;
      giveUpAt ||= performance.now() + limitMs;
      if (performance.now() >= giveUpAt) throw thrown;
      Bun.sleepSync(Math.random() * MAX_PAUSE_MS);
    }
  }
}

/** The same from the event loop, with a back-off that grows to `MAX_BACKOFF_MS`. */
export async function whenFree<T>({ path, limitMs }: Patience, work: () => T): Promise<T> {
  let giveUpAt = 0;
  for (let tries = 1; ; tries += 1) {
    try {
      return guarded(path, work);
    } catch (thrown) {
      if (!isBusy(thrown)) throw thrown;
      giveUpAt ||= performance.now() + limitMs;
      if (performance.now() >= giveUpAt) throw thrown;
      await Bun.sleep(Math.random() * Math.min(2 ** tries, MAX_BACKOFF_MS));
    }
  }
}
