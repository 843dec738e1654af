/**
 * Notices what other processes wrote: cheap looks at the store's version, often while a run is live
 * or somebody waits, seldom when idle; and a slower round that claims what is due.
 */
import { messageOf } from '../model/error.ts';
import type { RuntimeDeps } from './deps.ts';

export interface WatchParts {
  readonly deps: Pick<RuntimeDeps, 'store' | 'clock' | 'config' | 'log'>;
  readonly liveRuns: () => number;
  readonly waiting: () => number;
  /** Another connection has written since the last look. */
  readonly onForeignWrite: () => void;
  /** At most once a second, and at the next wake time. */
  readonly onTick: () => Promise<void>;
}

export interface Watch {
  /** Something became live or waits: look soon. */
  poke(): void;
  close(): void;
}

const TICK_MS = 1000;

/** Looks until closed; an idle process that claims nothing does not look at all. */
export function createWatch(parts: WatchParts): Watch {
  const { store, clock, config, log } = parts.deps;
  let version = store.dataVersion();
  let cancel: (() => void) | null = null;
  let tickedAt = clock.monotonic() - TICK_MS;
  let ticking = false;
  let armedFor = 0;
  let closed = false;

  const look = (): void => {
    cancel = null;
    if (closed) return;
    try {
      const now = store.dataVersion();
      const due = clock.monotonic() - tickedAt >= TICK_MS;
      if (now !== version || due) {
        version = now;
        parts.onForeignWrite();
      }
      if (due && !ticking) tick();
    } catch (thrown) {
      log.warn('the database could not be looked at', { error: messageOf(thrown) });
    }
    arm();
  };
  const tick = (): void => {
    tickedAt = clock.monotonic();
    ticking = true;
    parts
      .onTick()
      .catch((thrown: unknown) => log.error('recovery failed', { error: messageOf(thrown) }))
      .finally(() => {
        ticking = false;
      });
  };
  const isBusy = (): boolean => parts.liveRuns() > 0 || parts.waiting() > 0;
  const arm = (): void => {
    if (closed || (!isBusy() && !config.claims)) return;
    const wait = isBusy() ? config.livePollMs : config.idlePollMs;
    if (cancel !== null) {
      if (wait >= armedFor) return;
      cancel();
    }
    armedFor = wait;
    cancel = clock.after(wait, look);
  };
  arm();

  return {
    poke: arm,
    close() {
      closed = true;
      cancel?.();
    },
  };
}
