/**
 * The durable inbox: messages to runs, each with one verdict. A message to a run that nobody owns marks
 * it for claiming in the same transaction.
 */
import type { NodeId, RunId } from '../../model/ids.ts';
import type { Json } from '../../model/json.ts';
import type {
  InboxKind,
  InboxRow,
  InboxSend,
  InboxStore,
  RunAppend,
  Sent,
} from '../../model/store.ts';
import type { Connection } from './connection.ts';

/** The inbox part of the store. */
export function createInbox(connection: Connection): InboxStore {
  return {
    send: (message) => connection.write(() => deliver(connection, message)),
    unsettled: (runId) =>
      connection
        .all<InboxColumns>(
          `${SELECT} WHERE i.rid = (SELECT rid FROM run_head WHERE id = ?) AND i.verdict IS NULL ORDER BY i.id`,
          runId,
        )
        .map(toRow),
    runsWithUnsettled: (owner: NodeId) =>
      connection
        .all<{ id: RunId }>(
          `SELECT h.id FROM inbox i JOIN run_head h ON h.rid = i.rid
           WHERE i.verdict IS NULL AND h.owner = ? GROUP BY h.rid ORDER BY min(i.id)`,
          owner,
        )
        .map((row) => row.id),
    row(id) {
      const row = connection.one<InboxColumns>(`${SELECT} WHERE i.id = ?`, id);
      return row && toRow(row);
    },
    sentWithKey(runId, key) {
      const row = connection.one<InboxColumns>(
        `${SELECT} WHERE i.rid = (SELECT rid FROM run_head WHERE id = ?) AND i."key" = ?`,
        runId,
        key,
      );
      return row && toRow(row);
    },
  };
}

const SELECT = `SELECT i.id, h.id AS runId, i.kind, i.body, i.received_at AS receivedAt,
    i."key" AS idempotencyKey, i.verdict
  FROM inbox i JOIN run_head h ON h.rid = i.rid`;

interface InboxColumns {
  readonly id: number;
  readonly runId: RunId;
  readonly kind: InboxKind;
  readonly body: string;
  readonly receivedAt: number;
  readonly idempotencyKey: string | null;
  readonly verdict: string | null;
}

const toRow = (row: InboxColumns): InboxRow => ({
  ...row,
  body: JSON.parse(row.body) as Json,
  verdict: row.verdict === null ? null : JSON.parse(row.verdict),
});

/** Adds a message and marks an unowned run; null when there is no such run. Inside a transaction. */
export function deliver(connection: Connection, message: InboxSend): Sent | null {
  const run = connection.one<{ rid: number; owner: string | null }>(
    'SELECT rid, owner FROM run_head WHERE id = ?',
    message.runId,
  );
  if (run === null) return null;
  const first = messageWithKey(connection, run.rid, message);
  if (first !== null) return first;
  const { lastInsertRowid } = connection.run(
    `INSERT INTO inbox (rid, kind, body, received_at, "key", fingerprint)
     VALUES (?, ?, ?, ?, ?, ?)`,
    run.rid,
    message.kind,
    JSON.stringify(message.body),
    message.receivedAt,
    message.idempotencyKey,
    message.keyed?.fingerprint ?? null,
  );
  if (run.owner === null) {
    connection.run(
      'UPDATE run_head SET wake_at = min(coalesce(wake_at, ?2), ?2) WHERE rid = ?1 AND owner IS NULL',
      run.rid,
      message.receivedAt,
    );
  }
  return { id: Number(lastInsertRowid), duplicate: false, same: false };
}

/** The message that has the key; one from before fingerprints is taken for the same. */
function messageWithKey(
  connection: Connection,
  rid: number,
  { idempotencyKey, keyed }: InboxSend,
): Sent | null {
  if (idempotencyKey === null) return null;
  const read = (key: string): { id: number; fingerprint: string | null } | null =>
    connection.one('SELECT id, fingerprint FROM inbox WHERE rid = ? AND "key" = ?', rid, key);
  const found = read(idempotencyKey);
  if (found !== null) {
    const same = found.fingerprint === (keyed?.fingerprint ?? null);
    return { id: found.id, duplicate: true, same };
  }
  const before = keyed === undefined ? null : read(keyed.earlier);
  return before?.fingerprint === null ? { id: before.id, duplicate: true, same: true } : null;
}

/**
 * Gives the run's messages their verdicts; the first verdict of a message stays. Inside a transaction.
 *
 * What a signal brought is in the log then, masked, and goes from here: it may hold a secret in the clear.
 */
export function settle(connection: Connection, rid: number, settled: RunAppend['settled']): void {
  for (const { inboxId, ...verdict } of settled) {
    connection.run(
      `UPDATE inbox SET verdict = ?,
         body = CASE kind WHEN 'signal' THEN json_remove(body, '$.payload', '$.reasoning') ELSE body END
       WHERE id = ? AND rid = ? AND verdict IS NULL`,
      JSON.stringify(verdict),
      inboxId,
      rid,
    );
  }
}

/** When the run's oldest message without verdict came, or null. */
export function oldestUnsettled(connection: Connection, rid: number): number | null {
  const row = connection.one<{ oldest: number | null }>(
    'SELECT min(received_at) AS oldest FROM inbox WHERE rid = ? AND verdict IS NULL',
    rid,
  );
  return row?.oldest ?? null;
}
