/**
 * Files that commands read: workflow files, parameter files, standard input.
 *
 * A missing or unreadable file is an `AppError` that says what to do. Whether an argument is a file
 * or a template name is decided here and nowhere else.
 */

import { existsSync, readFileSync } from 'node:fs';
import { extname, resolve, sep } from 'node:path';
import { AppError, messageOf } from '../src/model/error.ts';
import { isJsonObject, type JsonObject } from '../src/model/json.ts';
import { parseJson, whyNotJson } from '../src/model/json-text.ts';
import type { SourceInput } from '../src/ops/shapes.ts';

const FORMATS: Readonly<Record<string, NonNullable<SourceInput['format']>>> = {
  '.json': 'json',
  '.jsonc': 'jsonc',
  '.yaml': 'yaml',
  '.yml': 'yaml',
};

/** Stands for standard input where a file is meant. */
export const STDIN = '-';
/** What standard input is called in messages. */
export const STDIN_NAME = 'standard input';

/** A workflow that came on standard input: JSON when it begins like it, else YAML. */
export const sourceOfText = (text: string): SourceInput => ({
  text,
  format: /^\s*[[{]/.test(text) ? 'json' : 'yaml',
});

/** True when the argument means a file: it has a path separator or a known extension. */
export const isFileName = (argument: string): boolean =>
  argument === STDIN ||
  argument.includes('/') ||
  argument.includes(sep) ||
  formatOf(argument) !== undefined;

/** A refused template that was meant as a file beside it gets told so. */
export function withFileHint(target: string, thrown: unknown): unknown {
  if (!(thrown instanceof AppError) || thrown.code !== 'NOT_FOUND') return thrown;
  const file = Object.keys(FORMATS)
    .map((extension) => `${target}${extension}`)
    .find((each) => existsSync(each));
  if (file === undefined || !thrown.message.includes('template')) return thrown;
  return new AppError(thrown.code, thrown.message, {
    hint: `there is a file ${file}: give its name with the extension`,
    ...(thrown.details === undefined ? {} : { details: thrown.details }),
  });
}

/** The format by extension, undefined when it is none of ours. */
const formatOf = (file: string): SourceInput['format'] => FORMATS[extname(file).toLowerCase()];

/** Reads a workflow file. @throws NOT_FOUND, PERMISSION_DENIED, VALIDATION_ERROR */
export function readSource(file: string): SourceInput & { file: string } {
  const text = readText(file);
  const format = formatOf(file);
  return { text, file: resolve(file), ...(format === undefined ? {} : { format }) };
}

/** Reads a text file. @throws NOT_FOUND, PERMISSION_DENIED, VALIDATION_ERROR */
export function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    throw unreadable(file, thrown);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new AppError('VALIDATION_ERROR', `${file} is not a text in UTF-8`, {
      hint: 'save it as UTF-8',
    });
  }
}

function unreadable(file: string, thrown: unknown): AppError {
  switch ((thrown as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new AppError('NOT_FOUND', `there is no file ${file}`, {
        hint: /^\s*[[{]/.test(file)
          ? 'it takes a file: pipe JSON into it with -, or give values as -p key=value and -p key:=json'
          : `paths are looked up from ${process.cwd()}`,
      });
    case 'EACCES':
    case 'EPERM':
      return new AppError('PERMISSION_DENIED', `${file} may not be read`, {
        hint: 'check its owner and mode',
      });
    case 'EISDIR':
      return new AppError('VALIDATION_ERROR', `${file} is a folder, not a file`, {
        hint: 'name the workflow file in it',
      });
    default:
      return new AppError('VALIDATION_ERROR', `${file} cannot be read: ${messageOf(thrown)}`);
  }
}

/** The object in a JSON text. `where` names it in errors. @throws VALIDATION_ERROR */
export function parseObject(text: string, where: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (thrown) {
    throw new AppError('VALIDATION_ERROR', whyNotJson(where, thrown));
  }
  if (!isJsonObject(value)) {
    throw new AppError('VALIDATION_ERROR', `${where} must hold a JSON object`, {
      hint: 'for example {"name": "value"}',
    });
  }
  return value;
}
