-- Names of the secrets that the runs of a tree have used, by the id of its topmost run: whoever executes
-- one of them masks the values of all. Derived from events; a run that is taken on adds its own again.
CREATE TABLE run_secrets (
  root TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (root, name)
) WITHOUT ROWID;
