/**
 * The spellings under which a secret may turn up in what an attempt yields.
 *
 * Itself, each of its longer lines, JSON-escaped, URL-encoded, base64 and base64url; and what is left
 * of it inside a longer base64 text, where it begins at any of three offsets (`Basic` credentials).
 */

/** Secrets, lines and spellings shorter than this are only masked as whole strings. */
const MIN_MASKED_LENGTH = 8;

export interface SecretForms {
  /** Longest first; each at least `MIN_MASKED_LENGTH` characters. */
  readonly parts: readonly string[];
  /** Those of `parts` in base64: the whole base64 word around them goes too. */
  readonly encoded: ReadonlySet<string>;
  readonly whole: ReadonlySet<string>;
}

/** All spellings of all secrets. */
export function formsOf(secrets: readonly string[]): SecretForms {
  const known = secrets.filter((secret) => secret !== '');
  const long = known.filter(isLong);
  const lines = long.flatMap((secret) => secret.split(/\r?\n/)).filter(isLong);
  const texts = [...new Set([...long, ...lines])];
  const encoded = new Set(texts.flatMap(inBase64).filter(isLong));
  const parts = new Set([...texts.flatMap(spellings).filter(isLong), ...encoded]);
  return {
    parts: [...parts].sort((a, b) => b.length - a.length),
    encoded,
    whole: new Set(known),
  };
}

const isLong = (text: string): boolean => text.length >= MIN_MASKED_LENGTH;

function spellings(secret: string): string[] {
  const url = encodeURIComponent(secret);
  const lowerHex = url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const form = new URLSearchParams({ '': secret }).toString().slice(1);
  return [secret, JSON.stringify(secret).slice(1, -1), url, lowerHex, form];
}

/** Base64 forms: alone, and the characters that are the same whatever stands around the secret. */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const alone = [bytes.toString('base64'), bytes.toString('base64url')];
  const inside = [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    const first = offset === 0 ? 0 : offset + 1;
    const last = Math.floor((padded.length * 8) / 6);
    return (['base64', 'base64url'] as const).map((name) =>
      padded.toString(name).slice(first, last),
    );
  });
  return [...alone, ...inside];
}
