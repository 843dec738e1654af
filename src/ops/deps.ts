/**
 * What operations are built from: the store, the engine when this process executes, and the parts
 * that definitions are read with. Handed in by the composition root.
 */
import type { GroupLimits } from '../core/concurrency.ts';
import type { QuoteHoles, SplitText } from '../core/graph-context.ts';
import type { ActionDef, ActionRegistry, CheckedParams, ParamFit } from '../model/action.ts';
import type { Definition } from '../model/definition.ts';
import type { Engine } from '../model/engine.ts';
import type { ExpressionCompiler, ExpressionEvaluator } from '../model/expression.ts';
import type { DefinitionHash } from '../model/ids.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Plan } from '../model/plan.ts';
import type {
  Clock,
  ComputePool,
  ProcessControl,
  Randomness,
  SecretNames,
} from '../model/ports.ts';
import type { Rules } from '../model/rules.ts';
import type { ScheduleCalculator } from '../model/schedule.ts';
import type { Store } from '../model/store.ts';
import type { DefinitionLimits } from '../validate/limits.ts';
import type { ShellReader } from '../validate/shell-values.ts';
import type { Audit } from './audit.ts';
import type { NoticeDeps } from './notice-deps.ts';
import type { UpkeepDeps } from './upkeep-deps.ts';

interface OpsConfig {
  /** Working directory of runs that were not started from a folder. */
  readonly workDir: string;
  /** Environment of runs whose starter has none on this machine. */
  readonly callerEnv: Readonly<Record<string, string>>;
  readonly limits: DefinitionLimits;
  /** Limits of the global groups of `concurrency`. */
  readonly groupLimits: GroupLimits;
}

/** One page of the manual: Markdown that begins with its title. */
export interface ManualPage {
  readonly name: string;
  readonly text: string;
  /** Left out of lists; read when asked for by its name. */
  readonly unlisted?: boolean;
}

export interface OpsDeps {
  readonly store: Store;
  /** Null in a process that does not execute: runs and signals are left to whoever does. */
  readonly engine: Engine | null;
  readonly clock: Clock;
  readonly random: Randomness;
  readonly calculator: ScheduleCalculator;
  readonly compiler: ExpressionCompiler;
  readonly evaluator: ExpressionEvaluator;
  readonly compute: ComputePool;
  readonly actions: ActionRegistry;
  readonly checkParams: (
    def: ActionDef,
    params: JsonObject,
    options: { readonly skip: (value: Json) => boolean; readonly fit?: ParamFit },
  ) => CheckedParams;
  readonly splitText: SplitText;
  readonly quoteHoles: QuoteHoles;
  readonly shellReader: ShellReader;
  /** True for a plugin that is configured but whose tools have never been listed. */
  readonly isUnlistedPlugin: (name: string) => boolean;
  /** Compiles a stored definition; throws `AppError` when it no longer compiles. */
  readonly compile: (
    definition: Definition,
    hash: DefinitionHash,
    outputSchema: Json | null,
    rules: Rules,
  ) => Plan;
  /** The manual, loaded when it is asked for. */
  readonly manual: () => Promise<readonly ManualPage[]>;
  readonly secretNames: SecretNames['names'];
  /** Stands for a secret's value without telling it; null when the value is not at hand. */
  readonly secretDigest: (name: string) => string | null;
  /** Names the vault holds, or null when that cannot be told. */
  readonly knownSecrets: () => readonly string[] | null;
  readonly processes: Pick<ProcessControl, 'isAlive'>;
  /** Tells executors in other processes that there is something to take on. */
  readonly wakeExecutors?: () => void;
  readonly upkeep: UpkeepDeps;
  readonly audit: Audit;
  readonly notices: NoticeDeps;
  readonly config: OpsConfig;
}
