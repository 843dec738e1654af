/**
 * Source text → tokens of the Expr language. Words are names here; which of them are operators is
 * the parser's business, since `a.in` and `{not: 1}` are fine.
 *
 * Owns the one addition to the language: after `steps.` a step id with dashes is one name when such
 * a step is known (the longest one that fits); otherwise the dash is a minus.
 */
import { ExprError } from './error.ts';
import { scanNumber } from './lex-number.ts';
import { scanBytes, scanString } from './lex-string.ts';

type TokenKind = 'number' | 'string' | 'bytes' | 'name' | 'pointer' | 'op' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The operator or name; for a literal its source text. */
  readonly text: string;
  /** Of a number: number or bigint; of a string: its text; of bytes: the list of them. */
  readonly value: unknown;
  /** True for a number written with a point or an exponent. */
  readonly float: boolean;
  readonly at: number;
}

const SPACE = /[\s\ufeff]/y;
const NAME = /[\p{L}_$][\p{L}\p{Nd}_$]*/uy;
const STEP_ID = /[A-Za-z_][A-Za-z0-9_-]*/y;
const NAME_PART = /[A-Za-z0-9_]/;
const OPERATORS = [
  ['?.', '??', '..', '**', '||', '&&', '!=', '==', '<=', '>=', '::'],
  ['(', ')', '[', ']', '{', '}', ',', ';', ':', '?', '.', '+', '-', '*', '/', '%', '^', '|', '!'],
  ['<', '>', '='],
].flat();

/** The tokens of `source`, the last one being `end`. @throws ExprError kind syntax. */
export function tokenize(source: string, stepIds: ReadonlySet<string>): Token[] {
  const tokens: Token[] = [];
  let at = skipBlank(source, 0);
  while (at < source.length) {
    const token = scanToken(source, at, tokens, stepIds);
    tokens.push(token.token);
    at = skipBlank(source, token.end);
  }
  tokens.push({ kind: 'end', text: '', value: null, float: false, at: source.length });
  return tokens;
}

interface Scanned {
  readonly token: Token;
  readonly end: number;
}

function scanToken(
  source: string,
  at: number,
  before: readonly Token[],
  stepIds: ReadonlySet<string>,
): Scanned {
  const char = source[at] ?? '';
  if (char === '"' || char === "'" || char === '`') {
    const { value, end } = scanString(source, at);
    return scanned('string', source, at, end, value);
  }
  const digit = char === '.' ? (source[at + 1] ?? '') : char;
  if (digit >= '0' && digit <= '9') {
    const { value, float, end } = scanNumber(source, at);
    return scanned('number', source, at, end, value, float);
  }
  const nameEnd = endOfName(source, at, before, stepIds);
  if (nameEnd === at + 1 && isBytes(source, at)) {
    const { value, end } = scanBytes(source, at);
    return scanned('bytes', source, at, end, value);
  }
  if (nameEnd > at) return scanned('name', source, at, nameEnd);
  if (char === '#') return scanned('pointer', source, at, endOf(NAME, source, at + 1));
  return scanOperator(source, at);
}

/** True where `b"` or `b'` stands. */
function isBytes(source: string, at: number): boolean {
  const quote = source[at + 1];
  return (quote === '"' || quote === "'") && (source[at] === 'b' || source[at] === 'B');
}

function scanned(
  kind: TokenKind,
  source: string,
  at: number,
  end: number,
  value: unknown = null,
  float = false,
): Scanned {
  return { token: { kind, text: source.slice(at, end), value, float, at }, end };
}

function scanOperator(source: string, at: number): Scanned {
  const text = OPERATORS.find((operator) => source.startsWith(operator, at));
  if (text === '?.' && /[0-9]/.test(source[at + 2] ?? '')) return scanned('op', source, at, at + 1);
  if (text !== undefined && text !== '') return scanned('op', source, at, at + text.length);
  const char = String.fromCodePoint(source.codePointAt(at) ?? 0);
  const hint = char === '&' ? '; write `&&` or `and`' : '';
  throw new ExprError('syntax', `unexpected character ${JSON.stringify(char)}${hint}`, source, at);
}

function endOfName(
  source: string,
  at: number,
  before: readonly Token[],
  stepIds: ReadonlySet<string>,
): number {
  const end = endOf(NAME, source, at);
  if (end === at || stepIds.size === 0 || !followsSteps(before)) return end;
  for (let longest = endOf(STEP_ID, source, at); longest > end; longest -= 1) {
    const whole = !NAME_PART.test(source[longest] ?? '');
    if (whole && stepIds.has(source.slice(at, longest))) return longest;
  }
  return end;
}

function followsSteps(before: readonly Token[]): boolean {
  const [root, dot] = [before.at(-2), before.at(-1)];
  if (root?.kind !== 'name' || root.text !== 'steps' || !isDot(dot)) return false;
  return !isDot(before.at(-3)) || before.at(-4)?.text === '$env';
}

function isDot(token: Token | undefined): boolean {
  return token?.kind === 'op' && (token.text === '.' || token.text === '?.');
}

function skipBlank(source: string, from: number): number {
  let at = from;
  for (;;) {
    const start = at;
    at = endOf(SPACE, source, at);
    if (source.startsWith('//', at)) {
      const line = source.indexOf('\n', at);
      at = line < 0 ? source.length : line + 1;
    } else if (source.startsWith('/*', at)) {
      const close = source.indexOf('*/', at + 2);
      if (close < 0) throw new ExprError('syntax', 'this comment is not closed', source, at);
      at = close + 2;
    }
    if (at === start) return at;
  }
}

function endOf(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}
