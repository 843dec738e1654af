/**
 * The examples inside the executable, and what they say about themselves.
 */

import { AppError } from '../../src/model/error.ts';
import { isJsonObject, type Json, type JsonObject, ownValue } from '../../src/model/json.ts';
import { meantOr } from '../../src/ops/near-names.ts';
import { parseObject } from '../sources.ts';
import { readExamples } from './read-examples.ts' with { type: 'macro' };

export interface Example {
  readonly name: string;
  readonly description: string;
  readonly category: string;
  /** Texts by path inside the example's folder. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Expected {
  readonly status: string;
  /** Must be found in the run's output; undefined when any output will do. */
  readonly output: Json | undefined;
}

const FILES: Readonly<Record<string, Readonly<Record<string, string>>>> = readExamples();

/** Every example, by category, then by name. */
export function listExamples(): Example[] {
  const examples = Object.keys(FILES).map(toExample);
  return examples.sort(
    (a, b) => a.category.localeCompare(b.category) || a.name.localeCompare(b.name),
  );
}

/** @throws NOT_FOUND */
export function findExample(name: string): Example {
  if (Object.hasOwn(FILES, name)) return toExample(name);
  throw new AppError('NOT_FOUND', `there is no example "${name}"`, {
    hint: meantOr(
      name,
      listExamples().map((each) => each.name),
      'opcode examples lists them',
    ),
  });
}

function toExample(name: string): Example {
  const files = FILES[name] ?? {};
  const pack = jsonFile(files, 'workflow.json') ?? {};
  const text = (key: string): string => {
    const value = ownValue(pack, key);
    return typeof value === 'string' ? value : '';
  };
  return { name, description: text('description'), category: text('category'), files };
}

/** A JSON file of an example; null when it has none. */
export function jsonFile(files: Example['files'], path: string): JsonObject | null {
  const text = files[path];
  return text === undefined ? null : parseObject(text, path);
}

/** How the example must end; null when it does not say. */
export function expectedOf({ files }: Example): Expected | null {
  const expected = jsonFile(files, 'expected.json');
  if (expected === null) return null;
  const status = ownValue(expected, 'status');
  return {
    status: typeof status === 'string' ? status : 'completed',
    output: ownValue(expected, 'output'),
  };
}

/** Where a value differs from what was expected to be in it; [] when nothing does. */
export function differences(expected: Json, actual: Json | undefined, path = 'output'): string[] {
  if (isJsonObject(expected) && isJsonObject(actual)) {
    return Object.entries(expected).flatMap(([key, value]) =>
      differences(value, ownValue(actual, key), `${path}.${key}`),
    );
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.flatMap((value: Json, i) => differences(value, actual[i], `${path}[${i}]`));
  }
  const [a, b] = [JSON.stringify(expected), JSON.stringify(actual)];
  return a === b ? [] : [`${path}: expected ${a}, got ${b}`];
}
