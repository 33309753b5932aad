-- runner: brolly
-- migration: 0000_base
CREATE TABLE users (id int PRIMARY KEY, email text);
-- migration: 0001_index
ALTER TABLE users ADD COLUMN name text;
--> statement-breakpoint
CREATE INDEX CONCURRENTLY users_name ON users (name);
--> statement-breakpoint
CREATE INDEX CONCURRENTLY users_email ON users (email);
--> statement-breakpoint
ALTER TABLE users ADD COLUMN age int;
--> statement-breakpoint
COMMIT;
--> statement-breakpoint
UPDATE users SET age = 1;
--> statement-breakpoint
BEGIN;
--> statement-breakpoint
VACUUM users;
--> statement-breakpoint
COMMIT;
-- together
-- migration: 0002_next
ALTER TABLE users DROP COLUMN name;
