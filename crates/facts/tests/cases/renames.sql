-- migration: 0000_base
CREATE TABLE a (id int PRIMARY KEY, n text);
CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a);
CREATE INDEX b_a ON b (a_id);
CREATE SCHEMA other;
-- migration: 0001_table
ALTER TABLE a RENAME TO c;
--> statement-breakpoint
ALTER TABLE c ADD COLUMN x int;
-- migration: 0002_follow
ALTER TABLE b DROP CONSTRAINT b_a_id_fkey;
-- migration: 0003_column
ALTER TABLE c RENAME COLUMN n TO name;
-- migration: 0004_harmless
ALTER TABLE b RENAME CONSTRAINT b_pkey TO b_pk;
--> statement-breakpoint
ALTER INDEX b_a RENAME TO b_a_idx;
-- migration: 0005_swap
ALTER TABLE b RENAME TO b_old;
--> statement-breakpoint
CREATE TABLE b (id int PRIMARY KEY, a_id int);
-- migration: 0006_view_in_its_place
ALTER TABLE c RENAME TO d;
--> statement-breakpoint
CREATE VIEW c AS SELECT * FROM d;
-- migration: 0007_schema
ALTER TABLE d SET SCHEMA other;
-- migration: 0008_names_are_free
ALTER TABLE other.d RENAME CONSTRAINT a_pkey TO d_pkey;
--> statement-breakpoint
SET search_path = other;
--> statement-breakpoint
ALTER TABLE d DROP COLUMN x;
