/**
 * The operators of the Expr language and how tightly they bind: facts for the parser.
 *
 * Two rows surprise people: `??` binds tighter than everything else, and a prefix minus binds
 * weaker than `**`, so `-2 ** 2` is -4.
 */
import type { BinaryOperator, UnaryOperator } from './ast.ts';

export interface BinaryRule {
  readonly op: BinaryOperator;
  readonly power: number;
  /** The least power of the right operand: one more than `power` unless it groups to the right. */
  readonly right: number;
}

const leftOf = (op: BinaryOperator, power: number): BinaryRule => ({ op, power, right: power + 1 });
const rightOf = (op: BinaryOperator, power: number): BinaryRule => ({ op, power, right: power });

/** The power of a whole expression; `|`, `? :`, `let` and `if` are only taken there. */
export const WHOLE = 0;

export const BINARY: ReadonlyMap<string, BinaryRule> = new Map([
  ['or', leftOf('||', 10)],
  ['||', leftOf('||', 10)],
  ['and', leftOf('&&', 15)],
  ['&&', leftOf('&&', 15)],
  ['==', leftOf('==', 20)],
  ['!=', leftOf('!=', 20)],
  ['<', leftOf('<', 20)],
  ['<=', leftOf('<=', 20)],
  ['>', leftOf('>', 20)],
  ['>=', leftOf('>=', 20)],
  ['in', leftOf('in', 20)],
  ['matches', leftOf('matches', 20)],
  ['contains', leftOf('contains', 20)],
  ['startsWith', leftOf('startsWith', 20)],
  ['endsWith', leftOf('endsWith', 20)],
  ['..', leftOf('..', 25)],
  ['+', leftOf('+', 30)],
  ['-', leftOf('-', 30)],
  ['*', leftOf('*', 60)],
  ['/', leftOf('/', 60)],
  ['%', leftOf('%', 60)],
  ['**', rightOf('**', 100)],
  ['^', rightOf('**', 100)],
  ['??', leftOf('??', 500)],
]);

export const UNARY: ReadonlyMap<string, { readonly op: UnaryOperator; readonly power: number }> =
  new Map([
    ['not', { op: '!', power: 50 }],
    ['!', { op: '!', power: 50 }],
    ['-', { op: '-', power: 90 }],
    ['+', { op: '+', power: 90 }],
  ]);

/** Operators that may stand behind `not`: `a not in b`. */
export const NEGATABLE: ReadonlySet<string> = new Set([
  'in',
  'matches',
  'contains',
  'startsWith',
  'endsWith',
]);

/** Operators that chain: `1 < x <= 9`. */
export const CHAINING: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);

/** Words that are never the name of a value. */
export const RESERVED: ReadonlySet<string> = new Set([
  'let',
  'if',
  'else',
  'not',
  'and',
  'or',
  ...NEGATABLE,
]);
