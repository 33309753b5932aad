-- migration: 0000_base
CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int, d int, e int);
-- migration: 0001_bare
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- migration: 0002_again
ALTER TABLE t ALTER COLUMN a SET NOT NULL;
-- migration: 0003_check
ALTER TABLE t ADD CONSTRAINT b_there CHECK (b IS NOT NULL) NOT VALID;
-- migration: 0004_not_yet_valid
ALTER TABLE t ALTER COLUMN b SET NOT NULL;
-- migration: 0005_check_c
ALTER TABLE t ADD CONSTRAINT c_there CHECK (c IS NOT NULL AND c > 0) NOT VALID;
-- migration: 0006_validate
ALTER TABLE t VALIDATE CONSTRAINT c_there;
-- migration: 0007_proven
ALTER TABLE t RENAME COLUMN c TO c2;
--> statement-breakpoint
ALTER TABLE t ALTER COLUMN c2 SET NOT NULL;
--> statement-breakpoint
ALTER TABLE t DROP CONSTRAINT c_there;
-- migration: 0008_either
ALTER TABLE t ADD CONSTRAINT d_or_e CHECK (d IS NOT NULL OR e IS NOT NULL);
-- migration: 0009_not_proven
ALTER TABLE t ALTER COLUMN d SET NOT NULL;
-- migration: 0010_new_columns
ALTER TABLE t ADD COLUMN f int NOT NULL;
--> statement-breakpoint
ALTER TABLE t ADD COLUMN g int NOT NULL DEFAULT 1;
--> statement-breakpoint
ALTER TABLE t ADD COLUMN h int DEFAULT NULL NOT NULL;
--> statement-breakpoint
ALTER TABLE t ADD COLUMN i int GENERATED ALWAYS AS IDENTITY;
--> statement-breakpoint
ALTER TABLE t ADD COLUMN j uuid DEFAULT gen_random_uuid();
--> statement-breakpoint
ALTER TABLE t ADD COLUMN k timestamp DEFAULT now();
--> statement-breakpoint
ALTER TABLE t ADD COLUMN l int REFERENCES t (id);
--> statement-breakpoint
ALTER TABLE t ADD COLUMN m int CHECK (m > 0);
