/**
 * String literals of the Expr language: '…' and "…" with escapes, `…` raw and over several lines.
 */
import { ExprError } from './error.ts';

interface ScannedString {
  readonly value: string;
  readonly end: number;
}

const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
};
const CODED =
  /x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}/y;

/** Reads the string whose quote stands at `at`. @throws ExprError kind syntax. */
export function scanString(source: string, at: number): ScannedString {
  const quote = source[at] ?? '';
  if (quote === '`') {
    const close = source.indexOf('`', at + 1);
    if (close < 0) throw unclosed(source, at);
    return { value: source.slice(at + 1, close), end: close + 1 };
  }
  return scanQuoted(source, at, quote);
}

function scanQuoted(source: string, at: number, quote: string): ScannedString {
  let value = '';
  let next = at + 1;
  for (;;) {
    const char = source[next];
    if (char === undefined || char === '\n') throw unclosed(source, at);
    if (char === quote) return { value, end: next + 1 };
    if (char === '\\') {
      const escaped = readEscape(source, next);
      value += escaped.value;
      next = escaped.end;
    } else {
      value += char;
      next += 1;
    }
  }
}

function readEscape(source: string, at: number): ScannedString {
  const char = source[at + 1] ?? '';
  if (Object.hasOwn(SIMPLE, char)) return { value: SIMPLE[char] ?? '', end: at + 2 };
  CODED.lastIndex = at + 1;
  const coded = CODED.exec(source)?.[0];
  const octal = coded !== undefined && /^[0-7]/.test(coded);
  const digits = octal ? coded : coded?.replace(/^[xuU]\{?|\}$/g, '');
  const code = digits === undefined ? -1 : Number.parseInt(digits, octal ? 8 : 16);
  if (coded === undefined || code < 0 || code > 0x10ffff) {
    throw new ExprError('syntax', `unknown escape \\${char} in this string`, source, at);
  }
  return { value: String.fromCodePoint(code), end: at + 1 + coded.length };
}

function unclosed(source: string, at: number): ExprError {
  const hint = source[at] === '`' ? '' : ' on its line; a text over several lines stands in `…`';
  return new ExprError('syntax', `this string is not closed${hint}`, source, at);
}
