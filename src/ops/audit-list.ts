/** The record of who did what, as `query` lists it; for operators and admins. */
import { toRfc3339 } from '../model/time.ts';
import { checkFields, type QueryFilter, timesOf, valuesOf } from './filter.ts';
import type { OpsParts } from './parts.ts';
import { FILTER_STATUSES } from './query-schemas.ts';

/** Newest first. `name` is the operation, `status` the outcome. */
export function listAudit({ store, audit: recorder }: OpsParts, filter: QueryFilter) {
  checkFields('audit', filter);
  recorder.flush();
  const target = filter.workflow_id ?? filter.template_name;
  const page = store.audit({
    ...timesOf(filter),
    ...(filter.agent_id === undefined ? {} : { actor: filter.agent_id }),
    ...(filter.name === undefined ? {} : { action: filter.name }),
    ...(target === undefined ? {} : { target }),
    ...(filter.status === undefined
      ? {}
      : { outcome: valuesOf('status', filter.status, FILTER_STATUSES.audit) }),
    limit: filter.limit,
    ...(filter.cursor === undefined ? {} : { cursor: filter.cursor }),
  });
  const audit = page.items.map(({ at, tokenId, origin, id, ...row }) => ({
    id,
    at: toRfc3339(at),
    actor: row.actor,
    role: row.role,
    token_id: tokenId,
    from: origin,
    action: row.action,
    target: row.target,
    outcome: row.outcome as (typeof FILTER_STATUSES.audit)[number],
    detail: row.detail,
  }));
  return { audit, ...(page.nextCursor === null ? {} : { next_cursor: page.nextCursor }) };
}
