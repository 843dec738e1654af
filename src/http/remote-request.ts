/**
 * Requests to another server of ours: where it is, who asks, and what its answers mean.
 *
 * The token goes to that origin only: a redirect is refused, never followed.
 */

import { AppError, isErrorCode, messageOf } from '../model/error.ts';
import { isJsonObject, type Json } from '../model/json.ts';
import { printJson } from '../model/json-text.ts';
import { API_ROOT } from './api.ts';

export interface RemoteServer {
  /** Without a slash at its end; may have a path before `/api`. */
  readonly url: string;
  readonly token: string | null;
}

type Fetch = (url: string, init: RequestInit & { readonly timeout?: boolean }) => Promise<Response>;

export interface RemoteDeps extends RemoteServer {
  /** Replaced in tests. */
  readonly fetch?: Fetch;
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** The address of a server as it is used. @throws VALIDATION_ERROR */
export function remoteUrl(text: string, name: string, allowHttp: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new AppError('VALIDATION_ERROR', `${name}: "${text}" is not the URL of a server`, {
      hint: 'for example https://opcode.example.com or http://127.0.0.1:4100',
    });
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new AppError('VALIDATION_ERROR', `${name}: holds more than an address`, {
      hint: 'a token goes into OPCODE_TOKEN or OPCODE_TOKEN_FILE',
    });
  }
  if (url.protocol === 'http:' && !allowHttp && !LOOPBACK.test(url.hostname)) {
    throw new AppError(
      'PERMISSION_DENIED',
      `${name}: ${url.origin} is not encrypted, so everybody on the way could read the token`,
      { hint: 'use https://, or allow it with --allow-http (OPCODE_ALLOW_HTTP=true)' },
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** Posts an input to an operation; the response is one that went well. @throws AppError */
export async function postTo(
  deps: RemoteDeps,
  operation: string,
  input: object,
  abort: AbortSignal | undefined,
): Promise<Response> {
  const { url, token, fetch: send = fetch as Fetch } = deps;
  let response: Response;
  try {
    response = await send(`${url}${API_ROOT}/${operation}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body: printJson(input),
      redirect: 'manual',
      // A long wait is as silent as it likes.
      timeout: false,
      ...(abort === undefined ? {} : { signal: abort }),
    });
  } catch (thrown) {
    if (abort?.aborted === true) throw thrown;
    throw new AppError('ACTION_UNAVAILABLE', `${url} cannot be reached: ${messageOf(thrown)}`, {
      hint: 'is the server running, and OPCODE_URL its address?',
      cause: thrown,
    });
  }
  if (response.ok) return response;
  throw await errorOf(url, response);
}

async function errorOf(url: string, response: Response): Promise<AppError> {
  const { status, headers } = response;
  if (status >= 300 && status < 400) {
    return new AppError(
      'PERMISSION_DENIED',
      `${url} redirects to ${headers.get('location') ?? 'nowhere'}; that is not followed`,
      { hint: 'OPCODE_URL must be the address of the server itself' },
    );
  }
  const text = await response.text().catch(() => '');
  return (
    errorIn(text) ??
    new AppError('ACTION_UNAVAILABLE', `${url} answered ${status}, and not as Opcode does`, {
      hint: 'is OPCODE_URL the address of an Opcode server?',
    })
  );
}

/** The error that a body tells, null when it tells none. */
export function errorIn(text: string): AppError | null {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // Not ours: whoever answered is not the server.
    return null;
  }
  const error: Json | undefined = isJsonObject(body) ? body.error : undefined;
  if (!isJsonObject(error) || typeof error.message !== 'string') return null;
  const { code, message, hint, details } = error;
  return new AppError(typeof code === 'string' && isErrorCode(code) ? code : 'INTERNAL', message, {
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(details === undefined ? {} : { details }),
  });
}
