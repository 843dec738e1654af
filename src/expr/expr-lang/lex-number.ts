/**
 * Number literals of the Expr language: `42`, `1_000`, `0x2A`, `0o52`, `0b1`, `.5`, `2.`, `1.5`,
 * `1e3`.
 *
 * Ints are 64-bit: a number while it is exact in JavaScript, else a bigint.
 */
import { ExprError } from './error.ts';
import { MAX_INT, narrowInt } from './int64.ts';

interface ScannedNumber {
  readonly value: number | bigint;
  readonly float: boolean;
  readonly end: number;
}

const PREFIXED = /0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)/y;
const DECIMAL = /(?:[0-9][0-9_]*)?(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?_*[0-9][0-9_]*)?/y;
const WORD = /[\p{L}\p{Nd}_$]/uy;

/** Reads the number at `at`. @throws ExprError kind syntax. */
export function scanNumber(source: string, at: number): ScannedNumber {
  const prefixed = read(PREFIXED, source, at);
  const text = prefixed === '' ? read(DECIMAL, source, at) : prefixed;
  const end = at + text.length;
  WORD.lastIndex = end;
  if (text === '' || WORD.test(source)) {
    throw new ExprError('syntax', 'this number is not written correctly', source, at);
  }
  const digits = text.replaceAll('_', '');
  const float = prefixed === '' && /[.eE]/.test(digits);
  return { value: float ? readFloat(source, at, digits) : readInt(source, at, digits), float, end };
}

function readFloat(source: string, at: number, digits: string): number {
  const value = Number(digits);
  if (Number.isFinite(value)) return value;
  throw new ExprError('syntax', 'this number is too large', source, at);
}

function readInt(source: string, at: number, digits: string): number | bigint {
  const value = BigInt(digits);
  if (value <= MAX_INT) return narrowInt(value);
  throw new ExprError('syntax', 'this int does not fit into 64 bits', source, at);
}

function read(pattern: RegExp, source: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? '';
}
