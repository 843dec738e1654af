/**
 * Action steps: params with the definition's defaults, `run`, the effect, who carries it out, the
 * compiled expression of the actions that are expressions.
 *
 * Interpolated values never become shell text: in a command that a shell reads each `${{ }}` is moved
 * into `hole_env`, and the command reads it from there, quoted for where it stands.
 */
import { type ActionDef, type ActionRegistry, isAbsentParam, specOf } from '../model/action.ts';
import type { Definition, Effect, StepDef } from '../model/definition.ts';
import type { Expression } from '../model/expression.ts';
import type { IssuePath } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject, ownValue, setOwn } from '../model/json.ts';
import type { ActionPlan } from '../model/plan.ts';
import { NEWEST_RULES, type Rules, rulesOf } from '../model/rules.ts';
import { type Place, type PlanContext, report } from './graph-context.ts';
import { mergedEnv, writtenNames } from './graph-env.ts';
import { compileExpression, compileTemplate, hasTemplate } from './graph-text.ts';

export const SHELL_ACTION = 'shell.exec';

/** True for the values of `shell` with which the command is shell text. */
export const isShellText = (shell: Json | undefined): boolean =>
  shell === true || shell === 'sh' || shell === 'bash';

/** An action step's params as they are used, and where each is written. */
export interface StepParams {
  readonly action: string;
  readonly params: JsonObject;
  /** Where the param under a key is written, or the variable of `env` under a name. */
  readonly pathOf: (key: string, variable?: string) => IssuePath;
}

type ParamRules = Pick<Rules, 'mergesEnv' | 'nullIsAbsent'>;

/**
 * `run` spelled out, and defaults for the action filled in; the step's own params win, unless they say
 * that they are not given.
 */
export function paramsOfStep(
  defaults: Definition['defaults'],
  actions: ActionRegistry,
  def: StepDef,
  path: IssuePath,
  rules: ParamRules = rulesOf(NEWEST_RULES),
): StepParams {
  const isRun = def.run !== undefined;
  const action = isRun ? SHELL_ACTION : (def.action ?? '');
  const params: Record<string, Json> = {};
  const paths = new Map<string, IssuePath>();
  const variables = new Map<string, IssuePath>();
  const set = (key: string, value: Json, at: IssuePath): void => {
    const merges = key === 'env' && action === SHELL_ACTION && rules.mergesEnv;
    setOwn(params, key, merges ? mergedEnv(ownValue(params, key), value) : value);
    paths.set(key, at);
    if (key !== 'env' || !isJsonObject(value)) return;
    for (const name of Object.keys(value)) variables.set(name, [...at, name]);
  };
  for (const [key, value, from] of defaultParams(defaults, actions, action)) {
    set(key, value, ['defaults', 'params', from, key]);
  }
  if (isRun) params.fail_on_error = true;
  for (const [key, value] of ownParams(def, actions.get(action), rules.nullIsAbsent)) {
    set(key, value, [...path, 'params', key]);
  }
  if (isRun) {
    params.command = def.run as string;
    paths.set('command', [...path, 'run']);
    if (def.shell !== undefined) paths.set('shell', [...path, 'shell']);
    params.shell = def.shell ?? (isShellText(params.shell) ? (params.shell as Json) : true);
  }
  return {
    action,
    params,
    pathOf(key, variable) {
      const known = key === 'env' && variable !== undefined ? variables.get(variable) : undefined;
      if (known !== undefined) return known;
      const at = paths.get(key) ?? [...path, 'params', key];
      return variable === undefined ? at : [...at, variable];
    },
  };
}

/** The params that a step gives itself. */
function ownParams(
  { params = {} }: StepDef,
  action: ActionDef | undefined,
  nullIsAbsent: boolean,
): (readonly [string, Json])[] {
  const entries = Object.entries(params);
  if (!nullIsAbsent || action === undefined) return entries;
  return entries.filter(([key, value]) => {
    const spec = specOf(action, key);
    return spec === undefined || !isAbsentParam(spec, value);
  });
}

type DefaultParam = readonly [key: string, value: Json, from: string];

/** Defaults for an action, the most general first. A prefix gives only params the action has. */
function defaultParams(
  defaults: Definition['defaults'],
  actions: ActionRegistry,
  action: string,
): DefaultParam[] {
  const all = defaults?.params;
  if (all === undefined) return [];
  const def = actions.get(action);
  return Object.keys(all)
    .filter((name) => coversAction(name, action))
    .sort((a, b) => a.length - b.length)
    .flatMap((name) =>
      Object.entries(all[name] ?? {})
        .filter(([key]) => name === action || def === undefined || takesParam(def, key))
        .map(([key, value]): DefaultParam => [key, value, name]),
    );
}

/** Whether a key of `defaults.params` (an action, `http` or `http.*`) means an action. */
export function coversAction(name: string, action: string): boolean {
  if (name === action) return true;
  const prefix = name.replace(/\.?\*?$/, '');
  return prefix !== '' && action.startsWith(`${prefix}.`);
}

/** Whether an action has a param of that name, old spellings included. */
export const takesParam = (def: ActionDef, key: string): boolean =>
  Object.hasOwn(def.params, key) || Object.hasOwn(def.renamed ?? {}, key);

export function compileAction(
  cx: PlanContext,
  place: Place,
  def: StepDef,
  path: IssuePath,
): ActionPlan {
  const step = paramsOfStep(cx.definition.defaults, cx.deps.actions, def, path, cx.deps.rules);
  const { action } = step;
  const known = cx.deps.actions.get(action);
  const template = compileTemplate(
    cx,
    place,
    { ...withoutHoles(cx, step), ...envNames(cx, step) },
    path,
    {
      prefixes: true,
      secrets: (pointer) => acceptsSecrets(known, pointer),
      secretHint: ([key]) => (key === 'hole_env' ? SECRET_IN_COMMAND : undefined),
      pathOf: (pointer) => pathOfParam(step, pointer),
    },
  );
  const via = known === undefined || known.inline === false ? 'effect' : viaOf(known);
  return {
    type: 'action',
    action,
    params: template,
    effect: effectOf(def, known, step.params),
    via,
    expression: via === 'engine' ? engineExpression(cx, place, step) : null,
  };
}

const SECRET_IN_COMMAND =
  'hand it over in the environment: `params: {env: {TOKEN: "${{secrets.NAME}}"}}`, and write "$TOKEN"';

const viaOf = (def: ActionDef): ActionPlan['via'] => (def.inline === 'engine' ? def.via : 'inline');

/** Repeating an action that nobody knows is unsafe. */
function effectOf(def: StepDef, known: ActionDef | undefined, params: JsonObject): Effect {
  if (def.effect !== undefined) return def.effect;
  if (known === undefined) return 'unsafe';
  return known.effectOf?.(params) ?? known.effect;
}

function acceptsSecrets(def: ActionDef | undefined, pointer: IssuePath): boolean {
  if (def === undefined) return true;
  const key = String(pointer[0] ?? '');
  return specOf(def, key)?.secrets === true;
}

function pathOfParam(step: StepParams, pointer: IssuePath): IssuePath {
  const [key, ...rest] = pointer;
  if (key === undefined) return step.pathOf('').slice(0, -1);
  if (key === 'hole_env') return step.pathOf('command');
  const [variable] = rest;
  if (key === 'env' && typeof variable === 'string') {
    return [...step.pathOf('env', variable), ...rest.slice(1)];
  }
  return [...step.pathOf(String(key)), ...rest];
}

/** Which names of the environment were written, where data gives some: those are bound more. */
function envNames(cx: PlanContext, { action, params }: StepParams): JsonObject {
  const names =
    action === SHELL_ACTION && cx.deps.rules.mergesEnv ? writtenNames(params.env) : null;
  return names === null ? {} : { env_names: names };
}

const ENGINES: Readonly<Record<string, { readonly engine: string; readonly param: string }>> = {
  'expr.eval': { engine: 'expr', param: 'expression' },
  'cel.eval': { engine: 'cel', param: 'expression' },
  jq: { engine: 'jq', param: 'filter' },
};

const NAMES_ENGINE = /^\s*(?:cel|jq|expr):/;

/** The compiled expression of `expr.eval`, `cel.eval` or `jq` when its source is written out. */
function engineExpression(cx: PlanContext, place: Place, step: StepParams): Expression | null {
  const spec = Object.hasOwn(ENGINES, step.action) ? ENGINES[step.action] : undefined;
  const source = spec === undefined ? undefined : ownValue(step.params, spec.param);
  if (spec === undefined || typeof source !== 'string') return null;
  if (NAMES_ENGINE.test(source) || isOneTemplate(cx, source)) return null;
  // A jq filter with an input of its own reads that, not the run.
  const ownInput = spec.engine === 'jq' && hasInput(step.params);
  const names = new Set([...place.names, 'data', 'input', 'args']);
  const at = ownInput ? null : { ...place, names };
  return compileExpression(cx, at, source, step.pathOf(spec.param), spec.engine);
}

/** A source that is one `${{ }}` is known only when it runs. */
function isOneTemplate(cx: PlanContext, source: string): boolean {
  if (!hasTemplate(source)) return false;
  const split = cx.deps.splitText(source.trim());
  return split.ok && split.parts.length === 1 && typeof split.parts[0] === 'object';
}

const hasInput = (params: JsonObject): boolean =>
  Object.hasOwn(params, 'input') || Object.hasOwn(params, 'data');

/** Params whose shell command holds no `${{ }}`. */
function withoutHoles(cx: PlanContext, step: StepParams): JsonObject {
  const { params } = step;
  const command = ownValue(params, 'command');
  const shell = ownValue(params, 'shell');
  if (step.action !== SHELL_ACTION || typeof command !== 'string' || !hasTemplate(command)) {
    return params;
  }
  if (typeof shell === 'string' && hasTemplate(shell)) {
    const hint = 'write `shell: true`, `bash` or `false`';
    const message =
      'a command with interpolated values must say beforehand whether it is shell text';
    report(cx, step.pathOf('shell'), message, { hint });
    return params;
  }
  return isShellText(shell) ? { ...params, ...quote(cx, command) } : params;
}

/** A command whose values are read from variables, and the variables' values. */
function quote(cx: PlanContext, command: string): JsonObject | null {
  const split = cx.deps.splitText(command);
  // A `${{` that is not closed is told when the command is compiled as it is.
  if (!split.ok) return null;
  const values: Record<string, Json> = {};
  let count = 0;
  const parts = split.parts.map((part) => {
    if (typeof part === 'string') return part;
    count += 1;
    values[`OPCODE_V${count}`] = `\${{${part.source}}}`;
    return count;
  });
  return { command: escapeTemplate(cx.deps.quoteHoles(parts)), hole_env: values };
}

/** Text that a template gives back unchanged. */
const escapeTemplate = (text: string): string => text.replaceAll('${{', () => '$${{');
