/**
 * Tokens → syntax tree of the Expr language: sequences, operators, conditionals (a Pratt parser).
 * What stands between operators is in parse-operand.ts.
 *
 * Recursion is bounded by `MAX_SOURCE_NESTING`; chains of operators, members and `let` are loops.
 */
import type { Node, SequenceItem } from './ast.ts';
import { BINARY, type BinaryRule, CHAINING, NEGATABLE, WHOLE } from './grammar.ts';
import { tokenize } from './lexer.ts';
import { parseOperand, parsePiped } from './parse-operand.ts';
import {
  accept,
  declare,
  deeper,
  expect,
  isOp,
  isWord,
  next,
  type Parser,
  peek,
  shallower,
  syntaxError,
  unexpected,
} from './parser-state.ts';
import { isStaticFloat } from './static-float.ts';

interface Parsed {
  readonly root: Node;
  /** How many `let` variables it has; each has its own slot. */
  readonly slots: number;
}

/** Parses a whole source. @throws ExprError kind syntax or limit. */
export function parseSource(source: string, stepIds: ReadonlySet<string>): Parsed {
  const parser: Parser = {
    source,
    tokens: tokenize(source, stepIds),
    position: 0,
    nesting: 0,
    slots: 0,
    scope: null,
    closure: null,
    expression: parseExpression,
    sequence: parseSequence,
  };
  if (peek(parser).kind === 'end') throw syntaxError(parser, 'the expression is empty');
  const root = parseSequence(parser);
  if (peek(parser).kind !== 'end') throw unexpected(parser);
  return { root, slots: parser.slots };
}

/** `a; let x = b; c`: everything is evaluated, the last value counts. */
function parseSequence(parser: Parser): Node {
  const outer = parser.scope;
  const at = peek(parser).at;
  const items: SequenceItem[] = [];
  let open = true;
  while (open) {
    const bound = isWord(parser, 'let');
    items.push(bound ? parseLet(parser) : { slot: -1, value: parseExpression(parser, WHOLE) });
    open = bound || (accept(parser, ';') && !endsSequence(parser));
  }
  parser.scope = outer;
  const [only] = items;
  return items.length === 1 && only !== undefined ? only.value : { t: 'seq', at, items };
}

function endsSequence(parser: Parser): boolean {
  return peek(parser).kind === 'end' || isOp(parser, ')') || isOp(parser, '}');
}

/** `let x = value;`, up to and with the semicolon. */
function parseLet(parser: Parser): SequenceItem {
  next(parser);
  const name = peek(parser);
  if (name.kind !== 'name') throw unexpected(parser, 'a name after `let`');
  next(parser);
  expect(parser, '=', '`=` after the name of a variable');
  const value = parseExpression(parser, WHOLE);
  expect(parser, ';', '`;` after the value of a variable');
  return { slot: declare(parser, name, isStaticFloat(value)), value };
}

/** An expression whose operators bind at least as tightly as `power`. */
function parseExpression(parser: Parser, power: number): Node {
  if (power === WHOLE && isWord(parser, 'let')) return parseSequence(parser);
  deeper(parser);
  const node =
    power === WHOLE && isWord(parser, 'if') ? parseIf(parser) : parseOperators(parser, power);
  shallower(parser);
  return node;
}

function parseOperators(parser: Parser, power: number): Node {
  let left = parseOperand(parser);
  let coalesced = false;
  for (;;) {
    if (power === WHOLE && isOp(parser, '|')) {
      left = parsePipes(parser, left);
      coalesced = false;
    }
    const found = operatorHere(parser, power);
    if (found === null) break;
    if (coalesced && found.rule.op !== '??') throw mixed(parser);
    left = parseBinary(parser, left, found);
    coalesced = found.rule.op === '??';
  }
  return power === WHOLE ? parseTernary(parser, left) : left;
}

interface FoundOperator {
  readonly rule: BinaryRule;
  /** Whether `not` stands before it. */
  readonly negated: boolean;
}

/** The operator that comes next, when it binds at least as tightly as `power`. */
function operatorHere(parser: Parser, power: number): FoundOperator | null {
  const negated = isWord(parser, 'not') && NEGATABLE.has(peek(parser, 1).text);
  const rule = ruleOf(parser, negated ? 1 : 0);
  return rule === undefined || rule.power < power ? null : { rule, negated };
}

function parsePipes(parser: Parser, first: Node): Node {
  let left = first;
  while (accept(parser, '|')) left = parsePiped(parser, left);
  return left;
}

function ruleOf(parser: Parser, ahead: number): BinaryRule | undefined {
  const token = peek(parser, ahead);
  return token.kind === 'op' || token.kind === 'name' ? BINARY.get(token.text) : undefined;
}

function mixed(parser: Parser): Error {
  const { text } = peek(parser);
  return syntaxError(parser, `\`??\` and \`${text}\` cannot be mixed; put \`( )\` around one`);
}

function parseBinary(parser: Parser, left: Node, { rule, negated }: FoundOperator): Node {
  const { at } = peek(parser);
  if (negated) next(parser);
  if (CHAINING.has(rule.op)) return parseComparison(parser, left, at);
  next(parser);
  const right = parser.expression(parser, rule.right);
  if (rule.op === '%' || rule.op === '..') requireInts(parser, rule.op, [left, right]);
  const node: Node = { t: 'binary', at, op: rule.op, left, right };
  return negated ? { t: 'unary', at, op: '!', operand: node } : node;
}

function parseComparison(parser: Parser, first: Node, at: number): Node {
  const rest: { op: BinaryRule['op']; right: Node }[] = [];
  for (;;) {
    const rule = ruleOf(parser, 0);
    if (rule === undefined || !CHAINING.has(rule.op)) return { t: 'compare', at, first, rest };
    next(parser);
    rest.push({ op: rule.op, right: parser.expression(parser, rule.right) });
  }
}

function requireInts(parser: Parser, op: string, operands: readonly Node[]): void {
  const float = operands.find(isStaticFloat);
  if (float === undefined) return;
  const reason = `\`${op}\` needs ints and this is a float; write int(…) around it`;
  throw syntaxError(parser, reason, float.at);
}

function parseTernary(parser: Parser, test: Node): Node {
  const { at } = peek(parser);
  if (!accept(parser, '?')) return test;
  const yes = isOp(parser, ':') ? test : parser.expression(parser, WHOLE);
  expect(parser, ':', '`:` of this `? :`');
  return { t: 'cond', at, test, yes, no: parser.expression(parser, WHOLE) };
}

/** `if a { b } else if c { d } else { e }`. */
function parseIf(parser: Parser): Node {
  const { at } = next(parser);
  const test = parser.expression(parser, WHOLE);
  const yes = parseBlock(parser);
  if (!isWord(parser, 'else')) throw unexpected(parser, '`else` (an `if` always has one)');
  next(parser);
  const no = isWord(parser, 'if') ? parser.expression(parser, WHOLE) : parseBlock(parser);
  return { t: 'cond', at, test, yes, no };
}

function parseBlock(parser: Parser): Node {
  expect(parser, '{', '`{`');
  const body = parser.sequence(parser);
  expect(parser, '}', '`}`');
  return body;
}
