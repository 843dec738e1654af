-- What has to be told. A row of notices is one fact for one channel: next_at is when it is due (or, while
-- somebody delivers it, when his lease ends), null when it was delivered or given up.
CREATE TABLE notices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  "key" TEXT NOT NULL,
  channel TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER,
  delivered_at INTEGER,
  gave_up_at INTEGER,
  failed_at INTEGER,
  last_error TEXT
);
CREATE UNIQUE INDEX notices_key ON notices ("key", channel);
CREATE INDEX notices_due ON notices (channel, next_at) WHERE next_at IS NOT NULL;
-- Counting by channel must not read the payloads.
CREATE INDEX notices_counts ON notices (channel, next_at, delivered_at, gave_up_at, created_at);
CREATE INDEX notices_born ON notices (created_at) WHERE next_at IS NOT NULL;
CREATE INDEX notices_settled ON notices (coalesce(delivered_at, gave_up_at)) WHERE next_at IS NULL;
CREATE INDEX notices_errors ON notices (channel, failed_at) WHERE last_error IS NOT NULL;

-- Messages kept for an agent, or (null) for whoever comes first; the message itself is in the log.
CREATE TABLE agent_messages (
  rid INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  agent TEXT,
  at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (rid, seq)
) WITHOUT ROWID;
CREATE INDEX agent_messages_agent ON agent_messages (agent, expires_at);

-- Which agent was told of which event: a message, or the question of a decision.
CREATE TABLE told (
  rid INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  agent TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (rid, seq, agent)
) WITHOUT ROWID;
CREATE INDEX told_at ON told (at);

CREATE INDEX decisions_target ON decisions (target_agent, created_at) WHERE status = 'pending';
