/**
 * Where the parser stands: its tokens, the variables in scope, the closure it is in; and the small
 * steps that read them. No grammar.
 */
import type { Node } from './ast.ts';
import { isBuiltin } from './builtins.ts';
import { ExprError } from './error.ts';
import { RESERVED } from './grammar.ts';
import type { Token } from './lexer.ts';
import { MAX_SOURCE_NESTING } from './limits.ts';

/** A variable in scope and the ones declared before it. */
interface Variable {
  readonly name: string;
  readonly slot: number;
  readonly float: boolean;
  readonly outer: Variable | null;
}

export interface Parser {
  readonly source: string;
  readonly tokens: readonly Token[];
  position: number;
  nesting: number;
  slots: number;
  scope: Variable | null;
  /** The closure being parsed: whether `#acc` has a meaning in it; null outside of closures. */
  closure: { readonly acc: boolean } | null;
  readonly expression: (parser: Parser, power: number) => Node;
  readonly sequence: (parser: Parser) => Node;
}

/** The token `ahead` places on; past the end it is the end token. */
export function peek(parser: Parser, ahead = 0): Token {
  const { tokens, position } = parser;
  const token = tokens[Math.min(position + ahead, tokens.length - 1)];
  if (token === undefined) throw new Error('there is always an end token');
  return token;
}

/** Takes one token. */
export function next(parser: Parser): Token {
  const token = peek(parser);
  parser.position += 1;
  return token;
}

export function isOp(parser: Parser, text: string, ahead = 0): boolean {
  const token = peek(parser, ahead);
  return token.kind === 'op' && token.text === text;
}

export function isWord(parser: Parser, text: string): boolean {
  const token = peek(parser);
  return token.kind === 'name' && token.text === text;
}

/** Takes the operator when it stands here. */
export function accept(parser: Parser, text: string): boolean {
  const found = isOp(parser, text);
  if (found) parser.position += 1;
  return found;
}

/** Takes the operator. @throws ExprError when something else stands here. */
export function expect(parser: Parser, text: string, what: string): void {
  if (!accept(parser, text)) throw unexpected(parser, what);
}

export function syntaxError(parser: Parser, reason: string, at = peek(parser).at): ExprError {
  return new ExprError('syntax', reason, parser.source, at);
}

/** The error for a token that cannot stand here, saying what could. */
export function unexpected(parser: Parser, wanted?: string): ExprError {
  const token = peek(parser);
  const found = token.kind === 'end' ? 'the end of the expression' : `\`${token.text}\``;
  const hint = token.text === '=' ? '; equality is `==`' : '';
  const expected = wanted === undefined ? '' : `, expected ${wanted}`;
  return syntaxError(parser, `unexpected ${found}${expected}${hint}`);
}

/** Enters one level of nesting. @throws ExprError kind limit when it is too deep. */
export function deeper(parser: Parser): void {
  parser.nesting += 1;
  if (parser.nesting <= MAX_SOURCE_NESTING) return;
  const reason = `the expression is nested more than ${MAX_SOURCE_NESTING} levels deep`;
  throw new ExprError('limit', reason, parser.source, peek(parser).at);
}

export function shallower(parser: Parser): void {
  parser.nesting -= 1;
}

/** Puts a variable into scope and gives its slot. @throws ExprError when the name is taken. */
export function declare(parser: Parser, name: Token, float: boolean): number {
  const { text, at } = name;
  const taken =
    RESERVED.has(text) || ['true', 'false', 'nil'].includes(text)
      ? 'is a word of the language'
      : isBuiltin(text)
        ? 'is a builtin function'
        : lookup(parser, text) && 'is a variable already';
  if (taken) throw syntaxError(parser, `\`${text}\` ${taken}; take another name`, at);
  const slot = parser.slots;
  parser.slots += 1;
  parser.scope = { name: text, slot, float, outer: parser.scope };
  return slot;
}

/** The variable of that name in scope, or null. */
export function lookup(parser: Parser, name: string): Variable | null {
  let variable = parser.scope;
  while (variable !== null && variable.name !== name) variable = variable.outer;
  return variable;
}
