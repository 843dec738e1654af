/**
 * What whoever writes a CEL expression is told of although it compiles: divisions of data that are
 * whole for some data and not for other, escapes that CEL does not have, ints that no JSON number is.
 */
import type { ExpressionRemark } from '../../model/expression.ts';
import type { LiteralText } from '../big-literal.ts';
import { skipString } from '../lexer.ts';
import { pathText } from '../path.ts';
import { type CelNode, callOf, childrenOf, constantPath, selection } from './ast.ts';

/** Remarks on a source and its tree. */
export function remarksOf(source: string, tree: CelNode): ExpressionRemark[] {
  const wrong = findBadEscape(source);
  return [...(wrong === null ? [] : [badEscape(wrong)]), ...divisionsIn(tree).map(wholeDivision)];
}

const badEscape = ({ text, offset }: LiteralText): ExpressionRemark => ({
  offset,
  message: `${text} is no escape of a CEL text`,
  hint: 'for a backslash write two, or a raw text: r"\\d"',
  kind: { check: 'CEL_ESCAPE' },
});

const OPENING = /([bBrR]{0,2})["']/y;
const ESCAPE =
  /\\(?:[abfnrtv\\?"'`]|[xX][0-9a-fA-F]{2}|[0-3][0-7]{2}|(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|)/y;

/** The first escape that the language does not have; bytes have no \\u and \\U. */
function findBadEscape(source: string): LiteralText | null {
  if (!source.includes('\\')) return null;
  for (let at = 0; at < source.length; at += 1) {
    if (source.startsWith('//', at)) at = endOfLine(source, at);
    const end = endOfText(source, at);
    if (end === null) continue;
    const found = /r/i.test(end.prefix) ? null : badEscapeIn(source, at, end);
    if (found !== null) return found;
    at = end.at - 1;
  }
  return null;
}

function endOfLine(source: string, at: number): number {
  const end = source.indexOf('\n', at);
  return end < 0 ? source.length : end;
}

interface TextEnd {
  readonly prefix: string;
  /** Just behind the text. */
  readonly at: number;
}

function endOfText(source: string, at: number): TextEnd | null {
  OPENING.lastIndex = at;
  const opening = OPENING.exec(source);
  if (opening === null || /\w/.test(source[at - 1] ?? '')) return null;
  const end = skipString(source, OPENING.lastIndex - 1);
  return { prefix: opening[1] ?? '', at: end < 0 ? source.length : end };
}

function badEscapeIn(
  source: string,
  from: number,
  { prefix, at: end }: TextEnd,
): LiteralText | null {
  for (let at = source.indexOf('\\', from); at >= 0 && at < end; ) {
    ESCAPE.lastIndex = at;
    const [found = '', point] = ESCAPE.exec(source) ?? [];
    const isBytes = /b/i.test(prefix);
    if (found.length < 2 || (isBytes && point !== undefined)) {
      return { text: source.slice(at, at + 2), offset: at };
    }
    at = source.indexOf('\\', at + found.length);
  }
  return null;
}

/** Divisions of two values of the data, each as the texts of its sides. */
function divisionsIn(node: CelNode): (readonly [string, string])[] {
  const call = callOf(node);
  const [left, right] = call?.args ?? [];
  const own =
    call?.function === '_/_' && left !== undefined && right !== undefined
      ? [[left, right] as const].filter((sides) => sides.every(mayBeWhole))
      : [];
  // `int(a / b)` says itself that the whole number is meant.
  const meant = call?.function === 'int' && call.target === undefined;
  const below = childrenOf(node).flatMap((child) => {
    const isDivision = meant && callOf(child)?.function === '_/_';
    return isDivision ? childrenOf(child).flatMap(divisionsIn) : divisionsIn(child);
  });
  return [...own.map(([a, b]) => [textOf(a), textOf(b)] as const), ...below];
}

const CALCULATES: ReadonlySet<string> = new Set(['_+_', '_-_', '_*_', '_/_', '_%_', '-_']);

/** True for a value of the data, or one calculated from it, that is a whole number for some data. */
function mayBeWhole(node: CelNode): boolean {
  if (constantPath(node) !== null || selection(node) !== null) return true;
  const call = callOf(node);
  if (call === null) return false;
  if (call.function === '_[_]' || call.function === 'size') return true;
  if (call.function === '_?_:_') return call.args.slice(1).some(mayBeWhole);
  if (!CALCULATES.has(call.function)) return false;
  return call.args.some(mayBeWhole) && call.args.every((arg) => mayBeWhole(arg) || isInt(arg));
}

const isInt = (node: CelNode): boolean =>
  node.exprKind.case === 'constExpr' && node.exprKind.value.constantKind.case === 'int64Value';

function textOf(node: CelNode): string {
  const path = constantPath(node);
  if (path !== null) return pathText(path.segments);
  return callOf(node)?.function === 'size' ? 'size(…)' : '(…)';
}

const wholeDivision = ([left, right]: readonly [string, string]): ExpressionRemark => ({
  offset: null,
  message: `\`${left} / ${right}\` is a whole number when both are: 9 / 10 is 0`,
  hint: `write \`double(${left}) / ${right}\`, or \`int(${left} / ${right})\` when the whole number is meant`,
  kind: { warning: 'WHOLE_DIVISION' },
});

const MAX_EXACT = BigInt(Number.MAX_SAFE_INTEGER);
const DIGITS = /-?\s*(?:0[xX][0-9a-fA-F]+|[0-9]+)[uU]?/y;

/** The first int that is larger than the whole numbers of JSON; those of data are texts. */
export function findBigLiteral(
  source: string,
  node: CelNode,
  positions: Readonly<Record<string, number>>,
): LiteralText | null {
  if (node.exprKind.case === 'constExpr') {
    const { case: kind, value } = node.exprKind.value.constantKind;
    const isWhole = kind === 'int64Value' || kind === 'uint64Value';
    if (!isWhole || (value <= MAX_EXACT && value >= -MAX_EXACT)) return null;
    const offset = positions[String(node.id)] ?? 0;
    DIGITS.lastIndex = offset;
    return { text: DIGITS.exec(source)?.[0] ?? String(value), offset };
  }
  for (const child of childrenOf(node)) {
    const found = findBigLiteral(source, child, positions);
    if (found !== null) return found;
  }
  return null;
}
