/**
 * Expressions over a run's names, conversion included, as a step evaluates them.
 */
import { createScope } from '../../../src/core/scope.ts';
import { newState } from '../../../src/core/state.ts';
import { createExpressionCompiler } from '../../../src/expr/compiler.ts';
import { createExpressionEvaluator } from '../../../src/expr/evaluator.ts';
import type { Evaluated, Scope } from '../../../src/model/expression.ts';
import { asRunId } from '../../../src/model/ids.ts';
import type { Json } from '../../../src/model/json.ts';
import { planOf, prepare } from '../engine-harness.ts';
import type { Round } from '../figure.ts';
import { parallel } from '../shapes.ts';
import { type BenchContext, type Suite, timedSync } from '../suite.ts';

const compiler = createExpressionCompiler();
const evaluator = createExpressionEvaluator();
const NO_ANSWERS = { get: () => undefined };
const OPTIONS = { stepIds: new Set<string>() };

const INPUTS = {
  count: 12,
  region: 'eu-west',
  enabled: true,
  user: { name: 'Ada', roles: ['admin', 'dev'] },
};

function scope(): () => Scope {
  const { definition, hash } = prepare(parallel(1));
  const state = newState(asRunId('run'), planOf(definition, hash));
  state.inputs = INPUTS;
  const step = state.top.steps[0] ?? null;
  return () => createScope(state, step, { nowMs: 1_800_000_000_000 });
}

const FIELDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const TEN_FIELDS = Object.fromEntries(
  FIELDS.map((name, index) => [
    name,
    index % 2 === 0 ? '${{inputs.count}}' : `user \${{inputs.user.name}} in \${{inputs.region}}`,
  ]),
);

function expression(source: string): (at: Scope) => Evaluated {
  const compiled = compiler.expression(source, OPTIONS);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return (at) => evaluator.expression(compiled.value, at, NO_ANSWERS);
}

function template(value: Json): (at: Scope) => Evaluated {
  const compiled = compiler.template(value, OPTIONS);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return (at) => evaluator.template(compiled.value, at, NO_ANSWERS);
}

function measure(
  context: BenchContext,
  name: string,
  settings: string,
  max: number | null,
  work: () => Evaluated,
): void {
  const first = work();
  if (first.kind !== 'value') throw new Error(`${name}: ${JSON.stringify(first)}`);
  const times = context.quick ? 1000 : 20_000;
  const rounds: Round[] = [];
  for (let round = 0; round <= context.rounds(15); round++) {
    const ms = timedSync(() => {
      for (let at = 0; at < times; at++) work();
    });
    if (round > 0) rounds.push({ samples: [(ms * 1000) / times] });
  }
  context.add(name, rounds, { settings, unit: 'µs', ...(max === null ? {} : { bar: { max } }) });
}

export const expressions: Suite = {
  name: 'expressions',
  about: 'guards, Expr, interpolation',
  async run(context) {
    const fresh = scope();
    const guard = expression('inputs.count > 10 && inputs.region == "eu-west" && inputs.enabled');
    measure(context, 'guard on three scalars', 'CEL', 10, () => guard(fresh()));
    const inExpr = expression(
      'expr: inputs.count > 10 && inputs.region == "eu-west" && inputs.enabled',
    );
    measure(context, 'guard on three scalars', 'Expr, scope included', null, () => inExpr(fresh()));
    const shared = fresh();
    measure(context, 'guard on three scalars', 'Expr', 1, () => inExpr(shared));
    const ten = template(TEN_FIELDS);
    measure(context, 'interpolation of a 10-field object', 'template', 5, () => ten(fresh()));
    const path = template('${{inputs.user.name}}');
    measure(context, 'interpolation of one path', 'template', null, () => path(fresh()));
  },
};
