-- migration: 0000_base
CREATE TABLE users (id serial PRIMARY KEY, email text);
-- migration: 0001_one
SET lock_timeout = '5s';
--> statement-breakpoint
CREATE INDEX CONCURRENTLY users_email_idx ON users (email);
-- migration: 0002_commit
COMMIT;
--> statement-breakpoint
CREATE INDEX CONCURRENTLY users_email_idx2 ON users (email);
--> statement-breakpoint
BEGIN;
--> statement-breakpoint
ALTER TABLE users ADD COLUMN a int;
--> statement-breakpoint
ROLLBACK;
--> statement-breakpoint
ALTER TABLE users ADD COLUMN a int;
-- migration: 0003_several_in_a_chunk
COMMIT;
--> statement-breakpoint
ALTER TABLE users ADD COLUMN b int; CREATE INDEX CONCURRENTLY users_b_idx ON users (b);
--> statement-breakpoint
DROP INDEX CONCURRENTLY users_email_idx2;
-- migration: 0004_put_back
ALTER TABLE users DROP COLUMN email;
--> statement-breakpoint
ALTER TABLE users ADD COLUMN email text;
-- migration: 0005_put_back_too_late
ALTER TABLE users DROP COLUMN email;
--> statement-breakpoint
COMMIT;
--> statement-breakpoint
ALTER TABLE users ADD COLUMN email text;
-- migration: 0006_not_valid
ALTER TABLE users ADD CONSTRAINT email_given CHECK (email IS NOT NULL) NOT VALID;
-- together
-- migration: 0007_validate
ALTER TABLE users VALIDATE CONSTRAINT email_given;
