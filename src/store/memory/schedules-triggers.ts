/** The triggers of templates in memory. */
import type {
  ScheduleStore,
  TriggerChange,
  WebhookUse,
  WebhookUseOutcome,
} from '../../model/schedule-store.ts';
import { judgeUse } from '../webhook-use.ts';
import { byName, changeRow, compareText, type Schedules } from './schedules-state.ts';

export type TriggerPart = Pick<
  ScheduleStore,
  | 'applyTriggers'
  | 'webhook'
  | 'webhooks'
  | 'webhooksOf'
  | 'webhookSecrets'
  | 'useWebhook'
  | 'noteWebhookRun'
>;

/** The triggers part of the store. */
export function triggerRows(all: Schedules): TriggerPart {
  return {
    applyTriggers: (change) => applyTriggers(all, change),
    webhook: (name) => all.webhooks.get(name) ?? null,
    webhooks: () => [...all.webhooks.values()].sort((a, b) => compareText(a.name, b.name)),
    useWebhook: (use) => useWebhook(all, use),
    noteWebhookRun(use, runId) {
      all.state.writes += 1;
      for (const key of keysOf(use)) {
        const known = all.uses.get(key);
        if (known?.webhook === use.webhook) all.uses.set(key, { ...known, runId });
      }
    },
    webhookSecrets: () =>
      [...new Set([...all.webhooks.values()].map(({ secret }) => secret))].sort(),
    webhooksOf: (template) =>
      [...all.webhooks.values()]
        .filter((webhook) => webhook.template === template)
        .sort((a, b) => compareText(a.name, b.name)),
  };
}

const keysOf = ({ secretDigest, signature, delivery }: WebhookUse): string[] => [
  JSON.stringify([secretDigest, 'signature', signature]),
  ...(delivery === null ? [] : [JSON.stringify([secretDigest, 'delivery', delivery])]),
];

function useWebhook(all: Schedules, use: WebhookUse): WebhookUseOutcome {
  for (const [key, { until }] of all.uses) if (until <= use.at) all.uses.delete(key);
  const [signed = '', delivered] = keysOf(use);
  const byDelivery = delivered === undefined ? null : (all.uses.get(delivered) ?? null);
  const outcome = judgeUse(use, byDelivery, all.uses.get(signed) ?? null);
  if (outcome.kind !== 'first') return outcome;
  all.state.writes += 1;
  const { webhook, delivery, until } = use;
  for (const key of keysOf(use)) {
    if (!all.uses.has(key)) all.uses.set(key, { webhook, delivery, until, runId: null });
  }
  return outcome;
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
