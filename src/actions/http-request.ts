/**
 * A request as data, made from params: target, method, headers, body. Nothing is sent here.
 */
import type { ActionContext } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { holdsSecret } from './holds-secret.ts';
import { authHeader, authProblem, HEADER_NAME } from './http-auth.ts';
import { bodyProblem, encodeBody } from './http-body.ts';

export const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer | null;
  /** Headers that only the first origin may see. */
  readonly privateHeaders: ReadonlySet<string>;
}

/** What frames the message is ours to say. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'connection', 'upgrade', 'te']);
const SENDS_KEY = new Set(['POST', 'PATCH']);

/** The method in capitals; an unknown text as it is. */
export const methodOf = (params: JsonObject): string =>
  String(params.method ?? 'GET').toUpperCase();

/**
 * What is wrong with a request's params, or null. A URL that is not known yet is empty. Values are
 * not shown: they may hold secrets.
 */
export function requestProblem(params: JsonObject): string | null {
  const method = methodOf(params);
  if (!METHODS.some((known) => known === method)) {
    return `"method" must be one of ${METHODS.join(', ')}`;
  }
  return (
    (params.url === '' ? null : urlProblem(String(params.url))) ??
    numberProblem(params) ??
    headerProblem(params.headers) ??
    authProblem(params.auth) ??
    bodyProblem(params)
  );
}

function urlProblem(text: string): string | null {
  if (!URL.canParse(text)) return '"url" is not an absolute URL';
  const { protocol } = new URL(text);
  if (protocol === 'http:' || protocol === 'https:') return null;
  return `"url" must begin with http:// or https://, not ${protocol}`;
}

function numberProblem({
  max_redirects: most,
  max_response_bytes: bytes,
}: JsonObject): string | null {
  if (Number(most ?? 0) < 0) return '"max_redirects" must not be negative';
  return bytes !== undefined && Number(bytes) < 1 ? '"max_response_bytes" must be over 0' : null;
}

function headerProblem(headers: Json | undefined): string | null {
  if (!isJsonObject(headers)) return null;
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name)) return `"headers": ${JSON.stringify(name)} is not a header name`;
    if (FRAMING.has(name.toLowerCase())) return `"headers": ${name} is set by the engine itself`;
    if (!isHeaderValue(String(value)))
      return `"headers": the value of ${name} holds a control character`;
  }
  return null;
}

/** No line break or other control character, nothing beyond Latin-1. */
const isHeaderValue = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value);

/**
 * The request that the params describe.
 * @throws AppError VALIDATION_ERROR
 */
export function requestOf(params: JsonObject, context: ActionContext): HttpRequest {
  const problem = params.url === '' ? '"url" is empty' : requestProblem(params);
  if (problem !== null) throw new AppError('VALIDATION_ERROR', problem);
  const method = methodOf(params);
  const url = targetOf(params);
  const encoded = encodeBody(params);
  const auth = authHeader(params.auth, new URL(String(params.url)));
  const headers = new Map<string, string>([
    ['accept', '*/*'],
    ['accept-encoding', 'gzip, deflate, br'],
    ['user-agent', 'opcode'],
  ]);
  if (encoded !== null && encoded.type !== null) headers.set('content-type', encoded.type);
  if (SENDS_KEY.has(method) && params.idempotency_key !== false) {
    headers.set('idempotency-key', context.idempotencyKey);
  }
  const own = isJsonObject(params.headers) ? Object.entries(params.headers) : [];
  for (const [name, value] of own) headers.set(name.toLowerCase(), String(value));
  if (auth !== null) headers.set(auth.name, auth.value);
  const bad = [...headers].find(([name, value]) => name === '' || !isHeaderValue(value));
  if (bad !== undefined) {
    throw new AppError('VALIDATION_ERROR', `the header "${bad[0]}" is not a valid one`);
  }
  return {
    url,
    method,
    headers,
    body: encoded?.bytes ?? null,
    privateHeaders: privateHeaders(headers, auth?.name ?? null, context),
  };
}

/** The URL with `query` added, without user and fragment. */
function targetOf(params: JsonObject): URL {
  const url = new URL(String(params.url));
  url.username = '';
  url.password = '';
  url.hash = '';
  if (!isJsonObject(params.query)) return url;
  const added = new URLSearchParams();
  for (const [name, value] of Object.entries(params.query)) added.append(name, String(value));
  const text = added.toString();
  if (text !== '') url.search = url.search === '' ? text : `${url.search}&${text}`;
  return url;
}

/** What says who is calling: authorization, cookies, and every header that holds a secret. */
function privateHeaders(
  headers: ReadonlyMap<string, string>,
  authName: string | null,
  context: ActionContext,
): ReadonlySet<string> {
  const names = new Set(['authorization', 'proxy-authorization', 'cookie', 'host']);
  if (authName !== null) names.add(authName);
  for (const [name, value] of headers) {
    if (holdsSecret(context, value)) names.add(name);
  }
  return names;
}
