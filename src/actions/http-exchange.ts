/**
 * One request and the head of its answer, over an address that was looked up, checked and is the one
 * connected to: a name cannot mean another address a moment later.
 *
 * No connection is kept for later. Closing resolves when the socket is gone.
 */
import { lookup } from 'node:dns/promises';
import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import { AppError, messageOf } from '../model/error.ts';
import type { EgressPolicy } from './deps.ts';
import type { HttpRequest } from './http-request.ts';
import { formatAddress, parseAddress } from './ip-address.ts';
import { errnoOf } from './os-error.ts';

export interface Exchange {
  readonly response: IncomingMessage;
  /** Gives the connection up; resolves when it is gone. */
  close(): Promise<void>;
}

export interface ExchangeOptions {
  readonly egress: EgressPolicy;
  readonly skipVerify: boolean;
  readonly signal: AbortSignal;
}

/** Nothing was sent when connecting failed so; the next address may be tried. */
const TRY_NEXT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EADDRNOTAVAIL',
]);

/**
 * Sends a request and resolves with the head of its answer.
 * @throws AppError EXECUTION_ERROR, PERMISSION_DENIED; rejects when the signal is aborted
 */
export async function openExchange(
  request: HttpRequest,
  options: ExchangeOptions,
): Promise<Exchange> {
  const host = hostOf(request.url);
  const addresses = await allowedAddresses(host, options);
  for (const [i, address] of addresses.entries()) {
    try {
      return await send(request, host, address, options);
    } catch (thrown) {
      options.signal.throwIfAborted();
      const isLast = i === addresses.length - 1;
      if (isLast || !TRY_NEXT.has(errnoOf(thrown))) throw connectionFailure(request.url, thrown);
    }
  }
  throw new AppError('EXECUTION_ERROR', `${host} has no address`);
}

/** Host name or address without brackets. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

async function allowedAddresses(host: string, options: ExchangeOptions): Promise<string[]> {
  const found = isIP(host) === 0 ? await resolveName(host, options.signal) : [host];
  const refusals: string[] = [];
  const allowed = found.filter((address) => {
    const ip = parseAddress(address);
    const plain = ip === null ? address : formatAddress(ip);
    const reason = options.egress.allow(host, plain);
    if (reason !== null) refusals.push(`${plain}: ${reason}`);
    return reason === null;
  });
  if (allowed.length > 0) return allowed;
  const message = `${host} must not be called (${refusals.join('; ') || 'it has no address'})`;
  throw new AppError('PERMISSION_DENIED', message, { details: { host } });
}

async function resolveName(host: string, signal: AbortSignal): Promise<string[]> {
  try {
    const entries = await untilAborted(lookup(host, { all: true }), signal);
    return [...new Set(entries.map(({ address }) => address))];
  } catch (thrown) {
    signal.throwIfAborted();
    throw new AppError(
      'EXECUTION_ERROR',
      `the name ${host} cannot be resolved (${errnoOf(thrown)})`,
      {
        cause: thrown,
      },
    );
  }
}

/** Looking up a name cannot be stopped, but nobody has to wait for it. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function send(
  request: HttpRequest,
  host: string,
  address: string,
  options: ExchangeOptions,
): Promise<Exchange> {
  const { url, body } = request;
  const isTls = url.protocol === 'https:';
  const call = (isTls ? tlsRequest : plainRequest)({
    host: address,
    port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: request.method,
    headers: wireHeaders(request),
    agent: false,
    rejectUnauthorized: !options.skipVerify,
    ...(isTls && isIP(host) === 0 ? { servername: host } : {}),
  });
  const gone = new Promise<void>((resolve) => call.once('close', () => resolve()));
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      call.destroy();
    };
    const close = async (): Promise<void> => {
      options.signal.removeEventListener('abort', stop);
      call.destroy();
      await gone;
    };
    if (options.signal.aborted) stop();
    options.signal.addEventListener('abort', stop, { once: true });
    call.once('response', (response) => {
      // The body's reader sees the same error; here it must only not be unheard.
      call.on('error', () => undefined);
      resolve({ response, close });
    });
    call.once('error', (error) => {
      close().then(() => reject(error), reject);
    });
    endWith(call, body);
  });
}

function endWith(call: ClientRequest, body: Buffer | null): void {
  if (body === null) call.end();
  else call.end(body);
}

function wireHeaders({ headers, method, url, body }: HttpRequest): Record<string, string> {
  const wire: Record<string, string> = { host: url.host };
  for (const [name, value] of headers) wire[name] = value;
  const hasLength = body !== null || method === 'POST' || method === 'PUT' || method === 'PATCH';
  if (hasLength) wire['content-length'] = String(body?.length ?? 0);
  return wire;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed before an answer came',
  EPIPE: 'the connection was closed while the request was sent',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed (`tls_skip_verify` accepts it)',
  HPE_HEADER_OVERFLOW: 'the headers of its answer are too long',
};

/** A failed connection in words; the query is left out, it may hold secrets. */
export function connectionFailure(url: URL, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const code = errnoOf(thrown);
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : messageOf(thrown);
  return new AppError('EXECUTION_ERROR', `${url.origin}${url.pathname}: ${reason}`, {
    details: { url: `${url.origin}${url.pathname}`, ...(code === '' ? {} : { errno: code }) },
    cause: thrown,
  });
}
