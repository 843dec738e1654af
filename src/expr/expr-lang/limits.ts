/**
 * The limits of the Expr language, each with its name and default.
 *
 * Owns the numbers only. Work is counted in steps (roughly 0.1 µs each), data in charged bytes.
 */

/** What one evaluation may cost; both are checked before the work is done. */
export interface ExprLimits {
  /** Evaluated nodes, plus one for every element or 64 characters a builtin looks at. */
  readonly maxSteps: number;
  /** Bytes of lists, maps and strings built, including those thrown away again. */
  readonly maxMemoryBytes: number;
}

export const DEFAULT_EXPR_LIMITS: ExprLimits = {
  maxSteps: 10_000_000,
  maxMemoryBytes: 128 * 1024 * 1024,
};

/** Longest source of one expression, in UTF-8 bytes. */
export const MAX_SOURCE_BYTES = 10_000;

/** Deepest nesting of brackets, calls, prefix operators and conditionals in a source. */
export const MAX_SOURCE_NESTING = 250;

/** Deepest nesting of lists and maps that is compared, flattened, printed or returned. */
export const MAX_VALUE_DEPTH = 500;

/** Largest regular expression, in instructions after its repetitions are written out. */
export const MAX_PATTERN_SIZE = 10_000;

/** Patterns that are only known when an expression runs, kept while it runs. */
export const MAX_KEPT_PATTERNS = 16;
