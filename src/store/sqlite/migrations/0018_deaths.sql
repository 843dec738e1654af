-- How many active runs a node owned when its death was found, counted before any of them was claimed: a
-- crash counts against a step only when nothing else was at work.
ALTER TABLE nodes ADD COLUMN active_at_death INTEGER;
