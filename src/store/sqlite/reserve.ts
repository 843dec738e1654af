/**
 * A file of a few MB beside the database that is only there to be deleted: on a disk without any room
 * SQLite cannot even delete, because a change is first written down.
 */
import { closeSync, existsSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Twice the log of changes as it usually is. */
const RESERVE_BYTES = 8 * 1024 * 1024;
/** Made only where it is no burden. */
const PLENTY_BYTES = 20 * RESERVE_BYTES;
/** As much noise as can be had at once. */
const BLOCK_BYTES = 65_536;

const fileOf = (path: string): string => `${path}-reserve`;

/** Makes the file when there is none and plenty of room; that it cannot be made is no failure. */
export function keepReserve(path: string): void {
  const file = fileOf(path);
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    if (bavail * bsize < PLENTY_BYTES || existsSync(file)) return;
    fill(file);
  } catch {
    // The disk filled up meanwhile, or does not say how full it is: then there is no reserve.
    rmSync(file, { force: true });
  }
}

/** Noise: zeros would take no room on some file systems. */
function fill(file: string): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    for (let done = 0; done < RESERVE_BYTES; done += BLOCK_BYTES) {
      writeSync(handle, crypto.getRandomValues(new Uint8Array(BLOCK_BYTES)));
    }
  } finally {
    closeSync(handle);
  }
}

/** Deletes the file; false when there was none. */
export function spendReserve(path: string): boolean {
  const file = fileOf(path);
  if (!existsSync(file)) return false;
  rmSync(file, { force: true });
  return true;
}
