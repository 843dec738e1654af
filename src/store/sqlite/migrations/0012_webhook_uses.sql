-- What a webhook's requests are signed with; those from before take the forms of before.
ALTER TABLE webhooks ADD COLUMN form TEXT NOT NULL DEFAULT 'legacy';
ALTER TABLE webhooks ADD COLUMN equal_bodies INTEGER NOT NULL DEFAULT 0;

-- Signed requests that came, by signature and by delivery id, so that none starts a second run.
CREATE TABLE webhook_uses (
  secret TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  webhook TEXT NOT NULL,
  delivery TEXT,
  run_id TEXT,
  until INTEGER NOT NULL,
  PRIMARY KEY (secret, kind, value)
) WITHOUT ROWID;
CREATE INDEX webhook_uses_until ON webhook_uses (until);
