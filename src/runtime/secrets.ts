/**
 * Filling secret references into a value, in memory, just before an action runs.
 */
import type { StepFailure } from '../model/error.ts';
import type { SecretRef } from '../model/expression.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject, setOwn } from '../model/json.ts';
import type { SecretSource } from '../model/ports.ts';

export type ResolvedSecrets =
  | { readonly ok: true; readonly value: JsonObject; readonly used: readonly string[] }
  | { readonly ok: false; readonly error: StepFailure };

/** A copy of `params` with every reference replaced; `used` are the values, longest first. */
export function resolveSecrets(
  source: SecretSource,
  params: JsonObject,
  refs: readonly SecretRef[],
): ResolvedSecrets {
  if (refs.length === 0) return { ok: true, value: params, used: [] };
  const used = new Set<string>();
  let value: Json = params;
  for (const ref of refs) {
    let text = '';
    for (const part of ref.parts) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      const secret = source.resolve(part.secret);
      if (!secret.ok) return secret;
      used.add(secret.value);
      text += secret.value;
    }
    value = replaceAt(value, pointerKeys(ref.at), text);
  }
  const longestFirst = [...used].sort((a, b) => b.length - a.length);
  return { ok: true, value: value as JsonObject, used: longestFirst };
}

const pointerKeys = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));

function replaceAt(value: Json, keys: readonly string[], text: string): Json {
  const [key, ...rest] = keys;
  if (key === undefined) return text;
  if (isJsonArray(value)) {
    return value.map((item, index) => (String(index) === key ? replaceAt(item, rest, text) : item));
  }
  if (!isJsonObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const [name, item] of Object.entries(value)) {
    setOwn(copy, name, name === key ? replaceAt(item, rest, text) : item);
  }
  return copy;
}
