-- Twelve bits of the hash of each value that the runs of a tree have used: enough to see that a secret has
-- another value now, too few to find the value by. Null where a program before this schema wrote the row.
ALTER TABLE run_secrets ADD COLUMN mark TEXT;
