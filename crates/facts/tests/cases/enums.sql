-- migration: 0000_base
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, m mood, ms mood[]);
-- migration: 0001_add
ALTER TYPE mood ADD VALUE 'happy';
--> statement-breakpoint
ALTER TABLE t ALTER COLUMN m SET DEFAULT 'happy';
-- together
-- migration: 0002_same_run
INSERT INTO t (id, m) VALUES (1, 'happy');
--> statement-breakpoint
UPDATE t SET m = 'ok' WHERE m = 'happy';
--> statement-breakpoint
CREATE INDEX t_happy ON t (id) WHERE m = 'happy'::mood;
--> statement-breakpoint
UPDATE t SET ms = '{happy,ok}';
-- migration: 0003_next_run
ALTER TABLE t ALTER COLUMN m SET DEFAULT 'happy';
-- migration: 0004_after_commit
ALTER TYPE mood ADD VALUE 'glad';
--> statement-breakpoint
COMMIT;
--> statement-breakpoint
UPDATE t SET m = 'glad';
-- migration: 0005_type_of_the_same_run
CREATE TYPE size AS ENUM ('s');
--> statement-breakpoint
ALTER TYPE size ADD VALUE 'l';
--> statement-breakpoint
CREATE TABLE u (s size DEFAULT 'l');
-- migration: 0006_recreated
ALTER TABLE t ALTER COLUMN m DROP DEFAULT;
--> statement-breakpoint
ALTER TABLE t ALTER COLUMN ms SET DATA TYPE text[];
--> statement-breakpoint
ALTER TABLE t ALTER COLUMN m SET DATA TYPE text;
--> statement-breakpoint
DROP TYPE mood;
--> statement-breakpoint
CREATE TYPE mood AS ENUM ('ok', 'happy', 'glad');
--> statement-breakpoint
ALTER TABLE t ALTER COLUMN m SET DATA TYPE mood USING m::mood;
-- migration: 0007_renamed
ALTER TYPE mood RENAME VALUE 'glad' TO 'merry';
-- migration: 0008_default_with_a_cast
ALTER TYPE mood ADD VALUE 'calm';
--> statement-breakpoint
ALTER TABLE t ALTER COLUMN m SET DEFAULT 'calm'::mood;
