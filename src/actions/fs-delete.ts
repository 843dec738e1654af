/**
 * `fs.delete`: a file, an empty folder, or with `recursive` a whole tree.
 */
import { lstat, rm, rmdir, unlink } from 'node:fs/promises';
import type { ActionContext, EffectAction } from '../model/action.ts';
import type { JsonObject } from '../model/json.ts';
import {
  checkHoldsNothingDenied,
  checkKeepsOpenFolders,
  type PathDeps,
  type Place,
  placeOf,
} from './fs-paths.ts';
import { treeOf } from './fs-tree.ts';
import { errnoOf, osFailure, stopIfAborted } from './os-error.ts';

export const deleteAction = (deps: PathDeps): EffectAction['run'] => {
  return async (params, context) => {
    const place = await placeOf(deps, context.cwd, String(params.path), 'write', true);
    try {
      await remove(deps, place, params, context);
      return { output: { path: place.path, deleted: true } };
    } catch (thrown) {
      if (errnoOf(thrown) !== 'ENOENT') throw osFailure('delete', place.path, thrown);
      // Gone on a repeat: the crash came after it was deleted.
      if (context.repeat) return { output: { path: place.path, deleted: true } };
      if (params.missing_ok === true) return { output: { path: place.path, deleted: false } };
      throw osFailure('delete', place.path, thrown);
    }
  };
};

async function remove(
  deps: PathDeps,
  place: Place,
  params: JsonObject,
  context: ActionContext,
): Promise<void> {
  await checkHoldsNothingDenied(deps, place);
  await checkKeepsOpenFolders(deps, place);
  const there = await lstat(place.real);
  stopIfAborted(context.signal);
  if (!there.isDirectory()) await unlink(place.real);
  else if (params.recursive !== true) await rmdir(place.real);
  else {
    await treeOf(deps, place, 'write', context);
    await rm(place.real, { recursive: true });
  }
}
