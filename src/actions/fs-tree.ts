/**
 * Walking a file tree before it is copied, moved or deleted: every entry is checked against the path
 * rules first, so that nothing is half done when one of them says no.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import type { PathAccess } from './deps.ts';
import { gateOf, type PathDeps, type Place } from './fs-paths.ts';
import { stopIfAborted } from './os-error.ts';

const MAX_TREE_ENTRIES = 100_000;

export interface TreeEntry extends Place {
  /** Path below the root of the tree, empty for the root. */
  readonly inside: string;
  readonly there: Stats;
}

/** The entries of a tree, folders before what they hold; links are entries, not followed. */
export async function treeOf(
  deps: PathDeps,
  root: Place,
  access: PathAccess,
  context: ActionContext,
): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  const gate = await gateOf(deps);
  const open = [{ ...root, inside: '' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    stopIfAborted(context.signal);
    gate.check(next, access);
    const there = await lstat(next.real);
    entries.push({ ...next, there });
    if (entries.length > MAX_TREE_ENTRIES) {
      throw new AppError('LIMIT_EXCEEDED', `${root.path} holds over ${MAX_TREE_ENTRIES} entries`);
    }
    if (!there.isDirectory()) continue;
    await gate.checkFolder(next, access);
    for (const name of await readdir(next.real)) {
      open.push({
        path: join(next.path, name),
        real: join(next.real, name),
        inside: join(next.inside, name),
      });
    }
  }
  return entries;
}

/** Bytes of all regular files. */
export const bytesOf = (entries: readonly TreeEntry[]): number =>
  entries.reduce((total, { there }) => total + (there.isFile() ? there.size : 0), 0);
