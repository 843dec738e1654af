/**
 * A scope made of plain data, and short forms of compiling and evaluating for the tests here.
 */
import { createExpressionCompiler } from '../../src/expr/compiler.ts';
import { createExpressionEvaluator } from '../../src/expr/evaluator.ts';
import type {
  ComputeAnswer,
  ComputeMemo,
  ComputeRequest,
  Evaluated,
  ExpressionProblem,
  Scope,
  SecretRef,
  StepView,
} from '../../src/model/expression.ts';
import type { Json } from '../../src/model/json.ts';

export interface ScopeData {
  readonly values?: Readonly<Record<string, Json>>;
  readonly steps?: Readonly<Record<string, StepView>>;
  /** Why a step that exists cannot be read. */
  readonly hidden?: Readonly<Record<string, string>>;
  readonly secrets?: readonly SecretRef[];
  readonly nowMs?: number;
}

export function makeScope(data: ScopeData = {}): Scope {
  const values = data.values ?? { inputs: {} };
  const steps = data.steps ?? {};
  const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
    Object.hasOwn(record, key) ? record[key] : undefined;
  return {
    step: (ref) => own(steps, ref),
    whyHidden: (ref) => own(data.hidden ?? {}, ref) ?? null,
    stepIds: () => Object.keys(steps),
    value: (name) => own(values, name),
    names: () => Object.keys(values),
    inputSecrets: () => data.secrets ?? [],
    nowMs: data.nowMs ?? 0,
  };
}

export const completed = (output: Json): StepView => ({ status: 'completed', output, error: null });
const skipped: StepView = { status: 'skipped', output: null, error: null };

export const NO_ANSWERS: ComputeMemo = { get: () => undefined };

/** Answers found by the text of their request, as the runtime does it. */
export function memoOf(pairs: readonly (readonly [ComputeRequest, ComputeAnswer])[]): ComputeMemo {
  const key = (request: ComputeRequest): string => JSON.stringify(request);
  const answers = new Map(pairs.map(([request, answer]) => [key(request), answer]));
  return { get: (request) => answers.get(key(request)) };
}

const compiler = createExpressionCompiler();
const evaluator = createExpressionEvaluator();

export const SAMPLE: ScopeData = {
  values: {
    inputs: {
      n: 5,
      name: 'Ada',
      nothing: null,
      yes: true,
      rate: 2.5,
      items: [
        { id: 1, name: 'pen' },
        { id: 2, name: 'ink' },
      ],
      nums: [3, 1, 2],
      user: { name: 'Ada', address: { city: 'Oslo' } },
      'x-y': 'dash',
      'a.b': 'dot',
      obj: { k: null },
    },
    workflow: { run_id: 'r1', now: '2026-03-01T00:00:00.000Z' },
    context: {},
    loop: { item: 'pear', index: 2, previous: null },
  },
  steps: {
    'fetch-data': completed({ body: { n: 3 }, status_code: 200, list: [1, 2] }),
    plain: completed('text'),
    named: completed({ result: 7, status: 'mine' }),
    gone: skipped,
  },
  hidden: { later: 'step "later" has not ended yet' },
};

export function problemsOf(source: string, data: ScopeData = SAMPLE): readonly ExpressionProblem[] {
  const stepIds = new Set(Object.keys(data.steps ?? {}));
  const compiled = compiler.expression(source, { stepIds });
  return compiled.ok ? [] : compiled.problems;
}

export function referencesOf(source: string, data: ScopeData = SAMPLE): readonly string[] {
  const stepIds = new Set(Object.keys(data.steps ?? {}));
  const compiled = compiler.expression(source, { stepIds });
  if (!compiled.ok) throw new Error(compiled.problems.map((problem) => problem.message).join('; '));
  return compiled.value.references.map((path) => path.join('/'));
}

export function evaluate(
  source: string,
  data: ScopeData = SAMPLE,
  answers: ComputeMemo = NO_ANSWERS,
): Evaluated {
  const stepIds = new Set(Object.keys(data.steps ?? {}));
  const compiled = compiler.expression(source, { stepIds });
  if (!compiled.ok) throw new Error(compiled.problems.map((problem) => problem.message).join('; '));
  return evaluator.expression(compiled.value, makeScope(data), answers);
}

/** The value of a whole expression. */
export const resultOf = (source: string, data: ScopeData = SAMPLE): Json =>
  unwrap(evaluate(source, data));

function unwrap(evaluated: Evaluated): Json {
  if (evaluated.kind === 'value') return evaluated.value;
  throw new Error(evaluated.kind === 'pending' ? 'pending' : evaluated.error.message);
}

/** The failure of a whole expression, as `CODE message`. */
export function failureOf(source: string, data: ScopeData = SAMPLE): string {
  const evaluated = evaluate(source, data);
  if (evaluated.kind !== 'failure') throw new Error(`${source} gave ${JSON.stringify(evaluated)}`);
  return `${evaluated.error.code} ${evaluated.error.message}`;
}

export interface FillOptions {
  readonly secrets?: (pointer: readonly (string | number)[]) => boolean;
  readonly prefixes?: boolean;
}

export function fill(
  template: Json,
  data: ScopeData = SAMPLE,
  options: FillOptions = {},
  answers: ComputeMemo = NO_ANSWERS,
): Evaluated {
  const stepIds = new Set(Object.keys(data.steps ?? {}));
  const compiled = compiler.template(template, { stepIds, ...options });
  if (!compiled.ok) throw new Error(compiled.problems.map((problem) => problem.message).join('; '));
  return evaluator.template(compiled.value, makeScope(data), answers);
}

/** The value of a template. */
export const filled = (template: Json, data: ScopeData = SAMPLE): Json =>
  unwrap(fill(template, data));

export function templateProblems(
  template: Json,
  options: FillOptions = {},
): readonly ExpressionProblem[] {
  const compiled = compiler.template(template, { stepIds: new Set(['fetch-data']), ...options });
  return compiled.ok ? [] : compiled.problems;
}
