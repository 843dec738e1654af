/**
 * The limits of expressions, each with its name and default.
 *
 * What is over an `inline…` limit is not refused: it is asked of a compute process.
 */

export interface ExpressionLimits {
  /** Longest source of one expression, in UTF-8 bytes. */
  readonly maxSourceBytes: number;
  /** Deepest nesting of a parsed expression. */
  readonly maxNesting: number;
  /** Deepest nesting of a template's JSON. */
  readonly maxTemplateDepth: number;
  /** Largest text that one interpolated string may become, in UTF-8 bytes. */
  readonly maxTextBytes: number;
  /** Largest sum of the texts that one template may build, in UTF-8 bytes. */
  readonly maxTemplateTextBytes: number;
  /** Largest result of one expression as JSON, in UTF-8 bytes. */
  readonly maxResultBytes: number;
  /** Steps (about 0.1 µs each) and bytes an Expr or CEL may take before it goes to a compute process. */
  readonly inlineExprSteps: number;
  readonly inlineExprBytes: number;
  /** Steps an Expr and bytes an Expr or CEL may take in a compute process. */
  readonly maxExprSteps: number;
  readonly maxExprBytes: number;
  /** Most outputs of one jq filter. */
  readonly maxJqOutputs: number;
  /** Compiled expressions kept, least recently used dropped first. */
  readonly maxCached: number;
}

export const DEFAULT_EXPRESSION_LIMITS: ExpressionLimits = {
  maxSourceBytes: 10_000,
  maxNesting: 250,
  maxTemplateDepth: 500,
  maxTextBytes: 10 * 1024 * 1024,
  maxTemplateTextBytes: 64 * 1024 * 1024,
  maxResultBytes: 10 * 1024 * 1024,
  inlineExprSteps: 50_000,
  inlineExprBytes: 4 * 1024 * 1024,
  maxExprSteps: 10_000_000,
  maxExprBytes: 128 * 1024 * 1024,
  maxJqOutputs: 100_000,
  maxCached: 2_000,
};
