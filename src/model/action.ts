/**
 * The port every action implements: schema, output, effect, abort.
 *
 * An action gets resolved params (secrets already filled in) and a context; it answers with its
 * output or throws an `AppError`, which becomes the step's failure. Inline actions are synchronous,
 * bounded and pure or internal; they run inside the decision.
 */
import type { Effect } from './definition.ts';
import type { RecordedProcess } from './event.ts';
import type { ActionNotes } from './input.ts';
import type { WarningCode } from './issue.ts';
import type { Json, JsonObject } from './json.ts';
import type { Masker } from './ports.ts';

/** A param's type; a boolean with `values` may be one of these texts too. `lenient`: elements/values may be strings, numbers or bools (args, env, headers…). */
export interface ParamSpec {
  readonly type:
    | 'string'
    | 'number'
    | 'integer'
    | 'boolean'
    | 'object'
    | 'list'
    | 'any'
    | 'duration'
    /** `3`, `"3"`, `"v3"`, `latest`. */
    | 'version';
  readonly required?: boolean;
  readonly default?: Json;
  readonly values?: readonly string[];
  /** Whether `${{secrets.X}}` may stand in it (anywhere inside). */
  readonly secrets?: boolean;
  readonly lenient?: boolean;
  /** Whether a value in it may be null, which takes the name away. */
  readonly nullable?: boolean;
  /** An object whose null values count as not given. */
  readonly sparse?: boolean;
  /** True when null is a value of it only since rules 2: under the first rules it is left out. */
  readonly nullWasAbsent?: boolean;
  /** It takes only a text when the param of this name is one. */
  readonly textBeside?: string;
  readonly aliasOf?: string;
  readonly description?: string;
}

/** What the engine adds to params: no author can write it, and no schema knows it. */
const HIDDEN_PARAMS = ['hole_env', 'env_names'] as const;

/** Params as their author wrote them, and what the engine added. */
export function splitParams(params: JsonObject): {
  readonly visible: JsonObject;
  readonly hidden: JsonObject;
} {
  const visible = { ...params } as Record<string, Json>;
  const hidden: Record<string, Json> = {};
  for (const name of HIDDEN_PARAMS) {
    const value = visible[name];
    if (value === undefined) continue;
    hidden[name] = value;
    delete visible[name];
  }
  return { visible, hidden };
}

export interface ActionResult {
  readonly output: Json;
  readonly notes?: ActionNotes;
}

export interface ActionContext {
  readonly runId: string;
  readonly path: string;
  readonly attempt: number;
  readonly idempotencyKey: string;
  /** True on a repeat after a crash: the effect may have happened already. */
  readonly repeat: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds left for the attempt, or null. */
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal;
  /**
   * Streams what a shell step prints (raw; masked by the caller). Something was left out before a text
   * that is behind a gap.
   */
  readonly onOutput: (stream: 'stdout' | 'stderr', text: string, isBehindGap?: boolean) => void;
  /** Resolved secret values used by this attempt, longest first. */
  readonly secrets: readonly string[];
  /**
   * Masks with all that is known to be secret when it is called. What an action gives is masked anyway;
   * it masks itself before it cuts a text.
   */
  readonly masker: () => Masker;
  readonly limits: ActionLimits;
  readonly nowMs: () => number;
  readonly randomUuid: () => string;
}

export interface ActionLimits {
  readonly httpBodyBytes: number;
  readonly shellOutputBytes: number;
  readonly outputBytes: number;
}

export const DEFAULT_ACTION_LIMITS: ActionLimits = {
  httpBodyBytes: 10 * 1024 * 1024,
  shellOutputBytes: 10 * 1024 * 1024,
  outputBytes: 10 * 1024 * 1024,
};

/** A process spawned blocked on a pipe: recorded first, then released. */
export interface PreparedProcess {
  readonly process: RecordedProcess;
  /** Lets it run and resolves with its result. */
  run(context: ActionContext): Promise<ActionResult>;
  /** Ends it without ever having run anything. */
  discard(): void;
}

/** What an inline action may read of its run. */
export interface InlineContext {
  readonly runId: string;
  readonly path: string;
  readonly nowMs: number;
  readonly context: JsonObject;
  readonly randomUuid: () => string;
}

interface ActionBase {
  readonly name: string;
  readonly description: string;
  readonly effect: Effect;
  /** The shape of its output, in words for people; undefined when it is not known. */
  readonly output?: string;
  readonly params: Readonly<Record<string, ParamSpec>>;
  /** `into: name` — params not in the schema are moved into this object param, with a warning. */
  readonly unknownInto?: string;
  /** Old spellings: old name → param name, each with a warning. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Class of one call when it depends on the params (`http.request` by method, `save_to`). */
  readonly effectOf?: (params: JsonObject) => Effect;
  /** Checks beyond the schema; a message or null. Runs at define time on constant params too. */
  readonly check?: (params: JsonObject) => string | null;
}

export interface InlineAction extends ActionBase {
  readonly inline: true;
  readonly run: (params: JsonObject, context: InlineContext) => ActionResult;
}

export interface EffectAction extends ActionBase {
  readonly inline: false;
  /** It cuts what it yields by limits of its own (bodies, streams) and says so. */
  readonly boundsItsOutput?: true;
  readonly run: (params: JsonObject, context: ActionContext) => Promise<ActionResult>;
  /** Spawns the process blocked, before the intent is committed. Synchronous. */
  readonly prepare?: (params: JsonObject, context: ActionContext) => PreparedProcess;
  /** Circuit breaker target of a call (an http origin, a plugin), or null. */
  readonly breaker?: (params: JsonObject) => string | null;
}

/** `workflow.run`, `expr.eval`, `jq`, `cel.eval`: carried out by the engine itself. */
export interface EngineAction extends ActionBase {
  readonly inline: 'engine';
  readonly via: 'engine' | 'child';
}

export type ActionDef = InlineAction | EffectAction | EngineAction;

export interface ActionRegistry {
  get(name: string): ActionDef | undefined;
  names(): readonly string[];
}

/** Problems of params against an action's schema: `[{param path, message}]`, all at once. */
export interface ParamProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly severity: 'error' | 'warning';
  /** Of a warning. */
  readonly code?: WarningCode;
}

/** How the params of a step are made ready for the check. */
export interface ParamFit {
  /** The params as they are written, with their templates; null when they come from elsewhere. */
  readonly raw: JsonObject | null;
  /** Whether null, and `""` of a text without an empty value, count as not given. */
  readonly nullIsAbsent: boolean;
}

/** Whether a value of a param stands for "not given". */
export function isAbsentParam(spec: ParamSpec, value: Json): boolean {
  if (spec.required === true || spec.type === 'any') return false;
  if (value === null) return true;
  const isWord = spec.values !== undefined || ['string', 'duration', 'version'].includes(spec.type);
  return value === '' && isWord;
}

/** The schema of a param under its name, an old spelling or an alias. */
export function specOf(def: ActionDef, name: string): ParamSpec | undefined {
  const renamed = Object.hasOwn(def.renamed ?? {}, name) ? def.renamed?.[name] : undefined;
  const key = renamed ?? name;
  const spec = Object.hasOwn(def.params, key) ? def.params[key] : undefined;
  if (spec?.aliasOf === undefined) return spec;
  return Object.hasOwn(def.params, spec.aliasOf) ? def.params[spec.aliasOf] : undefined;
}

export type CheckedParams =
  | {
      readonly ok: true;
      readonly params: JsonObject;
      /** The params as the step gives them, fitted, without defaults; left out when nothing changed. */
      readonly given?: JsonObject;
      readonly warnings: readonly ParamProblem[];
    }
  | { readonly ok: false; readonly problems: readonly ParamProblem[] };
