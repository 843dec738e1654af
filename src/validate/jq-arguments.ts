/** The `args` of jq steps: every name must be able to be a `$variable` of the filter. */
import { paramsOfStep } from '../core/graph-action.ts';
import type { ActionRegistry } from '../model/action.ts';
import type { Definition } from '../model/definition.ts';
import { isVariableName } from '../model/ids.ts';
import type { Issue } from '../model/issue.ts';
import { isJsonObject } from '../model/json.ts';
import { errorAt } from './issues.ts';
import { stepsOf } from './walk.ts';

/** Finds names of arguments that no filter can read; paths are relative to the definition. */
export function checkJqArguments(definition: Definition, actions: ActionRegistry): Issue[] {
  const issues: Issue[] = [];
  for (const { def, path } of stepsOf(definition)) {
    if ((def.type ?? 'action') !== 'action') continue;
    const step = paramsOfStep(definition.defaults, actions, def, path);
    if (step.action !== 'jq' || !isJsonObject(step.params.args)) continue;
    for (const name of Object.keys(step.params.args)) {
      const message = problemOf(name);
      if (message === null) continue;
      const hint = 'a letter or _, then letters, digits and _';
      issues.push(errorAt(step.pathOf('args', name), message, { hint, check: 'JQ_ARGUMENT_NAME' }));
    }
  }
  return issues;
}

function problemOf(name: string): string | null {
  if (name.includes('${{')) return null;
  // jq puts the place in the filter there, whatever is given.
  if (name === '__loc__') return '"__loc__" is a name of jq itself';
  return isVariableName(name) ? null : `"${name}" cannot be the name of a $variable`;
}
