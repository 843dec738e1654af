/** Agents in memory, with their newest runs and open decisions counted when asked. */
import {
  type AgentRow,
  type AgentStore,
  type AgentView,
  MAX_AGENT_RUNS,
} from '../../model/access-store.ts';
import { RUN_STATUSES, type RunStatus } from '../../model/run-status.ts';
import { decodeNameCursor, encodeCursor } from '../cursor.ts';
import type { MemoryState } from './state.ts';

/** The agents part of the store. */
export function createAgents(state: MemoryState): AgentStore {
  const agents = new Map<string, AgentRow>();
  return {
    seeAgent(agentId, type, at) {
      state.writes += 1;
      const known = agents.get(agentId);
      const row = known ?? { agentId, type, firstSeenAt: at, lastSeenAt: at };
      agents.set(agentId, { ...row, lastSeenAt: Math.max(row.lastSeenAt, at) });
    },
    agents(limit, cursor) {
      const after = cursor === undefined ? '' : decodeNameCursor('agents', cursor);
      const ids = [...agents.keys()].filter((id) => id > after).sort();
      const page = ids.slice(0, limit);
      const last = page.at(-1);
      const more = ids.length > limit && last !== undefined;
      return {
        items: page.flatMap((id) => agents.get(id) ?? []).map((row) => viewOf(state, row)),
        nextCursor: more ? encodeCursor('agents', [last]) : null,
      };
    },
  };
}

function viewOf(state: MemoryState, row: AgentRow): AgentView {
  const counts = Object.fromEntries(RUN_STATUSES.map((status) => [status, 0]));
  const runs = counts as Record<RunStatus, number>;
  const newest = [...state.runs.values()]
    .filter((run) => run.created.start.agentId === row.agentId)
    .sort((a, b) => b.created.createdAt - a.created.createdAt || b.row - a.row)
    .slice(0, MAX_AGENT_RUNS);
  for (const run of newest) runs[run.status] += 1;
  const pending = [...state.decisions.values()].filter(
    (decision) => decision.status === 'pending' && decision.targetAgent === row.agentId,
  );
  return { ...row, runs, pendingDecisions: pending.length };
}
