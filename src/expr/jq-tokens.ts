/**
 * Splits a jq filter into tokens: fields, names, variables, strings with their interpolations,
 * numbers and punctuation. Comments and spaces are dropped. No grammar.
 */

export interface JqToken {
  /**
   * `field` is `.name` (text without the dot), `string` a string without interpolation (text is
   * its value), `template` the pieces of a string around `\(`…`)`, `format` is `@base64`.
   */
  readonly kind:
    | 'field'
    | 'name'
    | 'variable'
    | 'string'
    | 'template'
    | 'number'
    | 'format'
    | 'punctuation';
  readonly text: string;
  readonly at: number;
}

export type JqScan =
  | { readonly ok: true; readonly tokens: readonly JqToken[] }
  | { readonly ok: false; readonly offset: number; readonly message: string };

interface Scanner {
  readonly source: string;
  readonly tokens: JqToken[];
  at: number;
  /** For every open string interpolation: how many brackets are open inside it. */
  readonly strings: { depth: number; begin: number }[];
}

const RULES: readonly (readonly [JqToken['kind'], RegExp])[] = [
  ['field', /\.[A-Za-z_][A-Za-z0-9_]*/y],
  ['variable', /\$(?:[A-Za-z_][A-Za-z0-9_]*::)*[A-Za-z_][A-Za-z0-9_]*/y],
  ['name', /(?:[A-Za-z_][A-Za-z0-9_]*::)*[A-Za-z_][A-Za-z0-9_]*/y],
  ['number', /(?:\.[0-9]+|[0-9]+\.?[0-9]*)(?:[eE][+-]?[0-9]+)?/y],
  ['format', /@[A-Za-z0-9_]+/y],
  ['punctuation', /\?\/\/=?|\.\.|\|=|\/\/=|\/\/|[-+*/%=!<>]=|[\s\S]/y],
];

/** The tokens of a filter, or where a string does not end. */
export function tokenizeJq(source: string): JqScan {
  const scanner: Scanner = { source, tokens: [], at: 0, strings: [] };
  while (scanner.at < source.length) {
    const unclosedAt = scanNext(scanner);
    if (unclosedAt !== null) return unclosed(unclosedAt);
  }
  const open = scanner.strings.pop();
  return open === undefined ? { ok: true, tokens: scanner.tokens } : unclosed(open.begin);
}

/** Scans one token or blank; answers where a string begins that does not end, else null. */
function scanNext(scanner: Scanner): number | null {
  const char = scanner.source[scanner.at] as string;
  if (/\s/.test(char)) scanner.at++;
  else if (char === '#') skipComment(scanner);
  else if (char === '"') {
    const begin = scanner.at;
    scanner.at++;
    if (!scanString(scanner, begin)) return begin;
  } else if (char === ')' && scanner.strings.at(-1)?.depth === 0) {
    const { begin } = scanner.strings.pop() as { begin: number };
    push(scanner, 'punctuation', ')', scanner.at);
    scanner.at++;
    if (!scanString(scanner, begin)) return begin;
  } else scanPlain(scanner);
  return null;
}

const unclosed = (offset: number): JqScan => ({
  ok: false,
  offset,
  message: 'the string that begins here is not closed',
});

function push(scanner: Scanner, kind: JqToken['kind'], text: string, at: number): void {
  scanner.tokens.push({ kind, text, at });
}

function skipComment(scanner: Scanner): void {
  const end = scanner.source.indexOf('\n', scanner.at);
  scanner.at = end < 0 ? scanner.source.length : end;
}

/** Scans on inside a string until it ends or an interpolation opens; false when it does not end. */
function scanString(scanner: Scanner, begin: number): boolean {
  const { source } = scanner;
  const from = scanner.at;
  while (scanner.at < source.length) {
    const char = source[scanner.at];
    if (char === '\\' && source[scanner.at + 1] === '(') {
      push(scanner, 'template', source.slice(from, scanner.at), from);
      push(scanner, 'punctuation', '\\(', scanner.at);
      scanner.at += 2;
      scanner.strings.push({ depth: 0, begin });
      return true;
    }
    if (char === '\\') scanner.at++;
    else if (char === '"') {
      const text = source.slice(from, scanner.at);
      // Only a string that began and ended in one piece is a plain one.
      const whole = from === begin + 1;
      push(scanner, whole ? 'string' : 'template', whole ? unescapedText(text) : text, begin);
      scanner.at++;
      return true;
    }
    scanner.at++;
  }
  return false;
}

function unescapedText(text: string): string {
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch (error) {
    // Not a JSON string: jq will say so; for finding paths its text is as good.
    return error instanceof SyntaxError ? text : '';
  }
}

function scanPlain(scanner: Scanner): void {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = scanner.at;
    const text = rule.exec(scanner.source)?.[0];
    if (text === undefined) continue;
    push(scanner, kind, kind === 'field' ? text.slice(1) : text, scanner.at);
    scanner.at += text.length;
    const open = scanner.strings.at(-1);
    if (open !== undefined && kind === 'punctuation') {
      if ('([{'.includes(text)) open.depth++;
      if (')]}'.includes(text)) open.depth--;
    }
    return;
  }
}
