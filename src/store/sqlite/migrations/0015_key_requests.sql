-- A key answers only the same request. scheme 1: kept per template or definition, with the params alone;
-- 2: kept per caller and kind of call, with all that was asked. A message without fingerprint is of before.
ALTER TABLE run_keys ADD COLUMN scheme INTEGER NOT NULL DEFAULT 1;
ALTER TABLE inbox ADD COLUMN fingerprint TEXT;
