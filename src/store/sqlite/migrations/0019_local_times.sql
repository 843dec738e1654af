-- A time of a cron schedule is known by where it stands on the clocks of its zone: newer rules may move the
-- instant, not the time. local NULL: a program before this schema wrote it; '': it has no such place.
ALTER TABLE occurrences ADD COLUMN zone TEXT;
ALTER TABLE occurrences ADD COLUMN local TEXT;
ALTER TABLE occurrences ADD COLUMN pass INTEGER;
CREATE UNIQUE INDEX occurrences_local ON occurrences (schedule_id, zone, local, pass) WHERE local <> '';
CREATE INDEX occurrences_unplaced ON occurrences (schedule_id, due_at) WHERE local IS NULL;

-- next_local_at: the next_at that next_local was written for; a program before this schema moves only that.
ALTER TABLE schedules ADD COLUMN next_local TEXT;
ALTER TABLE schedules ADD COLUMN next_pass INTEGER;
ALTER TABLE schedules ADD COLUMN next_local_at INTEGER;
-- The newest rules of its zone that any process had.
ALTER TABLE schedules ADD COLUMN zone_release TEXT;
ALTER TABLE schedules ADD COLUMN zone_from INTEGER;
ALTER TABLE schedules ADD COLUMN zone_hash TEXT;
CREATE INDEX schedules_unplaced ON schedules (id)
  WHERE enabled = 1 AND next_at IS NOT NULL AND next_at IS NOT next_local_at;
