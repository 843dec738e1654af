/**
 * Actions and their params: known actions, params by each action's schema.
 *
 * Values that hold `${{ }}` or name an engine are known only when they are resolved; they are checked
 * then. Expressions and secrets in params are checked while the plan is compiled.
 */
import { coversAction, paramsOfStep, type StepParams, takesParam } from '../core/graph-action.ts';
import { nearestName, suggestion } from '../core/graph-nearest.ts';
import type {
  ActionDef,
  ActionRegistry,
  CheckedParams,
  ParamFit,
  ParamProblem,
} from '../model/action.ts';
import type { Definition } from '../model/definition.ts';
import type { Issue, IssuePath } from '../model/issue.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { errorAt, warningAt } from './issues.ts';
import { stepsOf } from './walk.ts';

export interface ParamsDeps {
  readonly actions: ActionRegistry;
  readonly checkParams: (
    def: ActionDef,
    params: JsonObject,
    options: { readonly skip: (value: Json) => boolean; readonly fit?: ParamFit },
  ) => CheckedParams;
  /** True for a plugin that is configured but whose tools have never been listed. */
  readonly isUnlistedPlugin: (name: string) => boolean;
}

/** Issues told at most: a definition made of errors must not take for ever. */
const MAX_ISSUES = 1000;

const ENGINE_PREFIX = /^\s*(?:cel|jq|expr):/;

/** True for a text whose value is known only when it is resolved. */
const isUnresolved = (value: Json): boolean =>
  typeof value === 'string' && (value.includes('${{') || ENGINE_PREFIX.test(value));

/** Everything wrong with the actions of a definition; paths are relative to it. */
export function checkActions(definition: Definition, deps: ParamsDeps): Issue[] {
  const issues: Issue[] = [];
  const used = new Set<string>();
  for (const { def, path } of stepsOf(definition)) {
    if ((def.type ?? 'action') !== 'action') continue;
    const step = paramsOfStep(definition.defaults, deps.actions, def, path);
    if (step.action === '' || issues.length >= MAX_ISSUES) continue;
    used.add(step.action);
    const action = deps.actions.get(step.action);
    if (action === undefined) issues.push(unknownAction(step.action, [...path, 'action'], deps));
    else issues.push(...paramIssues(action, step, path, deps));
  }
  return [...issues, ...checkDefaults(definition, deps, used)];
}

function unknownAction(name: string, path: IssuePath, deps: ParamsDeps): Issue {
  const prefix = name.split('.')[0] ?? name;
  if (deps.isUnlistedPlugin(prefix)) {
    const message = `the tools of the plugin "${prefix}" are not known yet, so "${name}" is not checked`;
    const hint = `the tools of "${prefix}" have never been listed`;
    return warningAt(path, 'UNCHECKED_ACTION', message, hint);
  }
  const hint =
    suggestion(name, deps.actions.names()) ??
    inFamily(prefix, deps.actions.names()) ??
    'opcode query actions lists them all';
  return errorAt(path, `there is no action "${name}"`, { code: 'ACTION_UNAVAILABLE', hint });
}

function inFamily(prefix: string, names: readonly string[]): string | undefined {
  const family = names.filter((name) => name.startsWith(`${prefix}.`));
  return family.length === 0 ? undefined : `there is ${family.join(', ')}`;
}

function paramIssues(
  action: ActionDef,
  step: StepParams,
  path: IssuePath,
  deps: ParamsDeps,
): Issue[] {
  const checked = deps.checkParams(action, step.params, {
    skip: isUnresolved,
    fit: { raw: step.params, nullIsAbsent: true },
  });
  const problems: readonly ParamProblem[] = checked.ok ? checked.warnings : checked.problems;
  return problems.map(({ path: inner, message, severity, code = 'NO_EFFECT' }) => {
    const [key, ...rest] = inner;
    const at = key === undefined ? [...path, 'params'] : [...step.pathOf(String(key)), ...rest];
    return severity === 'error' ? errorAt(at, message) : warningAt(at, code, message);
  });
}

/** Defaults must mean an action, and a param that one of the actions has. */
function checkDefaults(
  definition: Definition,
  deps: ParamsDeps,
  used: ReadonlySet<string>,
): Issue[] {
  const names = deps.actions.names();
  return Object.entries(definition.defaults?.params ?? {}).flatMap(([name, params]) => {
    const path = ['defaults', 'params', name];
    const covered = names.filter((action) => coversAction(name, action));
    const unlisted = deps.isUnlistedPlugin(name.split('.')[0] ?? name);
    if (covered.length === 0) {
      if (unlisted) return [];
      const hint = nearestPrefix(name, names);
      return [errorAt(path, `"${name}" is no action and no beginning of one`, { hint })];
    }
    // An action that is used has its default params checked with its own.
    if (covered.length === 1 && used.has(name)) return [];
    const takers = covered.flatMap((action) => deps.actions.get(action) ?? []);
    return Object.keys(params)
      .filter((key) => !takers.some((action) => accepts(action, key)))
      .map((key) => {
        const known = takers.flatMap((action) => Object.keys(action.params));
        const hint = suggestion(key, known);
        return errorAt([...path, key], `no action of "${name}" has a param "${key}"`, { hint });
      });
  });
}

const accepts = (action: ActionDef, key: string): boolean =>
  takesParam(action, key) || action.unknownInto !== undefined;

function nearestPrefix(name: string, names: readonly string[]): string | undefined {
  const prefixes = new Set(names.flatMap((action) => [action, action.split('.')[0] ?? action]));
  const near = nearestName(name, prefixes);
  return near === null ? undefined : `did you mean "${near}"?`;
}
