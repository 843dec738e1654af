/**
 * The failures that evaluating yields, and internal outcomes.
 *
 * Everything wrong with evaluated names and values is `INTERPOLATION_ERROR`, which is final: the
 * same data gives the same result. Budgets are `LIMIT_EXCEEDED`, sizes `OUTPUT_TOO_LARGE`.
 */
import { failure, type StepFailure } from '../model/error.ts';
import type { ComputeRequest, SecretRef } from '../model/expression.ts';
import type { Json } from '../model/json.ts';

/** Like `Evaluated`; `missing` tells a name that is not there from any other failure. */
export type Outcome =
  | { readonly kind: 'value'; readonly value: Json; readonly secretRefs?: readonly SecretRef[] }
  | { readonly kind: 'failure'; readonly error: StepFailure; readonly missing: boolean }
  | { readonly kind: 'pending'; readonly request: ComputeRequest };

const MAX_MESSAGE = 600;

export const valueOutcome = (value: Json): Outcome => ({ kind: 'value', value });

/** An evaluation that cannot succeed with this data. */
export function badEvaluation(message: string, missing = false): Outcome {
  return { kind: 'failure', error: failure('INTERPOLATION_ERROR', cut(message)), missing };
}

/** A failure with another code than `INTERPOLATION_ERROR`. */
export function failed(code: StepFailure['code'], message: string): Outcome {
  return { kind: 'failure', error: failure(code, cut(message)), missing: false };
}

/** A message cut to a length that fits an event and a terminal. */
function cut(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 1)}…`;
}

/** The source of an expression cut to fit a message. */
export function shortSource(source: string): string {
  const text = source.trim().replace(/\s+/g, ' ');
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
