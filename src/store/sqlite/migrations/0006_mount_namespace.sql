-- Which files a process sees: a run is left to a daemon only when both see the same.
ALTER TABLE nodes ADD COLUMN mount_namespace TEXT NOT NULL DEFAULT '';
