-- Schedules, what became of their times, and webhooks. catch_up_ms NULL: however late, every one.
CREATE TABLE schedules (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  template TEXT NOT NULL,
  version INTEGER,
  params TEXT NOT NULL,
  agent_id TEXT,
  expression TEXT NOT NULL,
  timezone TEXT NOT NULL,
  overlap TEXT NOT NULL,
  catch_up_ms INTEGER,
  jitter_ms INTEGER NOT NULL,
  enabled INTEGER NOT NULL,
  paused_reason TEXT,
  pause_after INTEGER,
  counted_from INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  first_at INTEGER,
  next_at INTEGER,
  fire_at INTEGER,
  owner_template TEXT,
  owner_entry TEXT,
  created_by TEXT,
  revision INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX schedules_due ON schedules (fire_at) WHERE enabled = 1 AND fire_at IS NOT NULL;
CREATE INDEX schedules_owner ON schedules (owner_template) WHERE owner_template IS NOT NULL;

-- The key is what makes a time start at most one run.
CREATE TABLE occurrences (
  schedule_id TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  origin TEXT NOT NULL,
  decided_at INTEGER NOT NULL,
  waits_for TEXT,
  parallel INTEGER,
  run_id TEXT,
  run_status TEXT,
  run_created_at INTEGER,
  run_ended_at INTEGER,
  run_error TEXT,
  PRIMARY KEY (schedule_id, due_at)
) WITHOUT ROWID;
CREATE INDEX occurrences_run ON occurrences (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX occurrences_queued ON occurrences (schedule_id, due_at) WHERE outcome = 'queued';

-- A run that is removed leaves its result with its occurrence.
CREATE TRIGGER occurrences_keep_result BEFORE DELETE ON run_head
BEGIN
  UPDATE occurrences SET run_status = OLD.status, run_created_at = OLD.created_at,
    run_ended_at = OLD.ended_at, run_error = OLD.error
  WHERE run_id = OLD.id;
END;

CREATE TABLE schedule_notices (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL
);

CREATE TABLE webhooks (
  name TEXT PRIMARY KEY,
  template TEXT NOT NULL,
  secret TEXT NOT NULL,
  created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX webhooks_template ON webhooks (template);
