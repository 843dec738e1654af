/**
 * Masking a stream that comes in pieces: what may be the beginning of a secret is held back until it is
 * certain. Which secrets there are may change while the stream runs.
 */
import { isWhole, maskSpans, maskWhole, spansIn, TOKEN_LENGTH, TOKEN_MARK } from './mask.ts';
import { beginsOne, formsOf, type SecretForms } from './secret-forms.ts';
import { findBeginning, type Span } from './skeleton.ts';

export interface StreamMasker {
  /** Masked text that is certain; what may be the beginning of a secret is held back. */
  push(stream: 'stdout' | 'stderr', text: string): string;
  /** Masks and gives what was held back. */
  flush(stream: 'stdout' | 'stderr'): string;
}

/** A base64 word that does not end is given out after all. */
const MAX_WORD = 64 * 1024;
/** Beginnings of this many characters are looked up by them. */
const LOOKED_UP = 8;

interface Held {
  text: string;
  /** Nothing was given out yet: it may still be a short secret and nothing else. */
  isFirst: boolean;
}

/** Masks streams; a secret that is cut over two pieces is found too. `secrets` is asked at each piece. */
export function createStreamMasker(secrets: () => readonly string[]): StreamMasker {
  const streams: Record<'stdout' | 'stderr', Held> = {
    stdout: { text: '', isFirst: true },
    stderr: { text: '', isFirst: true },
  };
  const forms = (): SecretForms => formsOf(secrets().filter((secret) => secret !== ''));
  return {
    push(stream, text) {
      const held = streams[stream];
      const known = forms();
      const all = held.text + text;
      held.text = all;
      if (held.isFirst && mayBeWhole(known, all)) return '';
      const spans = spansIn(known, all);
      const end = certainEnd(known, all, spans);
      held.text = all.slice(end);
      if (end > 0) held.isFirst = false;
      return maskSpans(
        all.slice(0, end),
        spans.filter(({ to }) => to <= end),
      );
    },
    flush(stream) {
      const held = streams[stream];
      const rest = held.text;
      held.text = '';
      const known = forms();
      if (held.isFirst && isWhole(known, rest)) return maskWhole(rest);
      return maskSpans(rest, spansIn(known, rest));
    },
  };
}

/** A stream that so far is a short secret, or the beginning of one. */
function mayBeWhole({ shortWhole }: SecretForms, text: string): boolean {
  if (shortWhole.length === 0) return false;
  const start = text.trimStart();
  const end = start.trimEnd();
  return shortWhole.some((secret) => secret === end || secret.startsWith(start));
}

/** How far a stream can be given out: no secret begins before and ends behind that place. */
function certainEnd(forms: SecretForms, text: string, spans: readonly Span[]): number {
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

const isWordEnd = (text: string): boolean => /[A-Za-z0-9+_=-]$/.test(text);

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
