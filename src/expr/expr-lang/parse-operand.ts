/**
 * What stands between operators in the Expr language: literals, names, brackets, prefix operators,
 * and what may follow an operand directly (`.a`, `?.a`, `[0]`, `[1:2]`, `.Method()`).
 * Calls and closures are in parse-call.ts.
 */
import type { Node } from './ast.ts';
import { RESERVED, UNARY, WHOLE } from './grammar.ts';
import type { Token } from './lexer.ts';
import { parseArguments, parseCall } from './parse-call.ts';
import {
  accept,
  expect,
  isOp,
  lookup,
  next,
  type Parser,
  peek,
  syntaxError,
  unexpected,
} from './parser-state.ts';

/** An operand with its prefix operators and everything that follows it directly. */
export function parseOperand(parser: Parser): Node {
  const token = peek(parser);
  const prefix = token.kind === 'op' || token.kind === 'name' ? UNARY.get(token.text) : undefined;
  if (prefix === undefined) return parseTail(parser, parsePrimary(parser));
  next(parser);
  const operand = parser.expression(parser, prefix.power);
  return { t: 'unary', at: token.at, op: prefix.op, operand };
}

/** `left | name(…)`: `left` becomes the first argument. */
export function parsePiped(parser: Parser, left: Node): Node {
  const token = peek(parser);
  if (token.kind !== 'name') throw unexpected(parser, 'a function after `|`');
  next(parser);
  return parseTail(parser, parseCall(parser, token, left));
}

function parsePrimary(parser: Parser): Node {
  const token = next(parser);
  const { at } = token;
  switch (token.kind) {
    case 'number':
    case 'string':
    case 'bytes':
      return { t: 'const', at, value: token.value, float: token.float };
    case 'name':
      return parseName(parser, token);
    case 'pointer':
      return parsePointer(parser, token);
    default:
      return parsePunctuated(parser, token);
  }
}

function parsePunctuated(parser: Parser, token: Token): Node {
  switch (token.text) {
    case '(': {
      const inner = parser.sequence(parser);
      expect(parser, ')', '`)`');
      return inner;
    }
    case '[':
      return parseList(parser, token.at);
    case '{':
      return parseMap(parser, token.at);
    case '.':
      parser.position -= 1;
      return itemOf(parser, token.at);
    case '::':
      return parseCall(parser, next(parser), null);
    default:
      parser.position -= 1;
      throw unexpected(parser);
  }
}

function parseName(parser: Parser, token: Token): Node {
  const { at, text } = token;
  if (text === 'true' || text === 'false') {
    return { t: 'const', at, value: text === 'true', float: false };
  }
  if (text === 'nil') return { t: 'const', at, value: null, float: false };
  if (RESERVED.has(text)) {
    parser.position -= 1;
    throw unexpected(parser);
  }
  if (isOp(parser, '(')) return parseCall(parser, token, null);
  if (text === '$env') return { t: 'env', at };
  const variable = lookup(parser, text);
  if (variable === null) return { t: 'root', at, name: text };
  return { t: 'var', at, slot: variable.slot, float: variable.float };
}

function parsePointer(parser: Parser, token: Token): Node {
  const { at, text } = token;
  if (text === '#') return itemOf(parser, at);
  if (text !== '#acc' && text !== '#index') {
    throw syntaxError(parser, `unknown \`${text}\`; there are #, #index and #acc`, at);
  }
  itemOf(parser, at);
  if (text === '#index') return { t: 'pointer', at, what: 'index' };
  if (parser.closure?.acc !== true) throw syntaxError(parser, '`#acc` is only in reduce()', at);
  return { t: 'pointer', at, what: 'acc' };
}

function itemOf(parser: Parser, at: number): Node {
  if (parser.closure !== null) return { t: 'pointer', at, what: 'item' };
  const reason = '`#` and `.field` mean the current item: only inside filter(), map() and the like';
  throw syntaxError(parser, reason, at);
}

function parseList(parser: Parser, at: number): Node {
  const items: Node[] = [];
  while (!accept(parser, ']')) {
    items.push(parser.expression(parser, WHOLE));
    if (!isOp(parser, ']')) expect(parser, ',', '`,` or `]`');
  }
  return { t: 'list', at, items };
}

function parseMap(parser: Parser, at: number): Node {
  const entries: (readonly [Node, Node])[] = [];
  while (!accept(parser, '}')) {
    const key = parseMapKey(parser);
    expect(parser, ':', '`:` after a map key');
    entries.push([key, parser.expression(parser, WHOLE)]);
    if (!isOp(parser, '}')) expect(parser, ',', '`,` or `}`');
  }
  return { t: 'map', at, entries };
}

function parseMapKey(parser: Parser): Node {
  const token = peek(parser);
  const { at } = token;
  if (token.kind === 'name' || token.kind === 'string' || token.kind === 'number') {
    next(parser);
    const value = token.kind === 'name' ? token.text : token.value;
    return { t: 'const', at, value, float: false };
  }
  if (!accept(parser, '('))
    throw unexpected(parser, 'a map key: a name, "text", 1 or (expression)');
  const key = parser.sequence(parser);
  expect(parser, ')', '`)`');
  return key;
}

/** Members, indexes, slices and methods behind an operand; one chain when any is optional. */
function parseTail(parser: Parser, operand: Node): Node {
  let node = operand;
  let chained = false;
  for (;;) {
    const optional = isOp(parser, '?.');
    const indexed = isOp(parser, '[', optional ? 1 : 0);
    if (!optional && !indexed && !isOp(parser, '.')) break;
    chained ||= optional;
    node = indexed ? parseIndex(parser, node, optional) : parseMember(parser, node, optional);
  }
  return chained ? { t: 'chain', at: operand.at, body: node } : node;
}

function parseMember(parser: Parser, object: Node, optional: boolean): Node {
  next(parser);
  const token = peek(parser);
  if (token.kind !== 'name') throw unexpected(parser, 'a name after the point');
  next(parser);
  const { at, text } = token;
  if (isOp(parser, '(')) {
    return {
      t: 'method',
      at,
      object,
      name: text,
      args: parseArguments(parser, at, text),
      optional,
    };
  }
  return { t: 'member', at, object, key: { t: 'const', at, value: text, float: false }, optional };
}

function parseIndex(parser: Parser, object: Node, optional: boolean): Node {
  if (optional) next(parser);
  const { at } = next(parser);
  const from = isOp(parser, ':') ? null : parser.expression(parser, WHOLE);
  if (!accept(parser, ':')) {
    expect(parser, ']', '`]`');
    if (from === null) throw unexpected(parser);
    return { t: 'member', at, object, key: from, optional };
  }
  const to = isOp(parser, ']') ? null : parser.expression(parser, WHOLE);
  expect(parser, ']', '`]`');
  return { t: 'slice', at, object, from, to, optional };
}
