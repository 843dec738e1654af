/**
 * Reads what a caller sent as the input of an operation, before its schema checks it.
 *
 * One rule for every operation and every depth: an optional field that is null is not given, and so is
 * one with an empty value that its type does not have (`""` of an id, a name, a time, a number; 0 of
 * what counts from 1). The schema itself says which values it has. What narrows a right or makes a
 * repeat safe is marked `never` or `not-empty` and stays for the check to refuse. Numbers and booleans
 * written as text are read where no text is legal, because several clients send nothing else.
 */
import * as v from 'valibot';
import { isJsonArray, isJsonObject, type Json, setOwn } from '../model/json.ts';
import { numberIn } from '../model/json-text.ts';

/** Which values of a field are never taken for "not given". */
type Mark = 'never' | 'not-empty' | 'nothing';
type Marked<T> = v.MetadataAction<T, { readonly absent: Mark }>;

/** A field that neither null nor an empty value takes away. */
export const neverAbsent = <T>(): Marked<T> => v.metadata({ absent: 'never' });
/** A field that an empty value does not take away, only null. */
export const emptyIsNoAbsence = <T>(): Marked<T> => v.metadata({ absent: 'not-empty' });
/** A field that an empty object or list takes away, too. */
export const nothingIsAbsent = <T>(): Marked<T> => v.metadata({ absent: 'nothing' });

/** As much of a valibot schema as matters here. */
interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly wrapped?: Shape;
  readonly item?: Shape;
  readonly options?: readonly unknown[];
}

export interface InputProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The input to check, and what is of the wrong kind in a way that the schemas do not see. */
export function readInput(
  schema: v.GenericSchema,
  input: unknown,
): { readonly input: unknown; readonly problems: readonly InputProblem[] } {
  const problems: InputProblem[] = [];
  return { input: read(schema as unknown as Shape, input, [], problems), problems };
}

type Path = readonly (string | number)[];

function read(given: Shape, value: unknown, path: Path, problems: InputProblem[]): unknown {
  const shape = unwrapped(given);
  if (shape.entries !== undefined) {
    if (isJsonArray(value as Json)) {
      problems.push({ path, message: 'must be an object, not a list' });
      return {};
    }
    return isJsonObject(value as Json) ? readFields(shape, value as object, path, problems) : value;
  }
  if (shape.item !== undefined && Array.isArray(value)) {
    const { item } = shape;
    return value.map((each, i) => read(item, each, [...path, i], problems));
  }
  return converted(given, shape, value);
}

function readFields(
  { entries = {} }: Shape,
  value: object,
  path: Path,
  problems: InputProblem[],
): unknown {
  const kept: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const field = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (field !== undefined && isAbsent(field, item)) continue;
    const inner = field === undefined ? item : read(field, item, [...path, key], problems);
    setOwn(kept as Record<string, Json>, key, inner as Json);
  }
  return kept;
}

/** Whether a value of a field stands for "not given". */
export function isAbsent(given: unknown, value: unknown): boolean {
  const field = given as Shape;
  if (!isOptional(field)) return false;
  const mark = markOf(field);
  const isEmptied = mark === 'nothing' && isNothing(field, value);
  if (mark === 'never' || accepts(field, value)) return isEmptied;
  if (value === null) return true;
  if (mark === 'not-empty') return false;
  if (value === '') return [...kindsOf(field)].some((kind) => kind !== 'other');
  // Where null is a value, it is what says "none": 0 stays for the check to refuse.
  const isZero = value === 0 && kindsOf(field).has('number') && !accepts(field, null);
  return isZero || isEmptied;
}

/** An empty object, or an empty list where lists are taken. */
const isNothing = (field: Shape, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length === 0 &&
  Array.isArray(value) === (unwrapped(field).item !== undefined);

const isOptional = ({ type }: Shape): boolean =>
  type === 'optional' || type === 'nullish' || type === 'exact_optional';

/** The schema without "may be left out"; what it takes else is its own. */
const inside = (shape: Shape): Shape => (isOptional(shape) ? (shape.wrapped ?? shape) : shape);

const accepts = (shape: Shape, value: unknown): boolean =>
  v.safeParse(inside(shape) as unknown as v.GenericSchema, value).success;

function unwrapped(shape: Shape): Shape {
  let inner = shape;
  while (inner.wrapped !== undefined) inner = inner.wrapped;
  return inner;
}

function markOf(shape: Shape): Mark | undefined {
  const schema = unwrapped(shape) as unknown as v.GenericSchema;
  return (v.getMetadata(schema) as { absent?: Mark }).absent;
}

type Kind = 'text' | 'number' | 'boolean' | 'other';
const KINDS: Readonly<Record<string, Kind>> = {
  string: 'text',
  picklist: 'text',
  number: 'number',
  boolean: 'boolean',
};

function kindsOf(given: Shape): ReadonlySet<Kind> {
  const shape = unwrapped(given);
  if (shape.type !== 'union') return new Set([KINDS[shape.type] ?? 'other']);
  return new Set((shape.options as readonly Shape[]).flatMap((option) => [...kindsOf(option)]));
}

/** A number or boolean from its text, where the schema has no texts. */
function converted(given: Shape, shape: Shape, value: unknown): unknown {
  if (typeof value !== 'string' || accepts(given, value)) return value;
  const kinds = kindsOf(shape);
  const text = value.trim();
  if (kinds.has('number')) {
    const number = numberIn(text);
    if (number !== undefined) return number;
  }
  if (kinds.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return value;
}
