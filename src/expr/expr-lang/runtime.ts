/**
 * One evaluation of an Expr program: what it reads, what it may still spend, where closures stand.
 *
 * Invariants: every loop spends before it works; every list, map and string is charged before it is
 * built. So an evaluation ends by its limits, whatever source and data are.
 */
import type { Node } from './ast.ts';
import { ExprError } from './error.ts';
import type { ExprLimits } from './limits.ts';
import type { Zone } from './time-values.ts';

/** The names an expression may read. `nowMs` is what `now()` gives: it never asks a clock. */
export interface ExprEnv {
  has(name: string): boolean;
  get(name: string): unknown;
  names(): readonly string[];
  readonly nowMs: number;
}

/** What an evaluation may still spend, and the source that its errors point into. */
export interface Budget {
  readonly source: string;
  readonly limits: ExprLimits;
  stepsLeft: number;
  bytesLeft: number;
}

export interface Runtime extends Budget {
  readonly env: ExprEnv;
  /** Values of `let` variables, by slot. */
  readonly slots: unknown[];
  /** What `#`, `#index` and `#acc` mean now. */
  item: unknown;
  index: number;
  acc: unknown;
  /** Timezones and patterns made in this evaluation, by their text; null before the first. */
  zones: Map<string, Zone> | null;
  patterns: Map<string, Pattern> | null;
}

/** A compiled regular expression and its estimated instructions. */
export interface Pattern {
  readonly matcher: { test(text: string): boolean };
  readonly size: number;
}

/** A compiled node. */
export type Evaluate = (rt: Runtime) => unknown;

/** How a node becomes a function; handed down to the files that each compile some kinds. */
export type Emit = (node: Node, source: string) => Evaluate;

/** A compiled closure with the number of nodes that one call of it evaluates at most. */
export interface Closure {
  readonly run: Evaluate;
  readonly cost: number;
}

/** Ends the evaluation: the data does not allow what stands at `at`. */
export function fail(rt: Budget, at: number, reason: string): never {
  throw new ExprError('eval', reason, rt.source, at);
}

/** Ends the evaluation: a named limit is reached at `at`. */
export function exceed(rt: Budget, at: number, reason: string): never {
  throw new ExprError('limit', reason, rt.source, at);
}

/** Pays for work. @throws ExprError kind limit when the steps are used up. */
export function spend(rt: Budget, steps: number, at: number): void {
  rt.stepsLeft -= steps;
  if (rt.stepsLeft < 0) {
    exceed(rt, at, `the expression takes more than ${rt.limits.maxSteps} steps (maxSteps)`);
  }
}

/** Pays for memory that is about to be used. @throws ExprError kind limit. */
export function charge(rt: Budget, bytes: number, at: number): void {
  rt.bytesLeft -= bytes;
  if (rt.bytesLeft < 0) {
    const { maxMemoryBytes } = rt.limits;
    exceed(rt, at, `the expression builds more than ${maxMemoryBytes} bytes (maxMemoryBytes)`);
  }
}

/** Pays for a list of `length` elements. */
export function chargeList(rt: Budget, length: number, at: number): void {
  charge(rt, 16 + 8 * length, at);
  spend(rt, length, at);
}

/** Pays for a map of `size` entries. */
export function chargeMap(rt: Budget, size: number, at: number): void {
  charge(rt, 32 + 40 * size, at);
  spend(rt, size, at);
}

/** Pays for a string of `length` characters. */
export function chargeText(rt: Budget, length: number, at: number): void {
  charge(rt, 16 + length, at);
  spend(rt, length >> 6, at);
}

/** Pays for looking through a string of `length` characters. */
export function scan(rt: Budget, length: number, at: number): void {
  spend(rt, length >> 6, at);
}
