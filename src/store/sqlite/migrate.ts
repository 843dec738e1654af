/**
 * The schema: which migrations exist, and bringing a file up to date in one exclusive transaction.
 *
 * `user_version` is the number of the last migration in the file. A file of a newer program is refused,
 * and nothing is migrated under a living process of another version.
 */

import type { NodeRow } from '../../model/store.ts';
import { APPLICATION_ID, type Connection } from './connection.ts';
import { storeError } from './errors.ts';
import first from './migrations/0001_first.sql' with { type: 'text' };
import access from './migrations/0002_access.sql' with { type: 'text' };
import schedules from './migrations/0003_schedules.sql' with { type: 'text' };
import notices from './migrations/0004_notices.sql' with { type: 'text' };
import upkeep from './migrations/0005_upkeep.sql' with { type: 'text' };
import mountNamespace from './migrations/0006_mount_namespace.sql' with { type: 'text' };
import snapshots from './migrations/0007_snapshots.sql' with { type: 'text' };

/** Oldest first; the place in the list, from 1, is the schema number. */
export const MIGRATIONS: readonly string[] = [
  first,
  access,
  schedules,
  notices,
  upkeep,
  mountNamespace,
  snapshots,
];

export interface MigrationContext {
  /** Version of this program, as its node row says. */
  readonly version: string;
  readonly nowMs: number;
  /** True for a node whose process is known to be gone, whatever its lease says. */
  readonly isGone?: IsGone;
}

/** What every schema knows of a node. */
type KnownNode = Omit<NodeRow, 'mountNamespace'>;
export type IsGone = (node: KnownNode) => boolean;

/**
 * Returns when the file has this program's schema.
 * @throws STORE_ERROR `newer_schema` or `in_use`; the file is unchanged then
 */
export function migrate(
  connection: Connection,
  context: MigrationContext,
  migrations: readonly string[] = MIGRATIONS,
): void {
  if (currentSchema(connection, migrations.length) === migrations.length) return;
  connection.write(() => {
    // Another process may have migrated while this one waited for the lock.
    const from = currentSchema(connection, migrations.length);
    if (from > 0 && from < migrations.length) refuseWhileOthersLive(connection, context);
    for (const migration of migrations.slice(from)) connection.script(migration);
    connection.script(`PRAGMA application_id = ${APPLICATION_ID}`);
    connection.script(`PRAGMA user_version = ${migrations.length}`);
  });
}

function currentSchema(connection: Connection, known: number): number {
  const schema = connection.one<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
  if (schema <= known) return schema;
  const message = `made by a newer Opcode: its schema is ${schema}, this program knows ${known}`;
  throw storeError('newer_schema', message, connection.path, { details: { schema, known } });
}

function refuseWhileOthersLive(connection: Connection, context: MigrationContext): void {
  const others = connection.all<KnownNode>(
    `SELECT node_id AS nodeId, role, pid, pid_started AS pidStarted, boot_id AS bootId, host,
       pid_namespace AS pidNamespace, uid, version, lease_until AS leaseUntil,
       started_at AS startedAt
     FROM nodes WHERE lease_until > ? AND version <> ?`,
    context.nowMs,
    context.version,
  );
  const other = others.find((node) => context.isGone?.(node) !== true);
  if (other === undefined) return;
  const { pid, host, version } = other;
  const message = `process ${pid} on ${host} (version ${version}) still uses it; this version would change its schema`;
  throw storeError('in_use', message, connection.path, { details: { pid, host, version } });
}
