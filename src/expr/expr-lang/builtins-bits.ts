/**
 * Bit functions over 64-bit ints in two's complement. `bitnand(a, b)` clears in `a` the bits of `b`.
 */
import { plain } from './builtin-kinds.ts';
import { narrowInt } from './int64.ts';
import { fail, type Runtime } from './runtime.ts';
import { needInt } from './values.ts';

const signed = (value: bigint): number | bigint => narrowInt(BigInt.asIntN(64, value));

const binary = (name: string, apply: (left: bigint, right: bigint) => bigint) =>
  plain(2, 2, (rt, [left, right], at) => {
    const a = BigInt(needInt(rt, left, `${name}()`, at));
    return signed(apply(a, BigInt(needInt(rt, right, `${name}()`, at))));
  });

const shift = (name: string, apply: (value: bigint, by: bigint) => bigint) =>
  plain(2, 2, (rt, [value, by], at) => {
    const bits = BigInt(needInt(rt, value, `${name}()`, at));
    return signed(apply(bits, shiftCount(rt, by, name, at)));
  });

function shiftCount(rt: Runtime, by: unknown, name: string, at: number): bigint {
  const count = needInt(rt, by, `${name}()`, at);
  if (count < 0) fail(rt, at, `${name}() cannot shift by ${count}`);
  return count > 64 ? 64n : BigInt(count);
}

export const BIT_BUILTINS = {
  bitand: binary('bitand', (left, right) => left & right),
  bitor: binary('bitor', (left, right) => left | right),
  bitxor: binary('bitxor', (left, right) => left ^ right),
  bitnand: binary('bitnand', (left, right) => left & ~right),
  bitnot: plain(1, 1, (rt, [value], at) => signed(~BigInt(needInt(rt, value, 'bitnot()', at)))),
  bitshl: shift('bitshl', (value, by) => value << by),
  bitshr: shift('bitshr', (value, by) => value >> by),
  bitushr: shift('bitushr', (value, by) => BigInt.asUintN(64, value) >> by),
};
