/**
 * Compiled expressions and templates, the names they may read, and what evaluating them yields.
 *
 * The engine treats `Expression` and `Template` as opaque: it compiles them once through
 * `ExpressionCompiler` and evaluates them through `DecideContext`. Evaluation never throws.
 */
import type { StepFailure } from './error.ts';
import type { WarningCode } from './issue.ts';
import type { Json } from './json.ts';
import type { NewerCheckName } from './newer-checks.ts';

export type EngineName = 'path' | 'cel' | 'jq' | 'expr';

/** A constant path read from the scope, e.g. `["steps","fetch","output","body"]`. */
export type Reference = readonly string[];

/**
 * Something in a text that compiles, of which whoever writes it is told: a warning of its own code,
 * or what a check that is newer than the first rules refuses. `offset` counts within the text.
 */
export interface ExpressionRemark {
  readonly offset: number | null;
  readonly message: string;
  readonly hint?: string;
  readonly kind: { readonly check: NewerCheckName } | { readonly warning: WarningCode };
}

/** A remark on a text at a place of a template. */
export interface TemplateRemark extends ExpressionRemark {
  readonly pointer: readonly (string | number)[];
}

/** An expression compiled once. `compiled` belongs to `src/expr`. */
export interface Expression {
  readonly source: string;
  readonly engine: EngineName;
  readonly references: readonly Reference[];
  readonly remarks: readonly ExpressionRemark[];
  /** Belongs to `src/expr`; nobody else looks into it. */
  readonly compiled: unknown;
}

/** JSON with `${{ }}` at any depth, compiled once. `raw` is the value as written. */
export interface Template {
  readonly raw: Json;
  /** False when no `${{ }}` occurs: the value is `raw` itself. */
  readonly dynamic: boolean;
  readonly references: readonly Reference[];
  /** Names read as `secrets.NAME`, each once. */
  readonly secrets: readonly string[];
  readonly remarks: readonly TemplateRemark[];
  readonly compiled: unknown;
}

/** Something that is given as a template or as an expression (`over`, `until`, `data_inject`). */
export type ValueSource =
  | { readonly kind: 'template'; readonly template: Template }
  | { readonly kind: 'expression'; readonly expression: Expression };

/** A duration known at define time, or a template resolved when it is needed. */
export type DurationSource =
  | { readonly kind: 'ms'; readonly ms: number }
  | { readonly kind: 'template'; readonly template: Template };

/** A problem in an expression or template; `pointer` leads to the string, `offset` into it. */
export interface ExpressionProblem {
  readonly pointer: readonly (string | number)[];
  readonly offset: number | null;
  readonly message: string;
  readonly hint?: string;
}

export type Compiled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly ExpressionProblem[] };

export interface CompileOptions {
  /** Step ids that may be written plainly after `steps.`, also with dashes. */
  readonly stepIds: ReadonlySet<string>;
  /** Whether `secrets.NAME` may be read here (the action's schema says which params accept it). */
  readonly secrets?: (pointer: readonly (string | number)[]) => boolean;
  /** What a template may begin with, where it is not about a run. */
  readonly roots?: ReadonlySet<string>;
}

/** Compiles what a definition holds as text. Pure; results may be cached by source. */
export interface ExpressionCompiler {
  /** A guard, branch, loop test or other whole expression; prefix `cel:` `jq:` `expr:`, else CEL. */
  expression(source: string, options: CompileOptions): Compiled<Expression>;
  /** Any JSON value with `${{ }}` at any depth, in values and keys. Whole-value strings may have an
   * engine prefix (`jq: .steps.a`) when `prefixes` is true. */
  template(value: Json, options: CompileOptions & { prefixes?: boolean }): Compiled<Template>;
}

/** Where a secret stands inside a value: a JSON pointer and the parts the string is built from. */
export interface SecretRef {
  /** RFC 6901 pointer into the value. */
  readonly at: string;
  /** Literal text and secret names, in order; one secret part alone replaces the whole value. */
  readonly parts: readonly (string | { readonly secret: string })[];
}

/** A step as expressions see it. `output` is null for a step that was skipped. */
export interface StepView {
  readonly status: string;
  readonly output: Json;
  readonly error: StepFailure | null;
}

/** The names an expression may read at one place of one run. Lazy: only what is read is built. */
export interface Scope {
  /** A step by bare id (nearest enclosing list that has it) or full path; undefined = not visible. */
  step(ref: string): StepView | undefined;
  /** Why `ref` cannot be read though it exists (not ended yet, another branch), else null. */
  whyHidden(ref: string): string | null;
  /** Bare ids visible here, nearest first. */
  stepIds(): readonly string[];
  /** `inputs`, `workflow`, `context`, `loop`, `step`, `error`, `data`…; undefined when not here. */
  value(name: string): Json | undefined;
  /** Names that `value` answers here (without `steps` and `secrets`). */
  names(): readonly string[];
  /** Secrets that stand inside `inputs`, beside its data; [] when none. Pointers begin at `inputs`. */
  inputSecrets(): readonly SecretRef[];
  /** The one "now" of the decided batch, epoch milliseconds. */
  readonly nowMs: number;
}

/** What evaluating yields. `pending`: asked of a compute process, the answer comes as an input. */
export type Evaluated =
  | { readonly kind: 'value'; readonly value: Json; readonly secretRefs?: readonly SecretRef[] }
  | { readonly kind: 'failure'; readonly error: StepFailure }
  | { readonly kind: 'pending'; readonly request: ComputeRequest };

/** Work that cannot be bounded inline and is done by a compute process (JSON in, JSON out). */
export interface ComputeRequest {
  readonly task: 'jq' | 'cel' | 'expr' | 'layout' | 'png';
  readonly payload: Json;
  /** Wall time from when a process has it, milliseconds: the step's own limit. */
  readonly limitMs?: number;
}

export type ComputeAnswer =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly error: StepFailure };

/**
 * Evaluates compiled expressions over a scope. `answers` holds compute answers that came back for
 * this very place, by request key; without one a dear expression is `pending`.
 */
export interface ExpressionEvaluator {
  expression(expression: Expression, scope: Scope, answers: ComputeMemo): Evaluated;
  template(template: Template, scope: Scope, answers: ComputeMemo): Evaluated;
}

/** Answers by the request's own key (task and payload). */
export interface ComputeMemo {
  get(request: ComputeRequest): ComputeAnswer | undefined;
}
