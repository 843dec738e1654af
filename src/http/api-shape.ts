/**
 * Looks into the schemas of operations: which fields an object has, and what a text in a query string
 * can mean there. Only reads schemas; whether a value fits is the operation's own check.
 */

import * as v from 'valibot';
import { AppError } from '../model/error.ts';
import { NumberTooLarge, numberIn, parseJson } from '../model/json-text.ts';

/** As much of a valibot schema as matters here. */
export interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly wrapped?: Shape;
  readonly item?: Shape;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
}

export const shapeOf = (schema: v.GenericSchema): Shape => schema as unknown as Shape;

/** The schema without "may be left out" and "may be null". */
export function unwrapped(shape: Shape): Shape {
  let inner = shape;
  while (inner.wrapped !== undefined) inner = inner.wrapped;
  return inner;
}

/** Fields of an object, null for anything else. */
export const fieldsOf = (shape: Shape): Readonly<Record<string, Shape>> | null =>
  unwrapped(shape).entries ?? null;

/** A field by its own name; `__proto__` and the like are none. */
export function fieldOf(shape: Shape, name: string): Shape | null {
  const fields = fieldsOf(shape);
  return fields !== null && Object.hasOwn(fields, name) ? (fields[name] ?? null) : null;
}

/** What the texts of one query parameter mean; what means nothing is left for the check to refuse. */
export function valueOfTexts(given: Shape, texts: readonly string[]): unknown {
  const shape = unwrapped(given);
  if (shape.type === 'union') return unionValue(shape, texts);
  if (shape.type === 'array') return listValue(shape, texts);
  const [text = ''] = texts;
  if (texts.length > 1) return texts;
  return valueOfText(shape, text);
}

function valueOfText(shape: Shape, text: string): unknown {
  switch (shape.type) {
    case 'string':
    case 'picklist':
      return text;
    case 'number':
      return numberIn(text) ?? text;
    case 'boolean':
      if (text === '' || text === 'true') return true;
      return text === 'false' ? false : text;
    case 'literal':
      return String(shape.literal) === text ? shape.literal : text;
    default:
      return jsonOrText(text);
  }
}

/** The first kind of the union that takes it. */
function unionValue(shape: Shape, texts: readonly string[]): unknown {
  const options = (shape.options ?? []) as readonly Shape[];
  for (const option of options) {
    const value = valueOfTexts(option, texts);
    if (v.safeParse(option as unknown as v.GenericSchema, value).success) return value;
  }
  return texts.length === 1 ? texts[0] : texts;
}

/** A list as JSON, or its items one by one. */
function listValue(shape: Shape, texts: readonly string[]): unknown {
  const [text = ''] = texts;
  if (texts.length === 1 && text.trimStart().startsWith('[')) {
    const value = jsonOrText(text);
    if (Array.isArray(value)) return value;
  }
  const { item } = shape;
  return texts.map((each) => (item === undefined ? each : valueOfTexts(item, [each])));
}

function jsonOrText(text: string): unknown {
  try {
    return parseJson(text);
  } catch (thrown) {
    if (thrown instanceof NumberTooLarge) throw new AppError('VALIDATION_ERROR', thrown.message);
    // A text that is no JSON is a text: where only JSON fits, the check says so.
    return text;
  }
}
