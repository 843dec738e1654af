/**
 * What the words of a command line mean: durations, numbers, parameters, filters. Bad words are
 * `VALIDATION_ERROR`s that name the option.
 */

import { InvalidArgumentError } from 'commander';
import { AppError } from '../src/model/error.ts';
import type { JsonObject } from '../src/model/json.ts';
import { NumberTooLarge, parseJson } from '../src/model/json-text.ts';
import { parseDuration } from '../src/model/time.ts';
import { readVersion, VERSION_FORMS, type VersionRef } from '../src/model/version.ts';
import { RUN_PARTS, type RunPart } from '../src/ops/shapes.ts';
import type { Cli } from './command.ts';
import { parseObject, readText } from './sources.ts';

/** For an option that may be given several times. */
export const collect = (value: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  value,
];

/** For an option that is a whole number of `least` or more. */
export const wholeNumber =
  (least: number) =>
  (value: string): number => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least) return number;
    throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
  };

export const INCLUDE_HELP = `parts of the document: ${RUN_PARTS.join(', ')}`;

/** For `--include`: parts of an answer about a run, separated by commas. */
export function runParts(value: string): readonly RunPart[] {
  return value.split(',').map((text) => {
    const part = RUN_PARTS.find((each) => each === text.trim());
    if (part !== undefined) return part;
    throw new InvalidArgumentError(`"${text}" is none of ${RUN_PARTS.join(', ')}.`);
  });
}

/** For an option that is the version of a template. */
export function versionRef(value: string): VersionRef {
  const version = readVersion(value);
  if (version !== null) return version;
  throw new InvalidArgumentError(`It must be ${VERSION_FORMS}.`);
}

/** Milliseconds of a `--wait`; null (for ever) when it was not given. */
export function waitMsOf(wait: string | undefined): number | null {
  if (wait === undefined || wait === 'forever') return null;
  if (wait === '0') return 0;
  const parsed = parseDuration(wait);
  if (parsed.ok) return parsed.ms;
  throw new AppError('VALIDATION_ERROR', `--wait: ${parsed.message}`);
}

export interface ParamOptions {
  readonly param?: readonly string[];
  readonly params?: string;
}

export interface GivenParams {
  readonly params?: JsonObject;
  readonly param_texts?: string[];
}

/** The params a command line gives: `--params` as an object, `-p` as texts for the operation. */
export async function paramsOf(cli: Cli, options: ParamOptions): Promise<GivenParams> {
  const texts = options.param ?? [];
  for (const text of texts) {
    const isObject = /^\s*\{/.test(text);
    if (/^[^=]+=/.test(text) && !isObject) continue;
    throw new AppError('VALIDATION_ERROR', `-p ${text}: a parameter is key=value or key:=json`, {
      hint: isObject
        ? 'each is given on its own, such as -p env=prod -p retries:=3; a whole object comes through --params - from standard input'
        : 'for example -p env=prod, or -p retries:=3',
    });
  }
  const params = options.params === undefined ? null : await readParams(cli, options.params);
  return {
    ...(params === null ? {} : { params }),
    ...(texts.length === 0 ? {} : { param_texts: [...texts] }),
  };
}

async function readParams(cli: Cli, from: string): Promise<JsonObject> {
  if (from === '-') return parseObject(await cli.terminal.stdin.readAll(), 'standard input');
  return parseObject(readText(from), from);
}

/** A JSON value, or the text itself when it is none: what `--data` takes. */
export function jsonOrText(text: string): JsonObject[string] {
  try {
    return parseJson(text);
  } catch (thrown) {
    if (thrown instanceof NumberTooLarge) throw new AppError('VALIDATION_ERROR', thrown.message);
    return text;
  }
}

const WHERE_KEYS: Readonly<Record<string, string>> = {
  status: 'status',
  template: 'template_name',
  agent: 'agent_id',
  name: 'name',
  since: 'since',
  until: 'until',
};

/** The filter in `status=failed,template=x`. */
export function whereOf(text: string): Record<string, string> {
  const filter: Record<string, string> = {};
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const key = WHERE_KEYS[part.slice(0, Math.max(0, at)).trim()];
    const value = part.slice(at + 1).trim();
    if (key === undefined || value === '') {
      throw new AppError('VALIDATION_ERROR', `--where: "${part}" is no condition`, {
        hint: `write status=failed,template=deploy; keys: ${Object.keys(WHERE_KEYS).join(', ')}`,
      });
    }
    filter[key] = value;
  }
  return filter;
}
