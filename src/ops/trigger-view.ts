/** What a template's triggers made, for whoever registered it: next times and addresses. */
import type { Store } from '../model/store.ts';
import { toRfc3339 } from '../model/time.ts';

/** Schedules of a template that an answer names. */
const MAX_SCHEDULES = 100;

export interface TriggerView {
  readonly schedules?: { readonly name: string; readonly next_at: string | null }[];
  readonly webhooks?: { readonly path: string; readonly form: string }[];
}

/** Returns the schedules and webhooks of a template; undefined when it has none. */
export function triggerView(store: Store, template: string): TriggerView | undefined {
  const { items } = store.schedules({ owner: template, limit: MAX_SCHEDULES });
  const schedules = items.map(({ name, nextAt }) => ({
    name,
    next_at: nextAt === null ? null : toRfc3339(nextAt),
  }));
  const webhooks = store
    .webhooks()
    .filter((webhook) => webhook.template === template)
    .map(({ name, form }) => ({ path: `/hooks/${name}`, form }));
  if (schedules.length + webhooks.length === 0) return undefined;
  return {
    ...(schedules.length === 0 ? {} : { schedules }),
    ...(webhooks.length === 0 ? {} : { webhooks }),
  };
}
