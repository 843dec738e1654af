/**
 * `fs.read`, `fs.list`, `fs.stat`: what is on disk, read in bounded amounts.
 */
import type { Stats } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ActionContext, EffectAction } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import { toRfc3339 } from '../model/time.ts';
import { type Gate, gateOf, type PathDeps, type Place, placeOf } from './fs-paths.ts';
import { compileGlob } from './glob.ts';
import { errnoOf, osFailure, refused, stopIfAborted } from './os-error.ts';

const MAX_LIST_ENTRIES = 100_000;
const CHUNK_BYTES = 256 * 1024;

type Run = EffectAction['run'];

export const readAction = (deps: PathDeps): Run => {
  return async (params, context) => {
    const place = await placeOf(deps, context.cwd, String(params.path), 'read');
    const bytes = await readWhole(place.real, place.path, context);
    const [content, encoding] = encodeContent(bytes, String(params.encoding), place.path);
    return { output: { path: place.path, content, encoding, size: bytes.length } };
  };
};

async function readWhole(real: string, path: string, context: ActionContext): Promise<Buffer> {
  const limit = context.limits.outputBytes;
  try {
    const there = await stat(real);
    if (there.isDirectory()) throw refused('read', path, 'it is a directory');
    if (!there.isFile()) throw refused('read', path, 'it is not a regular file');
    if (there.size > limit) throw tooLarge(path, there.size, limit);
    const file = await open(real, 'r');
    try {
      const chunks: Buffer[] = [];
      for (let total = 0; ; ) {
        stopIfAborted(context.signal);
        const { bytesRead, buffer } = await file.read(
          Buffer.allocUnsafe(CHUNK_BYTES),
          0,
          CHUNK_BYTES,
          null,
        );
        if (bytesRead === 0) return Buffer.concat(chunks, total);
        chunks.push(buffer.subarray(0, bytesRead));
        total += bytesRead;
        if (total > limit) throw tooLarge(path, total, limit);
      }
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw osFailure('read', path, thrown);
  }
}

const tooLarge = (path: string, size: number, limit: number): AppError =>
  new AppError('OUTPUT_TOO_LARGE', `${path} has ${size} bytes or more, the limit is ${limit}`);

/** Bytes as text when they are UTF-8 (or asked to be), else as base64. */
function encodeContent(bytes: Buffer, wanted: string, path: string): [string, string] {
  if (wanted === 'base64') return [bytes.toString('base64'), 'base64'];
  try {
    return [new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), 'text'];
  } catch (cause) {
    if (wanted === 'auto') return [bytes.toString('base64'), 'base64'];
    throw new AppError('NON_RETRYABLE', `${path} is not UTF-8 text`, {
      hint: 'use `encoding: base64`, or `auto`',
      cause,
    });
  }
}

export const statAction = (deps: PathDeps): Run => {
  return async (params, context) => {
    const place = await placeOf(deps, context.cwd, String(params.path), 'read');
    try {
      const there = await stat(place.real);
      const permissions = (there.mode & 0o7777).toString(8).padStart(4, '0');
      const output = { path: place.path, ...facts(there), permissions, exists: true };
      return { output };
    } catch (thrown) {
      throw osFailure('look at', place.path, thrown);
    }
  };
};

const facts = (there: Stats): Pick<Entry, 'size' | 'modified_at' | 'is_dir'> => ({
  size: there.size,
  modified_at: toRfc3339(Math.floor(there.mtimeMs)),
  is_dir: there.isDirectory(),
});

export const listAction = (deps: PathDeps): Run => {
  return async (params, context) => {
    const place = await placeOf(deps, context.cwd, String(params.path), 'read');
    const { pattern } = params;
    const fits = typeof pattern === 'string' ? compileGlob(pattern) : () => true;
    const found = await listed(deps, place, fits, params.recursive === true, context);
    found.sort((a, b) => (a.path < b.path ? -1 : 1));
    return { output: { path: place.path, entries: found.map((entry) => ({ ...entry })) } };
  };
};

async function listed(
  deps: PathDeps,
  place: Place,
  fits: (name: string) => boolean,
  recursive: boolean,
  context: ActionContext,
): Promise<Entry[]> {
  const found: Entry[] = [];
  const folders = [place];
  const gate = await gateOf(deps);
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const entries = await entriesOf(folder, context);
    found.push(...entries.filter(({ name }) => fits(name)));
    if (found.length > MAX_LIST_ENTRIES) throw tooMany(place.path);
    if (!recursive) return found;
    for (const { name, path } of entries.filter((entry) => entry.is_dir)) {
      const below = { path, real: join(folder.real, name) };
      if (await isOpen(gate, below)) folders.push(below);
    }
  }
  return found;
}

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly modified_at: string;
  readonly is_dir: boolean;
}

async function entriesOf(folder: Place, context: ActionContext): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of await namesIn(folder.real, folder.path)) {
    stopIfAborted(context.signal);
    const there = await lookAt(join(folder.real, name));
    if (there !== null) entries.push({ name, path: join(folder.path, name), ...facts(there) });
  }
  return entries;
}

const tooMany = (path: string): AppError =>
  new AppError('LIMIT_EXCEEDED', `${path} holds over ${MAX_LIST_ENTRIES} entries`, {
    hint: 'narrow it with `pattern`, or list a folder below',
  });

async function namesIn(real: string, path: string): Promise<string[]> {
  try {
    return await readdir(real);
  } catch (thrown) {
    throw osFailure('list', path, thrown);
  }
}

/** Facts about an entry itself, links not followed; null when it has gone meanwhile. */
async function lookAt(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return null;
    throw osFailure('look at', path, thrown);
  }
}

/** A closed folder is named in a recursive list but not entered. */
async function isOpen(gate: Gate, place: Place): Promise<boolean> {
  try {
    await gate.checkFolder(place, 'read');
    return true;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'PATH_DENIED') return false;
    throw thrown;
  }
}
