/** Snapshots of folded states, each with a checksum of its text: a damaged one is not handed out. */
import type { RunId } from '../../model/ids.ts';
import type { RunSnapshot, SnapshotStore } from '../../model/snapshot-store.ts';
import type { Connection } from './connection.ts';

const checksumOf = (text: string): string => Bun.hash(text).toString(16);

/** The snapshots part of the store. */
export function createSnapshots(connection: Connection): SnapshotStore {
  return {
    putSnapshot: (runId, { seq, version, text }) =>
      connection.writeLater(() => {
        connection.run(
          `INSERT INTO snapshots (rid, seq, version, checksum, body)
           SELECT rid, ?2, ?3, ?4, ?5 FROM run_head WHERE id = ?1 AND seq >= ?2
           ON CONFLICT (rid) DO UPDATE SET seq = excluded.seq, version = excluded.version,
             checksum = excluded.checksum, body = excluded.body
           WHERE excluded.version <> version OR excluded.seq >= seq`,
          ...[runId, seq, version, checksumOf(text), text],
        );
      }),
    snapshot(runId) {
      const row = connection.one<RunSnapshot & { readonly checksum: string }>(
        `SELECT s.seq, s.version, s.checksum, s.body AS text
         FROM run_head h JOIN snapshots s ON s.rid = h.rid WHERE h.id = ?`,
        runId,
      );
      if (row === null) return null;
      const { checksum, ...snapshot } = row;
      return checksumOf(snapshot.text) === checksum ? snapshot : null;
    },
    snapshotMark: (runId) =>
      connection.one(
        'SELECT s.seq, s.version FROM run_head h JOIN snapshots s ON s.rid = h.rid WHERE h.id = ?',
        runId,
      ),
    dropSnapshot(runId: RunId) {
      const sql = 'DELETE FROM snapshots WHERE rid = (SELECT rid FROM run_head WHERE id = ?)';
      connection.write(() => connection.run(sql, runId), 'relaxed');
    },
  };
}
