/**
 * The built-in actions by name. Plugin tools are added by whoever composes the registry.
 */
import type { ActionDef, ActionRegistry } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import { assertActions } from './assert.ts';
import { cryptoActions } from './crypto.ts';
import type { ActionDeps } from './deps.ts';
import { expressionActions } from './expressions.ts';
import { fsActions } from './fs.ts';
import { httpActions } from './http.ts';
import { OUTPUTS } from './outputs.ts';
import { shellActions } from './shell.ts';
import { workflowActions } from './workflow.ts';

/** Every built-in action, in the order of the reference. */
export function builtinActions(deps: ActionDeps): readonly ActionDef[] {
  const actions = [
    ...httpActions(deps),
    ...fsActions(deps),
    ...shellActions(deps),
    ...cryptoActions(),
    ...assertActions(deps),
    ...expressionActions(),
    ...workflowActions(deps.isHeard),
  ];
  return actions.map((action) => {
    const output = OUTPUTS[action.name];
    return output === undefined ? action : { ...action, output };
  });
}

/**
 * Actions by name; names are listed in the order given.
 * @throws AppError CONFLICT when two actions have the same name
 */
export function createActionRegistry(actions: readonly ActionDef[]): ActionRegistry {
  const byName = new Map<string, ActionDef>();
  for (const action of actions) {
    if (byName.has(action.name)) {
      throw new AppError('CONFLICT', `two actions are called "${action.name}"`);
    }
    byName.set(action.name, action);
  }
  const names = [...byName.keys()];
  return { get: (name) => byName.get(name), names: () => names };
}
