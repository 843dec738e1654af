-- Folded states of runs with long logs, to wake them quickly: a cache, to be deleted at any time.
CREATE TABLE snapshots (
  rid INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  version INTEGER NOT NULL,
  checksum TEXT NOT NULL,
  body TEXT NOT NULL
);

CREATE TRIGGER snapshots_go_with_run AFTER DELETE ON run_head
BEGIN
  DELETE FROM snapshots WHERE rid = OLD.rid;
END;
