/**
 * String literals of the Expr language: '…' and "…" with escapes, `…` raw and over several lines (two
 * backticks in it are one), b'…' and b"…" bytes.
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
    RAW.lastIndex = at;
    const raw = RAW.exec(source)?.[0];
    if (raw === undefined) throw unclosed(source, at);
    return { value: raw.slice(1, -1).replaceAll('``', '`'), end: at + raw.length };
  }
  return scanQuoted(source, at, quote);
}

const RAW = /`(?:[^`]|``)*`(?!`)/y;
/** `\xff` and `\377` are one byte each, whatever they would be as a character. */
const BYTE = /\\(?:x([0-9a-fA-F]{2})|([0-3][0-7]{2}))|\\.|[^\\]/gsu;

interface ScannedBytes {
  readonly value: readonly number[];
  readonly end: number;
}

/** Reads the bytes whose `b` stands at `at`. @throws ExprError kind syntax. */
export function scanBytes(source: string, at: number): ScannedBytes {
  const { end } = scanQuoted(source, at + 1, source[at + 1] ?? '');
  const value: number[] = [];
  for (const [piece, hex, octal] of source.slice(at + 2, end - 1).matchAll(BYTE)) {
    if (hex !== undefined) value.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) value.push(Number.parseInt(octal, 8));
    else if (/^\\[uU]/.test(piece)) throw noCharacters(source, at);
    else value.push(...Buffer.from(SIMPLE[piece.slice(1)] ?? piece));
  }
  return { value, end };
}

function noCharacters(source: string, at: number): ExprError {
  return new ExprError(
    'syntax',
    'bytes have no escapes \\u and \\U; write \\x and two digits',
    source,
    at,
  );
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
