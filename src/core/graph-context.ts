/**
 * What compiling a definition into a plan works on: its dependencies, the problems found so far, the
 * lists around the place that is being compiled.
 *
 * Frames nest as lists do. `at` is the step of a frame that is being compiled now, or -1 when all its
 * steps have ended (the top list as hooks and `output` see it).
 */
import type { ActionRegistry } from '../model/action.ts';
import type { Definition, StepDef } from '../model/definition.ts';
import type { ErrorCode } from '../model/error.ts';
import type { ExpressionCompiler } from '../model/expression.ts';
import type { DefinitionHash } from '../model/ids.ts';
import { formatIssuePath, type Issue, type IssuePath, type WarningCode } from '../model/issue.ts';
import type { Json } from '../model/json.ts';
import type { NewerCheckName } from '../model/newer-checks.ts';
import type { ListPlan } from '../model/plan.ts';
import type { Rules } from '../model/rules.ts';

/** Literal text and `${{ }}` sources of a string, in order. */
export type SplitText = (
  text: string,
) =>
  | { readonly ok: true; readonly parts: readonly (string | { readonly source: string })[] }
  | { readonly ok: false; readonly offset: number; readonly message: string };

/** Shell text in which the values numbered from 1 are read from the variables `OPCODE_V<n>`. */
export type QuoteHoles = (parts: readonly (string | number)[]) => string;

export interface PlanDeps {
  readonly compiler: ExpressionCompiler;
  readonly actions: ActionRegistry;
  readonly hash: DefinitionHash;
  readonly rules: Rules;
  readonly outputSchema: Json | null;
  readonly splitText: SplitText;
  readonly quoteHoles: QuoteHoles;
}

/** Why one step waits for another, and where that is written. */
export interface Origin {
  readonly kind: 'written' | 'order' | 'read' | 'fallback';
  readonly path: () => IssuePath;
}

export interface Frame {
  readonly defs: readonly StepDef[];
  /** Where each step is written. */
  readonly pathOf: (index: number) => IssuePath;
  readonly indexById: ReadonlyMap<string, number>;
  /** The list around, and which list below its current step this one is (`prod`, `branch_0`). */
  readonly outer: Frame | null;
  readonly key: string;
  /** Root names expressions of its steps may begin with. */
  readonly names: ReadonlySet<string>;
  /** Whether the nearest loop around runs several iterations at once. */
  readonly concurrent: boolean;
  at: number;
  /** What each step reads of this list, by index. */
  readonly reads: Map<number, Map<number, Origin>>;
}

/** Where an expression stands. */
export interface Place {
  readonly frame: Frame | null;
  readonly names: ReadonlySet<string>;
  /** Ids of a loop's body as the loop's own test sees them, else null. */
  readonly test: ReadonlyMap<string, number> | null;
}

export interface ListPlace {
  /** Where each step is written. */
  readonly pathOf: (index: number) => IssuePath;
  readonly outer: Frame | null;
  /** Which list below the outer frame's step this is. */
  readonly key: string;
  readonly names: ReadonlySet<string>;
  readonly concurrent: boolean;
  /** Whether a step without `depends_on` follows the one before it. */
  readonly sequence: boolean;
}

/** A list's plan and the frame it was compiled in, whose steps have all ended (`at` is -1). */
export interface CompiledList {
  readonly plan: ListPlan;
  readonly frame: Frame;
}

/** Compiles a list with all that is in it. */
export type ListCompiler = (
  cx: PlanContext,
  defs: readonly StepDef[],
  place: ListPlace,
) => CompiledList;

export interface PlanContext {
  readonly deps: PlanDeps;
  readonly definition: Definition;
  /** Handed on, because lists hold steps and steps hold lists. */
  readonly compileList: ListCompiler;
  readonly problems: Issue[];
  /** What was reported already, so that one default used by many steps is told once. */
  readonly told: Set<string>;
  /** Ids of all frames that are open, each with how many have it. */
  readonly visible: Map<string, number>;
  readonly visibleIds: Set<string>;
  readonly indexes: Map<readonly StepDef[], ReadonlyMap<string, number>>;
  /** Inputs whose default holds a secret: they may stand only where a secret may. */
  readonly secretInputs: Set<string>;
  /** Secrets that are named anywhere. */
  readonly secretNames: Set<string>;
}

export const createPlanContext = (
  definition: Definition,
  deps: PlanDeps,
  compileList: ListCompiler,
): PlanContext => ({
  deps,
  definition,
  compileList,
  problems: [],
  secretInputs: new Set(),
  secretNames: new Set(),
  told: new Set(),
  visible: new Map(),
  visibleIds: new Set(),
  indexes: new Map(),
});

/** Problems told at most; nobody reads on, and a definition made of errors must not take for ever. */
const MAX_PROBLEMS = 1000;
/** How many of them get a hint that must be searched for. */
const MAX_SEARCHED_HINTS = 100;

/** Whether looking for what was meant is still worth its time. */
export const mayHint = (cx: PlanContext): boolean => cx.problems.length < MAX_SEARCHED_HINTS;

/** Whether nothing more is told. */
export const isFull = (cx: PlanContext): boolean => cx.problems.length >= MAX_PROBLEMS;

export interface ReportOptions {
  readonly hint?: string | undefined;
  readonly code?: ErrorCode;
  /** The check that found it, when it is newer than the first rules. */
  readonly check?: NewerCheckName;
  /** The code of a warning, when it is none of an error. */
  readonly warning?: WarningCode;
}

/** Notes an error or warning once. */
export function report(
  cx: PlanContext,
  path: IssuePath,
  message: string,
  options: ReportOptions = {},
): void {
  if (isFull(cx)) return;
  const text = formatIssuePath(path);
  const key = `${text}\n${message}`;
  if (cx.told.has(key)) return;
  cx.told.add(key);
  const { hint, code = 'VALIDATION_ERROR', check, warning } = options;
  cx.problems.push({
    path: text,
    code: warning ?? code,
    message,
    severity: warning === undefined ? 'error' : 'warning',
    ...(hint === undefined ? {} : { hint }),
    ...(check === undefined ? {} : { check }),
  });
}

/** Position of each id in a list; the first of equal ids counts. */
export function indexOfList(
  cx: PlanContext,
  defs: readonly StepDef[],
): ReadonlyMap<string, number> {
  const known = cx.indexes.get(defs);
  if (known !== undefined) return known;
  const index = new Map<string, number>();
  defs.forEach((def, i) => {
    if (!index.has(def.id)) index.set(def.id, i);
  });
  cx.indexes.set(defs, index);
  return index;
}

/** Makes ids readable for what `compile` compiles. */
export function withIds<T>(cx: PlanContext, ids: Iterable<string>, compile: () => T): T {
  const added = [...ids];
  for (const id of added) {
    cx.visible.set(id, (cx.visible.get(id) ?? 0) + 1);
    cx.visibleIds.add(id);
  }
  const result = compile();
  for (const id of added) {
    const left = (cx.visible.get(id) ?? 1) - 1;
    cx.visible.set(id, left);
    if (left === 0) cx.visibleIds.delete(id);
  }
  return result;
}
