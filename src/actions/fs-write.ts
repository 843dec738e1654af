/**
 * `fs.write`, `fs.append`, and what both and `save_to` share: content, modes, missing folders.
 */

import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ActionContext, EffectAction } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { printJson } from '../model/json-text.ts';
import { DEFAULT_MODE, writeAtomically } from './atomic-file.ts';
import { decodeBytes } from './crypto.ts';
import { type PathDeps, type Place, placeOf } from './fs-paths.ts';
import { errnoOf, occupied, osFailure, refused, stopIfAborted } from './os-error.ts';

type Run = EffectAction['run'];

const MAX_MODE = 0o7777;

export const writeAction = (deps: PathDeps): Run => {
  return async (params, context) => {
    const content = contentOf(params);
    const mode = modeOf(params.mode);
    const place = await placeOf(deps, context.cwd, String(params.path), 'write');
    if (params.create_dirs === true) await makeParent(place);
    stopIfAborted(context.signal);
    const overwrite = params.overwrite !== false;
    try {
      const size = await writeBytes(context, place, { content, mode, overwrite });
      return { output: { path: place.path, size } };
    } catch (thrown) {
      throw params.create_dirs === true ? thrown : withoutFolder(thrown);
    }
  };
};

/** Says what makes a folder that is not there. */
function withoutFolder(thrown: unknown): unknown {
  const { details } = Object(thrown) as { details?: { errno?: unknown; path?: unknown } };
  if (!(thrown instanceof AppError) || details?.errno !== 'ENOENT') return thrown;
  const message = `cannot write ${details.path}: its folder does not exist (\`create_dirs: true\` makes it)`;
  return new AppError(thrown.code, message, { details: details as Json, cause: thrown });
}

interface Content {
  readonly content: Buffer;
  readonly mode: number | null;
  readonly overwrite: boolean;
}

async function writeBytes(context: ActionContext, place: Place, write: Content): Promise<number> {
  const { content, mode, overwrite } = write;
  try {
    return await writeAtomically(context, {
      target: place.real,
      mode,
      overwrite,
      fill: (file) => file.writeFile(content),
    });
  } catch (thrown) {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown;
    // The same bytes on a repeat: the crash came after the file was in place.
    const done = context.repeat && (await holds(place.real, content));
    if (done) return content.length;
    throw occupied(place.path);
  }
}

async function holds(path: string, content: Buffer): Promise<boolean> {
  if ((await stat(path)).size !== content.length) return false;
  return content.equals(await readFile(path));
}

export const appendAction = (deps: PathDeps): Run => {
  return async (params, context) => {
    const content = contentOf(params);
    const place = await placeOf(deps, context.cwd, String(params.path), 'write');
    stopIfAborted(context.signal);
    try {
      const file = await open(place.real, 'a', DEFAULT_MODE);
      try {
        if (!(await file.stat()).isFile())
          throw refused('append to', place.path, 'it is not a regular file');
        await file.appendFile(content);
        await file.sync();
        return { output: { path: place.path, size: (await file.stat()).size } };
      } finally {
        await file.close();
      }
    } catch (thrown) {
      throw osFailure('append to', place.path, thrown);
    }
  };
};

/** What is written: text as it is, other JSON as compact JSON, base64 as the bytes behind it. */
function contentOf(params: JsonObject): Buffer {
  const content: Json = params.content ?? null;
  if (params.encoding !== 'base64') {
    return Buffer.from(typeof content === 'string' ? content : printJson(content));
  }
  const bytes =
    typeof content === 'string' ? decodeBytes(content.replace(/\s+/g, ''), 'base64') : null;
  if (bytes === null) throw new AppError('VALIDATION_ERROR', '"content" is not valid base64');
  return bytes;
}

/** What is wrong with a mode, or null; a mode of null or `""` is none. */
export function modeProblem(mode: Json | undefined): string | null {
  if (mode === undefined || mode === null || mode === '') return null;
  if (typeof mode === 'string') {
    return /^(?:0o?)?[0-7]{3,4}$/.test(mode)
      ? null
      : `"mode" ${JSON.stringify(mode)} is not octal, e.g. "0644"`;
  }
  if (!Number.isInteger(mode)) return '"mode" must be a whole number or an octal text, e.g. "0644"';
  const bits = Number(mode);
  if (bits >= 0 && bits <= 0o777) return null;
  return `"mode" ${bits} means ${bits < 0 ? bits : `0${bits.toString(8)}`} in octal: write "0644" as a text`;
}

/** Permission bits, null when none are given. */
function modeOf(mode: Json | undefined): number | null {
  if (mode === undefined || mode === null || mode === '') return null;
  const bits =
    typeof mode === 'string' ? Number.parseInt(mode.replace(/^0o/, ''), 8) : Number(mode);
  return bits & MAX_MODE;
}

export async function makeParent(place: Place): Promise<void> {
  try {
    await mkdir(dirname(place.real), { recursive: true });
  } catch (thrown) {
    throw osFailure('create the folder of', place.path, thrown);
  }
}
