/**
 * What a client sends, before the SDK checks it: what is optional and given badly or as null counts as
 * left out, and what is wrong with a call of a tool is said in words. The SDK answers with the dump of a
 * schema, or over stdio not at all.
 */

import { isJSONRPCRequest, type JSONRPCErrorResponse } from '@modelcontextprotocol/server';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { mayNeedCare, parseJson } from '../model/json-text.ts';
import { PARAMS, wrongIn } from './request-params.ts';

const INVALID_PARAMS = -32_602;

/** The message or batch without optional parts that are none; the same one when there are none such. */
export function tidied(value: Json): Json {
  if (isJsonArray(value)) return value.map(tidied);
  if (!isJsonObject(value) || typeof value.method !== 'string') return value;
  const { params } = value;
  if (params === null) return without(value, 'params');
  if (!isJsonObject(params ?? null)) return value;
  const tidy = tidyParams(value.method, params as JsonObject);
  return tidy === params ? value : { ...value, params: tidy };
}

/**
 * Parses a message or batch, its numbers by the rule of every door but for those of the protocol
 * itself: an id or token that is not exact is none, and is refused or left out as such.
 *
 * @throws SyntaxError
 */
export function parseMessage(text: string): Json {
  const value = parseJson(text);
  return mayNeedCare(text) ? withOwnNumbers(value, JSON.parse(text)) : value;
}

function withOwnNumbers(value: Json, plain: Json): Json {
  if (isJsonArray(value) && isJsonArray(plain)) {
    return value.map((each, i) => withOwnNumbers(each, plain[i] ?? null));
  }
  if (!isJsonObject(value) || !isJsonObject(plain)) return value;
  const whole = typeof plain.id === 'number' ? { ...value, id: plain.id } : value;
  const token = tokenOf(plain);
  if (typeof token !== 'number' || !isJsonObject(whole.params ?? null)) return whole;
  const params = whole.params as JsonObject;
  const meta = { ...(params._meta as JsonObject), progressToken: token };
  return { ...whole, params: { ...params, _meta: meta } };
}

function tokenOf({ params = null }: JsonObject): Json | undefined {
  const meta = isJsonObject(params) ? params._meta : undefined;
  return isJsonObject(meta ?? null) ? (meta as JsonObject).progressToken : undefined;
}

/** The tidied message of a line, as a line; what is no JSON stays as it is. */
export function tidiedLine(line: string): string {
  let value: Json;
  try {
    value = parseMessage(line);
  } catch {
    // Who gets it says so.
    return line;
  }
  const tidy = tidied(value);
  return tidy === value && !mayNeedCare(line) ? line : JSON.stringify(tidy);
}

/** The answer to a call of a tool whose params are not as they must be; null for everything else. */
export function refusedCall(value: unknown): JSONRPCErrorResponse | null {
  if (!isJSONRPCRequest(value) || value.method !== 'tools/call') return null;
  const wrong = wrongIn('tools/call', PARAMS.call, value.params ?? {});
  if (wrong === null) return null;
  return { jsonrpc: '2.0', id: value.id, error: { code: INVALID_PARAMS, message: wrong } };
}

function tidyParams(method: string, params: JsonObject): JsonObject {
  const { _meta: meta } = params;
  let tidy = params;
  if (meta !== undefined && !isJsonObject(meta)) tidy = without(tidy, '_meta');
  else if (meta !== undefined && meta.progressToken !== undefined && !isToken(meta.progressToken)) {
    tidy = { ...tidy, _meta: without(meta, 'progressToken') };
  }
  return method === 'tools/call' && params.arguments === null ? without(tidy, 'arguments') : tidy;
}

const isToken = (value: Json): boolean => typeof value === 'string' || Number.isSafeInteger(value);

function without(object: JsonObject, key: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}
