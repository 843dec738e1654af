/**
 * One evaluation of a CEL program: what it reads, what it may still spend, where variables stand.
 *
 * Work and memory are paid for as in Expr: loops spend before they work, lists, maps and texts are
 * charged before they are built, so an evaluation ends by its limits.
 */
import type { Budget } from '../expr-lang/runtime.ts';
import type { CelNode } from './ast.ts';

export interface CelRuntime extends Budget {
  /** The value of a root name, undefined when it is not here. */
  readonly root: (name: string) => unknown;
  /** Values of the variables of macros, by slot. */
  readonly slots: unknown[];
}

/** A compiled node. @throws CelFault, ExprError when a limit is used up */
export type Evaluate = (rt: CelRuntime) => unknown;

/** What an expression is compiled in. */
export interface CelContext {
  readonly emit: (node: CelNode, context: CelContext) => Evaluate;
  /** Slots of the variables that are bound here. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Counts the slots of the whole program. */
  readonly slots: { count: number };
  readonly names: CelNames;
}

interface Variable {
  readonly slot: number;
  /** True when the slot holds a `Lazy`. */
  readonly lazy: boolean;
}

/** Which names there are outside of an expression. */
export interface CelNames {
  /** What a path begins with: a variable or a type, and how many of its segments are its name. */
  resolve(segments: readonly string[], absolute: boolean): ResolvedName | null;
  /** Makes a message of protocol buffers. @throws CelFault when type, field or value is none */
  message(type: string, fields: ReadonlyMap<string, unknown>): unknown;
}

export type ResolvedName =
  | { readonly kind: 'variable'; readonly name: string; readonly used: number }
  | { readonly kind: 'value'; readonly value: unknown; readonly used: number };

/** A context in which one more variable is bound, and its slot. */
export function bind(
  context: CelContext,
  name: string,
  lazy = false,
): { readonly slot: number; readonly inner: CelContext } {
  const slot = context.slots.count++;
  const variables = new Map(context.variables).set(name, { slot, lazy });
  return { slot, inner: { ...context, variables } };
}
