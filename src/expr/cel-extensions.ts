/**
 * Single functions of CEL's extension libraries: `base64.*`, `math.*`, and lists' `distinct`,
 * `flatten`, `reverse`, `slice`, `sort`, `first`, `last`, `lists.range`.
 *
 * Their names are qualified (`math.abs`) or methods of lists. `math.greatest` and `math.least` get
 * their arguments as one list, see `cel-expand.ts`.
 */
import {
  type CelFunc,
  type CelInput,
  type CelList,
  CelScalar,
  type CelValue,
  celFunc,
  celMethod,
  isCelList,
  isCelUint,
  listType,
} from '@bufbuild/cel';

const { BOOL, BYTES, DOUBLE, DYN, INT, STRING } = CelScalar;
const LIST = listType(DYN);
const MIN_INT = -(2n ** 63n);
/** Longest list that `lists.range` makes. */
export const MAX_RANGE = 1_000_000;
const MAX_FLATTEN_DEPTH = 100;

/** First names of qualified functions; alone they mean nothing. */
export const FUNCTION_NAMESPACES: ReadonlySet<string> = new Set([
  'base64',
  'cel',
  'lists',
  'math',
  'strings',
]);

/** The functions to register. */
export function celExtensions(): CelFunc[] {
  return [...encoders(), ...mathFunctions(), ...listFunctions()];
}

function encoders(): CelFunc[] {
  return [
    celFunc('base64.encode', [BYTES], STRING, (bytes) => Buffer.from(bytes).toString('base64')),
    celFunc('base64.encode', [STRING], STRING, (text) => Buffer.from(text).toString('base64')),
    celFunc('base64.decode', [STRING], BYTES, (text) => {
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Error('not base64');
      return new Uint8Array(Buffer.from(text, 'base64'));
    }),
  ];
}

function mathFunctions(): CelFunc[] {
  const rounding = { ceil: Math.ceil, floor: Math.floor, trunc: Math.trunc, round: roundHalfAway };
  return [
    ...Object.entries(rounding).flatMap(([name, round]) => [
      celFunc(`math.${name}`, [DOUBLE], DOUBLE, round),
      celFunc(`math.${name}`, [INT], INT, (value) => value),
    ]),
    celFunc('math.abs', [DOUBLE], DOUBLE, Math.abs),
    celFunc('math.abs', [INT], INT, absolute),
    celFunc('math.sign', [DOUBLE], DOUBLE, Math.sign),
    celFunc('math.sign', [INT], INT, (value) => (value === 0n ? 0n : value < 0n ? -1n : 1n)),
    celFunc('math.sqrt', [DOUBLE], DOUBLE, Math.sqrt),
    celFunc('math.sqrt', [INT], DOUBLE, (value) => Math.sqrt(Number(value))),
    celFunc('math.isNaN', [DOUBLE], BOOL, Number.isNaN),
    celFunc('math.isFinite', [DOUBLE], BOOL, Number.isFinite),
    celFunc(
      'math.isInf',
      [DOUBLE],
      BOOL,
      (value) => !Number.isFinite(value) && !Number.isNaN(value),
    ),
    celFunc('math.greatest', [DYN], DYN, (value) => extreme(value, 'greatest')),
    celFunc('math.least', [DYN], DYN, (value) => extreme(value, 'least')),
  ];
}

function absolute(value: bigint): bigint {
  if (value === MIN_INT) throw new Error('int overflow during abs');
  return value < 0n ? -value : value;
}

const roundHalfAway = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

function extreme(value: CelValue, which: 'greatest' | 'least'): CelInput {
  const list = isCelList(value) ? value : [value];
  let best: CelValue | undefined;
  for (const item of list) {
    if (!isNumber(item)) throw new Error(`math.${which} takes numbers`);
    const better =
      best === undefined || compareItems(item, best) * (which === 'least' ? -1 : 1) > 0;
    if (better) best = item;
  }
  if (best === undefined) throw new Error(`math.${which} needs at least one number`);
  return best;
}

const isNumber = (value: CelValue): boolean =>
  typeof value === 'bigint' || typeof value === 'number' || isCelUint(value);

function listFunctions(): CelFunc[] {
  return [
    celFunc('lists.range', [INT], LIST, (length) => {
      if (length > BigInt(MAX_RANGE)) throw new Error(`a range has at most ${MAX_RANGE} elements`);
      return Array.from({ length: Math.max(0, Number(length)) }, (_, i) => BigInt(i));
    }),
    celMethod('distinct', LIST, [], LIST, function () {
      return distinct([...this]);
    }),
    celMethod('flatten', LIST, [], LIST, function () {
      return flatten(this, 1);
    }),
    celMethod('flatten', LIST, [INT], LIST, function (depth) {
      if (depth < 0n) throw new Error('flatten takes a depth of 0 or more');
      return flatten(this, Math.min(Number(depth), MAX_FLATTEN_DEPTH));
    }),
    celMethod('reverse', LIST, [], LIST, function () {
      return [...this].reverse();
    }),
    celMethod('reverse', STRING, [], STRING, function () {
      return [...this].reverse().join('');
    }),
    celMethod('slice', LIST, [INT, INT], LIST, function (from, to) {
      if (from < 0n || to < from || to > BigInt(this.size)) {
        throw new Error(`slice(${from}, ${to}) is not within the list of ${this.size} elements`);
      }
      return [...this].slice(Number(from), Number(to));
    }),
    celMethod('sort', LIST, [], LIST, function () {
      return [...this].sort(compareItems);
    }),
    celMethod('first', LIST, [], DYN, function () {
      return present(this.get(0), 'first');
    }),
    celMethod('last', LIST, [], DYN, function () {
      return present(this.get(this.size - 1), 'last');
    }),
  ];
}

function present(value: CelValue | undefined, name: string): CelInput {
  if (value === undefined) throw new Error(`${name} of an empty list`);
  return value;
}

function flatten(list: CelList, depth: number): CelInput[] {
  const flat: CelInput[] = [];
  for (const item of list) {
    if (depth > 0 && isCelList(item))
      for (const inner of flatten(item, depth - 1)) flat.push(inner);
    else flat.push(item);
  }
  return flat;
}

/** Scalars by value, everything else by identity of its text. */
function distinct(items: readonly CelValue[]): CelInput[] {
  const seen = new Set<unknown>();
  return items.filter((item) => {
    const key = distinctKey(item);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function distinctKey(item: CelValue): unknown {
  if (isCelUint(item)) return distinctKey(item.value);
  if (typeof item === 'number' && Number.isInteger(item)) return BigInt(item);
  if (item === null || typeof item !== 'object') return item;
  throw new Error('distinct takes a list of strings, numbers and bools');
}

/** Order of two numbers, two strings or two bools. */
function compareItems(left: CelValue, right: CelValue): number {
  const [a, b] = [comparable(left), comparable(right)];
  const numbers = typeof a !== 'string' && typeof b !== 'string' && typeof a !== 'boolean';
  if (typeof a !== typeof b && !(numbers && typeof b !== 'boolean')) {
    throw new Error('a list of numbers, of strings or of bools is needed, not a mixture');
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function comparable(value: CelValue): bigint | number | string | boolean {
  if (isCelUint(value)) return value.value;
  if (value === null || typeof value === 'object') {
    throw new Error('only numbers, strings and bools have an order');
  }
  return value;
}
