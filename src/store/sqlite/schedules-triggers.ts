/** The triggers of templates: their schedules and webhooks, changed together or not at all. */
import type { WebhookRow } from '../../model/schedule.ts';
import type { ScheduleStore, TriggerChange } from '../../model/schedule-store.ts';
import type { Connection } from './connection.ts';
import { changeRow, insertSchedule, removeRow } from './schedules-rows.ts';

type Part = Pick<
  ScheduleStore,
  'applyTriggers' | 'webhook' | 'webhooks' | 'webhooksOf' | 'webhookSecrets'
>;

/** The triggers part of the store. */
export function createTriggers(connection: Connection): Part {
  return {
    applyTriggers: (change) => connection.write(() => apply(connection, change)),
    webhook: (name) => webhookNamed(connection, name),
    webhooks: () => connection.all<Columns>(`${SELECT} ORDER BY name`).map(toWebhook),
    webhookSecrets: () =>
      connection
        .all<{ secret: string }>('SELECT DISTINCT secret FROM webhooks ORDER BY secret')
        .map(({ secret }) => secret),
    webhooksOf: (template) =>
      connection
        .all<Columns>(`${SELECT} WHERE template = ? ORDER BY name`, template)
        .map(toWebhook),
  };
}

const SELECT = `SELECT name, template, secret, form, equal_bodies AS equalBodies,
    created_at AS createdAt FROM webhooks`;

type Columns = Omit<WebhookRow, 'equalBodies'> & { readonly equalBodies: number };

const toWebhook = (row: Columns): WebhookRow => ({ ...row, equalBodies: row.equalBodies === 1 });

function webhookNamed(connection: Connection, name: string): WebhookRow | null {
  const row = connection.one<Columns>(`${SELECT} WHERE name = ?`, name);
  return row && toWebhook(row);
}

function apply(connection: Connection, change: TriggerChange): ReturnType<Part['applyTriggers']> {
  const taken = takenName(connection, change);
  if (taken !== null) return { ok: false, taken };
  for (const id of change.remove) removeRow(connection, id);
  for (const { id, to } of change.change) changeRow(connection, id, null, to);
  for (const schedule of change.add) insertSchedule(connection, schedule);
  const kept = JSON.stringify(change.webhooks.map(({ name }) => name));
  connection.run(
    'DELETE FROM webhooks WHERE template = ? AND name NOT IN (SELECT value FROM json_each(?))',
    change.template,
    kept,
  );
  for (const webhook of change.webhooks) {
    connection.run(
      `INSERT INTO webhooks (name, template, secret, form, equal_bodies, created_at)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET secret = excluded.secret, form = excluded.form,
         equal_bodies = excluded.equal_bodies`,
      webhook.name,
      webhook.template,
      webhook.secret,
      webhook.form,
      webhook.equalBodies ? 1 : 0,
      webhook.createdAt,
    );
  }
  return { ok: true };
}

/** Everything that can refuse comes before the first write. */
function takenName(connection: Connection, change: TriggerChange): string | null {
  for (const { name } of change.webhooks) {
    const other = webhookNamed(connection, name);
    if (other !== null && other.template !== change.template) return name;
  }
  for (const { name } of change.add) {
    const other = connection.one<{ id: string }>('SELECT id FROM schedules WHERE name = ?', name);
    if (other !== null && !change.remove.includes(other.id)) return name;
  }
  return null;
}
