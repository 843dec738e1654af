/**
 * From a path as written to the place it really means, and whether an action may touch it.
 *
 * Symbolic links are followed before the rules are asked, so neither a link nor `..` leads around
 * them. The product's own home is closed to every action, except for the folder in it where runs
 * without a folder of their own work. The check comes before the use: it keeps steps in their lanes
 * and is no sandbox against a hostile process on the same machine.
 */
import { lstat, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { AppError } from '../model/error.ts';
import type { ActionDeps, PathAccess } from './deps.ts';
import { errnoOf, osFailure } from './os-error.ts';
import { isKernelMount, systemDenial } from './system-paths.ts';

/** A path as the step means it and where it really is. */
export interface Place {
  /** Absolute, as written. */
  readonly path: string;
  /** Absolute, with links followed as far as it exists. */
  readonly real: string;
}

export type PathDeps = Pick<ActionDeps, 'paths' | 'deniedPaths' | 'openPaths' | 'systemPaths'>;

const MAX_LINKS = 40;

/**
 * The place a path means, when the action may touch it. With `link`, a link at the end is meant
 * itself (delete, move), not what it points to.
 * @throws AppError VALIDATION_ERROR, PATH_DENIED, EXECUTION_ERROR
 */
export async function placeOf(
  deps: PathDeps,
  cwd: string,
  written: string,
  access: PathAccess,
  link = false,
): Promise<Place> {
  if (written === '') throw new AppError('VALIDATION_ERROR', 'the path is empty');
  if (written.includes('\0')) throw new AppError('VALIDATION_ERROR', 'a path holds no NUL bytes');
  const path = resolve(cwd, written);
  // Looking up a place in /proc may itself fail, which would tell about other processes.
  const closed = systemDenial(path, deps.systemPaths);
  if (closed !== null) throw denial(path, closed);
  let real: string;
  try {
    real = link ? join(await followed(dirname(path)), basename(path)) : await followed(path);
  } catch (thrown) {
    throw osFailure('resolve', path, thrown);
  }
  await (await gateOf(deps)).checkFolder({ path, real }, access);
  return { path, real };
}

/** The rules with their folders looked up once, for as many places as one action touches. */
export interface Gate {
  /** @throws AppError PATH_DENIED when a rule closes the place */
  check(place: Place, access: PathAccess): void;
  /** The same for a folder below a checked one, where another file system may be mounted. */
  checkFolder(place: Place, access: PathAccess): Promise<void>;
}

export async function gateOf(deps: PathDeps): Promise<Gate> {
  const closed = await Promise.all(deps.deniedPaths.map(lookUp));
  const open = await openFolders(deps, closed);
  const check: Gate['check'] = (place, access) => {
    if (closed.some((folder) => isClosed(folder, open, place))) {
      throw denial(place.path, 'it belongs to the workflow engine itself');
    }
    const reason =
      systemDenial(place.real, deps.systemPaths) ??
      systemDenial(place.path, deps.systemPaths) ??
      deps.paths.check(place.real, access) ??
      deps.paths.check(place.path, access);
    if (reason !== null) throw denial(place.path, reason);
  };
  return {
    check,
    async checkFolder(place, access) {
      check(place, access);
      if (await isKernelMount(place.real)) {
        throw denial(place.path, 'it shows the kernel and its processes');
      }
    },
  };
}

async function lookUp(written: string): Promise<Place> {
  const path = resolve(written);
  return { path, real: await followed(path) };
}

const isClosed = (closed: Place, open: readonly Place[], place: Place): boolean =>
  (isInside(closed.real, place.real) &&
    !open.some((one) => isBetween(closed.real, one.real, place.real))) ||
  (isInside(closed.path, place.path) &&
    !open.some((one) => isBetween(closed.path, one.path, place.path)));

/** True when the open folder lies inside the closed one and the path in it. */
const isBetween = (closed: string, open: string, path: string): boolean =>
  isInside(closed, open) && isInside(open, path);

/**
 * The open folders, where they lie. One that is a link into, or above, what is closed opens nothing:
 * a step could have laid it.
 */
async function openFolders(deps: PathDeps, closed: readonly Place[]): Promise<readonly Place[]> {
  const folders: Place[] = [];
  for (const { path, real } of await Promise.all(deps.openPaths.map(lookUp))) {
    const own = join(await followed(dirname(path)), basename(path));
    const touches = closed.some((one) => isInside(one.real, real) || isInside(real, one.real));
    if (real === own || !touches) folders.push({ path, real });
  }
  return folders;
}

/**
 * Refuses to take a whole folder away or along when something closed lies inside it.
 * @throws AppError PATH_DENIED
 */
export async function checkHoldsNothingDenied(deps: PathDeps, place: Place): Promise<void> {
  if (place.real === dirname(place.real))
    throw denial(place.path, 'it is the root of the file system');
  for (const denied of deps.deniedPaths) {
    if (isInside(place.real, await followed(resolve(denied)))) {
      throw denial(place.path, 'the workflow engine’s own folder lies inside it');
    }
  }
}

/**
 * Refuses to delete or move the folder itself in which runs work, or one that holds it.
 * @throws AppError PATH_DENIED
 */
export async function checkKeepsOpenFolders(deps: PathDeps, place: Place): Promise<void> {
  for (const opened of deps.openPaths) {
    const path = resolve(opened);
    if (place.path === path || isInside(place.real, await followed(path))) {
      throw denial(place.path, 'runs work in it: name what is in it');
    }
  }
}

/** True when `path` is `folder` or below it; `..name` is an ordinary name. */
export function isInside(folder: string, path: string): boolean {
  const rest = relative(folder, path);
  return rest === '' || (rest !== '..' && !rest.startsWith(`..${sep}`) && !isAbsolute(rest));
}

const denial = (path: string, reason: string): AppError =>
  new AppError('PATH_DENIED', `${path} is closed to actions: ${reason}`, { details: { path } });

/** The path with links followed as far as it exists; also a link that points nowhere yet. */
async function followed(path: string, links = 0): Promise<string> {
  try {
    return await realpath(path);
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
  }
  const parent = dirname(path);
  if (parent === path) return path;
  const here = join(await followed(parent, links), basename(path));
  const target = await linkTarget(here);
  if (target === null || links >= MAX_LINKS) return here;
  return followed(resolve(dirname(here), target), links + 1);
}

async function linkTarget(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : null;
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw thrown;
  }
}
