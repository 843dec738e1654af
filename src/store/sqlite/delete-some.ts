/**
 * Deleting the rows of a removed run, a few at a time: the one list of what a run leaves behind.
 *
 * A large value goes when the last run that used it is gone.
 */
import type { Connection } from './connection.ts';

/** Rows of one table that go at once. */
const ROWS_AT_ONCE = 64;

export interface RemovedRun {
  readonly rid: number;
  readonly id: string;
}

/** Each deletes at most `?2` rows of the run `?1`. */
const BY_NUMBER: readonly string[] = [
  'DELETE FROM events WHERE id IN (SELECT id FROM events WHERE rid = ?1 LIMIT ?2)',
  'DELETE FROM logs WHERE "offset" IN (SELECT "offset" FROM logs WHERE rid = ?1 LIMIT ?2)',
  'DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE rid = ?1 LIMIT ?2)',
  `DELETE FROM agent_messages WHERE rid = ?1
     AND seq IN (SELECT seq FROM agent_messages WHERE rid = ?1 LIMIT ?2)`,
  `DELETE FROM told WHERE rid = ?1
     AND (seq, agent) IN (SELECT seq, agent FROM told WHERE rid = ?1 LIMIT ?2)`,
];

const BY_ID =
  'DELETE FROM decisions WHERE rowid IN (SELECT rowid FROM decisions WHERE run_id = ?1 LIMIT ?2)';

/** Deletes rows of one table that still has some; answers how many, 0 when nothing is left. */
export function deleteSome(connection: Connection, { rid, id }: RemovedRun): number {
  for (const sql of BY_NUMBER) {
    const { changes } = connection.run(sql, rid, ROWS_AT_ONCE);
    if (changes > 0) return changes;
  }
  const { changes } = connection.run(BY_ID, id, ROWS_AT_ONCE);
  if (changes > 0) return changes;
  const names = connection.run('DELETE FROM run_secrets WHERE root = ?', id);
  return names.changes > 0 ? names.changes : deleteBlob(connection, rid);
}

/** One at a time: each may be as large as a step's output. */
function deleteBlob(connection: Connection, rid: number): number {
  const used = connection.one<{ hash: string }>(
    'SELECT hash FROM blob_runs WHERE rid = ? LIMIT 1',
    rid,
  );
  if (used === null) return 0;
  connection.run('DELETE FROM blob_runs WHERE rid = ? AND hash = ?', rid, used.hash);
  connection.run(
    `DELETE FROM blobs WHERE hash = ?1
       AND NOT EXISTS (SELECT 1 FROM blob_runs WHERE hash = ?1)`,
    used.hash,
  );
  return 1;
}
