/**
 * Replacing secrets by `***` in whatever an attempt yields: texts, JSON values, streams.
 *
 * A secret is found in the forms it commonly takes: itself, each of its longer lines, JSON-escaped,
 * URL-encoded, base64 and base64url. The longest form is replaced first. A secret of under 8
 * characters is masked only where it is a whole string, because it would be found everywhere.
 */
import { isJsonArray, isJsonObject, type Json, setOwn } from '../model/json.ts';
import type { Masker } from '../model/ports.ts';

export const MASK = '***';
/** Secrets and lines shorter than this are only masked as whole strings. */
export const MIN_MASKED_LENGTH = 8;

export interface StreamMasker {
  /** Masked text that is certain; what may be the beginning of a secret is held back. */
  push(stream: 'stdout' | 'stderr', text: string): string;
  /** Masks and gives what was held back. */
  flush(stream: 'stdout' | 'stderr'): string;
}

interface Forms {
  /** Longest first; each at least 8 characters. */
  readonly parts: readonly string[];
  readonly whole: ReadonlySet<string>;
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
      const masked = replaceParts(forms, held[stream] + text);
      const keep = heldBack(forms, masked);
      held[stream] = masked.slice(masked.length - keep);
      return masked.slice(0, masked.length - keep);
    },
    flush(stream) {
      const rest = held[stream];
      held[stream] = '';
      return rest;
    },
  };
}

function formsOf(secrets: readonly string[]): Forms {
  const parts = new Set<string>();
  const whole = new Set<string>();
  for (const secret of secrets) {
    if (secret === '') continue;
    whole.add(secret);
    if (secret.length < MIN_MASKED_LENGTH) continue;
    for (const form of spellings(secret)) parts.add(form);
    for (const line of secret.split(/\r?\n/)) {
      if (line.length >= MIN_MASKED_LENGTH) for (const form of spellings(line)) parts.add(form);
    }
  }
  return { parts: [...parts].sort((a, b) => b.length - a.length), whole };
}

function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const base64 = bytes.toString('base64');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    encodeURIComponent(secret).replaceAll('%20', '+'),
    base64,
    base64.replace(/=+$/, ''),
    bytes.toString('base64url'),
  ].filter((form) => form.length >= MIN_MASKED_LENGTH);
}

function replaceParts({ parts }: Forms, text: string): string {
  let masked = text;
  for (const part of parts) if (masked.includes(part)) masked = masked.replaceAll(part, MASK);
  return masked;
}

const maskText = (forms: Forms, text: string): string =>
  forms.whole.has(text) ? MASK : replaceParts(forms, text);

function maskJson(forms: Forms, value: Json): Json {
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

/** Length of the longest end of `text` that is a beginning of some form. */
function heldBack({ parts }: Forms, text: string): number {
  let longest = 0;
  for (const part of parts) {
    const limit = Math.min(part.length - 1, text.length);
    for (let length = limit; length > longest; length--) {
      if (text.endsWith(part.slice(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}
