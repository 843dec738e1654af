/** What the runtime is built from, handed in by the composition root. */

import type { GroupLimits } from '../core/concurrency.ts';
import type { EngineLimits } from '../core/context.ts';
import type {
  ActionDef,
  ActionLimits,
  ActionRegistry,
  CheckedParams,
  ParamFit,
} from '../model/action.ts';
import type { Definition } from '../model/definition.ts';
import type { StepFailure } from '../model/error.ts';
import type {
  ComputeMemo,
  Evaluated,
  Expression,
  ExpressionEvaluator,
  Scope,
  SecretRef,
} from '../model/expression.ts';
import type { DefinitionHash } from '../model/ids.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { OutboxOf } from '../model/notice-store.ts';
import type { AskedPlace } from '../model/place.ts';
import type { Plan } from '../model/plan.ts';
import type {
  Clock,
  ComputePool,
  Logger,
  Masker,
  ProcessControl,
  Randomness,
  SchemaCheck,
  SecretSource,
} from '../model/ports.ts';
import type { Rules } from '../model/rules.ts';
import type { NodeRow, Store } from '../model/store.ts';
import { type BreakerConfig, DEFAULT_BREAKER_CONFIG } from './breakers.ts';

export interface RuntimeConfig {
  readonly poolSize: number;
  readonly leaseMs: number;
  readonly renewMs: number;
  /** Runs that sleep longer than this without work in flight leave memory. */
  readonly parkAfterMs: number;
  /** A run that is parked so many events after its last snapshot gets a new one. */
  readonly snapshotAfterEvents: number;
  /** Folded runs in memory. */
  readonly maxLiveRuns: number;
  readonly livePollMs: number;
  readonly idlePollMs: number;
  readonly breakers: BreakerConfig;
  readonly limits: EngineLimits;
  readonly actionLimits: ActionLimits;
  /** Limits of the global groups of `concurrency`. */
  readonly groupLimits: GroupLimits;
  readonly onInterrupt: 'rerun' | 'ask' | 'fail';
  /** True for a process that takes on whatever is claimable (a daemon, `recover`). */
  readonly claims: boolean;
}

export const DEFAULT_RUNTIME_CONFIG: Omit<
  RuntimeConfig,
  'limits' | 'actionLimits' | 'onInterrupt' | 'claims'
> = {
  poolSize: 64,
  leaseMs: 60_000,
  renewMs: 10_000,
  parkAfterMs: 10_000,
  snapshotAfterEvents: 2000,
  maxLiveRuns: 1000,
  livePollMs: 50,
  idlePollMs: 500,
  groupLimits: {},
  breakers: DEFAULT_BREAKER_CONFIG,
};

export interface RuntimeDeps {
  readonly config: RuntimeConfig;
  readonly node: Omit<NodeRow, 'leaseUntil' | 'startedAt'>;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Randomness;
  readonly log: Logger;
  readonly actions: ActionRegistry;
  readonly checkParams: (
    def: ActionDef,
    params: JsonObject,
    options?: { readonly fit: ParamFit },
  ) => CheckedParams;
  readonly evaluator: ExpressionEvaluator;
  /** `expr.eval`, `cel.eval`, `jq`: the value becomes the step's output. */
  readonly engineAction: (
    action: string,
    params: JsonObject,
    compiled: Expression | null,
    scope: Scope,
    answers: ComputeMemo,
  ) => Evaluated;
  readonly compute: ComputePool;
  readonly processes: ProcessControl;
  readonly secrets: SecretSource;
  readonly createMasker: (secrets: readonly string[]) => Masker;
  /** Values that are masked in every run; left out: none. */
  readonly ownSecrets?: () => readonly string[];
  readonly checkSchema: SchemaCheck;
  /** Compiles a stored definition; throws `AppError` when it no longer compiles. */
  readonly compile: (
    definition: Definition,
    hash: DefinitionHash,
    outputSchema: Json | null,
    rules: Rules,
  ) => Plan;
  /** Start facts of a child run from its parent's step, or why it cannot be started. */
  readonly children: ChildStarter;
  /** Tells executors in other processes that there is something to take on. */
  readonly wakeExecutors?: () => void;
  /** Who has to be told of new events; left out: nobody. */
  readonly outbox?: OutboxOf;
}

export interface ChildStarter {
  /** What `workflow.run` would start: the definition and its checked inputs. */
  resolve(params: JsonObject):
    | {
        readonly ok: true;
        readonly definitionHash: DefinitionHash;
        readonly template: string;
        readonly version: number;
        readonly rules: number;
        readonly inputs: JsonObject;
        /** Secrets that stand in the inputs by the template's own defaults. */
        readonly secretRefs: readonly SecretRef[];
        readonly context: JsonObject;
        readonly name: string | null;
        /** The place that it asks for, or null. */
        readonly place: AskedPlace | null;
      }
    | { readonly ok: false; readonly error: StepFailure };
}
