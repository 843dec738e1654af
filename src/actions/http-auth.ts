/**
 * `auth` of an http action: bearer, basic, api_key; or user and password written into the URL.
 */
import { isJsonObject, type Json } from '../model/json.ts';

export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  bearer: ['token'],
  basic: ['username', 'password'],
  api_key: ['header_name', 'header_value'],
};

/** What is wrong with `auth`, or null; values are not shown. */
export function authProblem(auth: Json | undefined): string | null {
  if (!isJsonObject(auth)) return null;
  const { type } = auth;
  const fields = typeof type === 'string' && Object.hasOwn(FIELDS, type) ? FIELDS[type] : undefined;
  if (fields === undefined) return `"auth.type" must be one of ${Object.keys(FIELDS).join(', ')}`;
  const stray = Object.keys(auth).find((name) => name !== 'type' && !fields.includes(name));
  if (stray !== undefined)
    return `"auth" of type ${type} has no "${stray}" (it takes ${fields.join(', ')})`;
  const missing = fields.find((name) => typeof auth[name] !== 'string');
  if (missing !== undefined) return `"auth.${missing}" must be given as a text`;
  const name = auth.header_name ?? '';
  return name === '' || HEADER_NAME.test(String(name))
    ? null
    : '"auth.header_name" is no header name';
}

/** The header that authenticates the call, name in lower case, or null. */
export function authHeader(
  auth: Json | undefined,
  url: URL,
): { readonly name: string; readonly value: string } | null {
  if (!isJsonObject(auth)) {
    if (url.username === '' && url.password === '') return null;
    return basic(decodeURIComponent(url.username), decodeURIComponent(url.password));
  }
  if (auth.type === 'bearer') return { name: 'authorization', value: `Bearer ${auth.token}` };
  if (auth.type === 'basic') return basic(String(auth.username), String(auth.password));
  return { name: String(auth.header_name).toLowerCase(), value: String(auth.header_value) };
}

const basic = (user: string, password: string): { name: string; value: string } => ({
  name: 'authorization',
  value: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
