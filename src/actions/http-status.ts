/**
 * An answer that counts as a failure: which code, and when it may be tried again.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { ActionContext } from '../model/action.ts';
import { AppError } from '../model/error.ts';
import type { Json } from '../model/json.ts';

const RETRYABLE = new Set([408, 425, 429]);
const BODY_HEAD = 2_000;

/** The failure of a 4xx or 5xx: 408, 425, 429 and 5xx may be tried again, other 4xx are final. */
export function statusFailure(answer: {
  readonly response: IncomingMessage;
  readonly url: string;
  readonly body: Json;
  readonly context: Pick<ActionContext, 'masker' | 'nowMs'>;
}): AppError {
  const { response, url, body, context } = answer;
  const status = response.statusCode ?? 0;
  const code = RETRYABLE.has(status) || status >= 500 ? 'EXECUTION_ERROR' : 'NON_RETRYABLE';
  const text = response.statusMessage || STATUS_CODES[status] || '';
  const { origin, pathname } = new URL(url);
  const head = body === null ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  // A date means a time by the clock of the server.
  const theirs = httpDate(response.headers.date ?? '') ?? context.nowMs();
  const retryAfterMs = retryAfter(response.headers['retry-after'], theirs);
  return new AppError(code, `${origin}${pathname} answered ${status} ${text}`.trim(), {
    details: {
      status_code: status,
      url,
      body_head: context.masker().part(head, 0, Math.min(head.length, BODY_HEAD)),
      ...(retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs }),
    },
  });
}

/** Longer ones are taken for this. */
const LONGEST_MS = 365 * 86_400_000;

/** Milliseconds of a `Retry-After` (seconds, or an HTTP date), null when there is none to read. */
export function retryAfter(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_MS);
  const at = httpDate(text);
  return at === null ? null : Math.min(Math.max(0, at - nowMs), LONGEST_MS);
}

/** The three forms of a date in HTTP; the last has no zone and means UTC. */
const FIXED = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const OLD = /^[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/;
const BARE = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

/** Milliseconds since 1970, null for what is no date. */
function httpDate(text: string): number | null {
  if (!FIXED.test(text) && !OLD.test(text) && !BARE.test(text)) return null;
  const at = Date.parse(BARE.test(text) ? `${text} GMT` : text);
  return Number.isNaN(at) ? null : at;
}
