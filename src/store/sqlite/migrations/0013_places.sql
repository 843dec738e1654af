-- Places under `concurrency`: who works in a group and key, and who waits for its turn there.
CREATE TABLE places (
  rid INTEGER PRIMARY KEY,
  "group" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  arrived_at INTEGER NOT NULL,
  holds INTEGER NOT NULL,
  own_limit INTEGER
);
CREATE INDEX places_queue ON places ("group", "key", holds, arrived_at);
CREATE INDEX places_waiting ON places ("group", "key") WHERE holds = 0;

CREATE TRIGGER places_go_with_run AFTER DELETE ON run_head
BEGIN
  DELETE FROM places WHERE rid = OLD.rid;
END;

-- The group stays with the run: one that comes back to life asks in the same queue.
ALTER TABLE runs ADD COLUMN place_group TEXT;
UPDATE runs SET place_group = (
  SELECT json_array('template', h.template) FROM run_head h
  WHERE h.rid = runs.rid AND h.concurrency_key IS NOT NULL AND h.template IS NOT NULL);

-- Who has begun holds its place; of the others the oldest, while the newest version's limit leaves room.
INSERT INTO places (rid, "group", "key", arrived_at, holds, own_limit)
WITH unfinished AS (
  SELECT h.rid, h.template, h.concurrency_key AS "key", h.created_at, h.status <> 'pending' AS begun,
    coalesce((SELECT json_extract(t.pack, '$.definition.concurrency.limit') FROM templates t
      WHERE t.name = h.template AND t.version = r.version), 1) AS own_limit,
    (SELECT json_extract(t.pack, '$.definition.concurrency') IS NULL
      FROM template_names n JOIN templates t ON t.name = n.name AND t.version = n.newest
      WHERE n.name = h.template) AS unlimited,
    (SELECT json_extract(t.pack, '$.definition.concurrency.limit')
      FROM template_names n JOIN templates t ON t.name = n.name AND t.version = n.newest
      WHERE n.name = h.template) AS newest_limit
  FROM run_head h JOIN runs r ON r.rid = h.rid
  WHERE h.status IN ('pending', 'active', 'suspended')
    AND h.concurrency_key IS NOT NULL AND h.template IS NOT NULL
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY template, "key"
    ORDER BY begun DESC, created_at, rid) AS place
  FROM unfinished
)
SELECT rid, json_array('template', template), "key", created_at,
  begun OR coalesce(unlimited, 0) OR place <= coalesce(newest_limit, own_limit), own_limit
FROM ranked;

-- Who waits is woken by its turn, not by the time.
UPDATE run_head SET wake_at = NULL
WHERE owner IS NULL AND rid IN (SELECT rid FROM places WHERE holds = 0)
  AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.rid = run_head.rid AND i.verdict IS NULL);
