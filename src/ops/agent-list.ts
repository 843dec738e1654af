/** Agents as `query` lists them: who was ever here, when last, and what it is about. */
import type { AgentView } from '../model/access-store.ts';
import { toRfc3339 } from '../model/time.ts';
import { checkFields, pageOf, type QueryFilter, timesOf } from './filter.ts';
import type { OpsParts } from './parts.ts';

/** By id. `name` finds a part of the id; `since` and `until` are about when it was last here. */
export function listAgents({ store }: OpsParts, filter: QueryFilter) {
  checkFields('agents', filter);
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = timesOf(filter);
  const isWanted = ({ agentId, lastSeenAt }: AgentView): boolean =>
    (filter.agent_id === undefined || agentId === filter.agent_id) &&
    (filter.name === undefined || agentId.includes(filter.name)) &&
    lastSeenAt >= since &&
    lastSeenAt <= until;
  const page = pageOf((limit, cursor) => store.agents(limit, cursor), filter, isWanted);
  const agents = page.items.map((row) => ({
    agent_id: row.agentId,
    type: row.type,
    first_seen_at: toRfc3339(row.firstSeenAt),
    last_seen_at: toRfc3339(row.lastSeenAt),
    runs: { ...row.runs },
    pending_decisions: row.pendingDecisions,
  }));
  return { agents, ...(page.nextCursor === null ? {} : { next_cursor: page.nextCursor }) };
}
