/**
 * The part of the workflow's JSON Schema that comes from the actions: their names and params.
 *
 * Any value may be a text with `${{ }}` instead; no param is required, because `defaults` may give it.
 */
import type { ActionDef, ActionRegistry, ParamSpec } from '../model/action.ts';
import type { Json, JsonObject } from '../model/json.ts';

/** A text whose value is known only when it is resolved. */
export const TEMPLATE_TEXT: JsonObject = {
  type: 'string',
  pattern: '\\$\\{\\{|^\\s*(cel|jq|expr):',
};

const known = (actions: ActionRegistry): ActionDef[] =>
  actions.names().flatMap((name) => actions.get(name) ?? []);

/** `$defs` entries: the action names, and the params of each action. */
export function paramDefinitions(actions: ActionRegistry): Record<string, Json> {
  const definitions: Record<string, Json> = {
    action: {
      anyOf: [
        { enum: [...actions.names()] },
        { type: 'string', pattern: '^[A-Za-z0-9_-]+\\..+', description: '<plugin>.<tool>' },
      ],
    },
  };
  for (const action of known(actions)) definitions[`params:${action.name}`] = paramsSchema(action);
  return definitions;
}

/** Rules that tie `action` to its params, and `run` to those of the shell. */
export function actionRules(actions: ActionRegistry): Json[] {
  const rules = known(actions).map((action): Json => {
    const test = { properties: { action: { const: action.name } }, required: ['action'] };
    return rule(test, `params:${action.name}`);
  });
  const shell = actions.get('shell.exec');
  return shell === undefined ? rules : [...rules, rule({ required: ['run'] }, 'params:shell.exec')];
}

function rule(test: JsonObject, definition: string): JsonObject {
  const consequence = { properties: { params: { $ref: `#/$defs/${definition}` } } };
  return Object.fromEntries([
    ['if', test],
    ['then', consequence],
  ]);
}

function paramsSchema(action: ActionDef): JsonObject {
  const properties: Record<string, Json> = {};
  for (const [name, spec] of Object.entries(action.params)) properties[name] = paramSchema(spec);
  for (const [old, name] of Object.entries(action.renamed ?? {})) {
    properties[old] = { deprecated: true, description: `now called ${name}` };
  }
  return {
    type: 'object',
    description: action.description,
    properties,
    patternProperties: { '\\$\\{\\{': true },
    additionalProperties: action.unknownInto !== undefined,
  };
}

function paramSchema(spec: ParamSpec): JsonObject {
  const described = spec.description === undefined ? {} : { description: spec.description };
  const preset = spec.default === undefined ? {} : { default: spec.default };
  const own = typeSchema(spec);
  if (own === null) return { ...described, ...preset };
  return { ...described, ...preset, anyOf: [own, TEMPLATE_TEXT] };
}

function typeSchema(spec: ParamSpec): JsonObject | null {
  switch (spec.type) {
    case 'any':
      return null;
    case 'list':
      return { type: 'array' };
    case 'version':
      return { type: ['integer', 'string'] };
    case 'duration':
      return { $ref: '#/$defs/duration' };
    case 'string':
      return spec.values === undefined ? { type: 'string' } : { enum: [...spec.values] };
    case 'boolean':
      return spec.values === undefined
        ? { type: 'boolean' }
        : { enum: [true, false, ...spec.values] };
    default:
      return { type: spec.type };
  }
}
