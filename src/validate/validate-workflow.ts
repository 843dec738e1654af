/**
 * Everything that can be said about a workflow before it runs, in one go: shape, graph, expressions,
 * actions, schemas, limits; and what is allowed and probably not meant.
 */
import { compilePlan } from '../core/graph.ts';
import type { PlanDeps } from '../core/graph-context.ts';
import type { WorkflowPackage } from '../model/definition.ts';
import { asDefinitionHash } from '../model/ids.ts';
import { formatIssuePath, hasErrors, type Issue, type IssuePath } from '../model/issue.ts';
import type { Json } from '../model/json.ts';
import type { Plan } from '../model/plan.ts';
import { NEWEST_RULES, rulesOf } from '../model/rules.ts';
import { admitsObject } from './admits-object.ts';
import { checkEnvironments } from './env-values.ts';
import { definitionHash } from './hash.ts';
import { checkHttpValues } from './http-values.ts';
import { asCounted, errorAt } from './issues.ts';
import { checkJqArguments } from './jq-arguments.ts';
import { DEFAULT_DEFINITION_LIMITS, type DefinitionLimits } from './limits.ts';
import { checkActions, type ParamsDeps } from './params.ts';
import type { Locate } from './positions.ts';
import { located } from './positions.ts';
import { lintSchema } from './schema-lint.ts';
import { checkSemantics } from './semantics.ts';
import { checkShellValues, type ShellValueDeps } from './shell-values.ts';
import { checkStructure } from './structure.ts';
import { groupWarnings } from './structure-concurrency.ts';
import { findWarnings } from './warnings.ts';

export interface ValidateDeps
  extends ParamsDeps,
    ShellValueDeps,
    Pick<PlanDeps, 'compiler' | 'splitText' | 'quoteHoles'> {
  /** Lower-case hex SHA-256 of a text. */
  readonly sha256: (text: string) => string;
  /** Names the vault holds; null when that cannot be told. */
  readonly knownSecrets: readonly string[] | null;
  /** Global groups of `concurrency` that the settings have. */
  readonly knownGroups: readonly string[];
  readonly limits?: DefinitionLimits;
}

export interface Validated {
  /** Errors and warnings; those in a file have line and column and stand in its order. */
  readonly issues: Issue[];
  /** The workflow without what stands for "not given"; null when there is no shape to speak of. */
  readonly pack: WorkflowPackage | null;
  /** Null when there is an error. */
  readonly plan: Plan | null;
}

export interface ValidateOptions {
  /** Finds lines; without it issues have none. */
  readonly locate?: Locate;
  /** Whether a workflow is registered as it is: then newer checks only warn. */
  readonly isRegistered?: (pack: WorkflowPackage) => boolean;
}

/** Checks a workflow as `readDefinition` gave it. Never throws. */
export function validateWorkflow(
  raw: Json,
  deps: ValidateDeps,
  { locate = () => null, isRegistered = () => false }: ValidateOptions = {},
): Validated {
  const structure = checkStructure(raw, deps.limits ?? DEFAULT_DEFINITION_LIMITS);
  const { pack } = structure;
  const issues: Issue[] = [...structure.issues];
  let plan: Plan | null = null;
  if (pack !== null) issues.push(...schemaIssues(pack));
  if (pack !== null && structure.usable) {
    const checked = checkDefinition(pack, deps, !hasFatal(structure.issues));
    plan = checked.plan;
    const told = new Set(structure.issues.filter(isError).map((issue) => issue.path));
    for (const issue of checked.issues) {
      const path = joined(structure.prefix, issue.path);
      // What the shape said of a value already is not said again in other words.
      if (!told.has(path)) issues.push({ ...issue, path });
    }
  }
  const counted = asCounted(issues, pack !== null && isRegistered(pack));
  const unique = inOrder(withoutRepeats(counted).map((issue) => located(issue, locate)));
  return {
    issues: unique,
    pack: structure.usable ? pack : null,
    plan: hasErrors(unique) ? null : plan,
  };
}

const isError = ({ severity }: Issue): boolean => severity === 'error';

/** Whether an issue keeps the definition from making sense at all. */
const hasFatal = (issues: readonly Issue[]): boolean =>
  issues.some(({ severity, check }) => severity === 'error' && check === undefined);

function schemaIssues({ inputSchema, outputSchema }: WorkflowPackage): Issue[] {
  return [
    ...(inputSchema === null ? [] : lintSchema(inputSchema, ['input_schema'])),
    ...(inputSchema === null || admitsObject(inputSchema) ? [] : [noInputFits]),
    ...(outputSchema === null ? [] : lintSchema(outputSchema, ['output_schema'])),
  ];
}

const noInputFits = errorAt(
  ['input_schema'],
  'no run can be started with this: the params of a run are an object, which it refuses',
  { hint: 'write { "type": "object", "properties": { … } }', check: 'NO_INPUT_FITS' },
);

function checkDefinition(
  pack: WorkflowPackage,
  deps: ValidateDeps,
  clean: boolean,
): { readonly issues: readonly Issue[]; readonly plan: Plan | null } {
  const { definition, outputSchema } = pack;
  const { compiler, actions, splitText, quoteHoles } = deps;
  const hash = clean ? definitionHash(definition, outputSchema, deps.sha256) : asDefinitionHash('');
  // A text that is checked is new, or is to be: what was registered keeps its plan.
  const rules = rulesOf(NEWEST_RULES);
  const planDeps = { compiler, actions, splitText, quoteHoles, hash, outputSchema, rules };
  const { plan, problems } = compilePlan(definition, planDeps);
  return {
    plan: clean ? plan : null,
    issues: [
      ...checkSemantics(definition),
      ...groupWarnings(definition, deps.knownGroups),
      ...problems,
      ...checkActions(definition, deps),
      ...checkShellValues(definition, deps),
      ...checkEnvironments(definition, deps.actions),
      ...checkHttpValues(definition, deps.actions),
      ...checkJqArguments(definition, deps.actions),
      ...(plan === null ? [] : findWarnings(pack, plan, deps.knownSecrets)),
    ],
  };
}

function joined(prefix: IssuePath, path: string): string {
  const before = formatIssuePath(prefix);
  if (before === '' || path === '') return before + path;
  return path.startsWith('[') ? `${before}${path}` : `${before}.${path}`;
}

/** By their place in the file; those of a tool argument stay in the order they were found in. */
const inOrder = (issues: readonly Issue[]): Issue[] =>
  issues.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));

function withoutRepeats(issues: readonly Issue[]): Issue[] {
  const seen = new Set<string>();
  return issues.filter(({ path, message }) => {
    const key = `${path}\n${message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
