/**
 * Arguments of a call as they come from a model: checked for names, and forgiving where the meaning is
 * plain. A list or object sent as JSON text is read, one text where a list of them is wanted is a list
 * of one, a number sent as text is read, null and what clients send that must send every argument (`""`,
 * 0, `{}`) mean left out, and an argument the tool does not have is told with those it has. Values
 * are checked by the operation.
 */

import { AppError } from '../model/error.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { NumberTooLarge, parseJson } from '../model/json-text.ts';
import { inputOf } from './tool-list.ts';
import type { ToolName } from './tool-names.ts';
import type { ShortSchema } from './tool-schemas.ts';

/** Texts that may be empty; every other empty text says that there is none. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['payload', 'reasoning', 'description']);
/** Numbers that begin at 1, or say nothing when they are 0. */
const NOT_ZERO: ReadonlySet<string> = new Set(['version', 'base', 'max_bytes', 'offset']);
/** Arguments that say nothing when there is nothing in them. */
const NOT_NOTHING: ReadonlySet<string> = new Set(['definition', 'edits']);

function isLeftOut(name: string, value: Json): boolean {
  if (value === null) return name !== 'payload';
  if (value === '') return !MAY_BE_EMPTY.has(name);
  if (value === 0) return NOT_ZERO.has(name);
  return NOT_NOTHING.has(name) && typeof value === 'object' && Object.keys(value).length === 0;
}

/** What is said beside an answer because an empty key keeps nothing from happening twice. */
export function keyNote(given: unknown): JsonObject | null {
  if (!isJsonObject((given ?? null) as Json)) return null;
  if ((given as JsonObject).idempotency_key !== '') return null;
  return {
    path: 'idempotency_key',
    code: 'NO_EFFECT',
    severity: 'warning',
    message: 'it is empty, so this call has no key: a repeat of it would happen again',
  };
}

/** The arguments to work with. @throws VALIDATION_ERROR naming every unknown argument */
export function readArguments(tool: ToolName, given: unknown): JsonObject {
  if (given === undefined) return {};
  if (!isJsonObject(given)) {
    throw new AppError('VALIDATION_ERROR', `${tool}: the arguments must be an object`);
  }
  const { properties } = inputOf(tool);
  const read: Record<string, Json> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    const schema = properties[name];
    if (schema === undefined || !Object.hasOwn(properties, name)) unknown.push(name);
    else {
      const meant = parsed(schema, value);
      if (!isLeftOut(name, meant)) read[name] = meant;
    }
  }
  if (unknown.length > 0) throw unknownArguments(tool, unknown, Object.keys(properties));
  return read;
}

function unknownArguments(tool: ToolName, unknown: string[], known: string[]): AppError {
  const issues = unknown.map((path) => ({
    path,
    code: 'VALIDATION_ERROR',
    message: 'is no argument',
    severity: 'error',
  }));
  return new AppError('VALIDATION_ERROR', `${tool}: unknown arguments: ${unknown.join(', ')}`, {
    hint: `${tool} takes ${known.join(', ')}`,
    details: { issues },
  });
}

/** Models often send objects and lists as their JSON text, and lists of one as the one. */
function parsed({ type, items }: ShortSchema, value: Json): Json {
  if (typeof value !== 'string') return value;
  if (type === 'integer' && /^\d{1,15}$/.test(value)) return Number(value);
  if (type !== 'object' && type !== 'array') return value;
  const inside = jsonIn(value);
  if (inside !== null && (type === 'array' ? isJsonArray(inside) : isJsonObject(inside))) {
    return inside;
  }
  return items?.type === 'string' ? [value] : value;
}

function jsonIn(text: string): Json | null {
  try {
    return parseJson(text);
  } catch (thrown) {
    if (thrown instanceof NumberTooLarge) throw new AppError('VALIDATION_ERROR', thrown.message);
    // A text that is no JSON stays one: the operation says what it expected instead.
    return null;
  }
}
