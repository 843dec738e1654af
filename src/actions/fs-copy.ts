/**
 * `fs.copy` and `fs.move`: files and whole trees; each file appears whole or not at all.
 *
 * A link inside a tree is copied as a link. Moving is a rename, and a copy followed by a delete where
 * the two places lie on different file systems.
 */
import { createReadStream } from 'node:fs';
import { chmod, link, lstat, mkdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext, EffectAction } from '../model/action.ts';
import type { JsonObject } from '../model/json.ts';
import { exists, writeAtomically } from './atomic-file.ts';
import {
  checkHoldsNothingDenied,
  checkKeepsOpenFolders,
  isInside,
  type PathDeps,
  type Place,
  placeOf,
} from './fs-paths.ts';
import { bytesOf, type TreeEntry, treeOf } from './fs-tree.ts';
import { makeParent } from './fs-write.ts';
import { errnoOf, occupied, osFailure, refused, stopIfAborted } from './os-error.ts';
import { sameBytes } from './same-bytes.ts';

type Run = EffectAction['run'];

interface Transfer {
  readonly src: Place;
  readonly dst: Place;
  readonly overwrite: boolean;
  readonly context: ActionContext;
}

export const copyAction = (deps: PathDeps): Run => {
  return async (params, context) => {
    const src = await placeOf(deps, context.cwd, String(params.src), 'read');
    const dst = await placeOf(deps, context.cwd, String(params.dst), 'write');
    const transfer = { src, dst, overwrite: params.overwrite !== false, context };
    try {
      const entries = await treeOf(deps, src, 'read', context);
      await prepareTarget(deps, transfer, entries, params);
      await copyTree(transfer, entries);
      return { output: { src: src.path, dst: dst.path, ...sizeOf(entries) } };
    } catch (thrown) {
      throw osFailure('copy', `${src.path} to ${dst.path}`, thrown);
    }
  };
};

export const moveAction = (deps: PathDeps): Run => {
  return async (params, context) => {
    const src = await placeOf(deps, context.cwd, String(params.src), 'write', true);
    const dst = await placeOf(deps, context.cwd, String(params.dst), 'write', true);
    const transfer = { src, dst, overwrite: params.overwrite !== false, context };
    try {
      if (context.repeat && !(await exists(src.real)) && (await exists(dst.real))) {
        return {
          output: { src: src.path, dst: dst.path, ...(await sizeOfMoved(deps, dst, context)) },
        };
      }
      await checkHoldsNothingDenied(deps, src);
      await checkKeepsOpenFolders(deps, src);
      await checkKeepsOpenFolders(deps, dst);
      const entries = await treeOf(deps, src, 'write', context);
      await prepareTarget(deps, transfer, entries, params);
      await move(transfer, entries);
      return { output: { src: src.path, dst: dst.path, ...sizeOf(entries) } };
    } catch (thrown) {
      throw osFailure('move', `${src.path} to ${dst.path}`, thrown);
    }
  };
};

const sizeOf = (entries: readonly TreeEntry[]): { size: number; is_dir: boolean } => ({
  size: bytesOf(entries),
  is_dir: entries[0]?.there.isDirectory() ?? false,
});

async function sizeOfMoved(
  deps: PathDeps,
  dst: Place,
  context: ActionContext,
): Promise<ReturnType<typeof sizeOf>> {
  return sizeOf(await treeOf(deps, dst, 'read', context));
}

async function prepareTarget(
  deps: PathDeps,
  { src, dst }: Transfer,
  entries: readonly TreeEntry[],
  params: JsonObject,
): Promise<void> {
  const folder = entries[0]?.there.isDirectory() === true;
  if (src.real === dst.real) throw refused('write', dst.path, 'it is the source itself');
  if (folder && isInside(src.real, dst.real)) {
    throw refused('write', dst.path, 'it lies inside the source');
  }
  if (!folder && (await isFolder(dst.real))) {
    throw refused('write', dst.path, 'it is a directory: name the file in it');
  }
  if (folder) await checkHoldsNothingDenied(deps, dst);
  if (params.create_dirs === true) await makeParent(dst);
}

async function isFolder(path: string): Promise<boolean> {
  return (await exists(path)) && (await lstat(path)).isDirectory();
}

async function copyTree(transfer: Transfer, entries: readonly TreeEntry[]): Promise<void> {
  const { dst, overwrite, context } = transfer;
  const isTree = entries[0]?.there.isDirectory() === true;
  if (isTree && !overwrite && !context.repeat && (await exists(dst.real))) {
    throw occupied(dst.path);
  }
  for (const entry of entries) {
    stopIfAborted(context.signal);
    await copyEntry(transfer, entry, join(dst.real, entry.inside));
  }
  // Last, so that a folder nobody may write to can be filled first.
  for (const entry of entries.filter(({ there }) => there.isDirectory())) {
    await chmod(join(dst.real, entry.inside), entry.there.mode & 0o7777);
  }
}

async function copyEntry(transfer: Transfer, entry: TreeEntry, target: string): Promise<void> {
  if (entry.there.isDirectory()) {
    await mkdir(target, { recursive: true });
    return;
  }
  if (entry.there.isSymbolicLink()) {
    await copyLink(transfer, entry, target);
    return;
  }
  if (!entry.there.isFile()) throw refused('copy', entry.path, 'it is not a regular file');
  try {
    await writeAtomically(transfer.context, {
      target,
      mode: entry.there.mode & 0o7777,
      overwrite: transfer.overwrite,
      async fill(file) {
        for await (const chunk of createReadStream(entry.real)) {
          stopIfAborted(transfer.context.signal);
          await file.appendFile(chunk as Buffer);
        }
      },
    });
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown;
    if (transfer.context.repeat && (await sameBytes(entry.real, target))) return;
    throw occupied(target);
  }
}

async function copyLink(transfer: Transfer, entry: TreeEntry, target: string): Promise<void> {
  const points = await readlink(entry.real);
  if (await exists(target)) {
    const there = await lstat(target);
    const same = there.isSymbolicLink() && (await readlink(target)) === points;
    if (same) return;
    if (!transfer.overwrite) {
      throw occupied(target);
    }
    await rm(target);
  }
  await symlink(points, target);
}

async function move(transfer: Transfer, entries: readonly TreeEntry[]): Promise<void> {
  const { src, dst, overwrite } = transfer;
  const isTree = entries[0]?.there.isDirectory() === true;
  if (!overwrite && (await exists(dst.real))) {
    throw occupied(dst.path);
  }
  try {
    if (overwrite || isTree) await rename(src.real, dst.real);
    else {
      // A link never replaces what appeared at the target in this moment; a rename would.
      await link(src.real, dst.real);
      await rm(src.real);
    }
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EXDEV') throw thrown;
    await copyTree(transfer, entries);
    await rm(src.real, { recursive: true });
  }
}
