/**
 * A compiled definition: the graph of each list, parsed durations, compiled expressions.
 *
 * Made once per definition hash by `core/graph.ts` from a definition that validation accepted, then
 * shared by every run of it; never changed. Step references are indices into the list.
 */
import type {
  Backoff,
  DecisionOption,
  Effect,
  InterruptPolicy,
  TriggerRule,
} from './definition.ts';
import type { DurationSource, Expression, Template, ValueSource } from './expression.ts';
import type { DefinitionHash } from './ids.ts';
import type { Json, JsonObject } from './json.ts';
import type { Rules } from './rules.ts';

export interface Plan {
  readonly hash: DefinitionHash;
  /** The engine's rules that it was compiled for. */
  readonly rules: Rules;
  /** The definition's own name: `metadata.name`, or null. */
  readonly title: string | null;
  readonly top: ListPlan;
  readonly onComplete: ListPlan | null;
  readonly onError: ListPlan | null;
  readonly inputs: Template;
  readonly context: JsonObject;
  readonly output: Template | null;
  readonly timeout: DurationSource | null;
  readonly onTimeout: 'fail' | 'suspend' | 'cancel';
  readonly failFast: boolean;
  readonly maxConcurrency: number | null;
  readonly concurrency: {
    /** A global group of the settings, null for a group of the workflow's own. */
    readonly group: string | null;
    /** Null: all runs of the group are counted together. */
    readonly key: Template | null;
    /** Null where the settings state it. */
    readonly limit: number | null;
    readonly whenFull: 'queue' | 'reject' | 'replace';
  } | null;
  readonly workingDir: string | null;
  readonly outputSchema: Json | null;
  /** Secrets that are named anywhere in it, each once. */
  readonly secretNames: readonly string[];
}

/** Sibling steps. `result` is the index of the last written step that is no fallback, or -1. */
export interface ListPlan {
  readonly steps: readonly StepPlan[];
  readonly result: number;
  /** Indices of steps that nothing depends on and that are no fallback. */
  readonly leaves: readonly number[];
  readonly indexById: ReadonlyMap<string, number>;
}

export interface StepPlan {
  readonly id: string;
  readonly index: number;
  readonly body: StepBody;
  readonly deps: readonly number[];
  readonly dependents: readonly number[];
  /** Index of the step this one is the fallback of, else null. */
  readonly fallbackOf: number | null;
  /** Index of this step's own fallback, else null. */
  readonly fallback: number | null;
  readonly ignoreErrors: boolean;
  /** Error codes that `ignore` or the fallback deals with; null: every failure it may deal with. */
  readonly handledCodes: readonly string[] | null;
  readonly guard: Expression | null;
  readonly rule: TriggerRule;
  readonly timeout: DurationSource | null;
  readonly retry: RetryPlan | null;
  readonly onInterrupt: InterruptPolicy | null;
  readonly description: string | null;
}

export interface RetryPlan {
  readonly max: number;
  readonly backoff: Backoff;
  readonly delay: DurationSource;
  readonly maxDelay: DurationSource | null;
  readonly jitter: number;
  readonly on: readonly string[] | null;
}

export type StepBody =
  | ActionPlan
  | ConditionPlan
  | LoopPlan
  | ParallelPlan
  | WaitPlan
  | ReasoningPlan;

export interface ActionPlan {
  readonly type: 'action';
  readonly action: string;
  readonly params: Template;
  readonly effect: Effect;
  /** `inline`: runs inside the decision; `engine`: an expression evaluated by the engine
   * (`expr.eval`, `cel.eval`, `jq`); `child`: `workflow.run`; `effect`: everything else. */
  readonly via: 'inline' | 'engine' | 'child' | 'effect';
  /** The compiled expression of an `engine` action whose source is constant, else null. */
  readonly expression: Expression | null;
}

export interface ConditionPlan {
  readonly type: 'condition';
  readonly expression: Expression;
  readonly branches: ReadonlyMap<string, ListPlan>;
  readonly fallback: ListPlan | null;
}

export interface LoopPlan {
  readonly type: 'loop';
  readonly mode: 'for_each' | 'while' | 'until';
  readonly over: ValueSource | null;
  readonly condition: Expression | null;
  readonly body: ListPlan;
  readonly maxIter: number | null;
  readonly maxConcurrency: number;
}

export interface ParallelPlan {
  readonly type: 'parallel';
  readonly mode: 'all' | 'race';
  readonly branches: readonly ListPlan[];
  readonly maxConcurrency: number | null;
  /** What depends on a race waits until its losers are gone too. */
  readonly settle: boolean;
}

export interface WaitPlan {
  readonly type: 'wait';
  readonly duration: DurationSource | null;
  readonly until: ValueSource | null;
  readonly signal: Template | null;
  readonly timeout: DurationSource | null;
  readonly onTimeout: 'fail' | 'continue';
}

export interface ReasoningPlan {
  readonly type: 'reasoning';
  readonly prompt: Template;
  readonly options: readonly DecisionOption[];
  readonly data: readonly { readonly key: string; readonly source: ValueSource }[];
  readonly timeout: DurationSource | null;
  readonly fallback: string | null;
  readonly targetAgent: Template | null;
  readonly by: 'any' | 'person' | 'agent';
}
