/**
 * Where a text that goes on may end in the beginning of a secret: up to there it is certain.
 */
import { TOKEN_LENGTH, TOKEN_MARK } from './find-secrets.ts';
import { beginsOne, type SecretForms } from './secret-forms.ts';
import { findBeginning, type Span } from './skeleton.ts';

/** A base64 word that does not end is given out after all. */
const MAX_WORD = 64 * 1024;
/** Beginnings of this many characters are looked up by them. */
const LOOKED_UP = 8;

/** How far a text can be given out that goes on: no secret begins before and ends behind that place. */
export function certainEnd(forms: SecretForms, text: string, spans: readonly Span[]): number {
  let end = Math.min(beginningOfOne(forms, text), beginningOfToken(text));
  const { skeletons } = forms;
  // What begins inside a secret that was found goes with it.
  const behind = spans.at(-1)?.to ?? 0;
  if (skeletons !== null) {
    end = Math.min(end, behind + findBeginning(text.slice(behind), skeletons));
  }
  for (const { from, to } of [...spans].reverse()) {
    const mayGrow = to === text.length && to - from < MAX_WORD && isWordEnd(text);
    if (to > end || mayGrow) end = Math.min(end, from);
  }
  return end;
}

const isWordEnd = (text: string): boolean => /[A-Za-z0-9+_=-]/.test(text.charAt(text.length - 1));

/** Where the text's end becomes a beginning of an exact spelling; the text's length when it does not. */
function beginningOfOne({ sorted, beginnings, longest }: SecretForms, text: string): number {
  for (let at = Math.max(0, text.length - longest + 1); at < text.length; at++) {
    const left = text.length - at;
    if (left >= LOOKED_UP && !beginnings.has(text.slice(at, at + LOOKED_UP))) continue;
    if (beginsOne(sorted, text.slice(at))) return at;
  }
  return text.length;
}

function beginningOfToken(text: string): number {
  const from = Math.max(0, text.length - TOKEN_LENGTH + 1);
  for (let at = text.indexOf('o', from); at >= 0; at = text.indexOf('o', at + 1)) {
    const tail = text.slice(at);
    if (TOKEN_MARK.startsWith(tail) || /^opc_[A-Za-z0-9_-]*$/.test(tail)) return at;
  }
  return text.length;
}
