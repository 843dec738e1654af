/**
 * Calls of the Expr language: builtins with their arguments and closures, checked for number here
 * so that a wrong call is found before anything runs.
 */
import type { Node } from './ast.ts';
import { type BuiltinShape, builtinShape, nearestBuiltin } from './builtins.ts';
import { WHOLE } from './grammar.ts';
import type { Token } from './lexer.ts';
import { methodArity } from './methods.ts';
import {
  accept,
  expect,
  isOp,
  type Parser,
  peek,
  syntaxError,
  unexpected,
} from './parser-state.ts';

/** `name(…)`, with `piped` as its first argument when there is one. */
export function parseCall(parser: Parser, name: Token, piped: Node | null): Node {
  if (name.kind !== 'name') {
    parser.position -= 1;
    throw unexpected(parser, 'the name of a function');
  }
  const shape = builtinShape(name.text);
  if (shape === null) throw unknownFunction(parser, name);
  if (!isOp(parser, '(')) throw unexpected(parser, `\`(\` after ${name.text}`);
  parser.position += 1;
  const args: Node[] = piped === null ? [] : [piped];
  let closure: Node | null = null;
  let more = !accept(parser, ')');
  while (more) {
    if (shape.closure !== 'none' && closure === null && args.length === 1) {
      closure = parseClosure(parser, name.text === 'reduce');
    } else args.push(parser.expression(parser, WHOLE));
    more = moreArguments(parser);
  }
  checkCount(parser, name, shape, args.length, closure !== null);
  return { t: 'builtin', at: name.at, name: name.text, args, closure };
}

/** After an argument: whether another one follows. A comma may stand behind the last. */
function moreArguments(parser: Parser): boolean {
  if (accept(parser, ')')) return false;
  expect(parser, ',', '`,` or `)`');
  return !accept(parser, ')');
}

/** `(…)` of a method. @throws ExprError when there is no such method or the number is wrong. */
export function parseArguments(parser: Parser, at: number, name: string): Node[] {
  const arity = methodArity(name);
  if (arity === null) {
    const reason = `\`${name}\` is not a method; values of the data have none, only dates, durations and timezones`;
    throw syntaxError(parser, reason, at);
  }
  expect(parser, '(', '`(`');
  const args: Node[] = [];
  let more = !accept(parser, ')');
  while (more) {
    args.push(parser.expression(parser, WHOLE));
    more = moreArguments(parser);
  }
  if (args.length !== arity) {
    throw syntaxError(parser, `${name}() takes ${arity} arguments, got ${args.length}`, at);
  }
  return args;
}

function parseClosure(parser: Parser, isReduce: boolean): Node {
  const outer = parser.closure;
  parser.closure = { acc: isReduce || outer?.acc === true };
  let body: Node;
  if (isOp(parser, '{') && !opensMap(parser)) {
    parser.position += 1;
    body = parser.sequence(parser);
    expect(parser, '}', '`}` of this closure');
  } else body = parser.expression(parser, WHOLE);
  parser.closure = outer;
  return body;
}

/** `map(xs, {a: 1})` can only mean a map: a closure never begins with a name and a colon. */
function opensMap(parser: Parser): boolean {
  if (isOp(parser, '}', 1)) return true;
  const { kind } = peek(parser, 1);
  return (kind === 'name' || kind === 'string' || kind === 'number') && isOp(parser, ':', 2);
}

function checkCount(
  parser: Parser,
  name: Token,
  shape: BuiltinShape,
  plain: number,
  closure: boolean,
): void {
  const extra = shape.closure === 'none' ? 0 : 1;
  const min = shape.min + (shape.closure === 'required' ? 1 : 0);
  const max = shape.max + extra;
  const got = plain + (closure ? 1 : 0);
  if (got >= min && got <= max) return;
  const most = Number.isFinite(max) ? ` to ${max}` : ' or more';
  const wanted = min === max ? `${min}` : `${min}${most}`;
  const reason = `${name.text}() takes ${wanted} argument${wanted === '1' ? '' : 's'}, got ${got}`;
  throw syntaxError(parser, reason, name.at);
}

function unknownFunction(parser: Parser, name: Token): Error {
  const nearest = nearestBuiltin(name.text);
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
  return syntaxError(parser, `unknown function ${name.text}()${hint}`, name.at);
}
