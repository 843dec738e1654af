/**
 * Files that appear whole or not at all: written beside the target, synced, then moved into place.
 *
 * The name of the unfinished file follows from the step, so what a crash left behind is replaced on
 * the next try. A target that is not a regular file (a device, a pipe) is never replaced.
 */
import type { FileHandle } from 'node:fs/promises';
import { access, constants, link, lstat, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ActionContext } from '../model/action.ts';
import { errnoOf, osFailure, refused } from './os-error.ts';

export const DEFAULT_MODE = 0o644;
const MAX_NAME = 120;

export interface AtomicWrite {
  /** Where the file shall be, links followed. */
  readonly target: string;
  /** Permission bits; null keeps those of the file that is replaced, else 0644. */
  readonly mode: number | null;
  /** False: fail with `EEXIST` when there is something already. */
  readonly overwrite: boolean;
  readonly fill: (file: FileHandle) => Promise<void>;
}

/**
 * Writes a file whole; answers its size in bytes.
 * @throws AppError EXECUTION_ERROR; a system error with `code: 'EEXIST'` stays as it is
 */
export async function writeAtomically(
  context: Pick<ActionContext, 'idempotencyKey'>,
  write: AtomicWrite,
): Promise<number> {
  const { target } = write;
  const mode = write.mode ?? (await modeOf(target)) ?? DEFAULT_MODE;
  const name = basename(target).slice(0, MAX_NAME);
  const unfinished = join(dirname(target), `.${name}.${context.idempotencyKey.slice(0, 12)}.tmp`);
  try {
    await rm(unfinished, { force: true });
    const size = await fillFile(unfinished, mode, write.fill);
    if (write.overwrite) await rename(unfinished, target);
    else await link(unfinished, target);
    await syncFolder(dirname(target));
    return size;
  } catch (thrown) {
    if (errnoOf(thrown) === 'EEXIST') throw thrown;
    throw osFailure('write', target, thrown);
  } finally {
    await rm(unfinished, { force: true });
  }
}

/**
 * Looks whether a file could be written there: what is there, and its folder.
 * @throws AppError EXECUTION_ERROR
 */
export async function checkTarget(target: string): Promise<void> {
  await modeOf(target);
  try {
    await access(dirname(target), constants.W_OK | constants.X_OK);
  } catch (thrown) {
    throw osFailure('write', target, thrown);
  }
}

async function fillFile(path: string, mode: number, fill: AtomicWrite['fill']): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  try {
    await fill(file);
    await file.chmod(mode);
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Permission bits of the file that is there, null when there is none. */
async function modeOf(target: string): Promise<number | null> {
  try {
    const there = await stat(target);
    if (there.isDirectory()) throw refused('write', target, 'it is a directory');
    if (!there.isFile()) throw refused('write', target, 'it is not a regular file');
    return there.mode & 0o777;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw osFailure('write', target, thrown);
  }
}

/** Makes a rename survive a power loss, where folders can be synced. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (thrown) {
    // Some file systems cannot sync a folder; the file itself is on disk.
    if (errnoOf(thrown) !== 'EINVAL') throw thrown;
  } finally {
    await handle.close();
  }
}

/** True when something is there, also a link that points nowhere. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}
