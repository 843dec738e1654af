/**
 * Where secrets stand in a text: exact spellings by one alternation, others by their skeleton, our own
 * tokens by their mark. Long texts are looked through window by window, so that whoever looks can give
 * others a turn between two.
 */
import type { SecretForms } from './secret-forms.ts';
import { findSkeletons, type Span, skeletonReach } from './skeleton.ts';

/** Begins every token that Opcode makes. */
export const TOKEN_MARK = 'opc_';
const TOKEN_CHARS = 43;
/** How long one is. */
export const TOKEN_LENGTH = TOKEN_MARK.length + TOKEN_CHARS;
const TOKEN = new RegExp(`${TOKEN_MARK}[A-Za-z0-9_-]{${TOKEN_CHARS}}`, 'g');

/** Characters looked at together; what may reach into them from before is looked at again. */
export const WINDOW = 64 * 1024;

/** How many characters one secret may take up in a text. */
export const reachOf = ({ longest, skeletons }: SecretForms): number =>
  Math.max(longest, TOKEN_LENGTH, skeletons === null ? 0 : skeletonReach(skeletons.longest));

/** What has to be masked in a text: in order, none touching another. */
export function spansIn(forms: SecretForms, text: string): readonly Span[] {
  const looking = spansByWindow(forms, text);
  for (;;) {
    const { done, value } = looking.next();
    if (done === true) return value;
  }
}

/** `spansIn`, yielding between windows. */
export function* spansByWindow(
  forms: SecretForms,
  text: string,
): Generator<undefined, readonly Span[]> {
  const spans: Span[] = [];
  const found: Found = { text, spans, word: { from: 0, to: 0 } };
  if (text.length <= WINDOW) {
    findInWindow(forms, found, 0, text);
  } else {
    const reach = reachOf(forms);
    for (let at = 0; at < text.length; at += WINDOW) {
      const from = Math.max(0, at - reach);
      findInWindow(forms, found, from, text.slice(from, at + WINDOW));
      yield;
    }
  }
  return spans.length < 2 ? spans : merged(spans);
}

interface Found {
  readonly text: string;
  readonly spans: Span[];
  /** The base64 word that was found last. */
  word: Span;
}

function findInWindow(forms: SecretForms, found: Found, offset: number, window: string): void {
  findExact(forms, found, offset, window);
  if (window.includes(TOKEN_MARK)) {
    for (const { index, 0: token } of window.matchAll(TOKEN)) {
      found.spans.push({ from: offset + index, to: offset + index + token.length });
    }
  }
  const { skeletons } = forms;
  if (skeletons === null || window.length < skeletons.shortest) return;
  for (const { from, to } of findSkeletons(window, skeletons.pattern)) {
    found.spans.push({ from: offset + from, to: offset + to });
  }
}

function findExact(
  { pattern, encoded }: SecretForms,
  found: Found,
  offset: number,
  window: string,
): void {
  if (pattern === null) return;
  pattern.lastIndex = 0;
  for (let hit = pattern.exec(window); hit !== null; hit = pattern.exec(window)) {
    const from = offset + hit.index;
    const span = { from, to: from + hit[0].length };
    if (!encoded.has(hit[0])) {
      found.spans.push(span);
      continue;
    }
    // A long word may hold many: it is looked for once.
    if (span.from >= found.word.from && span.to <= found.word.to) continue;
    found.word = wordAround(found.text, span);
    found.spans.push(found.word);
  }
}

/** Without `/`, which would take a URL's path along. */
const BASE64_CHARACTER = /[A-Za-z0-9+_-]/;

/** The base64 word that holds the span. */
function wordAround(text: string, { from, to }: Span): Span {
  let [first, last] = [from, to];
  while (first > 0 && BASE64_CHARACTER.test(text.charAt(first - 1))) first -= 1;
  while (last < text.length && BASE64_CHARACTER.test(text.charAt(last))) last += 1;
  while (text.charAt(last) === '=') last += 1;
  return { from: first, to: last };
}

/** Spans that overlap become one; those that only touch stay two. */
function merged(spans: Span[]): readonly Span[] {
  const sorted = [...spans].sort((a, b) => a.from - b.from || b.to - a.to);
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of sorted) {
    const last = result.at(-1);
    if (last !== undefined && from < last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}
