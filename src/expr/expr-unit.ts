/**
 * Expr behind the same surface as the other engines: compile, references, evaluate over a scope.
 *
 * Inline evaluation runs within a small budget of steps and memory; what does not finish within it
 * is left to a compute process, which runs the same source with the full limits.
 */
import type { ExpressionProblem, Reference, Scope } from '../model/expression.ts';
import { type Json, ownValue } from '../model/json.ts';
import type { LiteralText } from './big-literal.ts';
import { bindingsOf } from './bindings.ts';
import {
  compileExpr,
  type ExprEnv,
  ExprError,
  type ExprLimits,
  type ExprProgram,
} from './expr-lang/compile.ts';
import { badEvaluation, failed, type Outcome, shortSource, valueOutcome } from './failures.ts';
import type { ExpressionLimits } from './limits.ts';
import { listNames, rootHint } from './names.ts';
import { allSteps, explainMissing, rootName } from './path.ts';

export interface ExprUnit {
  readonly source: string;
  /** Constant paths read; `iter` given as `loop`. */
  readonly references: readonly Reference[];
  /** True when it may read every name (`$env`). */
  readonly whole: boolean;
  /** True when it may call `now()`. */
  readonly usesNow: boolean;
  /** The first int that is larger than the whole numbers of JSON. */
  readonly bigLiteral: LiteralText | null;
  /** The outcome within the inline budget, or null when it takes more. */
  evaluateInline(scope: Scope, limits: ExpressionLimits): Outcome | null;
  /** The outcome over plain bindings, with the full limits. */
  evaluate(
    bindings: Readonly<Record<string, Json>>,
    nowMs: number,
    limits: ExpressionLimits,
  ): Outcome;
}

export type CompiledExprUnit =
  | { readonly ok: true; readonly unit: ExprUnit }
  | { readonly ok: false; readonly problem: Omit<ExpressionProblem, 'pointer'> };

const ENV = '$env';

/** Compiles a source; `roots` are the names it may begin with. */
export function compileExprUnit(
  source: string,
  stepIds: ReadonlySet<string>,
  roots: ReadonlySet<string>,
): CompiledExprUnit {
  try {
    const program = compileExpr(source, { stepIds });
    const unknown = program.roots.find((name) => name !== ENV && !roots.has(name));
    if (unknown !== undefined) return { ok: false, problem: unknownName(unknown, source, roots) };
    return { ok: true, unit: unitOf(program) };
  } catch (thrown) {
    if (!(thrown instanceof ExprError)) throw thrown;
    const message = `not valid Expr: ${thrown.reason}`;
    return { ok: false, problem: { offset: thrown.offset, message } };
  }
}

function unknownName(
  name: string,
  source: string,
  roots: ReadonlySet<string>,
): Omit<ExpressionProblem, 'pointer'> {
  const names = [...roots];
  const at = source.search(new RegExp(`(?<![\\w.])${name}(?!\\w)`));
  const hint = rootHint(name, names, 'iter');
  const problem = {
    offset: at < 0 ? null : at,
    message: `unknown name "${name}"; ${listNames(names)}`,
  };
  return hint === undefined ? problem : { ...problem, hint };
}

function unitOf(program: ExprProgram): ExprUnit {
  const { source } = program;
  const whole = program.stepRefs.some(([root]) => root === ENV);
  const references = program.stepRefs
    .filter(([root]) => root !== ENV)
    .map(([root, ...rest]) => [rootName(root as string), ...rest]);
  const named = program.roots.filter((name) => name !== ENV);
  return {
    source,
    references,
    whole,
    usesNow: /\bnow\b/.test(source),
    bigLiteral: program.bigLiteral,
    evaluateInline(scope, limits) {
      const env = scopeEnv(scope, references, whole);
      const absent = named.find((name) => !env.has(name));
      if (absent !== undefined) {
        const why = explainMissing([absent], scope) ?? `\`${absent}\` is not available here`;
        return badEvaluation(`Expr "${shortSource(source)}": ${why}`, true);
      }
      const bounds = { maxSteps: limits.inlineExprSteps, maxMemoryBytes: limits.inlineExprBytes };
      return runProgram(program, env, bounds, () => null);
    },
    evaluate(bindings, nowMs, limits) {
      const env: ExprEnv = {
        has: (name) => Object.hasOwn(bindings, name),
        get: (name) => ownValue(bindings, name),
        names: () => Object.keys(bindings),
        nowMs,
      };
      const bounds = { maxSteps: limits.maxExprSteps, maxMemoryBytes: limits.maxExprBytes };
      return runProgram(program, env, bounds, (message) => failed('LIMIT_EXCEEDED', message));
    },
  };
}

/** Root names of a scope; of `steps` only what the references say, unless everything is read. */
function scopeEnv(scope: Scope, references: readonly Reference[], whole: boolean): ExprEnv {
  let steps: Json | undefined;
  const stepsPart = (): Json | undefined => {
    if (whole) return allSteps(scope);
    const ofSteps = references.filter(([root]) => root === 'steps');
    return bindingsOf(ofSteps, scope).steps;
  };
  return {
    has: (name) => name === 'steps' || scope.value(rootName(name)) !== undefined,
    get: (name) => {
      if (name !== 'steps') return scope.value(rootName(name));
      // Built once: a closure may ask for it at every element.
      steps ??= stepsPart();
      return steps;
    },
    names: () => ['steps', ...scope.names()],
    nowMs: scope.nowMs,
  };
}

function runProgram<T>(
  program: ExprProgram,
  env: ExprEnv,
  limits: ExprLimits,
  overLimit: (message: string) => T,
): Outcome | T {
  try {
    return valueOutcome(program.run(env, limits) as Json);
  } catch (thrown) {
    if (!(thrown instanceof ExprError)) throw thrown;
    const message = `Expr "${shortSource(program.source)}": ${thrown.message}`;
    return thrown.kind === 'limit' ? overLimit(message) : badEvaluation(message);
  }
}
