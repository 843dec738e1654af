/** What a function of CEL is in the tables of functions. */
import type { CelRuntime } from './runtime.ts';

/** Gives the result, or NO_OVERLOAD for values it does not take. @throws CelFault */
export type CelFunction = (rt: CelRuntime, ...args: unknown[]) => unknown;

export interface FunctionRow {
  readonly name: string;
  /** `global`: `f(x)`; `method`: `x.f()`. */
  readonly form: 'global' | 'method' | 'both';
  /** How many arguments it takes, the target of a method included. */
  readonly counts: readonly number[];
  readonly run: CelFunction;
}

export const global = (name: string, counts: readonly number[], run: CelFunction): FunctionRow => ({
  name,
  form: 'global',
  counts,
  run,
});

export const method = (name: string, counts: readonly number[], run: CelFunction): FunctionRow => ({
  name,
  form: 'method',
  counts,
  run,
});

export const both = (name: string, counts: readonly number[], run: CelFunction): FunctionRow => ({
  name,
  form: 'both',
  counts,
  run,
});
