-- What retention is in the middle of: runs whose row is gone and whose other rows are not yet.
CREATE TABLE removed_runs (
  rid INTEGER PRIMARY KEY,
  id TEXT NOT NULL
);

-- Definitions that nothing refers to, and since when that is known.
CREATE TABLE definitions_unused (
  hash TEXT PRIMARY KEY,
  since INTEGER NOT NULL
) WITHOUT ROWID;

-- When something was last done, epoch milliseconds.
CREATE TABLE upkeep_done (
  what TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) WITHOUT ROWID;
