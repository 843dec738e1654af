/**
 * Notices what other processes wrote: cheap looks at the store's version, often while a run is live
 * or somebody waits, seldom when idle; and at least once a second what has become due.
 */
import { messageOf } from '../model/error.ts';
import type { RuntimeDeps } from './deps.ts';

export interface WatchParts {
  readonly deps: Pick<RuntimeDeps, 'store' | 'clock' | 'config' | 'log'>;
  readonly liveRuns: () => number;
  readonly waiting: () => number;
  /** Another connection has written since the last look, or time has passed that something waited for. */
  readonly onLook: () => void;
}

export interface Watch {
  /** Something became live or waits: look soon. */
  poke(): void;
  /** Calls back when another process has written; looks often while somebody listens. */
  onForeignWrite(listener: () => void): () => void;
  close(): void;
}

/** Due times are looked for so often, also when nobody writes. */
const MAX_SILENCE_MS = 1000;

/** Looks until closed; an idle process that claims nothing does not look at all. */
export function createWatch(parts: WatchParts): Watch {
  const { store, clock, config, log } = parts.deps;
  let version = store.dataVersion();
  let cancel: (() => void) | null = null;
  let lookedAt = clock.monotonic() - MAX_SILENCE_MS;
  let armedFor = 0;
  let closed = false;
  const listeners = new Set<() => void>();

  const look = (): void => {
    cancel = null;
    if (closed) return;
    try {
      const now = store.dataVersion();
      const isForeign = now !== version;
      version = now;
      if (isForeign || clock.monotonic() - lookedAt >= MAX_SILENCE_MS) {
        lookedAt = clock.monotonic();
        parts.onLook();
      }
      if (isForeign) for (const listener of [...listeners]) listener();
    } catch (thrown) {
      log.warn('the database could not be looked at', { error: messageOf(thrown) });
    }
    arm();
  };
  const isBusy = (): boolean => parts.liveRuns() > 0 || parts.waiting() > 0 || listeners.size > 0;
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
    onForeignWrite(listener) {
      // Each call is a listener of its own, also of the same function.
      const own = (): void => listener();
      listeners.add(own);
      arm();
      return () => listeners.delete(own);
    },
    close() {
      closed = true;
      cancel?.();
    },
  };
}
