-- The file that a version was defined from; null when it was given as a value, or before this schema.
ALTER TABLE templates ADD COLUMN source_file TEXT;
