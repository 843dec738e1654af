/**
 * Replacing secrets by `***` in whatever is recorded: texts and JSON values.
 *
 * Exact spellings are found by one alternation, longest first, others by their skeleton. A secret of
 * under 8 characters is masked only where it is a whole string, because it would be found everywhere.
 * Our own tokens have a mark of their own and are masked whatever secrets there are.
 */
import { isJsonArray, isJsonObject, type Json, setOwn } from '../model/json.ts';
import type { Masker } from '../model/ports.ts';
import { formsOf, type SecretForms } from './secret-forms.ts';
import { findSkeletons, type Span } from './skeleton.ts';

const MASK = '***';
/** Begins every token that Opcode makes. */
export const TOKEN_MARK = 'opc_';
const TOKEN_CHARS = 43;
/** How long one is. */
export const TOKEN_LENGTH = TOKEN_MARK.length + TOKEN_CHARS;
const TOKEN = new RegExp(`${TOKEN_MARK}[A-Za-z0-9_-]{${TOKEN_CHARS}}`, 'g');

/** Masks these secret values in texts and JSON. */
export function createMasker(secrets: readonly string[]): Masker {
  const forms = formsOf(secrets.filter((secret) => secret !== ''));
  return { text: (value) => maskText(forms, value), json: (value) => maskJson(forms, value) };
}

function maskText(forms: SecretForms, text: string): string {
  if (isWhole(forms, text)) return maskWhole(text);
  return maskSpans(text, spansIn(forms, text));
}

/** The mask, with the blanks that stand around the text. */
export const maskWhole = (text: string): string => text.replace(text.trim(), () => MASK);

/** True when a text is one secret and blanks around it. */
export function isWhole(forms: SecretForms, text: string): boolean {
  if (forms.whole.has(text)) return true;
  const trimmed = text.length <= forms.longestWhole + 8 ? text.trim() : '';
  return trimmed !== '' && forms.whole.has(trimmed);
}

function maskJson(forms: SecretForms, value: Json): Json {
  if (typeof value === 'string') return maskText(forms, value);
  if (typeof value === 'number') return forms.whole.has(String(value)) ? MASK : value;
  if (isJsonArray(value)) return value.map((item) => maskJson(forms, item));
  if (!isJsonObject(value)) return value;
  const masked: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) {
    setOwn(masked, maskText(forms, key), maskJson(forms, item));
  }
  return masked;
}

/** What has to be masked in a text: in order, none touching another. */
export function spansIn(forms: SecretForms, text: string): readonly Span[] {
  const spans: Span[] = [];
  const { pattern, encoded, skeletons } = forms;
  if (pattern !== null) {
    pattern.lastIndex = 0;
    for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
      const span = { from: found.index, to: found.index + found[0].length };
      spans.push(encoded.has(found[0]) ? wordAround(text, span) : span);
    }
  }
  if (text.includes(TOKEN_MARK)) {
    for (const { index, 0: token } of text.matchAll(TOKEN)) {
      spans.push({ from: index, to: index + token.length });
    }
  }
  if (skeletons !== null && text.length >= skeletons.shortest) {
    spans.push(...findSkeletons(text, skeletons.pattern, skeletons.longest));
  }
  return spans.length < 2 ? spans : merged(spans);
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

/** The text with every span replaced. */
export function maskSpans(text: string, spans: readonly Span[]): string {
  if (spans.length === 0) return text;
  let masked = '';
  let done = 0;
  for (const { from, to } of spans) {
    masked += text.slice(done, from) + MASK;
    done = to;
  }
  return masked + text.slice(done);
}
