/**
 * What goes wrong while CEL evaluates. `&&`, `||` and their macros absorb a fault; a used-up limit
 * (an `ExprError`) they do not.
 */
import { typeName } from './values.ts';

/** What an operator or function gives for values that it does not take. */
export const NO_OVERLOAD: unique symbol = Symbol('no overload');

/** A name that is not there. */
export interface Missing {
  /** The path of what was asked for it, null when that is no constant path. */
  readonly holder: readonly string[] | null;
  readonly key: string;
}

/** An evaluation that cannot go on with this data. */
export class CelFault extends Error {
  readonly missing: Missing | null;

  constructor(message: string, missing: Missing | null = null) {
    super(message);
    this.name = 'CelFault';
    this.missing = missing;
  }
}

/** Says that a function or operator does not take values of these types. */
export function noOverload(name: string, args: readonly unknown[], method = false): CelFault {
  const types = args.map(typeName);
  const target = method ? `${types.shift()}.` : '';
  return new CelFault(
    `found no matching overload for '${name}' applied to '${target}(${types.join(', ')})'`,
  );
}
