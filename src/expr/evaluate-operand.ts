/**
 * Evaluates one operand or a choice of them over a scope.
 *
 * Paths and cheap CEL and Expr here; dear ones and all jq as a request to a compute process, unless
 * its answer is at hand. A value that carries a secret comes with its references beside it.
 */
import type { Scope, SecretRef } from '../model/expression.ts';
import type { JsonObject } from '../model/json.ts';
import { allNames, bindingsOf } from './bindings.ts';
import type { CelReading } from './cel/program.ts';
import { createStepsMap } from './cel/steps.ts';
import type { CelMap } from './cel/values.ts';
import { type Asking, askCompute, readsNow, withoutNow } from './compute-request.ts';
import { badEvaluation, failed, type Outcome, shortSource, valueOutcome } from './failures.ts';
import type { JqFilter } from './jq-filter.ts';
import type { ExpressionLimits } from './limits.ts';
import type { Choice, Operand } from './operand.ts';
import { explainMissing, type Path, pathText, resolvePath, rootName } from './path.ts';
import { inputNameOf, pointerOf, refsUnder, refTouching } from './secret-refs.ts';

export interface Evaluation extends Asking {
  readonly limits: ExpressionLimits;
}

/** The first operand that exists and is not null; else the last one's outcome. */
export function evaluateChoice(choice: Choice, evaluation: Evaluation): Outcome {
  const { operands } = choice;
  let last: Outcome | undefined;
  for (const operand of operands) {
    last = evaluateOperand(operand, evaluation);
    if (last.kind === 'pending') return last;
    if (last.kind === 'failure' && !last.missing) return last;
    if (last.kind === 'value' && last.value !== null) return last;
  }
  return last ?? badEvaluation('there is no expression');
}

function evaluateOperand(operand: Operand, evaluation: Evaluation): Outcome {
  switch (operand.kind) {
    case 'constant':
      return valueOutcome(operand.value);
    case 'secret':
      return { kind: 'value', value: '', secretRefs: [operand.ref] };
    case 'path':
      return evaluatePath(operand.path, evaluation.scope);
    case 'cel':
      return guarded(operand.program.references, evaluation, () =>
        evaluateCel(operand, evaluation),
      );
    case 'expr':
      return guarded(operand.unit.whole ? [['inputs']] : operand.unit.references, evaluation, () =>
        evaluateExpr(operand, evaluation),
      );
    case 'jq':
      return evaluateJq(operand.filter, evaluation, true);
  }
}

/** A path's value with the secrets it carries, or why it has none. */
function evaluatePath(path: Path, scope: Scope): Outcome {
  const value = resolvePath(path, scope);
  if (value === undefined) return missingPath(path, scope);
  if (path.segments[0] !== 'inputs') return valueOutcome(value);
  const all = scope.inputSecrets();
  if (all.length === 0) return valueOutcome(value);
  const refs = refsUnder(all, pointerOf(path.segments.slice(1)));
  return refs.length === 0 ? valueOutcome(value) : { kind: 'value', value, secretRefs: refs };
}

/** The failure of a path without a value. */
function missingPath(path: Path, scope: Scope): Outcome {
  const why = explainMissing(path.segments, scope);
  return badEvaluation(`${pathText(path.segments)}: ${why ?? 'there is no such value'}`, true);
}

/** Secrets are in no engine's scope, nor is an input that carries one. */
function guarded(
  references: readonly (readonly string[])[],
  { scope }: Evaluation,
  evaluate: () => Outcome,
): Outcome {
  const secrets = scope.inputSecrets();
  if (secrets.length > 0) {
    const touched = touchedSecret(references, secrets);
    if (touched !== null) return secretRefused(touched);
  }
  return evaluate();
}

function touchedSecret(
  references: readonly (readonly string[])[],
  secrets: readonly SecretRef[],
): SecretRef | null {
  for (const [root, ...rest] of references) {
    if (root !== 'inputs') continue;
    const touched = refTouching(secrets, pointerOf(rest));
    if (touched !== null) return touched;
  }
  return null;
}

/** The failure of reading an input that carries a secret where none may stand. */
export function secretRefused(ref: SecretRef): Outcome {
  return failed(
    'VALIDATION_ERROR',
    `${inputNameOf(ref)} carries a secret, which is not allowed here: only parameters that hand a secret straight to its use take it`,
  );
}

function evaluateCel(operand: Extract<Operand, { kind: 'cel' }>, evaluation: Evaluation): Outcome {
  const { scope, limits } = evaluation;
  const { program, stepIds } = operand;
  const bounds = { maxSteps: limits.inlineExprSteps, maxMemoryBytes: limits.inlineExprBytes };
  const outcome = program.evaluate(celReading(scope), bounds, () => null);
  if (outcome !== null) return outcome;
  return askEngine('cel', program.source, stepIds, program.references, false, evaluation);
}

function celReading(scope: Scope): CelReading {
  let steps: CelMap | undefined;
  return {
    root: (name) => {
      if (name !== 'steps') return scope.value(rootName(name));
      steps ??= createStepsMap(scope);
      return steps;
    },
    explain: (segments) => explainMissing(segments, scope),
  };
}

function evaluateExpr(
  operand: Extract<Operand, { kind: 'expr' }>,
  evaluation: Evaluation,
): Outcome {
  const { unit, stepIds } = operand;
  const { scope, limits } = evaluation;
  const outcome = unit.evaluateInline(scope, limits);
  if (outcome !== null) return outcome;
  const references = unit.whole ? allNames(scope) : unit.references;
  return askEngine('expr', unit.source, stepIds, references, unit.usesNow, evaluation);
}

function askEngine(
  task: 'cel' | 'expr',
  source: string,
  stepIds: readonly string[],
  references: readonly (readonly string[])[],
  usesNow: boolean,
  evaluation: Evaluation,
): Outcome {
  const bindings = withoutNow(bindingsOf(references, evaluation.scope));
  const dated = usesNow || readsNow(references);
  return askCompute(task, { source, step_ids: stepIds, bindings }, dated, evaluation);
}

/** Asks for a filter's first output over the parts of the scope it reads. */
export function evaluateJq(
  filter: JqFilter,
  asking: Asking,
  first: boolean,
  args?: JsonObject,
): Outcome {
  const { scope } = asking;
  const secrets = scope.inputSecrets();
  const references = filter.whole ? allNames(scope) : filter.references;
  const touched = secrets.length === 0 ? null : touchedSecret(references, secrets);
  if (touched !== null) return secretRefused(touched);
  const bindings = withoutNow(bindingsOf(references, scope));
  const payload = {
    filter: filter.text,
    shown: shortSource(filter.source),
    bindings,
    first,
    ...(args === undefined ? {} : { args }),
  };
  return askCompute('jq', payload, filter.usesNow || readsNow(references), asking);
}
