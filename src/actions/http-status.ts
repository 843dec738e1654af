/**
 * An answer that counts as a failure: which code, and when it may be tried again.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import { AppError } from '../model/error.ts';
import type { Json } from '../model/json.ts';

const RETRYABLE = new Set([408, 425, 429]);
const BODY_HEAD = 2_000;

/** The failure of a 4xx or 5xx: 408, 425, 429 and 5xx may be tried again, other 4xx are final. */
export function statusFailure(answer: {
  readonly response: IncomingMessage;
  readonly url: string;
  readonly body: Json;
  readonly nowMs: number;
}): AppError {
  const { response, url, body, nowMs } = answer;
  const status = response.statusCode ?? 0;
  const code = RETRYABLE.has(status) || status >= 500 ? 'EXECUTION_ERROR' : 'NON_RETRYABLE';
  const text = response.statusMessage || STATUS_CODES[status] || '';
  const { origin, pathname } = new URL(url);
  const head = body === null ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const retryAfterMs = retryAfter(response.headers['retry-after'], nowMs);
  return new AppError(code, `${origin}${pathname} answered ${status} ${text}`.trim(), {
    details: {
      status_code: status,
      url,
      body_head: head.slice(0, BODY_HEAD),
      ...(retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs }),
    },
  });
}

/** Milliseconds of a `Retry-After` (seconds, or an HTTP date), null when there is none to read. */
export function retryAfter(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
