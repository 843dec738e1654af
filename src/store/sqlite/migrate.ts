/**
 * The schema: which migrations exist, and bringing a file up to date in one exclusive transaction.
 *
 * `user_version` is the number of the last migration in the file, `schema_bounds.readable_from` the
 * oldest schema whose programs may still work on it. A file that needs a newer program is refused, and
 * nothing is changed under a living process that could not go on with it.
 */

import type { NodeRow } from '../../model/store.ts';
import type { Connection } from './connection.ts';
import { storeError } from './errors.ts';
import { APPLICATION_ID, type Bounds, FIRST_WITH_BOUNDS, identify } from './identity.ts';
import first from './migrations/0001_first.sql' with { type: 'text' };
import access from './migrations/0002_access.sql' with { type: 'text' };
import schedules from './migrations/0003_schedules.sql' with { type: 'text' };
import notices from './migrations/0004_notices.sql' with { type: 'text' };
import upkeep from './migrations/0005_upkeep.sql' with { type: 'text' };
import mountNamespace from './migrations/0006_mount_namespace.sql' with { type: 'text' };
import snapshots from './migrations/0007_snapshots.sql' with { type: 'text' };
import rules from './migrations/0008_rules.sql' with { type: 'text' };
import lostWakeups from './migrations/0009_lost_wakeups.sql' with { type: 'text' };
import runSecrets from './migrations/0010_run_secrets.sql' with { type: 'text' };
import templateSources from './migrations/0011_template_sources.sql' with { type: 'text' };
import webhookUses from './migrations/0012_webhook_uses.sql' with { type: 'text' };
import places from './migrations/0013_places.sql' with { type: 'text' };
import mcpSessions from './migrations/0014_mcp_sessions.sql' with { type: 'text' };
import keyRequests from './migrations/0015_key_requests.sql' with { type: 'text' };
import databaseId from './migrations/0016_database_id.sql' with { type: 'text' };
import secretMarks from './migrations/0017_secret_marks.sql' with { type: 'text' };
import deaths from './migrations/0018_deaths.sql' with { type: 'text' };
import localTimes from './migrations/0019_local_times.sql' with { type: 'text' };

/**
 * One step of the schema. A text alone changes what older programs rely on: it is made while none of
 * them lives, and they cannot work on the file afterwards. `expand` only adds what older programs need
 * not know, so they go on beside it. `contract` takes away what programs before this schema need: it
 * waits while one of them lives, and this program works before it and after it.
 */
export type Migration = string | { readonly sql: string; readonly phase: 'expand' | 'contract' };

/** Oldest first; the place in the list, from 1, is the schema number. */
export const MIGRATIONS: readonly Migration[] = [
  first,
  access,
  schedules,
  notices,
  upkeep,
  mountNamespace,
  snapshots,
  rules,
  { sql: lostWakeups, phase: 'expand' },
  { sql: runSecrets, phase: 'expand' },
  { sql: templateSources, phase: 'expand' },
  webhookUses,
  places,
  { sql: mcpSessions, phase: 'expand' },
  { sql: keyRequests, phase: 'expand' },
  { sql: databaseId, phase: 'expand' },
  { sql: secretMarks, phase: 'expand' },
  { sql: deaths, phase: 'expand' },
  { sql: localTimes, phase: 'expand' },
];

export const sqlOf = (migration: Migration): string =>
  typeof migration === 'string' ? migration : migration.sql;

export interface MigrationContext {
  readonly nowMs: number;
  /** True for a node whose process is known to be gone, whatever its lease says. */
  readonly isGone?: IsGone;
}

/** What every schema knows of a node. */
type KnownNode = Omit<NodeRow, 'mountNamespace'>;
export type IsGone = (node: KnownNode) => boolean;

/** A living node, and the newest schema that its program knows. */
type OlderNode = KnownNode & { readonly schema: number };

export interface Migrated {
  /** Who has to end before the rest of the schema can change; null when nothing is left to do. */
  readonly waitsFor: OlderNode | null;
}

/**
 * Returns when this program can work on the file.
 * @throws STORE_ERROR `newer_schema` or `in_use`; the file is unchanged then
 */
export function migrate(
  connection: Connection,
  context: MigrationContext,
  migrations: readonly Migration[] = MIGRATIONS,
): Migrated {
  if (boundsOf(connection, migrations.length).schema >= migrations.length) {
    return { waitsFor: null };
  }
  return connection.write(() => {
    // Another process may have migrated while this one waited for the lock.
    const from = boundsOf(connection, migrations.length);
    const older = from.schema === 0 ? [] : livingNodes(connection, context, from.schema);
    const { schema, readableFrom, waitsFor } = planMigration(from, older, migrations);
    if (waitsFor !== null && migrations.slice(schema).some((each) => !isContracting(each))) {
      refuse(connection, waitsFor);
    }
    for (const each of migrations.slice(from.schema, schema)) connection.script(sqlOf(each));
    connection.script(`PRAGMA application_id = ${APPLICATION_ID}`);
    connection.script(`PRAGMA user_version = ${schema}`);
    if (schema >= FIRST_WITH_BOUNDS) {
      connection.run('UPDATE schema_bounds SET readable_from = ?', readableFrom);
    }
    return { waitsFor };
  });
}

const isPhase = (migration: Migration, phase: 'expand' | 'contract'): boolean =>
  typeof migration !== 'string' && migration.phase === phase;
const isContracting = (migration: Migration): boolean => isPhase(migration, 'contract');

/** Finds how far a file can be brought while these nodes live. */
function planMigration(
  { schema, readableFrom }: Bounds,
  older: readonly OlderNode[],
  migrations: readonly Migration[],
): Bounds & Migrated {
  for (const migration of migrations.slice(schema)) {
    const needed = schema + 1;
    if (!isPhase(migration, 'expand')) {
      const waitsFor = older.find((node) => node.schema < needed);
      if (waitsFor !== undefined) return { schema, readableFrom, waitsFor };
      readableFrom = needed;
    }
    schema = needed;
  }
  return { schema, readableFrom, waitsFor: null };
}

/** The bounds of an open database, however it came there. @throws STORE_ERROR `newer_schema` */
const boundsOf = (connection: Connection, known: number): Bounds =>
  identify((sql) => connection.one(sql), connection.path, known);

/** True when this program works on a file of this schema as it is. */
export const isReadable = (schema: number): boolean =>
  schema >= MIGRATIONS.length || (schema > 0 && MIGRATIONS.slice(schema).every(isContracting));

/** Nodes with a lease whose process is not known to be gone, oldest schema first. */
function livingNodes(
  connection: Connection,
  context: MigrationContext,
  schema: number,
): readonly OlderNode[] {
  const hasSchema = schema >= FIRST_WITH_BOUNDS;
  const nodes = connection.all<OlderNode>(
    `SELECT node_id AS nodeId, role, pid, pid_started AS pidStarted, boot_id AS bootId, host,
       pid_namespace AS pidNamespace, uid, version, lease_until AS leaseUntil,
       started_at AS startedAt,
       ${hasSchema ? `coalesce(schema, ${FIRST_WITH_BOUNDS - 1})` : schema} AS schema
     FROM nodes WHERE lease_until > ? ORDER BY schema`,
    context.nowMs,
  );
  return nodes.filter((node) => context.isGone?.(node) !== true);
}

function refuse(connection: Connection, { pid, host, version }: OlderNode): never {
  const message = `process ${pid} on ${host} (version ${version}) still uses it; this version would change its schema`;
  throw storeError('in_use', message, connection.path, { details: { pid, host, version } });
}
