-- The first schema. Times are epoch milliseconds, JSON is text, names are those of the store port.
-- rid: the run's number, so that events and messages carry eight bytes instead of an id.

-- Fence, owner and what queries filter by: narrow, because every append rewrites it.
CREATE TABLE run_head (
  rid INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  status TEXT NOT NULL,
  wake_at INTEGER,
  paused INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL,
  ended_at INTEGER,
  waiting TEXT,
  error TEXT,
  created_at INTEGER NOT NULL,
  name TEXT,
  template TEXT,
  agent_id TEXT,
  parent_id TEXT,
  concurrency_key TEXT
);
CREATE INDEX head_created ON run_head (created_at);
CREATE INDEX head_status ON run_head (status, created_at);
CREATE INDEX head_name ON run_head (name, created_at) WHERE name IS NOT NULL;
CREATE INDEX head_template ON run_head (template, created_at) WHERE template IS NOT NULL;
CREATE INDEX head_agent ON run_head (agent_id, created_at) WHERE agent_id IS NOT NULL;
CREATE INDEX head_parent ON run_head (parent_id, created_at) WHERE parent_id IS NOT NULL;
CREATE INDEX head_due ON run_head (wake_at) WHERE owner IS NULL AND wake_at IS NOT NULL;
CREATE INDEX head_owner ON run_head (owner, created_at) WHERE owner IS NOT NULL;
CREATE INDEX head_concurrency ON run_head (concurrency_key, template, created_at)
  WHERE concurrency_key IS NOT NULL AND status IN ('pending', 'active', 'suspended');

-- What is written once per run and read with it.
CREATE TABLE runs (
  rid INTEGER PRIMARY KEY,
  definition_hash TEXT NOT NULL,
  version INTEGER,
  parent_path TEXT,
  "trigger" TEXT,
  claimable_from INTEGER NOT NULL,
  start TEXT
);

CREATE TABLE run_keys (
  scope TEXT NOT NULL,
  "key" TEXT NOT NULL,
  rid INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (scope, "key")
) WITHOUT ROWID;
CREATE INDEX run_keys_run ON run_keys (rid);

-- refs: {payload key: hash} for values that stand in blobs; notable: the type, where it is not one of
-- the everyday ones, so that looking for rare events does not walk over all.
CREATE TABLE events (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  rid INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  path TEXT,
  payload TEXT NOT NULL,
  refs TEXT,
  notable TEXT
);
CREATE UNIQUE INDEX events_run ON events (rid, seq);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_notable ON events (notable, at) WHERE notable IS NOT NULL;

CREATE TABLE blobs (
  hash TEXT PRIMARY KEY,
  body TEXT NOT NULL
);
CREATE TABLE blob_runs (
  rid INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (rid, hash)
) WITHOUT ROWID;
CREATE INDEX blob_runs_hash ON blob_runs (hash);

CREATE TABLE decisions (
  id TEXT NOT NULL UNIQUE,
  run_id TEXT NOT NULL,
  path TEXT NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  target_agent TEXT,
  created_at INTEGER NOT NULL,
  timeout_at INTEGER,
  body TEXT NOT NULL,
  resolution TEXT
);
CREATE INDEX decisions_created ON decisions (created_at);
CREATE INDEX decisions_status ON decisions (status, created_at);
CREATE INDEX decisions_run ON decisions (run_id, created_at);

CREATE TABLE inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  rid INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  "key" TEXT,
  verdict TEXT
);
CREATE INDEX inbox_run ON inbox (rid);
CREATE UNIQUE INDEX inbox_key ON inbox (rid, "key") WHERE "key" IS NOT NULL;
CREATE INDEX inbox_open ON inbox (rid, received_at) WHERE verdict IS NULL;

CREATE TABLE nodes (
  node_id TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  pid INTEGER NOT NULL,
  pid_started TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  host TEXT NOT NULL,
  pid_namespace TEXT NOT NULL,
  uid INTEGER NOT NULL,
  version TEXT NOT NULL,
  lease_until INTEGER NOT NULL,
  started_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE definitions (
  hash TEXT PRIMARY KEY,
  body TEXT NOT NULL
);
CREATE TABLE template_names (
  name TEXT PRIMARY KEY,
  newest INTEGER NOT NULL,
  archived INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE templates (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  definition_hash TEXT NOT NULL,
  pack TEXT NOT NULL,
  agent_id TEXT,
  working_dir TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (name, version)
);

CREATE TABLE logs (
  "offset" INTEGER PRIMARY KEY AUTOINCREMENT,
  rid INTEGER NOT NULL,
  path TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  stream TEXT NOT NULL,
  text TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX logs_run ON logs (rid);
