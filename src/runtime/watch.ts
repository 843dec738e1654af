/**
 * Notices what other processes wrote: cheap looks at the store's version, often while a run is live
 * or somebody waits, seldom when idle, at once on a hint of the store; and at least once a second what
 * has become due. Hints only make it quicker: without them the looks find everything.
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

/** What a hint tells of can be read a moment later. */
const HINT_DELAY_MS = 5;
/** Many writes, many hints: one look for all of them. */
const HINTED_EVERY_MS = 25;

/** Looks until closed; an idle process that claims nothing does not look at all. */
export function createWatch(parts: WatchParts): Watch {
  const { store, clock, config, log } = parts.deps;
  let version = store.dataVersion();
  let cancel: (() => void) | null = null;
  let lookedAt = clock.monotonic() - MAX_SILENCE_MS;
  let readAt = 0;
  let dueAt = 0;
  let isHinted = false;
  let closed = false;
  const listeners = new Set<() => void>();

  const look = (): void => {
    cancel = null;
    if (closed) return;
    try {
      readAt = clock.monotonic();
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
  const isBusy = (): boolean => parts.liveRuns() > 0 || parts.waiting() > 0;
  /** Milliseconds to the next look, null for none. */
  const pause = (): number | null => {
    // Who only listens, or is idle, is told by hints, once they have shown that there are any.
    if (isBusy() || (listeners.size > 0 && !isHinted)) return config.livePollMs;
    if (!config.claims && listeners.size === 0) return null;
    return isHinted ? Math.max(config.idlePollMs, MAX_SILENCE_MS) : config.idlePollMs;
  };
  const armFor = (wait: number): void => {
    const due = clock.monotonic() + wait;
    if (cancel !== null) {
      if (due >= dueAt) return;
      cancel();
    }
    dueAt = due;
    cancel = clock.after(wait, look);
  };
  const arm = (): void => {
    const wait = closed ? null : pause();
    if (wait !== null) armFor(wait);
  };
  const onHint = (): void => {
    isHinted = true;
    const rested = clock.monotonic() - readAt;
    if (!closed) armFor(Math.max(HINT_DELAY_MS, HINTED_EVERY_MS - rested));
  };
  const ignoreHints = config.claims ? store.watchWrites(onHint) : () => undefined;
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
      ignoreHints();
      cancel?.();
    },
  };
}
