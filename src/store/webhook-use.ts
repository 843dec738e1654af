/** What a signed request to a webhook is, after what is remembered of earlier ones: for every store. */

import type { RunId } from '../model/ids.ts';
import type { WebhookUse, WebhookUseOutcome } from '../model/schedule-store.ts';

export interface RememberedUse {
  readonly webhook: string;
  readonly delivery: string | null;
  readonly runId: RunId | null;
}

/**
 * Judges a request by what came before with the same secret: under its delivery id, and with its
 * signature. A signature under another delivery id, or at another webhook, was recorded by somebody.
 */
export function judgeUse(
  { webhook, delivery, repeatable }: WebhookUse,
  byDelivery: RememberedUse | null,
  bySignature: RememberedUse | null,
): WebhookUseOutcome {
  if (byDelivery !== null) return repeatOf(byDelivery);
  if (bySignature === null) return { kind: 'first' };
  if (delivery === null) return repeatOf(bySignature);
  if (repeatable && bySignature.webhook === webhook) return { kind: 'first' };
  return { kind: 'replayed' };
}

const repeatOf = ({ webhook, runId }: RememberedUse): WebhookUseOutcome => ({
  kind: 'repeat',
  webhook,
  runId,
});
