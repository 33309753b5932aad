-- pg: 13
-- migration: 0000_base
CREATE TABLE t (id int PRIMARY KEY, a int);
-- migration: 0001_not_in_history
ALTER TABLE auth.users ADD COLUMN x int;
--> statement-breakpoint
CREATE TABLE t2 (id int REFERENCES auth.users (id));
-- migration: 0002_broken
ALTER TABLE t ADD COLUMN;
--> statement-breakpoint
ALTER TABLE t ADD COLUMN b int;
-- migration: 0003_version
ALTER TABLE t ADD COLUMN d int GENERATED ALWAYS AS (a * 2) VIRTUAL;
-- migration: 0004_extension
ALTER TABLE t ADD COLUMN slug text DEFAULT nanoid();
--> statement-breakpoint
DO LANGUAGE plpython3u 'pass';
--> statement-breakpoint
VACUUM;
