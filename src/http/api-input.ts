/**
 * The input of an operation from a request: a JSON body, or a query string that the operation's schema
 * gives types to. Finds what cannot be an input at all (no JSON, no object, unknown fields); values
 * are checked by the operation.
 */

import type { GenericSchema } from 'valibot';
import { AppError } from '../model/error.ts';
import { formatIssuePath } from '../model/issue.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import { parseJson, whyNotJson } from '../model/json-text.ts';
import { fieldOf, fieldsOf, type Shape, shapeOf, unwrapped, valueOfTexts } from './api-shape.ts';

/** What an input is read for. */
export interface InputOf {
  readonly name: string;
  readonly input: GenericSchema;
}

type Input = Record<string, unknown>;

/** The input in a request's body; an empty body is an empty input. @throws VALIDATION_ERROR */
export async function bodyInput(request: Request, operation: InputOf): Promise<Input> {
  const text = await request.text();
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (thrown) {
    throw new AppError('VALIDATION_ERROR', whyNotJson(`${operation.name}: the body`, thrown), {
      hint: 'send one JSON object, the input of the operation',
    });
  }
  if (!isJsonObject(value)) {
    throw new AppError('VALIDATION_ERROR', `${operation.name}: the body must be a JSON object`);
  }
  refuseUnknown(operation, unknownIn(shapeOf(operation.input), value, []));
  return value as Input;
}

/** The input in a query string: `?limit=5&filter.status=failed`. @throws VALIDATION_ERROR */
export function queryInput(query: URLSearchParams, operation: InputOf): Input {
  const input: Input = {};
  const root = shapeOf(operation.input);
  const unknown: Unknown[] = [];
  for (const key of new Set(query.keys())) {
    const path = key.split('.');
    const shape = place(root, path);
    const whole = path.slice(0, -1).join('.');
    if (shape === null) unknown.push(unknownAt(root, path));
    else if (query.has(whole)) {
      throw new AppError(
        'VALIDATION_ERROR',
        `${operation.name}: ${whole} is given both as a whole and by its fields`,
      );
    } else put(input, path, readable(operation, key, shape, query.getAll(key)));
  }
  refuseUnknown(operation, unknown);
  return input;
}

const place = (root: Shape, path: readonly string[]): Shape | null =>
  path.reduce<Shape | null>((at, name) => (at === null ? null : fieldOf(at, name)), root);

const LISTS: ReadonlySet<string> = new Set(['array', 'union', 'custom']);

function readable({ name }: InputOf, key: string, shape: Shape, texts: readonly string[]): unknown {
  if (texts.length > 1 && !LISTS.has(unwrapped(shape).type)) {
    throw new AppError('VALIDATION_ERROR', `${name}: ${key} is given ${texts.length} times`);
  }
  return valueOfTexts(shape, texts);
}

/** Puts a value at its path; the names on the way are fields of the schema. */
function put(input: Input, path: readonly string[], value: unknown): void {
  let at: Input = input;
  for (const name of path.slice(0, -1)) {
    if (!Object.hasOwn(at, name)) at[name] = {};
    at = at[name] as Input;
  }
  at[path.at(-1) ?? ''] = value;
}

interface Unknown {
  readonly path: string;
  readonly known: readonly string[];
}

/** Fields that no object of the schema has, also in objects inside it. */
function unknownIn(shape: Shape, value: Json, path: readonly string[]): Unknown[] {
  const fields = fieldsOf(shape);
  if (fields === null || !isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const field = fieldOf(shape, name);
    if (field !== null) return unknownIn(field, inner, [...path, name]);
    return [{ path: formatIssuePath([...path, name]), known: Object.keys(fields) }];
  });
}

/** Where on a path the first unknown name stands. */
function unknownAt(root: Shape, path: readonly string[]): Unknown {
  let at = root;
  for (const name of path) {
    const field = fieldOf(at, name);
    if (field === null) break;
    at = field;
  }
  return { path: path.join('.'), known: Object.keys(fieldsOf(at) ?? {}) };
}

function refuseUnknown({ name }: InputOf, unknown: readonly Unknown[]): void {
  const [first] = unknown;
  if (first === undefined) return;
  const paths = unknown.map(({ path }) => path).join(', ');
  const { known } = first;
  throw new AppError('VALIDATION_ERROR', `${name}: there is no field ${paths}`, {
    hint: known.length === 0 ? 'it has no fields' : `there are ${known.join(', ')}`,
    details: {
      issues: unknown.map(({ path }) => ({
        path,
        code: 'VALIDATION_ERROR',
        message: 'is no field',
        severity: 'error',
      })),
    },
  });
}
