/** MCP sessions in their table. Losing the last writes with the power costs a client one `initialize`. */
import type { JsonObject } from '../../model/json.ts';
import type { McpSessionRow, SessionBounds, SessionStore } from '../../model/session-store.ts';
import type { Connection } from './connection.ts';

interface Row {
  readonly id: string;
  readonly owner: string;
  readonly protocol: string;
  readonly client: string;
  readonly capabilities: string;
  readonly logLevel: string | null;
  readonly uris: string;
  readonly createdAt: number;
  readonly usedAt: number;
}

const SELECT = `SELECT id, owner, protocol, client, capabilities, log_level AS logLevel, uris,
    created_at AS createdAt, used_at AS usedAt
  FROM mcp_sessions WHERE id = ?`;

const PUT = `INSERT OR REPLACE INTO mcp_sessions
    (id, owner, protocol, client, capabilities, log_level, uris, created_at, used_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Those behind the newest `most`. */
const BEHIND_MOST = `DELETE FROM mcp_sessions WHERE id IN
  (SELECT id FROM mcp_sessions ORDER BY used_at DESC, id LIMIT -1 OFFSET ?)`;

const BEHIND_MOST_OF_OWNER = `DELETE FROM mcp_sessions WHERE id IN
  (SELECT id FROM
    (SELECT id, row_number() OVER (PARTITION BY owner ORDER BY used_at DESC, id) AS place
      FROM mcp_sessions WHERE owner <> '')
    WHERE place > ?)`;

/** The sessions part of the store. */
export function createSessionRows(connection: Connection): SessionStore {
  return {
    putMcpSession: (session) => connection.write(() => put(connection, session), 'relaxed'),
    mcpSession(id) {
      const row = connection.one<Row>(SELECT, id);
      return row === null ? null : sessionOf(row);
    },
    removeMcpSession(id) {
      const sql = 'DELETE FROM mcp_sessions WHERE id = ?';
      connection.write(() => connection.run(sql, id), 'relaxed');
    },
    pruneMcpSessions: (bounds) => connection.write(() => prune(connection, bounds), 'relaxed'),
  };
}

function put(connection: Connection, session: McpSessionRow): void {
  connection.run(
    PUT,
    session.id,
    session.owner,
    session.protocol,
    JSON.stringify(session.client),
    JSON.stringify(session.capabilities),
    session.logLevel,
    JSON.stringify(session.uris),
    session.createdAt,
    session.usedAt,
  );
}

function prune(connection: Connection, { usedSince, most, mostOfOwner }: SessionBounds): void {
  connection.run('DELETE FROM mcp_sessions WHERE used_at < ?', usedSince);
  connection.run(BEHIND_MOST, most);
  connection.run(BEHIND_MOST_OF_OWNER, mostOfOwner);
}

const sessionOf = (row: Row): McpSessionRow => ({
  ...row,
  client: JSON.parse(row.client) as JsonObject,
  capabilities: JSON.parse(row.capabilities) as JsonObject,
  uris: JSON.parse(row.uris) as string[],
});
