-- The engine's rules that a version or a run keeps; what was there before has those of its time.
ALTER TABLE templates ADD COLUMN rules INTEGER NOT NULL DEFAULT 1;
ALTER TABLE runs ADD COLUMN rules INTEGER NOT NULL DEFAULT 1;

-- The newest schema that a process knows; null of one that is older than this column.
ALTER TABLE nodes ADD COLUMN schema INTEGER;

-- The oldest schema whose programs may still work on this file.
CREATE TABLE schema_bounds (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  readable_from INTEGER NOT NULL
);
INSERT INTO schema_bounds VALUES (1, 8);
