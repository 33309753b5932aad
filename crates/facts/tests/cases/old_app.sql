-- migration: 0000_base
CREATE TABLE a (id int PRIMARY KEY, n text NOT NULL DEFAULT 'x', m text DEFAULT 'y', u text UNIQUE, v varchar(50));
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
CREATE VIEW w AS SELECT id, n FROM a;
-- migration: 0001_drop_column
ALTER TABLE a DROP COLUMN v;
-- migration: 0002_required
ALTER TABLE a ADD COLUMN r int NOT NULL;
-- migration: 0003_defaults
ALTER TABLE a ALTER COLUMN n DROP DEFAULT, ALTER COLUMN m DROP DEFAULT;
-- migration: 0004_unique
ALTER TABLE a DROP CONSTRAINT a_u_key;
-- migration: 0005_partial
CREATE UNIQUE INDEX a_u ON a (u);
-- migration: 0006_narrowed
DROP INDEX a_u;
--> statement-breakpoint
CREATE UNIQUE INDEX a_u ON a (u) WHERE m IS NOT NULL;
-- migration: 0007_constraints
ALTER TABLE b ADD CONSTRAINT b_id CHECK (id > 0) NOT VALID;
--> statement-breakpoint
ALTER TABLE a ADD CONSTRAINT a_m UNIQUE (m);
-- migration: 0008_narrower_type
ALTER TABLE a ALTER COLUMN m TYPE varchar(10);
-- migration: 0009_row_security
ALTER TABLE b ENABLE ROW LEVEL SECURITY;
-- migration: 0010_row_security_with_policy
ALTER TABLE a ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY p ON a USING (true);
-- migration: 0011_view
DROP VIEW w;
--> statement-breakpoint
CREATE VIEW w AS SELECT id FROM a;
-- migration: 0012_drop
DROP TABLE a CASCADE;
