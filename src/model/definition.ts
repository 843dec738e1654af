/**
 * The workflow language as it is written: the wire shape of a definition, a step, a package.
 *
 * These types describe a definition that validation has accepted. Nothing is parsed here: durations
 * and expressions are still text. The compiled form is `plan.ts`.
 */
import type { Json, JsonObject } from './json.ts';

export const STEP_TYPES = ['action', 'condition', 'loop', 'parallel', 'wait', 'reasoning'] as const;
export type StepType = (typeof STEP_TYPES)[number];
export const TRIGGER_RULES = [
  'all_ok',
  'all_completed',
  'none_failed',
  'all_done',
  'any_failed',
] as const;
export type TriggerRule = (typeof TRIGGER_RULES)[number];
export const EFFECTS = ['pure', 'internal', 'read', 'idempotent', 'unsafe'] as const;
/** What repeating an action would do. */
export type Effect = (typeof EFFECTS)[number];
/** Shells that a command text can be written for. */
export const SHELL_NAMES = ['sh', 'bash'] as const;
export type ShellName = (typeof SHELL_NAMES)[number];
export const INTERRUPT_POLICIES = ['rerun', 'ask', 'fail'] as const;
export type InterruptPolicy = (typeof INTERRUPT_POLICIES)[number];
export const BACKOFFS = ['none', 'constant', 'linear', 'exponential'] as const;
export type Backoff = (typeof BACKOFFS)[number];
export const ERROR_STRATEGIES = ['ignore', 'fallback_step', 'fail_workflow', 'retry'] as const;
type ErrorStrategy = (typeof ERROR_STRATEGIES)[number];

export interface RetryDef {
  readonly max: number;
  readonly backoff?: Backoff;
  readonly delay?: string;
  readonly max_delay?: string;
  readonly jitter?: number;
  readonly on?: readonly string[];
}

interface OnErrorDef {
  readonly strategy: ErrorStrategy;
  readonly fallback_step?: string;
  readonly on?: readonly string[];
}

export interface StepDef {
  readonly id: string;
  readonly type?: StepType;
  readonly action?: string;
  readonly params?: JsonObject;
  readonly run?: string;
  /** The shell that reads `run`; `sh` when it is not given. */
  readonly shell?: ShellName;
  readonly depends_on?: readonly string[];
  readonly condition?: string;
  readonly trigger_rule?: TriggerRule;
  readonly timeout?: string;
  readonly retry?: RetryDef;
  readonly on_error?: OnErrorDef;
  readonly on_interrupt?: InterruptPolicy;
  readonly effect?: Effect;
  readonly config?: StepConfigDef;
  readonly description?: string;
}

export interface DecisionOption {
  readonly id: string;
  readonly description?: string;
  readonly outcome?: 'continue' | 'stop';
}

/** The union of every step type's `config`; which fields a type takes is checked in `validate`. */
export interface StepConfigDef {
  readonly expression?: string;
  readonly branches?:
    | Readonly<Record<string, readonly StepDef[]>>
    | readonly (readonly StepDef[])[];
  readonly default?: readonly StepDef[];
  readonly mode?: 'for_each' | 'while' | 'until' | 'all' | 'race';
  readonly over?: Json;
  readonly condition?: string;
  readonly body?: readonly StepDef[];
  readonly max_iter?: number;
  readonly max_concurrency?: number;
  readonly settle?: boolean;
  readonly duration?: string;
  readonly until?: string;
  readonly signal?: string;
  readonly timeout?: string;
  readonly on_timeout?: 'fail' | 'continue';
  readonly prompt_context?: Json;
  readonly options?: readonly DecisionOption[];
  readonly data_inject?: JsonObject;
  readonly fallback?: string;
  readonly target_agent?: string;
  readonly by?: 'any' | 'person' | 'agent';
}

/** What `timeout` and `retry` of the defaults bind. */
export const DEFAULTS_STEPS = ['actions', 'all'] as const;

interface DefaultsDef {
  readonly steps?: (typeof DEFAULTS_STEPS)[number];
  readonly timeout?: string;
  readonly retry?: RetryDef;
  readonly on_interrupt?: InterruptPolicy;
  readonly params?: Readonly<Record<string, JsonObject>>;
}

export interface Definition {
  readonly steps: readonly StepDef[];
  readonly inputs?: JsonObject;
  readonly context?: JsonObject;
  readonly output?: Json;
  readonly timeout?: string;
  readonly on_timeout?: 'fail' | 'suspend' | 'cancel';
  readonly on_complete?: StepDef;
  readonly on_error?: StepDef;
  readonly on_interrupt?: InterruptPolicy;
  readonly fail_fast?: boolean;
  readonly max_concurrency?: number;
  readonly concurrency?: {
    /** A global group of the settings, which state its limit; without one `key` and `limit` are given. */
    readonly group?: string;
    readonly key?: string;
    readonly limit?: number;
    readonly when_full?: 'queue' | 'reject' | 'replace';
  };
  readonly order?: 'graph' | 'sequence';
  readonly defaults?: DefaultsDef;
  readonly working_dir?: string;
  readonly metadata?: JsonObject;
  /** Kept with the template and its runs, for queries; those of a package are among them. */
  readonly labels?: JsonObject;
}

/** A definition with what surrounds it; a bare definition is a package of nulls. */
export interface WorkflowPackage {
  readonly name: string | null;
  readonly description: string | null;
  readonly category: string | null;
  readonly inputSchema: Json | null;
  readonly outputSchema: Json | null;
  readonly triggers: JsonObject | null;
  readonly definition: Definition;
}
