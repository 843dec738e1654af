/**
 * What a redirect answer leads to. Who is calling is not told to another origin.
 */
import type { IncomingMessage } from 'node:http';
import type { ActionContext } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import { holdsSecret } from './holds-secret.ts';
import type { HttpRequest } from './http-request.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const BODY_HEADERS = new Set([
  'content-type',
  'content-encoding',
  'content-language',
  'idempotency-key',
]);

/**
 * The next request, or null when the answer is no redirect. 301, 302 and 303 go on with GET and
 * without body, 307 and 308 as before.
 * @throws AppError NON_RETRYABLE when the target cannot be followed
 */
export function redirected(
  request: HttpRequest,
  response: IncomingMessage,
  context: ActionContext,
): HttpRequest | null {
  const { statusCode = 0, headers } = response;
  const { location } = headers;
  if (!REDIRECTS.has(statusCode) || location === undefined) return null;
  const url = targetOf(request.url, location);
  const keeps = statusCode >= 307 || request.method === 'HEAD';
  const method = keeps ? request.method : 'GET';
  const body = keeps ? request.body : null;
  const isSameOrigin = url.origin === request.url.origin;
  if (!isSameOrigin && body !== null && holdsSecret(context, body.toString('utf8'))) {
    throw new AppError('NON_RETRYABLE', `a redirect to ${url.origin} would carry a secret there`);
  }
  const kept = [...request.headers].filter(
    ([name]) =>
      (isSameOrigin || !request.privateHeaders.has(name)) && (keeps || !BODY_HEADERS.has(name)),
  );
  return { ...request, url, method, body, headers: new Map(kept) };
}

function targetOf(from: URL, location: string): URL {
  if (!URL.canParse(location, from)) {
    throw new AppError('NON_RETRYABLE', `${from.origin} redirects to something that is no URL`);
  }
  const url = new URL(location, from);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new AppError(
      'NON_RETRYABLE',
      `${from.origin} redirects to ${url.protocol}, which is not followed`,
    );
  }
  url.username = '';
  url.password = '';
  url.hash = '';
  return url;
}
