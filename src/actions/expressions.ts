/**
 * `expr.eval`, `cel.eval`, `jq`: only what they take. The engine evaluates them in the run's scope.
 */
import type { ActionDef, EngineAction, ParamSpec } from '../model/action.ts';

const source: ParamSpec = { type: 'string', required: true, description: 'at most 10 kB' };
const anything: ParamSpec = { type: 'any' };

const evaluated = (
  name: string,
  description: string,
  params: EngineAction['params'],
): EngineAction => ({ name, description, effect: 'pure', inline: 'engine', via: 'engine', params });

export function expressionActions(): readonly ActionDef[] {
  const shared = { data: anything, input: anything, args: anything };
  return [
    evaluated('expr.eval', 'Value of an Expr expression.', { expression: source, ...shared }),
    evaluated('cel.eval', 'Value of a CEL expression.', { expression: source, ...shared }),
    evaluated('jq', 'Outputs of a jq filter.', {
      filter: source,
      raw: { type: 'boolean', default: false },
      ...shared,
    }),
  ];
}
