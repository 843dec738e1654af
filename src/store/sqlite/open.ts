/**
 * Opening the database file and putting the store together from its parts.
 *
 * The folder is made for this user alone (0700), the file too (0600; SQLite gives its -wal and -shm
 * files the same mode). A file that cannot be used is refused with what to do, and left as it is.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf } from '../../model/error.ts';
import type { Store } from '../../model/store.ts';
import { createAgents } from './agents.ts';
import { createAudit } from './audit.ts';
import {
  type BusyLimits,
  type Connection,
  connect,
  DEFAULT_BUSY_LIMITS,
  type Synchronous,
} from './connection.ts';
import { createDecisions } from './decisions.ts';
import { hasKind, storeError, toFileError } from './errors.ts';
import { createEventLog } from './event-log.ts';
import { createUpkeep } from './gc.ts';
import { createHeads } from './heads.ts';
import { refuseUnfit } from './identity.ts';
import { createInbox } from './inbox.ts';
import { createLogs } from './logs.ts';
import { connectToLook } from './looking.ts';
import { type IsGone, MIGRATIONS, migrate } from './migrate.ts';
import { createNodes } from './nodes.ts';
import { createNotices } from './notices.ts';
import { createPlaces } from './places.ts';
import { spendReserve } from './reserve.ts';
import { createRuns } from './runs.ts';
import { createSchedules } from './schedules.ts';
import { createSessionRows } from './sessions.ts';
import { createSnapshots } from './snapshots.ts';
import { createTemplates } from './templates.ts';
import { createTokens } from './tokens.ts';
import { watchWrites } from './write-hints.ts';

export interface SqliteOptions {
  readonly path: string;
  /** `full` survives power loss, `normal` the death of the process. */
  readonly synchronous: Synchronous;
  /** Now, for telling whether leases still hold; the system clock when left out. */
  readonly nowMs?: number;
  /** True for a node whose process is known to be gone, whatever its lease says. */
  readonly isGone?: IsGone;
  readonly limits?: BusyLimits;
  /** On a full disk the reserve is spent so that the file can be opened. */
  readonly makesRoom?: boolean;
}

/**
 * Opens the store in this file, made and brought up to date when needed.
 * @throws STORE_ERROR with `details.kind` (see errors.ts) when the file cannot be used
 */
export function openSqliteStore(options: SqliteOptions): Store {
  const path = resolve(options.path);
  try {
    return openStore(path, options);
  } catch (thrown) {
    if (options.makesRoom !== true || !hasKind(thrown, 'full') || !spendReserve(path)) throw thrown;
    return openStore(path, options);
  }
}

function openStore(path: string, options: SqliteOptions): Store {
  refuseUnfit(path, MIGRATIONS.length, (options.limits ?? DEFAULT_BUSY_LIMITS).syncBusyMs);
  ensureFile(path);
  const connection = connect(path, options.synchronous, options.limits);
  try {
    migrate(connection, { ...options, nowMs: options.nowMs ?? Date.now() });
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
  return createSqliteStore(connection);
}

/**
 * Opens the store in this file to look into it, which changes nothing, neither in the file nor beside
 * it; where there is none it is empty.
 * @throws STORE_ERROR with `details.kind` (see errors.ts) when the file cannot be read, or needs to be
 * brought up to date first
 */
export function openSqliteStoreToLook(given: string): Store {
  return { ...createSqliteStore(connectToLook(resolve(given))), ...UNNOTED };
}

/** Who looks is not noted. */
const UNNOTED: Pick<Store, 'seeAgent' | 'addAudit'> = {
  seeAgent: () => undefined,
  addAudit: () => undefined,
};

/** The store over an open connection with the current schema; closing it closes the connection. */
export function createSqliteStore(connection: Connection): Store {
  return {
    ...createEventLog(connection, createHeads(connection)),
    ...createRuns(connection),
    ...createPlaces(connection),
    ...createInbox(connection),
    ...createNodes(connection),
    ...createTemplates(connection),
    ...createDecisions(connection),
    ...createLogs(connection),
    ...createNotices(connection),
    ...createUpkeep(connection),
    ...createSchedules(connection),
    ...createTokens(connection),
    ...createAgents(connection),
    ...createAudit(connection),
    ...createSnapshots(connection),
    ...createSessionRows(connection),
    dataVersion: () => connection.dataVersion(),
    watchWrites: (onHint) => watchWrites(connection.path, onHint),
    close: () => connection.close(),
  };
}

function ensureFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a+', 0o600));
  } catch (cause) {
    const error = toFileError(cause, path);
    if (hasKind(error, 'full')) throw error;
    throw storeError('path', `cannot be opened for writing (${messageOf(cause)})`, path, { cause });
  }
}
