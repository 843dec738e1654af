/**
 * A token as a text: how one is made, recognised and compared. What is stored is its SHA-256; the
 * token has 256 random bits, so that a plain hash is enough.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 32;
const MARK = 'opc_';
/** The mark and as much behind it as is shown in lists: recognised, never guessed from. */
const PREFIX_CHARS = 12;
/** A token is 47 characters; a longer text than this is not even hashed. */
export const MAX_TOKEN_CHARS = 1024;

export interface NewSecret {
  readonly token: string;
  readonly prefix: string;
  readonly hash: string;
}

/** A token that nobody knows yet: `opc_` and 43 characters of base64url. */
export function newToken(): NewSecret {
  const token = MARK + randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, prefix: prefixOf(token), hash: hashOf(token) };
}

export const prefixOf = (token: string): string => token.slice(0, PREFIX_CHARS);

/** Lower-case hex SHA-256. */
export const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** Compares two hashes in a time that does not tell where they differ. */
export function isSameHash(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The text with every token in it made unreadable. */
export const withoutTokens = (text: string): string =>
  text.replace(/opc_[A-Za-z0-9_-]{8,}/g, `${MARK}***`);
