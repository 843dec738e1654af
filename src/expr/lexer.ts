/**
 * Splits text that holds `${{ }}` into literal text and expression sources.
 *
 * Quotes (plain, raw, triple) and brackets are followed, so a `}}` inside them closes nothing.
 * `$${{` stands for a literal `${{`. Knows nothing of what an expression means.
 */

export interface SourcePart {
  /** What stands between the braces, untrimmed. */
  readonly source: string;
  /** Where `source` begins in the whole string. */
  readonly offset: number;
}

export type TextPart = string | SourcePart;

export type SplitText =
  | { readonly ok: true; readonly parts: readonly TextPart[] }
  | { readonly ok: false; readonly offset: number; readonly message: string };

const OPEN = '${{';

/** True when the text needs splitting at all. */
export function hasInterpolation(text: string): boolean {
  return text.includes(OPEN);
}

/** Literal texts and expression sources in order; a `${{` that is not closed or empty is refused. */
export function splitText(text: string): SplitText {
  const parts: TextPart[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf(OPEN, at);
    if (open < 0) break;
    if (open > at && text[open - 1] === '$') {
      literal += text.slice(at, open - 1) + OPEN;
      at = open + OPEN.length;
      continue;
    }
    literal += text.slice(at, open);
    const begin = open + OPEN.length;
    const end = findClose(text, begin);
    if (typeof end !== 'number') return { ok: false, offset: open, message: end.message };
    if (text.slice(begin, end).trim() === '') {
      return { ok: false, offset: open, message: `this \${{ }} is empty` };
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push({ source: text.slice(begin, end), offset: begin });
    at = end + 2;
  }
  literal += text.slice(at);
  if (literal !== '') parts.push(literal);
  return { ok: true, parts };
}

function findClose(text: string, begin: number): number | { message: string } {
  const stack: string[] = [];
  let at = begin;
  while (at < text.length) {
    const char = text[at] as string;
    if (char === '"' || char === "'") {
      const end = skipString(text, at);
      if (end < 0)
        return { message: `this \${{ is not closed: the quote ${char} at ${at} is open` };
      at = end;
      continue;
    }
    if (char === '}' && text[at + 1] === '}' && !stack.includes('{')) return at;
    trackBracket(stack, char);
    at++;
  }
  return { message: `this \${{ is not closed with }}` };
}

const CLOSERS: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Pushes an opening bracket, pops through the one that a closing bracket belongs to. */
function trackBracket(stack: string[], char: string): void {
  if (char === '(' || char === '[' || char === '{') {
    stack.push(char);
    return;
  }
  const opener = CLOSERS[char];
  if (opener === undefined) return;
  const index = stack.lastIndexOf(opener);
  if (index >= 0) stack.length = index;
}

/** Index after the string literal that begins at `at`, or -1 when it does not end. */
export function skipString(text: string, at: number): number {
  const quote = text[at] as string;
  const raw = /(?:^|[^A-Za-z0-9_])[bB]?[rR][bB]?$/.test(text.slice(Math.max(0, at - 3), at));
  const triple = text.startsWith(quote.repeat(3), at);
  const closer = triple ? quote.repeat(3) : quote;
  let i = at + closer.length;
  while (i < text.length) {
    if (text[i] === '\\' && !raw) i += 2;
    else if (text.startsWith(closer, i)) return i + closer.length;
    else i++;
  }
  return -1;
}

/** The alternatives of `a ?? b ?? c` at the outermost level, each with its offset in `source`. */
export function splitAlternatives(source: string): readonly SourcePart[] {
  const parts: SourcePart[] = [];
  const stack: string[] = [];
  let begin = 0;
  let at = 0;
  while (at < source.length) {
    const char = source[at] as string;
    if (char === '"' || char === "'") {
      const end = skipString(source, at);
      at = end < 0 ? source.length : end;
    } else if (char === '?' && source[at + 1] === '?' && stack.length === 0) {
      parts.push({ source: source.slice(begin, at), offset: begin });
      at += 2;
      begin = at;
    } else {
      trackBracket(stack, char);
      at++;
    }
  }
  parts.push({ source: source.slice(begin), offset: begin });
  return parts;
}
