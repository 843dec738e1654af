/**
 * The effective inputs of a run: schema defaults, then the definition's `inputs` (which may read
 * `workflow`, `context` and pass on secrets), then the caller's params; checked before a run exists.
 */
import type { WorkflowPackage } from '../model/definition.ts';
import { AppError } from '../model/error.ts';
import type {
  ComputeAnswer,
  ComputeMemo,
  ComputeRequest,
  Evaluated,
  Scope,
  SecretRef,
  Template,
} from '../model/expression.ts';
import { type Json, type JsonObject, setOwn } from '../model/json.ts';
import { effectiveInputs } from '../validate/inputs.ts';
import type { Prepared } from './definitions.ts';
import type { OpsDeps } from './deps.ts';
import type { OpsParts } from './parts.ts';
import { keysOf, withoutSecretNames, withSecretNames } from './secret-places.ts';

export interface Inputs {
  readonly inputs: JsonObject;
  readonly secretRefs: readonly SecretRef[];
}

/** What `inputs` may read. */
type Known = { readonly workflow: JsonObject; readonly context: JsonObject };

export interface InputFacts extends Known {
  readonly params: JsonObject;
}

/** @throws VALIDATION_ERROR with an issue per problem, INTERPOLATION_ERROR of the definition */
export async function inputsOf(
  parts: OpsParts,
  prepared: Prepared,
  facts: InputFacts,
): Promise<Inputs> {
  const { pack, plan } = prepared;
  const own = await evaluate(parts, plan.inputs, facts);
  return checkedInputs(pack, own, facts.params);
}

/**
 * Defaults, own inputs and params as one object that fits the schema; a place of a secret is not
 * checked. @throws VALIDATION_ERROR
 */
export function checkedInputs(
  pack: Pick<WorkflowPackage, 'definition' | 'inputSchema'>,
  own: Inputs,
  params: JsonObject,
): Inputs {
  const named = withSecretNames(own.inputs, own.secretRefs) as JsonObject;
  const definition = { ...pack.definition, inputs: named };
  const { inputs, issues } = effectiveInputs({ ...pack, definition }, params);
  const [first] = issues;
  if (first === undefined) {
    const secretRefs = own.secretRefs.filter((ref) => !Object.hasOwn(params, keysOf(ref)[0] ?? ''));
    return { inputs: withoutSecretNames(inputs, secretRefs) as JsonObject, secretRefs };
  }
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  throw new AppError('VALIDATION_ERROR', `${first.path}: ${first.message}${more}`, {
    details: { issues: issues as unknown as Json },
    ...(first.hint === undefined ? {} : { hint: first.hint }),
  });
}

/** `inputs` is evaluated before there is a run: only what is known by then can be read. */
function scopeOf({ clock }: Pick<OpsDeps, 'clock'>, { workflow, context }: Known): Scope {
  const values: Record<string, Json> = { workflow, context };
  return {
    nowMs: clock.now(),
    step: () => undefined,
    whyHidden: () => null,
    stepIds: () => [],
    value: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
    names: () => Object.keys(values),
    inputSecrets: () => [],
  };
}

async function evaluate(parts: OpsParts, template: Template, facts: Known): Promise<Inputs> {
  const answers = new Map<string, ComputeAnswer>();
  const scope = scopeOf(parts, facts);
  for (;;) {
    const evaluated = parts.evaluator.template(template, scope, memoOf(answers));
    if (evaluated.kind !== 'pending') return settled(evaluated);
    answers.set(keyOf(evaluated.request), await parts.compute.run(evaluated.request));
  }
}

/** The same at once, for who cannot wait. @throws LIMIT_EXCEEDED for an expression that is too dear */
export function evaluateNow(
  deps: Pick<OpsDeps, 'evaluator' | 'clock'>,
  template: Template,
  facts: Known,
): Inputs {
  const evaluated = deps.evaluator.template(template, scopeOf(deps, facts), memoOf(new Map()));
  if (evaluated.kind !== 'pending') return settled(evaluated);
  throw new AppError('LIMIT_EXCEEDED', 'inputs: an expression there takes too long to evaluate', {
    hint: 'a path or a small CEL expression is evaluated at once',
  });
}

const keyOf = (request: ComputeRequest): string => JSON.stringify(request);

const memoOf = (answers: ReadonlyMap<string, ComputeAnswer>): ComputeMemo => ({
  get: (request) => answers.get(keyOf(request)),
});

function settled(evaluated: Exclude<Evaluated, { kind: 'pending' }>): Inputs {
  if (evaluated.kind === 'failure') {
    throw new AppError(evaluated.error.code, `inputs: ${evaluated.error.message}`);
  }
  return { inputs: evaluated.value as JsonObject, secretRefs: evaluated.secretRefs ?? [] };
}

/** Params laid over others, key by key. */
export function mergeParams(...layers: readonly (JsonObject | undefined)[]): JsonObject {
  const merged: Record<string, Json> = {};
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer ?? {})) setOwn(merged, name, value);
  }
  return merged;
}
