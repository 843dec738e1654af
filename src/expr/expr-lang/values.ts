/**
 * The values of the Expr language: JSON plus 64-bit ints, dates, durations and timezones. What each
 * is called, how values are equal and ordered, and how map keys are read.
 *
 * Maps are plain objects read by own keys only; dates and the like carry a symbol that no JSON has.
 */
import { compareNumeric, isInt, isNumeric, type Numeric } from './int64.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';
import { exceed, fail, type Runtime, scan, spend } from './runtime.ts';
import { compareText } from './text-order.ts';
import { type ExprDate, type ExprDuration, KIND, type NamedInt, type Zone } from './time-values.ts';

export type ValueMap = Record<string, unknown>;

/** A map whose keys keep their own type. Read by typed-map.ts. */
export interface TypedMap {
  readonly [KIND]: 'map';
  readonly entries: Map<unknown, { readonly key: unknown; readonly value: unknown }>;
  /** What times are kept under. */
  readonly times: Map<string, symbol>;
  /** Values by the text of their key; made when a key is first looked for by its text. */
  byText: Map<string, unknown> | null;
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && KIND in value ? value[KIND] : undefined;
}

export function isDate(value: unknown): value is ExprDate {
  return kindOf(value) === 'date';
}

export function isDuration(value: unknown): value is ExprDuration {
  return kindOf(value) === 'duration';
}

export function isZone(value: unknown): value is Zone {
  return kindOf(value) === 'zone';
}

export function isTypedMap(value: unknown): value is TypedMap {
  return kindOf(value) === 'map';
}

/** A month or weekday: an int that has a name. */
export function isNamedInt(value: unknown): value is NamedInt {
  const kind = kindOf(value);
  return kind === 'month' || kind === 'weekday';
}

/** The int of a month or weekday; any other value as it is. */
export function plainInt(value: unknown): unknown {
  return isNamedInt(value) ? value.int : value;
}

export function isMap(value: unknown): value is ValueMap {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    kindOf(value) === undefined
  );
}

/** The name of a value's type, as `type()` gives it. */
export function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  if (isNumeric(value)) return isInt(value) ? 'int' : 'float';
  if (Array.isArray(value)) return 'array';
  switch (kindOf(value)) {
    case 'date':
      return 'time.Time';
    case 'duration':
      return 'time.Duration';
    case 'zone':
      return 'time.Location';
    case 'month':
      return 'time.Month';
    case 'weekday':
      return 'time.Weekday';
    default:
      return 'map';
  }
}

/** A value named for an error: its type, and the value itself when it is short. */
export function describe(value: unknown): string {
  const type = typeOf(value);
  if (typeof value === 'string' && value.length <= 40) return `${type} ${JSON.stringify(value)}`;
  const plain = plainInt(value);
  return isNumeric(plain) || typeof plain === 'boolean' ? `${type} ${plain}` : type;
}

/** The own value under a key; nil when there is none. */
export function ownOf(map: ValueMap, key: string): unknown {
  return Object.hasOwn(map, key) ? (map[key] ?? null) : null;
}

/** Sets an own key, also `__proto__`. */
export function setOwn(map: ValueMap, key: string, value: unknown): void {
  if (key !== '__proto__') {
    map[key] = value;
    return;
  }
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

/** The key of a plain map that another value means. @throws ExprError for a list, a map or a date. */
export function keyOf(rt: Runtime, key: unknown, at: number): string {
  if (typeof key === 'string') return key;
  if (key === null || key === undefined) return 'nil';
  const plain = plainInt(key);
  if (typeof plain === 'boolean' || isNumeric(plain)) return String(plain);
  return fail(rt, at, `a map key is a string, number or bool, not ${describe(key)}`);
}

/** Equality by value; ints and floats compare by value, different types are unequal. */
export function equal(rt: Runtime, left: unknown, right: unknown, at: number, depth = 0): boolean {
  if (typeof left !== 'object' && typeof right !== 'object') {
    return equalScalars(rt, left, right, at);
  }
  if (typeof left !== 'object' || typeof right !== 'object') return equalInts(left, right);
  if (left === right) return true;
  if (left === null || right === null) return false;
  spend(rt, 1, at);
  if (depth > MAX_VALUE_DEPTH) return tooDeep(rt, at);
  if (Array.isArray(left)) {
    return Array.isArray(right) && equalLists(rt, left, right, at, depth);
  }
  const kind = kindOf(left);
  if (kind !== kindOf(right) || Array.isArray(right)) return false;
  if (kind === undefined) return equalMaps(rt, left as ValueMap, right as ValueMap, at, depth);
  if (isTypedMap(left)) return equalTyped(rt, left, right as TypedMap, at, depth);
  return equalTimes(left, right);
}

/** Equality of two dates, durations, zones, months or weekdays. */
function equalTimes(left: unknown, right: unknown): boolean {
  if (isZone(left)) return isZone(right) && left.name === right.name;
  if (isNamedInt(left)) return plainInt(right) === left.int;
  return (left as ExprDuration).ns === (right as ExprDuration).ns;
}

function equalScalars(rt: Runtime, left: unknown, right: unknown, at: number): boolean {
  if (typeof left === 'string' && typeof right === 'string' && left.length === right.length) {
    scan(rt, left.length, at);
  }
  if (typeof left === 'bigint' && typeof right === 'number')
    return compareNumeric(left, right) === 0;
  if (typeof left === 'number' && typeof right === 'bigint')
    return compareNumeric(left, right) === 0;
  return left === right;
}

/** Equality where one side is null, a month or a weekday, and the other is not. */
function equalInts(left: unknown, right: unknown): boolean {
  return (plainInt(left) ?? null) === (plainInt(right) ?? null);
}

function equalLists(
  rt: Runtime,
  left: readonly unknown[],
  right: readonly unknown[],
  at: number,
  depth: number,
): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i += 1) {
    spend(rt, 1, at);
    if (!equal(rt, left[i], right[i], at, depth + 1)) return false;
  }
  return true;
}

function equalMaps(
  rt: Runtime,
  left: ValueMap,
  right: ValueMap,
  at: number,
  depth: number,
): boolean {
  const keys = Object.keys(left);
  spend(rt, keys.length, at);
  if (keys.length !== Object.keys(right).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(right, key)) return false;
    if (!equal(rt, left[key], right[key], at, depth + 1)) return false;
  }
  return true;
}

function equalTyped(
  rt: Runtime,
  left: TypedMap,
  right: TypedMap,
  at: number,
  depth: number,
): boolean {
  spend(rt, left.entries.size, at);
  if (left.entries.size !== right.entries.size) return false;
  // Times are kept under symbols of their own map.
  const moments = new Map([...left.times].map(([moment, handle]) => [handle, moment]));
  for (const [handle, { value }] of left.entries) {
    const moment = typeof handle === 'symbol' ? moments.get(handle) : undefined;
    const other = right.entries.get(moment === undefined ? handle : right.times.get(moment));
    if (other === undefined || !equal(rt, value, other.value, at, depth + 1)) return false;
  }
  return true;
}

/** Ends the evaluation over a value that is nested too deeply. */
export function tooDeep(rt: Runtime, at: number): never {
  return exceed(rt, at, `a value is nested more than ${MAX_VALUE_DEPTH} levels deep`);
}

/** -1, 0 or 1 over two numbers, strings, dates or durations. @throws ExprError for other pairs. */
export function compare(
  rt: Runtime,
  left: unknown,
  right: unknown,
  what: string,
  at: number,
): number {
  if (isNumeric(left) && isNumeric(right)) return compareNumeric(left, right);
  if (typeof left === 'string' && typeof right === 'string') {
    scan(rt, Math.min(left.length, right.length), at);
    return compareText(left, right);
  }
  return compareTimes(rt, left, right, what, at);
}

function compareTimes(
  rt: Runtime,
  left: unknown,
  right: unknown,
  what: string,
  at: number,
): number {
  const timed = (isDate(left) && isDate(right)) || (isDuration(left) && isDuration(right));
  if (timed) return compareNumeric(left.ns, right.ns);
  const [first, second] = [plainInt(left), plainInt(right)];
  if (isNumeric(first) && isNumeric(second)) return compareNumeric(first, second);
  return fail(rt, at, `${what} cannot compare ${describe(left)} with ${describe(right)}`);
}

/** The list itself. @throws ExprError naming `what` when it is something else. */
export function needList(rt: Runtime, value: unknown, what: string, at: number): unknown[] {
  if (Array.isArray(value)) return value;
  return fail(rt, at, `${what} needs an array, got ${describe(value)}`);
}

export function needMap(rt: Runtime, value: unknown, what: string, at: number): ValueMap {
  if (isMap(value)) return value;
  return fail(rt, at, `${what} needs a map, got ${describe(value)}`);
}

export function needText(rt: Runtime, value: unknown, what: string, at: number): string {
  if (typeof value === 'string') return value;
  return fail(rt, at, `${what} needs a string, got ${describe(value)}`);
}

export function needNumber(rt: Runtime, value: unknown, what: string, at: number): Numeric {
  if (isNumeric(value)) return value;
  return isNamedInt(value)
    ? value.int
    : fail(rt, at, `${what} needs a number, got ${describe(value)}`);
}

export function needInt(rt: Runtime, value: unknown, what: string, at: number): Numeric {
  if (isInt(value)) return value;
  return isNamedInt(value)
    ? value.int
    : fail(rt, at, `${what} needs an int, got ${describe(value)}`);
}

/** A small whole number, for counts and positions: larger ints become ±2^53. */
export function needCount(rt: Runtime, value: unknown, what: string, at: number): number {
  const int = needInt(rt, value, what, at);
  if (typeof int === 'number') return int;
  return int > 0n ? Number.MAX_SAFE_INTEGER : -Number.MAX_SAFE_INTEGER;
}

export function needBool(rt: Runtime, value: unknown, what: string, at: number): boolean {
  if (typeof value === 'boolean') return value;
  return fail(rt, at, `${what} needs a bool, got ${describe(value)}`);
}
