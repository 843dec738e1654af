-- Programs before this one could let a run leave memory while a step waited for an attempt to be gone,
-- and nobody looked at it again. Each is looked at once more; one that rightly waits leaves again.
UPDATE run_head SET wake_at = 0 WHERE status = 'active' AND owner IS NULL AND wake_at IS NULL;
