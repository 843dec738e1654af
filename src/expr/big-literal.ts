/** What whoever writes a whole number too large for JSON into an expression is told. */
import type { ExpressionRemark } from '../model/expression.ts';

/** A literal as it is written, and where. */
export interface LiteralText {
  readonly text: string;
  readonly offset: number;
}

/** The remark on the literal: data of that size are texts, so it can never be equal to any. */
export function bigLiteralRemark({ text, offset }: LiteralText): ExpressionRemark {
  const digits = decimalOf(text);
  return {
    offset,
    message: `${text} has more digits than a number of JSON can hold: such a number comes in as text`,
    hint: `write it in quotes, "${digits}", to compare it, or ${Number(digits).toExponential()} for the nearest number`,
    kind: { check: 'BIG_LITERAL' },
  };
}

function decimalOf(text: string): string {
  const [, sign = '', digits = text] = /^(-?)\s*(.*?)[uU]?$/.exec(text.replaceAll('_', '')) ?? [];
  return sign + String(BigInt(digits));
}
