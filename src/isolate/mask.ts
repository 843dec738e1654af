/**
 * Replacing secrets by `***` in whatever an attempt yields: texts, JSON values, streams.
 *
 * The longest spelling is replaced first. A secret of under 8 characters is masked only where it is a
 * whole string, because it would be found everywhere.
 */
import { isJsonArray, isJsonObject, type Json, setOwn } from '../model/json.ts';
import type { Masker } from '../model/ports.ts';
import { formsOf, type SecretForms } from './secret-forms.ts';

const MASK = '***';

export interface StreamMasker {
  /** Masked text that is certain; what may be the beginning of a secret is held back. */
  push(stream: 'stdout' | 'stderr', text: string): string;
  /** Masks and gives what was held back. */
  flush(stream: 'stdout' | 'stderr'): string;
}

/** Masks these secret values in texts and JSON. */
export function createMasker(secrets: readonly string[]): Masker {
  const forms = formsOf(secrets);
  return { text: (value) => maskText(forms, value), json: (value) => maskJson(forms, value) };
}

/** Masks streams; a secret that is cut over two pieces is found too. */
export function createStreamMasker(secrets: readonly string[]): StreamMasker {
  const forms = formsOf(secrets);
  const held = { stdout: '', stderr: '' };
  return {
    push(stream, text) {
      const all = held[stream] + text;
      const end = certainEnd(forms, all);
      held[stream] = all.slice(end);
      return maskParts(forms, all.slice(0, end));
    },
    flush(stream) {
      const rest = held[stream];
      held[stream] = '';
      return maskParts(forms, rest);
    },
  };
}

const maskText = (forms: SecretForms, text: string): string =>
  forms.whole.has(text) ? MASK : maskParts(forms, text);

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

function maskParts({ parts, encoded }: SecretForms, text: string): string {
  let masked = text;
  for (const part of parts) {
    if (!masked.includes(part)) continue;
    masked = encoded.has(part) ? maskWords(masked, part) : masked.replaceAll(part, MASK);
  }
  return masked;
}

/** Without `/`, which would take a URL's path along. */
const BASE64_CHARACTER = /[A-Za-z0-9+_-]/;

/** Replaces every base64 word that holds the part. */
function maskWords(text: string, part: string): string {
  let masked = '';
  let done = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, done)) {
    let from = at;
    let to = at + part.length;
    while (from > done && BASE64_CHARACTER.test(text.charAt(from - 1))) from -= 1;
    while (to < text.length && BASE64_CHARACTER.test(text.charAt(to))) to += 1;
    while (text.charAt(to) === '=') to += 1;
    masked += text.slice(done, from) + MASK;
    done = to;
  }
  return masked + text.slice(done);
}

/** How far a piece of a stream can be given out: no secret begins before and ends behind that place. */
function certainEnd({ parts }: SecretForms, text: string): number {
  let end = text.length;
  for (const part of parts) end = Math.min(end, text.length - tailThatBegins(part, text));
  for (let moved = true; moved; ) {
    moved = false;
    for (const part of parts) {
      const at = text.indexOf(part, Math.max(0, end - part.length + 1));
      if (at < 0 || at >= end) continue;
      end = at;
      moved = true;
    }
  }
  return end;
}

/** Length of the longest end of the text that is a beginning of the part, but not all of it. */
function tailThatBegins(part: string, text: string): number {
  const first = part.charAt(0);
  const from = Math.max(0, text.length - part.length + 1);
  for (let at = text.indexOf(first, from); at >= 0; at = text.indexOf(first, at + 1)) {
    if (part.startsWith(text.slice(at))) return text.length - at;
  }
  return 0;
}
