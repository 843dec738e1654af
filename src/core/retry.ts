/**
 * How long a retry waits, and whether there is one.
 */
import { isErrorCode, isRetryable, type StepFailure } from '../model/error.ts';
import type { RetryPlan } from '../model/plan.ts';

/** True when the policy gives a failure of attempt `attempt` (from 1) another try. */
export function mayRetry(policy: RetryPlan | null, attempt: number, error: StepFailure): boolean {
  if (policy === null || attempt > policy.max) return false;
  if (policy.on !== null) return policy.on.includes(error.code);
  return isErrorCode(error.code) && isRetryable(error.code);
}

export interface RetryDelays {
  readonly delayMs: number;
  readonly maxDelayMs: number | null;
}

/**
 * Milliseconds before retry `k` (from 1). `none` 0, `constant` d, `linear` d·k, `exponential`
 * d·2^(k−1), capped, plus a share of jitter from `seed` (0–1), at least what the server asked for,
 * which the cap of the author binds too.
 */
export function retryDelay(
  policy: RetryPlan,
  k: number,
  delays: RetryDelays,
  error: StepFailure,
  seed: number,
): number {
  const base = backoffMs(policy.backoff, delays.delayMs, k);
  const capped = delays.maxDelayMs === null ? base : Math.min(base, delays.maxDelayMs);
  const jittered = capped + capped * policy.jitter * seed;
  const most = delays.maxDelayMs ?? MAX_RETRY_AFTER_MS;
  const asked = Math.min(error.retry_after_ms ?? 0, most);
  const least = k > EAGER_RETRIES ? LATE_RETRY_DELAY_MS : 0;
  return Math.min(Math.max(jittered, asked, least), MAX_RETRY_DELAY_MS);
}

/** Retries that may follow each other at once; each further one waits at least a moment. */
export const EAGER_RETRIES = 10;
export const LATE_RETRY_DELAY_MS = 100;

/** Where no cap is set a server cannot put a retry off longer than this. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/** No retry waits longer than a year, whatever the policy grows to. */
const MAX_RETRY_DELAY_MS = 365 * 86_400_000;

function backoffMs(backoff: RetryPlan['backoff'], delayMs: number, k: number): number {
  switch (backoff) {
    case 'none':
      return 0;
    case 'constant':
      return delayMs;
    case 'linear':
      return delayMs * k;
    case 'exponential':
      return delayMs * 2 ** (k - 1);
  }
}

/** A number in [0, 1) that is the same for the same text (FNV-1a): jitter that replays. */
export function seededFraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return (hash >>> 0) / 2 ** 32;
}
