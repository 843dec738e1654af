/**
 * The values of CEL beyond those of JSON.
 *
 * JSON is read in place: texts, bools and null are themselves, arrays are lists, plain objects maps,
 * whole numbers within ±(2^53 − 1) ints, all other numbers doubles. What JSON has no form for is
 * `Special`: it carries a symbol, so that no data can pass for one. An int beyond that range is a bigint and
 * never within it: each value has one form.
 */
import { narrowInt } from '../expr-lang/int64.ts';
import { KIND } from '../expr-lang/time-values.ts';

/** A double that is whole and within ±(2^53 − 1), which as a number would be an int. */
export interface CelDouble {
  readonly [KIND]: 'double';
  readonly value: number;
}

export interface CelUint {
  readonly [KIND]: 'uint';
  readonly value: bigint;
}

export interface CelBytes {
  readonly [KIND]: 'bytes';
  readonly bytes: Uint8Array;
}

/** An instant, in nanoseconds since 1970. */
export interface CelTime {
  readonly [KIND]: 'time';
  readonly ns: bigint;
}

/** A length of time in nanoseconds. */
export interface CelDuration {
  readonly [KIND]: 'duration';
  readonly ns: bigint;
}

/** A type as a value. */
export interface CelType {
  readonly [KIND]: 'type';
  readonly name: string;
}

/** A map that is no JSON object; its keys are texts, bools, ints and uints. */
export interface CelMap {
  readonly [KIND]: 'map';
  readonly size: () => number;
  /** The value of a key, undefined when there is none. A number finds its key by value. */
  readonly get: (key: unknown) => unknown;
  readonly keys: () => readonly unknown[];
}

/** A message of protocol buffers that has no form of its own in CEL. */
export interface CelMessage {
  readonly [KIND]: 'message';
  readonly typeName: string;
  /** @throws CelFault when the type has no such field */
  readonly field: (name: string) => unknown;
  readonly has: (name: string) => boolean;
  readonly equals: (other: CelMessage) => boolean;
  readonly toJson: () => unknown;
  /** The library's own form. */
  readonly own: unknown;
}

export type Special =
  | CelDouble
  | CelUint
  | CelBytes
  | CelTime
  | CelDuration
  | CelType
  | CelMap
  | CelMessage;

/** True for everything that is no JSON. */
export function isSpecial(value: unknown): value is Special {
  return typeof value === 'object' && value !== null && KIND in value;
}

const isKind =
  <S extends Special>(kind: S[typeof KIND]) =>
  (value: unknown): value is S =>
    isSpecial(value) && value[KIND] === kind;

const isBoxedDouble = isKind<CelDouble>('double');
export const isUint = isKind<CelUint>('uint');
export const isBytes = isKind<CelBytes>('bytes');
export const isTime = isKind<CelTime>('time');
export const isDuration = isKind<CelDuration>('duration');
export const isType = isKind<CelType>('type');
const isMade = isKind<CelMap>('map');
export const isMessage = isKind<CelMessage>('message');

export const makeUint = (value: bigint): CelUint => ({ [KIND]: 'uint', value });
export const makeBytes = (bytes: Uint8Array): CelBytes => ({ [KIND]: 'bytes', bytes });
export const makeTime = (ns: bigint): CelTime => ({ [KIND]: 'time', ns });
export const makeDuration = (ns: bigint): CelDuration => ({ [KIND]: 'duration', ns });
export const makeType = (name: string): CelType => ({ [KIND]: 'type', name });

interface LiteralMap extends CelMap {
  /** Adds an entry; false when the key is there already. */
  readonly add: (key: unknown, value: unknown) => boolean;
}

/** A map that an expression makes. */
export function createLiteralMap(): LiteralMap {
  const entries = new Map<unknown, readonly [key: unknown, value: unknown]>();
  return {
    [KIND]: 'map',
    size: () => entries.size,
    get: (key) => entries.get(lookupKey(key))?.[1],
    keys: () => Array.from(entries.values(), ([key]) => key),
    add(key, value) {
      const at = lookupKey(key);
      if (entries.has(at)) return false;
      entries.set(at, [key, value]);
      return true;
    },
  };
}

/** What a key is found by: equal numbers of all types are one key. */
function lookupKey(key: unknown): unknown {
  const number = numberOf(key);
  if (number === null) return key;
  if (typeof number === 'bigint') return narrowInt(number);
  return Number.isInteger(number) ? narrowInt(BigInt(number)) : number;
}

export type PlainObject = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is PlainObject | CelMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(KIND in value) || isMade(value);
}

/** The value of a key of a map, undefined when there is none. */
export function entryOf(map: PlainObject | CelMap, key: unknown): unknown {
  if (isMade(map)) return map.get(key);
  return typeof key === 'string' && Object.hasOwn(map, key) ? map[key] : undefined;
}

export function keysOf(map: PlainObject | CelMap): readonly unknown[] {
  return isMade(map) ? map.keys() : Object.keys(map);
}

export function sizeOf(map: PlainObject | CelMap): number {
  return isMade(map) ? map.size() : Object.keys(map).length;
}

const TYPE_NAMES = {
  double: 'double',
  uint: 'uint',
  bytes: 'bytes',
  time: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
  type: 'type',
  map: 'map',
} as const;

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
      if (Array.isArray(value)) return 'list';
      if (!isSpecial(value)) return 'map';
      return value[KIND] === 'message' ? value.typeName : TYPE_NAMES[value[KIND]];
  }
}

/** True for an int in either form. */
export function isInt(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/** The number of a double, null for anything else. */
export function doubleOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? null : value;
  return isBoxedDouble(value) ? value.value : null;
}

/** A double in its one form. */
export function makeDouble(value: number): number | CelDouble {
  return Number.isSafeInteger(value) ? { [KIND]: 'double', value } : value;
}

/** The number of an int, uint or double, for comparing; null for anything else. */
export function numberOf(value: unknown): number | bigint | null {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  return isBoxedDouble(value) || isUint(value) ? value.value : null;
}
