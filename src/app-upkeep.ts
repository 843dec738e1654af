/**
 * Composition of upkeep: what its operations need of settings and machine, and what the daemon does by
 * itself: retention at night, and a look at the disk.
 */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createBackups } from './app-backup.ts';
import { removeLeftovers } from './app-leftovers.ts';
import type { Config } from './config.ts';
import { createProcessControl } from './isolate/recorded.ts';
import type { Tell } from './model/notice.ts';
import type { Logger } from './model/ports.ts';
import type { Store } from './model/store.ts';
import { watchDisk } from './ops/disk-watch.ts';
import { startNightly } from './ops/nightly.ts';
import type { UpkeepDeps } from './ops/upkeep-deps.ts';
import { writeBackOften } from './ops/write-back.ts';
import { createClock } from './runtime/clock.ts';
import { decisionRows, parentMessages, patchOf } from './runtime/projection.ts';
import type { Settings } from './settings.ts';
import { verifyDatabase } from './store/sqlite/verify.ts';

/** What the operations of upkeep work with. */
export function createUpkeepDeps(config: Config): UpkeepDeps {
  const { settings, dbPath } = config;
  return {
    retention: retentionOf(settings),
    rows: DERIVED_ROWS,
    checkDatabase: (depth) => verifyDatabase(dbPath, depth).problems,
    backups: createBackups(config),
    removeLeftovers: () => void removeLeftovers(config),
  };
}

/** Rows as the engine derives them. */
export const DERIVED_ROWS: UpkeepDeps['rows'] = {
  patch: patchOf,
  decisions: (state, event, pending) => decisionRows(state, [event], pending),
  messages: parentMessages,
};

const retentionOf = (settings: Settings): UpkeepDeps['retention'] => ({
  completedMs: settings['retention.completed'],
  failedMs: settings['retention.failed'],
  keepLast: settings['retention.keep_last'],
});

export interface DaemonUpkeep {
  readonly store: Store;
  /** The settings as they are now. */
  readonly config: () => Config;
  readonly log: Logger;
  /** Left out: nobody is told. */
  readonly tell?: Tell;
}

/** What a daemon looks after by itself; the result ends it. */
export function startUpkeep({
  store,
  config,
  log,
  tell = () => undefined,
}: DaemonUpkeep): () => Promise<void> {
  const clock = createClock();
  const path = config().dbPath;
  const nightly = startNightly({
    store,
    clock,
    log,
    processes: createProcessControl(),
    settings: () => {
      const { settings } = config();
      return {
        enabled: settings['retention.enabled'],
        at: settings['retention.at'],
        retention: retentionOf(settings),
      };
    },
    random: Math.random(),
  });
  store.keepReserve();
  const endWriteBack = writeBackOften({ store, clock, log });
  const stopWatching = watchDisk({
    clock,
    log,
    tell,
    path,
    freeBytes: () => freeBytesAt(path),
    leastBytes: () => config().settings['limits.disk_free'],
  });
  return async () => {
    stopWatching();
    endWriteBack();
    await nightly.close();
  };
}

/** Room on the disk of a file, for this user; null when that cannot be told. */
export function freeBytesAt(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    // Some file systems do not say: then nobody can be warned.
    return null;
  }
}
