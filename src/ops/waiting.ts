/**
 * Waiting for a run: until it ends, waits for somebody, or a time is over.
 *
 * Looks at the store after every event of this process about the run, and after every write of
 * another process. What is waited for never depends on the waiter: stopping to wait changes nothing.
 */
import type { PublishedEvent } from '../model/engine.ts';
import { AppError } from '../model/error.ts';
import type { RunId } from '../model/ids.ts';
import { isRunEnded } from '../model/run-status.ts';
import type { Store } from '../model/store.ts';
import { parseDuration } from '../model/time.ts';
import type { OpsDeps } from './deps.ts';
import { asksSomebody, isAtRest } from './run-tree.ts';

/** How often another process's writes are looked for, milliseconds. */
const LOOK_MS = 15;

export interface WaitOptions {
  /** Null waits as long as it takes. */
  readonly timeoutMs: number | null;
  readonly abort?: AbortSignal | undefined;
  /** Only events of this run, else of all. */
  readonly runId?: RunId | undefined;
}

type WaitDeps = Pick<OpsDeps, 'store' | 'engine' | 'clock'>;

/** The first answer of `look` that is not null; null when the time is over or the caller stops. */
export function waitUntil<T>(
  deps: WaitDeps,
  look: () => T | null,
  options: WaitOptions,
): Promise<T | null> {
  const { store, engine, clock } = deps;
  // Known before the first look: what is written behind it is then noticed.
  const version = engine === null ? store.dataVersion() : 0;
  return new Promise((resolve, reject) => {
    const closers: (() => void)[] = [];
    let isOver = false;
    const end = (finish: () => void): void => {
      if (isOver) return;
      isOver = true;
      for (const close of closers) close();
      options.abort?.removeEventListener('abort', stop);
      finish();
    };
    const stop = (): void => end(() => resolve(null));
    const tryLook = (): void => {
      if (isOver) return;
      try {
        const answer = look();
        if (answer !== null) end(() => resolve(answer));
      } catch (thrown) {
        end(() => reject(thrown as Error));
      }
    };
    tryLook();
    if (options.abort?.aborted === true || options.timeoutMs === 0) stop();
    if (isOver) return;
    options.abort?.addEventListener('abort', stop);
    if (options.timeoutMs !== null) closers.push(clock.after(options.timeoutMs, stop));
    if (engine === null) closers.push(watchFile({ store, clock }, version, tryLook));
    else {
      closers.push(engine.onForeignWrite(tryLook));
      closers.push(
        engine.onEvents((events) => {
          const { runId } = options;
          if (runId === undefined || events.some((each) => concerns(each, runId))) tryLook();
        }),
      );
    }
  });
}

/** True for events of the run, and for those by which a run that it awaits begins to ask. */
const concerns = ({ runId, event }: PublishedEvent, waitedFor: RunId): boolean =>
  runId === waitedFor || event.type === 'decision_requested';

/** Calls back after writes behind `since`, in a process without an engine that would notice them. */
function watchFile(
  { store, clock }: Pick<WaitDeps, 'store' | 'clock'>,
  since: number,
  onWrite: () => void,
): () => void {
  let version = since;
  let closed = false;
  const look = (): void => {
    const now = versionOf(store);
    // When it cannot be told, who waits looks and is told why.
    if (now !== version) onWrite();
    version = now ?? version;
    if (!closed) cancel = clock.after(LOOK_MS, look);
  };
  let cancel = clock.after(LOOK_MS, look);
  return () => {
    closed = true;
    cancel();
  };
}

function versionOf(store: WaitDeps['store']): number | null {
  try {
    return store.dataVersion();
  } catch {
    return null;
  }
}

/** How long a run that asks and still works is given to come to rest, beyond the caller's wait. */
const ASKING_GRACE_MS = 1000;

/**
 * Waits until the run has ended or (`stopped`) nothing moves before somebody does something. One that
 * asks while a short step of it still works gets a moment more, so that it is told as suspended.
 */
export async function waitForRun(
  deps: WaitDeps,
  runId: RunId,
  until: 'ended' | 'stopped',
  options: Omit<WaitOptions, 'runId'>,
): Promise<void> {
  const { store } = deps;
  const found = await waitUntil(deps, () => standingOf(store, runId, until), { ...options, runId });
  if (found !== 'asks') return;
  const rests = (): true | null => (standingOf(store, runId, until) === 'over' ? true : null);
  await waitUntil(deps, rests, { timeoutMs: ASKING_GRACE_MS, abort: options.abort, runId });
}

/** `over`: it has ended or rests. `asks`: somebody must decide while it goes on. Null: neither yet. */
function standingOf(
  store: Store,
  runId: RunId,
  until: 'ended' | 'stopped',
): 'over' | 'asks' | null {
  const head = store.head(runId);
  if (head === null) throw new AppError('NOT_FOUND', `there is no run "${runId}"`);
  if (isRunEnded(head.status)) return 'over';
  if (until === 'ended') return null;
  if (head.status === 'suspended' && isAtRest(store, runId)) return 'over';
  return asksSomebody(store, runId) ? 'asks' : null;
}

/** Milliseconds of a `wait` argument, null for `forever`. @throws VALIDATION_ERROR */
export function waitMsOf(wait: string | number): number | null {
  if (wait === 0 || wait === '0') return 0;
  if (wait === 'forever') return null;
  const parsed = parseDuration(wait);
  if (!parsed.ok) {
    throw new AppError('VALIDATION_ERROR', `wait: ${parsed.message}`, {
      hint: 'a duration such as "30s", 0 for not at all, or "forever"',
    });
  }
  return parsed.ms;
}
