/**
 * Watches the room on the disk of the database and tells when it becomes little: once, until there is
 * clearly more again. What happens when nothing is left is the store's affair: writes fail with a clear
 * error, runs wait and go on when there is room.
 */
import type { Tell } from '../model/notice.ts';
import type { Clock, Logger } from '../model/ports.ts';
import { toRfc3339 } from '../model/time.ts';

export interface DiskWatchDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly tell: Tell;
  /** Bytes that this user may still write; null when that cannot be told. */
  readonly freeBytes: () => number | null;
  /** What is little, as the settings say now. */
  readonly leastBytes: () => number;
  readonly path: string;
}

const LOOK_MS = 60_000;
/** Told again only after there was this much more than the least. */
const ENOUGH_FACTOR = 1.5;
const MIB = 1024 * 1024;

/** Looks at once and then every minute; the result stops it. */
export function watchDisk(deps: DiskWatchDeps): () => void {
  const { clock, log, path } = deps;
  let isLow = false;
  let cancel: () => void = () => undefined;
  const look = (): void => {
    const free = deps.freeBytes();
    const least = deps.leastBytes();
    if (free !== null && free < least && !isLow) {
      isLow = true;
      const message = `${Math.floor(free / MIB)} MiB are free on the disk of ${path}`;
      log.warn('the disk is nearly full', { free_bytes: free, path });
      const data = { free_bytes: free, limit_bytes: least, path };
      deps.tell({ kind: 'disk_low', key: `disk_low:${toRfc3339(clock.now())}`, message, data });
    } else if (free !== null && isLow && free >= least * ENOUGH_FACTOR) {
      isLow = false;
      log.info('there is room on the disk again', { free_bytes: free });
    }
    cancel = clock.after(LOOK_MS, look);
  };
  look();
  return () => cancel();
}
