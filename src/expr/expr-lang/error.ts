/**
 * The one error of the Expr language: what is wrong, where in the source, and of which kind.
 *
 * `syntax` comes from compiling only, `eval` from the data, `limit` from a named bound (either).
 */

export type ExprErrorKind = 'syntax' | 'eval' | 'limit';

/** A failed compilation or evaluation; `message` ends with the position, `reason` is without it. */
export class ExprError extends Error {
  readonly kind: ExprErrorKind;
  readonly reason: string;
  /** 0-based offset in the source, in UTF-16 code units. */
  readonly offset: number;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;

  constructor(kind: ExprErrorKind, reason: string, source: string, offset: number) {
    const before = source.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - before.lastIndexOf('\n');
    super(`${reason} (at ${line}:${column})`);
    this.name = 'ExprError';
    this.kind = kind;
    this.reason = reason;
    this.offset = offset;
    this.line = line;
    this.column = column;
  }
}
