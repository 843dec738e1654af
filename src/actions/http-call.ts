/**
 * One http action from its params to its output: the request, its redirects, the body, the verdict.
 *
 * The timeout covers everything. When the action is over, its connection is closed.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { ActionContext, ActionResult } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import { type Json, type JsonObject, setOwn } from '../model/json.ts';
import { formatDuration, parseDuration } from '../model/time.ts';
import { checkTarget, writeAtomically } from './atomic-file.ts';
import type { ActionDeps } from './deps.ts';
import { type Place, placeOf } from './fs-paths.ts';
import { connectionFailure, type Exchange, openExchange } from './http-exchange.ts';
import { readBody } from './http-read.ts';
import { redirected } from './http-redirect.ts';
import { type HttpRequest, requestOf } from './http-request.ts';
import { bodyValue } from './http-response.ts';
import { statusFailure } from './http-status.ts';
import { osFailure } from './os-error.ts';

const DEFAULT_HTTP_TIMEOUT_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Read of a failing answer, for the error. */
const ERROR_BODY_BYTES = 64 * 1024;

interface Call {
  readonly deps: ActionDeps;
  readonly params: JsonObject;
  readonly context: ActionContext;
  readonly signal: AbortSignal;
}

/** Carries out a call; `params` are checked and hold `method`. */
export async function callHttp(
  deps: ActionDeps,
  params: JsonObject,
  context: ActionContext,
): Promise<ActionResult> {
  const request = requestOf(params, context);
  const timeoutMs = timeoutOf(params, context);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), Math.min(timeoutMs, LONGEST_TIMER_MS));
  const signal = AbortSignal.any([context.signal, late.signal]);
  const began = performance.now();
  try {
    const call = { deps, params, context, signal };
    // Nothing is sent whose answer could not be kept: the effect would be there and the step failed.
    if (saves(params)) await checkTarget((await placeToSave(call)).real);
    context.signal.throwIfAborted();
    const output = await follow(call, request);
    return { output: { ...output, duration_ms: Math.round(performance.now() - began) } };
  } catch (thrown) {
    if (context.signal.aborted) throw new AppError('CANCELLED', 'the request was stopped');
    if (!late.signal.aborted) throw thrown;
    const target = `${request.method} ${request.url.origin}${request.url.pathname}`;
    throw new AppError('TIMEOUT_ERROR', `${target} took longer than ${formatDuration(timeoutMs)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** The earlier of the action's and the step's; with neither 30 s. */
function timeoutOf(params: JsonObject, context: ActionContext): number {
  const own = params.timeout === undefined ? null : parseDuration(params.timeout);
  const ownMs = own?.ok === true ? own.ms : null;
  if (ownMs === null) return context.timeoutMs ?? DEFAULT_HTTP_TIMEOUT_MS;
  return Math.min(ownMs, context.timeoutMs ?? ownMs);
}

/** Sends the request and the ones that redirects lead to. */
async function follow(call: Call, first: HttpRequest): Promise<JsonObject> {
  const { params, deps, signal } = call;
  const most = Number(params.max_redirects ?? 0);
  const skipVerify = params.tls_skip_verify === true;
  let request = first;
  for (let hops = 0; ; hops++) {
    const exchange = await openExchange(request, { egress: deps.egress, skipVerify, signal });
    try {
      const next = nextRequest(call, request, exchange.response);
      if (next === null) return await finish(call, request, exchange);
      if (hops >= most) {
        throw new AppError(
          'NON_RETRYABLE',
          `${first.url.origin} redirects more than ${most} times`,
        );
      }
      request = next;
    } finally {
      await exchange.close();
    }
  }
}

function nextRequest(
  { params, context }: Call,
  request: HttpRequest,
  response: IncomingMessage,
): HttpRequest | null {
  if (params.follow_redirects === false) return null;
  return redirected(request, response, context);
}

/** The output of the last answer. */
async function finish(call: Call, request: HttpRequest, exchange: Exchange): Promise<JsonObject> {
  const { response } = exchange;
  const status = response.statusCode ?? 0;
  const url = request.url.href;
  try {
    if (status >= 400 && call.params.fail_on_error_status === true) {
      const { value } = await received(call, response, ERROR_BODY_BYTES);
      throw statusFailure({ response, url, body: value, context: call.context });
    }
    const head = headOf(response, url);
    const isKept = saves(call.params) && status >= 200 && status < 300;
    if (isKept) return { ...head, ...(await save(call, request.url, response)) };
    const { value, truncated } = await received(call, response, limitOf(call));
    return { ...head, body: value, ...(truncated ? { truncated: true } : {}) };
  } catch (thrown) {
    call.signal.throwIfAborted();
    throw connectionFailure(request.url, thrown);
  }
}

function headOf(response: IncomingMessage, url: string): JsonObject {
  const status = response.statusCode ?? 0;
  const text = response.statusMessage || STATUS_CODES[status] || '';
  const headers: Record<string, Json> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) setOwn(headers, name, Array.isArray(value) ? value.join(', ') : value);
  }
  return {
    status_code: status,
    status: `${status} ${text}`.trim(),
    headers,
    content_type: response.headers['content-type'] ?? '',
    url,
  };
}

/** Bytes of a body kept in memory: what the step says, but never over the limit of all. */
function limitOf({ params, context }: Call): number {
  const most = context.limits.httpBodyBytes;
  const own = params.max_response_bytes;
  return typeof own === 'number' ? Math.min(own, most) : most;
}

async function received(
  { params, signal, context }: Call,
  response: IncomingMessage,
  maxBytes: number,
): Promise<{ value: Json; truncated: boolean }> {
  const pieces: Uint8Array[] = [];
  const { truncated } = await readBody(response, maxBytes, (piece) => {
    pieces.push(piece);
  });
  // A body that ends with its connection seems complete when it is we who have closed that.
  signal.throwIfAborted();
  const contentType = response.headers['content-type'] ?? '';
  const bytes = Buffer.concat(pieces);
  const encoding = String(params.response_encoding ?? 'auto');
  const value = bodyValue({ bytes, contentType, truncated }, encoding);
  return { value: truncated ? cutOff(context, value, bytes.length) : value, truncated };
}

/** What was read of a body whose rest was left out. */
function cutOff(context: ActionContext, value: Json, size: number): Json {
  if (typeof value !== 'string') return value;
  const isEncoded = value.length === Math.ceil(size / 3) * 4;
  // The last group of base64 is of fewer bytes than those that followed would have made it.
  const certain = isEncoded ? value.slice(0, Math.floor(size / 3) * 4) : value;
  const masked = context.masker().cutOff(certain);
  return masked === certain ? value : masked;
}

const saves = ({ save_to }: JsonObject): boolean => typeof save_to === 'string';

const placeToSave = ({ deps, params, context }: Call): Promise<Place> =>
  placeOf(deps, context.cwd, String(params.save_to), 'write');

/** Writes the body to a file, whole or not at all; only a limit of the step's own counts. */
async function save(call: Call, url: URL, response: IncomingMessage): Promise<JsonObject> {
  const { params, context } = call;
  // Looked up again: a step may have laid a link there while the request was under way.
  const place = await placeToSave(call);
  const own = params.max_response_bytes;
  const most = typeof own === 'number' ? own : Number.POSITIVE_INFINITY;
  const size = await writeAtomically(context, {
    target: place.real,
    mode: null,
    overwrite: true,
    async fill(file) {
      const { truncated } = await readBody(response, most, async (piece) => {
        try {
          await file.appendFile(piece);
        } catch (thrown) {
          throw osFailure('write', place.path, thrown);
        }
      }).catch((thrown: unknown) => {
        throw connectionFailure(url, thrown);
      });
      call.signal.throwIfAborted();
      if (!truncated) return;
      throw new AppError(
        'OUTPUT_TOO_LARGE',
        `the body has over ${most} bytes (max_response_bytes)`,
      );
    },
  });
  return { body: null, saved_to: place.path, size };
}
