/**
 * Large JSON values, kept once by the SHA-256 of their text, and which runs use them, so that deleting
 * a run can tell what nobody needs any more.
 */
import type { Connection } from './connection.ts';
import { storeError } from './errors.ts';
import type { Blob } from './payloads.ts';

/** Stores the values and notes that the run uses them; inside a transaction. */
export function putBlobs(connection: Connection, rid: number, blobs: readonly Blob[]): void {
  for (const { hash, body } of blobs) {
    connection.run('INSERT OR IGNORE INTO blobs (hash, body) VALUES (?, ?)', hash, body);
    connection.run('INSERT OR IGNORE INTO blob_runs (rid, hash) VALUES (?, ?)', rid, hash);
  }
}

/**
 * The text under a hash.
 * @throws STORE_ERROR `corrupt` when an event refers to a value that is not there
 */
export function readBlob(connection: Connection, hash: string): string {
  const row = connection.one<{ body: string }>('SELECT body FROM blobs WHERE hash = ?', hash);
  if (row !== null) return row.body;
  throw storeError('corrupt', `the value ${hash} of an event is missing`, connection.path);
}
