/** The environment of shell steps: names, and secrets that the defaults hand to a step unasked. */
import { coversAction, paramsOfStep, SHELL_ACTION, type StepParams } from '../core/graph-action.ts';
import { ALL_NAMES } from '../core/graph-env.ts';
import type { ActionRegistry } from '../model/action.ts';
import type { Definition, StepDef } from '../model/definition.ts';
import { isVariableName } from '../model/ids.ts';
import type { Issue } from '../model/issue.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { errorAt, warningAt } from './issues.ts';
import { stepsOf } from './walk.ts';

const READS_SECRET = /\$\{\{[^}]*\bsecrets\b/;

/** Everything wrong with the environments of a definition; paths are relative to it. */
export function checkEnvironments(definition: Definition, actions: ActionRegistry): Issue[] {
  const issues: Issue[] = [];
  const secret = sharedSecrets(definition.defaults);
  for (const { def, path } of stepsOf(definition)) {
    if ((def.type ?? 'action') !== 'action') continue;
    const step = paramsOfStep(definition.defaults, actions, def, path);
    if (step.action !== SHELL_ACTION || !isJsonObject(step.params.env)) continue;
    issues.push(...nameIssues(step, step.params.env), ...handedSecrets(def, step, secret));
  }
  return issues;
}

function nameIssues(step: StepParams, env: JsonObject): Issue[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (isVariableName(name) || name.includes('${{') || (name === ALL_NAMES && value === null))
      return [];
    const message =
      name === ALL_NAMES
        ? '"*" takes all variables away and must be null'
        : `${JSON.stringify(name)} is no name of a variable`;
    const hint = 'a letter or _, then letters, digits and _';
    return [errorAt(step.pathOf('env', name), message, { hint, check: 'ENV_NAME' })];
  });
}

/** Names of the defaults' environment whose values read a secret. */
function sharedSecrets(defaults: Definition['defaults']): ReadonlySet<string> {
  const names = Object.entries(defaults?.params ?? {})
    .filter(([action]) => coversAction(action, SHELL_ACTION))
    .flatMap(([, params]) => (isJsonObject(params.env) ? Object.entries(params.env) : []))
    .filter(([, value]) => readsSecret(value))
    .map(([name]) => name);
  return new Set(names);
}

const readsSecret = (value: Json): boolean => typeof value === 'string' && READS_SECRET.test(value);

/** A step with an `env` of its own may have been meant to get nothing else. */
function handedSecrets(def: StepDef, step: StepParams, secret: ReadonlySet<string>): Issue[] {
  const own = def.params?.env;
  if (!isJsonObject(own) || Object.hasOwn(own, ALL_NAMES)) return [];
  const names = [...secret].filter(
    (name) => !Object.hasOwn(own, name) && isJsonObject(step.params.env) && name in step.params.env,
  );
  if (names.length === 0) return [];
  const message = `the step has its own env and gets the secret ${names.join(', ')} of the defaults too`;
  const hint = `write ${names.map((name) => `"${name}": null`).join(', ')} into its env, or "*": null to start empty`;
  return [warningAt(step.pathOf('env'), 'HANDED_SECRET', message, hint)];
}
