-- Which database this is: places in the stream of events name it, and a restore renews it, so that a place
-- in the database before is known for what it is.
CREATE TABLE database_id (id TEXT NOT NULL);
INSERT INTO database_id (id) VALUES (lower(hex(randomblob(6))));
