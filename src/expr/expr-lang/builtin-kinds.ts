/**
 * What a builtin function is: how many arguments it takes and what it does with them. A builtin
 * with a closure is given the list, the closure and the arguments behind it.
 */
import type { Closure, Runtime } from './runtime.ts';

export interface PlainBuiltin {
  readonly kind: 'plain';
  readonly min: number;
  readonly max: number;
  /** True when its work can grow faster than what it reads, so it may not run between others. */
  readonly costly: boolean;
  readonly run: (rt: Runtime, args: readonly unknown[], at: number) => unknown;
}

export interface LoopBuiltin {
  readonly kind: 'loop';
  /** Arguments beside the closure, the list included. */
  readonly min: number;
  readonly max: number;
  readonly closure: 'required' | 'optional';
  readonly run: (
    rt: Runtime,
    list: readonly unknown[],
    closure: Closure | null,
    extra: readonly unknown[],
    at: number,
  ) => unknown;
}

export type Builtin = PlainBuiltin | LoopBuiltin;

/** A builtin without a closure. */
export function plain(
  min: number,
  max: number,
  run: PlainBuiltin['run'],
  costly = false,
): PlainBuiltin {
  return { kind: 'plain', min, max, costly, run };
}

/** A builtin with a closure as second argument. */
export function loop(
  closure: LoopBuiltin['closure'],
  run: LoopBuiltin['run'],
  extra = 0,
): LoopBuiltin {
  return { kind: 'loop', min: 1, max: 1 + extra, closure, run };
}
