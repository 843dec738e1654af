/** The triggers of templates in memory. */
import type { ScheduleStore, TriggerChange } from '../../model/schedule-store.ts';
import { byName, changeRow, compareText, type Schedules } from './schedules-state.ts';

export type TriggerPart = Pick<
  ScheduleStore,
  'applyTriggers' | 'webhook' | 'webhooksOf' | 'webhookSecrets'
>;

/** The triggers part of the store. */
export function triggerRows(all: Schedules): TriggerPart {
  return {
    applyTriggers: (change) => applyTriggers(all, change),
    webhook: (name) => all.webhooks.get(name) ?? null,
    webhookSecrets: () =>
      [...new Set([...all.webhooks.values()].map(({ secret }) => secret))].sort(),
    webhooksOf: (template) =>
      [...all.webhooks.values()]
        .filter((webhook) => webhook.template === template)
        .sort((a, b) => compareText(a.name, b.name)),
  };
}

function applyTriggers(
  all: Schedules,
  change: TriggerChange,
): ReturnType<TriggerPart['applyTriggers']> {
  const taken = takenName(all, change);
  if (taken !== null) return { ok: false, taken };
  all.state.writes += 1;
  for (const id of change.remove) {
    all.rows.delete(id);
    all.occurrences.delete(id);
  }
  for (const { id, to } of change.change) changeRow(all, id, null, to);
  for (const schedule of change.add) all.rows.set(schedule.id, schedule);
  setWebhooks(all, change);
  return { ok: true };
}

function takenName(all: Schedules, { template, webhooks, add, remove }: TriggerChange) {
  const isForeign = (name: string): boolean =>
    (all.webhooks.get(name)?.template ?? template) !== template;
  const isTaken = (name: string): boolean => {
    const other = byName(all, name);
    return other !== null && !remove.includes(other.id);
  };
  const webhook = webhooks.find(({ name }) => isForeign(name));
  return (webhook ?? add.find(({ name }) => isTaken(name)))?.name ?? null;
}

function setWebhooks(all: Schedules, { template, webhooks }: TriggerChange): void {
  const before = new Map(all.webhooks);
  for (const [name, webhook] of before)
    if (webhook.template === template) all.webhooks.delete(name);
  for (const webhook of webhooks) {
    const createdAt = before.get(webhook.name)?.createdAt ?? webhook.createdAt;
    all.webhooks.set(webhook.name, { ...webhook, createdAt });
  }
}
