-- Sessions of MCP clients over Streamable HTTP, which outlive the process that opened them. The id only
-- finds a session; who may use it is the owner's token, or without tokens this machine's user.

CREATE TABLE mcp_sessions (
  id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  protocol TEXT NOT NULL,
  client TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  log_level TEXT,
  uris TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX mcp_sessions_used ON mcp_sessions (used_at);
