/** Signed requests to webhooks that came: each is remembered until it can no longer come again. */
import type { RunId } from '../../model/ids.ts';
import type { ScheduleStore, WebhookUse } from '../../model/schedule-store.ts';
import { judgeUse, type RememberedUse } from '../webhook-use.ts';
import type { Connection } from './connection.ts';

type Part = Pick<ScheduleStore, 'useWebhook' | 'noteWebhookRun'>;

/** Rows that one request clears away: more than it adds. */
const FORGOTTEN_AT_ONCE = 20;

/** The part of the store for requests to webhooks. */
export function createWebhookUses(connection: Connection): Part {
  return {
    useWebhook: (use) =>
      connection.write(() => {
        forget(connection, use.at);
        const { secretDigest: secret, delivery, signature } = use;
        const outcome = judgeUse(
          use,
          delivery === null ? null : find(connection, secret, 'delivery', delivery),
          find(connection, secret, 'signature', signature),
        );
        if (outcome.kind === 'first') remember(connection, use);
        return outcome;
      }),
    noteWebhookRun: (use, runId) =>
      connection.write(() => {
        const sql = `UPDATE webhook_uses SET run_id = ? WHERE secret = ? AND webhook = ?
          AND (kind = 'signature' AND value = ? OR kind = 'delivery' AND value = ?)`;
        connection.run(sql, runId, use.secretDigest, use.webhook, use.signature, use.delivery);
      }),
  };
}

function find(
  connection: Connection,
  secret: string,
  kind: 'delivery' | 'signature',
  value: string,
): RememberedUse | null {
  return connection.one<RememberedUse & { readonly runId: RunId | null }>(
    `SELECT webhook, delivery, run_id AS runId FROM webhook_uses
     WHERE secret = ? AND kind = ? AND value = ?`,
    secret,
    kind,
    value,
  );
}

/** The first use of a signature stays the one that counts. */
function remember(connection: Connection, use: WebhookUse): void {
  const sql = `INSERT OR IGNORE INTO webhook_uses (secret, kind, value, webhook, delivery, until)
    VALUES (?, ?, ?, ?, ?, ?)`;
  const { secretDigest, signature, webhook, delivery, until } = use;
  connection.run(sql, secretDigest, 'signature', signature, webhook, delivery, until);
  if (delivery === null) return;
  connection.run(sql, secretDigest, 'delivery', delivery, webhook, delivery, until);
}

function forget(connection: Connection, nowMs: number): void {
  const sql = `DELETE FROM webhook_uses WHERE (secret, kind, value) IN (
    SELECT secret, kind, value FROM webhook_uses WHERE until <= ? ORDER BY until LIMIT ?)`;
  connection.run(sql, nowMs, FORGOTTEN_AT_ONCE);
}
