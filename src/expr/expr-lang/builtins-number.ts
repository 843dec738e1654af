/**
 * `abs ceil floor round`, and `min max mean median`, which take numbers and lists of them, nested.
 */
import { finite, negate } from './arithmetic.ts';
import { plain } from './builtin-kinds.ts';
import { compareNumeric, isNumeric, type Numeric } from './int64.ts';
import { MAX_VALUE_DEPTH } from './limits.ts';
import { chargeList, fail, type Runtime, spend } from './runtime.ts';
import { compare, describe, isDate, isDuration, needNumber, plainInt, tooDeep } from './values.ts';

const rounding = (name: string, apply: (value: number) => number) =>
  plain(1, 1, (rt, [value], at) => {
    const number = needNumber(rt, value, `${name}()`, at);
    return typeof number === 'bigint' ? number : apply(number) + 0;
  });

/** Halves go away from zero. */
const roundHalf = (value: number): number => (value < 0 ? -Math.round(-value) : Math.round(value));

/** Visits the values that are no lists, at any depth. */
function eachLeaf(
  rt: Runtime,
  values: readonly unknown[],
  at: number,
  visit: (value: unknown) => void,
  depth = 0,
): void {
  if (depth > MAX_VALUE_DEPTH) tooDeep(rt, at);
  for (const value of values) {
    spend(rt, 1, at);
    if (Array.isArray(value)) eachLeaf(rt, value, at, visit, depth + 1);
    else visit(value);
  }
}

function eachNumber(
  rt: Runtime,
  values: readonly unknown[],
  what: string,
  at: number,
  visit: (value: Numeric) => void,
): void {
  eachLeaf(rt, values, at, (value) => {
    const plain = plainInt(value);
    if (isNumeric(plain)) visit(plain);
    else fail(rt, at, `${what} needs numbers, got ${describe(value)}`);
  });
}

const isOrdered = (value: unknown): boolean =>
  isNumeric(plainInt(value)) || isDuration(value) || isDate(value);

const extreme = (name: string, better: (order: number) => boolean) =>
  plain(1, Number.POSITIVE_INFINITY, (rt, args, at) => {
    const what = `${name}()`;
    let best: unknown = null;
    eachLeaf(rt, args, at, (value) => {
      const numbers = isNumeric(value) && isNumeric(best);
      if (numbers) best = better(compareNumeric(value, best as Numeric)) ? value : best;
      else if (!isOrdered(value)) {
        fail(rt, at, `${what} needs numbers or times, got ${describe(value)}`);
      } else if (best === null || better(compare(rt, value, best, what, at))) best = value;
    });
    return best;
  });

function mean(rt: Runtime, args: readonly unknown[], at: number): number {
  let total = 0;
  let count = 0;
  eachNumber(rt, args, 'mean()', at, (value) => {
    total += Number(value);
    count += 1;
  });
  return count === 0 ? 0 : finite(rt, total / count, at);
}

function median(rt: Runtime, args: readonly unknown[], at: number): number {
  const values: number[] = [];
  eachNumber(rt, args, 'median()', at, (value) => {
    chargeList(rt, 1, at);
    values.push(Number(value));
  });
  if (values.length === 0) return 0;
  spend(rt, values.length * Math.ceil(Math.log2(values.length + 1)), at);
  values.sort((left, right) => left - right);
  const middle = values.length >> 1;
  const upper = values[middle] ?? 0;
  return values.length % 2 === 1 ? upper : finite(rt, ((values[middle - 1] ?? 0) + upper) / 2, at);
}

export const NUMBER_BUILTINS = {
  abs: plain(1, 1, (rt, [value], at) => {
    const number = needNumber(rt, value, 'abs()', at);
    return number < 0 ? negate(rt, number, at) : number;
  }),
  ceil: rounding('ceil', Math.ceil),
  floor: rounding('floor', Math.floor),
  round: rounding('round', roundHalf),
  max: extreme('max', (order) => order > 0),
  min: extreme('min', (order) => order < 0),
  mean: plain(1, Number.POSITIVE_INFINITY, mean),
  median: plain(1, Number.POSITIVE_INFINITY, median),
};
