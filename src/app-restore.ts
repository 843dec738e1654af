/**
 * Going back to a backup: the store's copies, put together with who is alive and with the operation
 * that holds a restored database still.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { openApp } from './app.ts';
import { removeLeftovers } from './app-leftovers.ts';
import type { Config } from './config.ts';
import { isAlive } from './isolate/process-info.ts';
import { AppError } from './model/error.ts';
import { toRfc3339 } from './model/time.ts';
import { copyDatabase, inspectDatabase } from './store/sqlite/backup.ts';
import { hasKind } from './store/sqlite/errors.ts';
import {
  forgetOwners,
  holdEverything,
  nodesOf,
  replaceDatabase,
  revokedTokensOf,
} from './store/sqlite/restore.ts';
import { refuseForeignSchema } from './store/sqlite/schema-check.ts';

export interface Restored {
  readonly database: string;
  readonly from: string;
  /** Where the database is that was there before; null when there was none. */
  readonly before: string | null;
  readonly runs: number;
  /** Unfinished runs: suspended, and not begun. */
  readonly suspended: number;
  readonly pending: number;
  readonly decisions: number;
  readonly schedules: number;
  /** Notices that had not been delivered and will not be. */
  readonly notices: number;
  /** Tokens that let somebody in; what was revoked since the backup was made stays revoked. */
  readonly tokens: number;
}

/** What a look at the file that is to be restored finds. @throws STORE_ERROR when it is no good */
function ofBackup<T>(look: () => T): T {
  try {
    return look();
  } catch (thrown) {
    if (!(thrown instanceof AppError) || hasKind(thrown, 'newer_schema')) throw thrown;
    const { code, message, details } = thrown;
    throw new AppError(code, message, {
      hint: 'nothing was changed; name a file that opcode backup wrote, or a whole copy of a database',
      cause: thrown,
      ...(details === undefined ? {} : { details }),
    });
  }
}

/**
 * Puts a backup in the place of the database; nothing in it goes on by itself. The daemon must have
 * been looked for before.
 * @throws CONFLICT when somebody uses the database; STORE_ERROR when the file is no good
 */
export async function restoreBackup(config: Config, file: string, now: number): Promise<Restored> {
  const { dbPath } = config;
  if (resolve(file) === dbPath) {
    throw new AppError('VALIDATION_ERROR', `${file} is the database itself`);
  }
  refuseWhileUsed(dbPath, now);
  const { runs } = ofBackup(() => inspectDatabase(file));
  mkdirSync(dirname(dbPath), { recursive: true, mode: 0o700 });
  removeLeftovers(config);
  const prepared = `${dbPath}.restoring-${process.pid}`;
  try {
    copyDatabase(file, prepared, { force: true });
    ofBackup(() => refuseForeignSchema(prepared, file));
    forgetOwners(prepared);
    const held = await hold(config, prepared, now);
    holdEverything(prepared);
    const before = existsSync(dbPath) ? asideName(dbPath, now) : null;
    replaceDatabase(dbPath, prepared, before ?? asideName(dbPath, now));
    return { database: dbPath, from: resolve(file), before, runs, ...held };
  } finally {
    for (const end of ['', '-wal', '-shm', '-journal'])
      rmSync(`${prepared}${end}`, { force: true });
  }
}

/** 2026-01-31T12:34:56.789Z, without what some file systems refuse. */
function asideName(dbPath: string, now: number): string {
  const stamp = toRfc3339(now).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const name = `${dbPath}.before-restore-${stamp}`;
  return existsSync(name) ? `${name}-${process.pid}` : name;
}

function refuseWhileUsed(dbPath: string, now: number): void {
  const live = nodesOf(dbPath).filter(
    (node) => isAlive({ ...node, started: node.pidStarted }) ?? node.leaseUntil > now,
  );
  const [first] = live;
  if (first === undefined) return;
  const who = live.map(({ role, pid, host }) => `${role} (pid ${pid} on ${host})`).join(', ');
  const hint = first.role === 'serve' ? 'opcode stop, then restore' : 'end it, then restore';
  throw new AppError('CONFLICT', `the database is in use: ${who}`, { hint });
}

/** Suspends what is unfinished, stops schedules and notices, in the copy that nobody uses yet. */
async function hold(config: Config, prepared: string, now: number) {
  const app = await openApp({ ...config, dbPath: prepared }, { execute: false });
  try {
    const caller = { agentId: null, name: 'restore', role: 'local', sender: 'person' } as const;
    const held = await app.ops.hold({ caller, exec: null }, {});
    const { store } = app;
    const schedules = store.suspendSchedules('restored', now);
    let notices = 0;
    for (let gone = 1; gone > 0; notices += gone) {
      gone = store.giveUpNotices(Number.MAX_SAFE_INTEGER, now, 1000).length;
    }
    store.noteUpkeep('restore', now);
    const decisions = countPending(store);
    store.checkpoint('whole');
    for (const { id, at } of revokedTokensOf(config.dbPath)) store.revokeToken(id, at);
    const tokens = store
      .tokens()
      .filter(
        ({ revokedAt, expiresAt }) =>
          revokedAt === null && (expiresAt ?? Number.POSITIVE_INFINITY) > now,
      ).length;
    return { ...held, schedules, notices, decisions, tokens };
  } finally {
    await app.close();
  }
}

function countPending(store: Awaited<ReturnType<typeof openApp>>['store']): number {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page = store.queryDecisions({
      status: 'pending',
      limit: 500,
      ...(cursor === undefined ? {} : { cursor }),
    });
    count += page.items.length;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return count;
}
