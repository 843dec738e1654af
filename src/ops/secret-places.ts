/**
 * The places of secrets inside a value: named for readers, empty in what is stored.
 */
import type { SecretRef } from '../model/expression.ts';
import { isJsonArray, isJsonObject, type Json, setOwn } from '../model/json.ts';

/** Each place shows which secret belongs there: `${{secrets.NAME}}`. */
export const withSecretNames = (value: Json, refs: readonly SecretRef[]): Json =>
  refs.reduce<Json>((current, ref) => replaceAt(current, keysOf(ref), nameOf(ref)), value);

/** Each place is empty, as in what is stored beside the references. */
export const withoutSecretNames = (value: Json, refs: readonly SecretRef[]): Json =>
  refs.reduce<Json>((current, ref) => replaceAt(current, keysOf(ref), ''), value);

const nameOf = ({ parts }: SecretRef): string =>
  parts.map((part) => (typeof part === 'string' ? part : `\${{secrets.${part.secret}}}`)).join('');

/** The parts of a reference's pointer. */
export const keysOf = ({ at }: SecretRef): string[] =>
  at
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));

function replaceAt(value: Json, keys: readonly string[], text: string): Json {
  const [key, ...rest] = keys;
  if (key === undefined) return text;
  if (isJsonArray(value)) {
    return value.map((item, i) => (String(i) === key ? replaceAt(item, rest, text) : item));
  }
  if (!isJsonObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const [name, item] of Object.entries(value)) {
    setOwn(copy, name, name === key ? replaceAt(item, rest, text) : item);
  }
  return copy;
}
