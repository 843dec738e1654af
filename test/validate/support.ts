/** What validation is tested with: real compilers and params check, and a registry of a few actions. */

import { createHash } from 'node:crypto';
import { checkParams } from '../../src/actions/check-params.ts';
import { type CompiledPlan, compilePlan } from '../../src/core/graph.ts';
import type { PlanDeps } from '../../src/core/graph-context.ts';
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { splitText } from '../../src/expr/lexer.ts';
import { quoteHoles, reviewArguments, reviewShellText } from '../../src/isolate/shell-text.ts';
import type { ActionDef, ActionRegistry, ParamSpec } from '../../src/model/action.ts';
import type { Definition, Effect, WorkflowPackage } from '../../src/model/definition.ts';
import { asDefinitionHash } from '../../src/model/ids.ts';
import type { Issue } from '../../src/model/issue.ts';
import type { Json } from '../../src/model/json.ts';
import { NEWEST_RULES, rulesOf } from '../../src/model/rules.ts';
import { readDefinition, readDefinitionValue } from '../../src/validate/read-definition.ts';
import { type ValidateDeps, validateWorkflow } from '../../src/validate/validate-workflow.ts';

type Params = Record<string, ParamSpec>;

const inline = (name: string, params: Params, effect: Effect = 'pure'): ActionDef => ({
  name,
  description: name,
  effect,
  params,
  inline: true,
  run: () => ({ output: null }),
});

const effectful = (
  name: string,
  params: Params,
  effect: Effect,
  more: Partial<ActionDef> = {},
): ActionDef =>
  ({
    name,
    description: name,
    effect,
    params,
    inline: false,
    run: async () => ({ output: null }),
    ...more,
  }) as ActionDef;

const any: ParamSpec = { type: 'any' };
const engine = (name: string, source: string): ActionDef => ({
  name,
  description: name,
  effect: 'pure',
  inline: 'engine',
  via: 'engine',
  params: { [source]: { type: 'string', required: true }, data: any, input: any, args: any },
});

const httpParams: Params = {
  url: { type: 'string', required: true, secrets: true },
  method: { type: 'string', values: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] },
  query: { type: 'object', secrets: true, lenient: true },
  headers: { type: 'object', secrets: true, lenient: true },
  body: { type: 'any', secrets: true },
  auth: { type: 'object', secrets: true },
  timeout: { type: 'duration', default: '30s' },
  max_redirects: { type: 'integer', default: 10 },
};

const METHODS: Record<string, Effect> = { GET: 'read', HEAD: 'read', PUT: 'idempotent' };

const testActions: readonly ActionDef[] = [
  engine('expr.eval', 'expression'),
  engine('cel.eval', 'expression'),
  engine('jq', 'filter'),
  inline('crypto.hash', {
    data: { type: 'string', required: true },
    algorithm: { type: 'string' },
  }),
  inline('workflow.log', { message: { type: 'string', required: true }, data: any }, 'internal'),
  effectful('http.get', httpParams, 'read'),
  effectful('http.post', httpParams, 'unsafe'),
  effectful('http.request', httpParams, 'unsafe', {
    effectOf: ({ method = 'GET' }) => METHODS[String(method)] ?? 'unsafe',
  }),
  effectful('fs.read', { path: { type: 'string', required: true } }, 'read'),
  effectful(
    'fs.write',
    {
      path: { type: 'string', required: true },
      content: { type: 'any', required: true, secrets: true },
      create_dirs: { type: 'boolean', default: false },
    },
    'idempotent',
  ),
  effectful('fs.append', { path: { type: 'string' }, content: { type: 'string' } }, 'unsafe'),
  effectful(
    'shell.exec',
    {
      command: { type: 'string', required: true },
      args: { type: 'list', lenient: true },
      env: { type: 'object', secrets: true, lenient: true, nullable: true },
      cwd: { type: 'string' },
      workdir: { type: 'string', aliasOf: 'cwd' },
      stdin: { type: 'any', secrets: true },
      shell: { type: 'boolean', values: ['sh', 'bash'], default: false },
      pipefail: { type: 'boolean', default: false },
      fail_on_error: { type: 'boolean', default: false },
      timeout: { type: 'duration' },
    },
    'unsafe',
  ),
  {
    name: 'workflow.run',
    description: 'runs a template',
    effect: 'unsafe',
    inline: 'engine',
    via: 'child',
    params: {
      template_name: { type: 'string', required: true },
      params: { type: 'object', secrets: true },
    },
  },
];

export const testRegistry: ActionRegistry = {
  get: (name) => testActions.find((action) => action.name === name),
  names: () => testActions.map((action) => action.name),
};

const compiler = createExpressionCompiler();

const planDeps: PlanDeps = {
  compiler,
  actions: testRegistry,
  hash: asDefinitionHash('0'.repeat(64)),
  rules: rulesOf(NEWEST_RULES),
  outputSchema: null,
  splitText,
  quoteHoles,
};

export const validateDeps: ValidateDeps = {
  compiler,
  actions: testRegistry,
  checkParams,
  splitText,
  quoteHoles,
  shellReader: { text: reviewShellText, args: reviewArguments },
  isUnlistedPlugin: (name) => name === 'github',
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  knownSecrets: ['TOKEN'],
  knownGroups: ['gpu'],
};

/** A definition as its author writes it, before anything has checked it. */
export const compile = (definition: object, deps: Partial<PlanDeps> = {}): CompiledPlan =>
  compilePlan(definition as unknown as Definition, { ...planDeps, ...deps });

/** Every issue of a tool argument. */
export function check(value: unknown, deps: Partial<ValidateDeps> = {}): Issue[] {
  const read = readDefinitionValue(value as Json);
  if (errorsOf(read.issues).length > 0) return [...read.issues];
  const { issues } = validateWorkflow(read.raw, { ...validateDeps, ...deps });
  return [...read.issues, ...issues];
}

/** What a tool argument is read as. */
export const packOf = (value: unknown): WorkflowPackage | null =>
  validateWorkflow(readDefinitionValue(value as Json).raw, validateDeps).pack;

/** Every issue of a text, with its places. */
export function checkText(text: string, format: 'json' | 'jsonc' | 'yaml'): Issue[] {
  const read = readDefinition(text, { format });
  if (errorsOf(read.issues).length > 0 && read.raw === null) return [...read.issues];
  const validated = validateWorkflow(read.raw, validateDeps, { locate: read.locate });
  return [...read.issues, ...validated.issues];
}

export const errorsOf = (issues: readonly Issue[]): Issue[] =>
  issues.filter((issue) => issue.severity === 'error');
export const warningsOf = (issues: readonly Issue[]): Issue[] =>
  issues.filter((issue) => issue.severity === 'warning');

/** An `expr.eval` step. */
export const evaluating = (id: string, expression: string, more: object = {}): object => ({
  id,
  action: 'expr.eval',
  params: { expression },
  ...more,
});
