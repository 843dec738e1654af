/**
 * JSON to CEL values and back.
 *
 * Objects become maps that convert a field when it is read, so only what an expression touches is
 * converted. Whole numbers within ±2^53 are ints, all others doubles. Back: ints beyond ±2^53 are
 * strings of their digits, timestamps RFC 3339, durations like `90s`, bytes base64.
 */
import {
  type CelInput,
  type CelList,
  type CelMap,
  type CelValue,
  celList,
  celMap,
  isCelList,
  isCelMap,
  isCelType,
  isCelUint,
} from '@bufbuild/cel';
import { toJson } from '@bufbuild/protobuf';
import type { Scope, StepView } from '../model/expression.ts';
import { isJsonArray, type Json, type JsonObject, setOwn } from '../model/json.ts';
import { stepField, stepFieldNames } from './step-view.ts';

/** Converts JSON to CEL input; a list met twice is converted once. */
export type CelConverter = (value: Json) => CelInput;

/** A converter for one evaluation. */
export function createCelConverter(): CelConverter {
  let lists: Map<readonly Json[], CelInput> | undefined;
  const convert: CelConverter = (value) => {
    if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
    if (value === null || typeof value !== 'object') return value;
    if (!isJsonArray(value)) return objectMap(value as JsonObject, convert);
    if (value.length <= EAGER_LENGTH) return celList(value.map(convert));
    const known = lists?.get(value);
    if (known !== undefined) return known;
    const list = lazyList(value, convert);
    lists ??= new Map();
    lists.set(value, list);
    return list;
  };
  return convert;
}

/** Longest list that is converted at once: cheaper than a lazy one. */
const EAGER_LENGTH = 8;

/** A CEL list that converts an element when it is read. */
function lazyList(items: readonly Json[], convert: CelConverter): CelList {
  const at = (index: number): CelInput | undefined => {
    const item = items[index];
    return item === undefined ? undefined : convert(item);
  };
  function* values(): Generator<CelInput> {
    for (const item of items) yield convert(item);
  }
  return Object.defineProperties(celList([]), {
    size: { value: items.length },
    get: { value: at },
    values: { value: values },
    [Symbol.iterator]: { value: values },
  });
}

function objectMap(object: JsonObject, convert: CelConverter): CelMap {
  return lazyMap(
    () => Object.keys(object),
    (key) => (Object.hasOwn(object, key) ? convert(object[key] as Json) : undefined),
  );
}

/** `steps` as a map of the visible steps, each built when it is read. */
export function stepsMap(scope: Scope, convert: CelConverter): CelMap {
  // Kept, because a macro may ask for a step at every element.
  const known = new Map<string, CelMap>();
  return lazyMap(
    () => [...scope.stepIds()],
    (id) => {
      const before = known.get(id);
      if (before !== undefined) return before;
      const view = scope.step(id);
      if (view === undefined) return undefined;
      const map = stepMap(view, convert);
      known.set(id, map);
      return map;
    },
  );
}

function stepMap(view: StepView, convert: CelConverter): CelMap {
  return lazyMap(
    () => stepFieldNames(view),
    (key) => {
      const field = stepField(view, key);
      return field === undefined ? undefined : convert(field);
    },
  );
}

/** A CEL map over string keys whose values are made when they are asked for. */
function lazyMap(keys: () => string[], read: (key: string) => CelInput | undefined): CelMap {
  const get = (key: unknown): CelInput | undefined =>
    typeof key === 'string' ? read(key) : undefined;
  const entries = (): [string, CelInput][] =>
    keys().map((key) => [key, read(key) as CelInput] as [string, CelInput]);
  const map: ReadonlyMap<string, CelInput> = {
    get size() {
      return keys().length;
    },
    get,
    has: (key) => get(key) !== undefined,
    keys: () => keys().values() as MapIterator<string>,
    values: () =>
      entries()
        .map(([, value]) => value)
        .values() as MapIterator<CelInput>,
    entries: () => entries().values() as MapIterator<[string, CelInput]>,
    forEach: (visit) => {
      for (const [key, value] of entries()) visit(value, key, map);
    },
    [Symbol.iterator]: () => entries().values() as MapIterator<[string, CelInput]>,
  };
  const wrapped = celMap(map);
  // The library's `has` takes a key whose value is null for missing.
  return Object.assign(wrapped, { has: (key: unknown) => get(key) !== undefined });
}

/** Thrown while converting back; `tooLarge` when the result is over its budget. */
export class CelResultError extends Error {
  readonly tooLarge: boolean;
  constructor(message: string, tooLarge: boolean) {
    super(message);
    this.name = 'CelResultError';
    this.tooLarge = tooLarge;
  }
}

/** A CEL result as JSON. @throws CelResultError for what has no JSON form or is over `maxBytes`. */
export function jsonFromCel(value: CelValue, maxBytes: number): Json {
  let bytes = 0;
  const charge = (amount: number): void => {
    bytes += amount;
    if (bytes > maxBytes) {
      throw new CelResultError(`the result is larger than ${maxBytes} bytes`, true);
    }
  };
  const convert = (item: CelValue): Json => {
    if (typeof item === 'string') charge(item.length + 3);
    else charge(6);
    if (item === null || typeof item !== 'object') return jsonFromScalar(item);
    if (item instanceof Uint8Array) {
      charge(item.length);
      return Buffer.from(item).toString('base64');
    }
    if (isCelList(item)) return Array.from(item, convert);
    if (isCelMap(item)) return mapToJson(item);
    if (isCelUint(item)) return jsonFromInt(item.value);
    if (isCelType(item)) return item.name;
    return toJson(item.desc, item.message) as Json;
  };
  const mapToJson = (map: CelMap): Json => {
    const object: Record<string, Json> = {};
    for (const [key, item] of map.entries()) {
      const name = isCelUint(key) ? String(key.value) : String(key);
      charge(name.length);
      setOwn(object, name, convert(item));
    }
    return object;
  };
  return convert(value);
}

function jsonFromScalar(value: string | boolean | bigint | number | null): Json {
  if (typeof value === 'bigint') return jsonFromInt(value);
  return typeof value === 'number' ? jsonFromDouble(value) : value;
}

function jsonFromInt(value: bigint): Json {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

function jsonFromDouble(value: number): Json {
  if (Number.isFinite(value)) return value === 0 ? 0 : value;
  throw new CelResultError(`the result is ${value}, which no JSON number can be`, false);
}
