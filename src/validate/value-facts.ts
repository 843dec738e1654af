/**
 * What a JSON Schema may ask of a value as a whole: the names in it, and the lists that hold an item
 * twice. Each is found in one pass.
 */
import { isJsonArray, isJsonObject, type Json } from '../model/json.ts';
import { SCHEMA_LIMITS, tooMuch, type Work } from './schema-work.ts';

/** A value's parts are looked at faster than they are validated. */
const UNITS_PER_PART = 0.4;

/** Every key of every object in a value. @throws AppError LIMIT_EXCEEDED */
export function keysWithin(value: Json, work: Work): ReadonlySet<string> {
  const keys = new Set<string>();
  const open: Json[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    work.spend(UNITS_PER_PART);
    if (isJsonArray(next)) for (const item of next) open.push(item);
    else if (isJsonObject(next)) {
      for (const [key, item] of Object.entries(next)) {
        keys.add(key);
        open.push(item);
      }
    }
  }
  return keys;
}

interface Numbering {
  readonly work: Work;
  /** A number for each different value, by its text with the numbers of its parts. */
  readonly numbers: Map<string, number>;
  readonly repeating: Map<number, Json>;
}

/**
 * The lists in a value, each different one once, that hold equal items: numbers by value, the order
 * of keys aside. @throws AppError LIMIT_EXCEEDED
 */
export function listsWithRepeats(value: Json, work: Work): readonly Json[] {
  const numbering: Numbering = { work, numbers: new Map(), repeating: new Map() };
  numberOf(numbering, value, 0);
  return [...numbering.repeating.values()];
}

/** Equal values have the same number; so a list needs no more than the numbers of its items. */
function numberOf(numbering: Numbering, value: Json, depth: number): number {
  const { work, numbers, repeating } = numbering;
  if (depth > SCHEMA_LIMITS.depth) {
    throw tooMuch(`a value nested over ${SCHEMA_LIMITS.depth} levels`, 'depth');
  }
  const text = textOf(numbering, value, depth);
  work.spend(UNITS_PER_PART + text.length / 256);
  const known = numbers.get(text);
  const number = known ?? numbers.size;
  if (known === undefined) numbers.set(text, number);
  if (known === undefined && isJsonArray(value) && hasRepeats(text)) repeating.set(number, value);
  return number;
}

function textOf(numbering: Numbering, value: Json, depth: number): string {
  if (isJsonArray(value)) {
    return `[${value.map((item) => numberOf(numbering, item, depth + 1)).join()}]`;
  }
  if (!isJsonObject(value)) return JSON.stringify(value);
  const parts = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}:${numberOf(numbering, item, depth + 1)}`,
  );
  return `{${parts.sort().join()}}`;
}

function hasRepeats(list: string): boolean {
  const numbers = list.slice(1, -1).split(',');
  return new Set(numbers).size < numbers.length;
}
