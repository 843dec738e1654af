/** Agents that were ever here, with their newest runs and open decisions counted when asked. */
import {
  type AgentRow,
  type AgentStore,
  type AgentView,
  MAX_AGENT_RUNS,
} from '../../model/access-store.ts';
import { RUN_STATUSES, type RunStatus } from '../../model/run-status.ts';
import type { Page } from '../../model/store.ts';
import { decodeNameCursor, encodeCursor } from '../cursor.ts';
import type { Connection } from './connection.ts';

/** The agents part of the store. */
export function createAgents(connection: Connection): AgentStore {
  return {
    seeAgent(agentId, type, at) {
      const sql = `INSERT INTO agents (agent_id, type, first_seen_at, last_seen_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (agent_id) DO UPDATE SET last_seen_at = max(last_seen_at, excluded.last_seen_at)`;
      connection.write(() => connection.run(sql, agentId, type, at, at), 'relaxed');
    },
    agents: (limit, cursor) => list(connection, limit, cursor),
  };
}

function list(connection: Connection, limit: number, cursor: string | undefined): Page<AgentView> {
  const after = cursor === undefined ? '' : decodeNameCursor('agents', cursor);
  const rows = connection.all<AgentRow>(
    `SELECT agent_id AS agentId, type, first_seen_at AS firstSeenAt, last_seen_at AS lastSeenAt
     FROM agents WHERE agent_id > ? ORDER BY agent_id LIMIT ?`,
    after,
    limit + 1,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: page.map((row) => viewOf(connection, row)),
    nextCursor: more ? encodeCursor('agents', [last.agentId]) : null,
  };
}

const COUNTS = `SELECT status, COUNT(*) AS n FROM
  (SELECT status FROM run_head WHERE agent_id = ? ORDER BY created_at DESC LIMIT ${MAX_AGENT_RUNS})
  GROUP BY status`;
const PENDING = `SELECT COUNT(*) AS n FROM decisions
  WHERE status = 'pending' AND target_agent IS NOT NULL AND target_agent = ?`;

function viewOf(connection: Connection, row: AgentRow): AgentView {
  const counted = connection.all<{ status: RunStatus; n: number }>(COUNTS, row.agentId);
  const byStatus = new Map(counted.map(({ status, n }) => [status, n]));
  const counts = RUN_STATUSES.map((status) => [status, byStatus.get(status) ?? 0]);
  return {
    ...row,
    runs: Object.fromEntries(counts) as Record<RunStatus, number>,
    pendingDecisions: connection.one<{ n: number }>(PENDING, row.agentId)?.n ?? 0,
  };
}
