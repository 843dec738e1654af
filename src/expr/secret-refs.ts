/**
 * References to secrets that travel beside the data, never inside it.
 *
 * A secret's place in a value holds an empty string; a `SecretRef` says by JSON pointer what belongs
 * there. Data is never searched for references: text that looks like one stays text.
 */
import type { SecretRef } from '../model/expression.ts';

/** RFC 6901 text of a path. */
export function pointerOf(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) text += `/${escapeToken(String(part))}`;
  return text;
}

const escapeToken = (token: string): string =>
  token.includes('~') || token.includes('/')
    ? token.replaceAll('~', '~0').replaceAll('/', '~1')
    : token;

/** References at or under `pointer`, their pointers made relative to it. */
export function refsUnder(refs: readonly SecretRef[], pointer: string): SecretRef[] {
  return refs
    .filter(({ at }) => at === pointer || at.startsWith(`${pointer}/`))
    .map(({ at, parts }) => ({ at: at.slice(pointer.length), parts }));
}

/** The first reference that lies at, under or above `pointer`, or null. */
export function refTouching(refs: readonly SecretRef[], pointer: string): SecretRef | null {
  const touches = ({ at }: SecretRef): boolean =>
    at === pointer || at.startsWith(`${pointer}/`) || pointer.startsWith(`${at}/`);
  return refs.find(touches) ?? null;
}

/** References moved below `pointer`. */
export const refsAt = (refs: readonly SecretRef[], pointer: string): SecretRef[] =>
  refs.map(({ at, parts }) => ({ at: pointer + at, parts }));

/** Readable name of the input that carries a secret, e.g. `inputs.auth.token`. */
export const inputNameOf = (ref: SecretRef): string =>
  `inputs${ref.at.replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~')}`;
