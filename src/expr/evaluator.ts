/**
 * The port `ExpressionEvaluator`: compiled expressions and templates over a scope. Never throws.
 */
import { messageOf } from '../model/error.ts';
import type { Evaluated, ExpressionEvaluator, SecretRef } from '../model/expression.ts';
import { createAskedRequests } from './compute-request.ts';
import { type Evaluation, evaluateChoice, secretRefused } from './evaluate-operand.ts';
import { badEvaluation, type Outcome } from './failures.ts';
import { interpolate } from './interpolate.ts';
import { DEFAULT_EXPRESSION_LIMITS, type ExpressionLimits } from './limits.ts';
import type { Choice, TemplateNode } from './operand.ts';

/** An evaluator; `limits` replaces single defaults. */
export function createExpressionEvaluator(
  limits: Partial<ExpressionLimits> = {},
): ExpressionEvaluator {
  const bounds = { ...DEFAULT_EXPRESSION_LIMITS, ...limits };
  const asked = createAskedRequests();
  return {
    expression(expression, scope, answers) {
      const evaluation: Evaluation = { scope, answers, asked, limits: bounds };
      return settle(() => {
        const outcome = evaluateChoice(expression.compiled as Choice, evaluation);
        const carried = outcome.kind === 'value' ? outcome.secretRefs?.[0] : undefined;
        return carried === undefined ? outcome : secretRefused(carried as SecretRef);
      });
    },
    template(template, scope, answers) {
      if (!template.dynamic) return { kind: 'value', value: template.raw };
      const evaluation: Evaluation = { scope, answers, asked, limits: bounds };
      return settle(() => interpolate(template.compiled as TemplateNode, evaluation));
    },
  };
}

function settle(evaluate: () => Outcome): Evaluated {
  try {
    const outcome = evaluate();
    return outcome.kind === 'failure' ? { kind: 'failure', error: outcome.error } : outcome;
  } catch (thrown) {
    const outcome = badEvaluation(`evaluating failed: ${messageOf(thrown)}`);
    return outcome.kind === 'failure' ? { kind: 'failure', error: outcome.error } : outcome;
  }
}
