/**
 * The values of CEL beyond those of JSON.
 *
 * JSON is read in place: texts, bools and null are themselves, arrays are lists, plain objects maps,
 * whole numbers within ±(2^53 − 1) ints, all other numbers doubles. What JSON has no form for is an
 * instance of `Special`, so that no data can pass for one. An int beyond that range is a bigint and
 * never within it: each value has one form.
 */
import { narrowInt } from '../expr-lang/int64.ts';

/** Everything that is no JSON. */
export abstract class Special {
  /** The name of its CEL type. */
  abstract readonly typeName: string;
}

/** A double that is whole and within ±(2^53 − 1), which as a number would be an int. */
export class CelDouble extends Special {
  readonly typeName = 'double';
  readonly value: number;
  constructor(value: number) {
    super();
    this.value = value;
  }
}

export class CelUint extends Special {
  readonly typeName = 'uint';
  readonly value: bigint;
  constructor(value: bigint) {
    super();
    this.value = value;
  }
}

export class CelBytes extends Special {
  readonly typeName = 'bytes';
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    super();
    this.bytes = bytes;
  }
}

/** An instant, in nanoseconds since 1970. */
export class CelTime extends Special {
  readonly typeName = 'google.protobuf.Timestamp';
  readonly ns: bigint;
  constructor(ns: bigint) {
    super();
    this.ns = ns;
  }
}

/** A length of time in nanoseconds. */
export class CelDuration extends Special {
  readonly typeName = 'google.protobuf.Duration';
  readonly ns: bigint;
  constructor(ns: bigint) {
    super();
    this.ns = ns;
  }
}

/** A type as a value. */
export class CelType extends Special {
  readonly typeName = 'type';
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
}

/** A map that is no JSON object; its keys are texts, bools, ints and uints. */
export abstract class CelMap extends Special {
  readonly typeName = 'map';
  abstract readonly size: number;
  /** The value of a key, undefined when there is none. A number finds its key by value. */
  abstract get(key: unknown): unknown;
  abstract keys(): readonly unknown[];
}

/** A map that an expression made. */
export class LiteralMap extends CelMap {
  readonly #entries = new Map<unknown, readonly [key: unknown, value: unknown]>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: unknown): unknown {
    return this.#entries.get(lookupKey(key))?.[1];
  }

  keys(): readonly unknown[] {
    return Array.from(this.#entries.values(), ([key]) => key);
  }

  /** Adds an entry; false when the key is there already. */
  add(key: unknown, value: unknown): boolean {
    const at = lookupKey(key);
    if (this.#entries.has(at)) return false;
    this.#entries.set(at, [key, value]);
    return true;
  }
}

/** What a key is found by: equal numbers of all types are one key. */
function lookupKey(key: unknown): unknown {
  if (key instanceof CelUint) return narrowInt(key.value);
  if (key instanceof CelDouble) return key.value + 0;
  if (typeof key === 'number' && Number.isInteger(key)) return narrowInt(BigInt(key));
  return key;
}

/** A message of protocol buffers that has no form of its own in CEL. */
export abstract class CelMessage extends Special {
  /** @throws CelFault when the type has no such field */
  abstract field(name: string): unknown;
  abstract has(name: string): boolean;
  abstract equals(other: CelMessage): boolean;
  abstract toJson(): unknown;
}

export type PlainObject = Readonly<Record<string, unknown>>;

/** True for a map that is a JSON object. */
function isPlain(value: unknown): value is PlainObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Special) &&
    !Array.isArray(value)
  );
}

export function isMap(value: unknown): value is PlainObject | CelMap {
  return isPlain(value) || value instanceof CelMap;
}

/** The value of a key of a map, undefined when there is none. */
export function entryOf(map: PlainObject | CelMap, key: unknown): unknown {
  if (map instanceof CelMap) return map.get(key);
  return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined;
}

export function keysOf(map: PlainObject | CelMap): readonly unknown[] {
  return map instanceof CelMap ? map.keys() : Object.keys(map);
}

export function sizeOf(map: PlainObject | CelMap): number {
  return map instanceof CelMap ? map.size : Object.keys(map).length;
}

/** The name of a value's type. */
export function typeName(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return Number.isSafeInteger(value) ? 'int' : 'double';
    default:
      if (value === null || value === undefined) return 'null_type';
      if (value instanceof Special) return value.typeName;
      return Array.isArray(value) ? 'list' : 'map';
  }
}

/** True for an int in either form. */
export function isInt(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/** The number of a double, null for anything else. */
export function doubleOf(value: unknown): number | null {
  if (value instanceof CelDouble) return value.value;
  return typeof value === 'number' && !Number.isSafeInteger(value) ? value : null;
}

/** A double in its one form. */
export function makeDouble(value: number): number | CelDouble {
  return Number.isSafeInteger(value) ? new CelDouble(value) : value;
}

/** The number of an int, uint or double, for comparing; null for anything else. */
export function numberOf(value: unknown): number | bigint | null {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof CelDouble || value instanceof CelUint) return value.value;
  return null;
}
