-- migration: 0000_base
CREATE TABLE users (id int PRIMARY KEY, email text);
CREATE TABLE posts (id int PRIMARY KEY, author int);
CREATE FUNCTION touch() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE users ADD COLUMN touched int; END $$;
CREATE FUNCTION cut() RETURNS void LANGUAGE sql AS 'DROP TABLE posts';
-- migration: 0001_wrapped
DO $$ BEGIN
  ALTER TABLE posts ADD CONSTRAINT posts_author_fk FOREIGN KEY (author) REFERENCES users (id);
EXCEPTION WHEN duplicate_object THEN null;
END $$;
-- migration: 0002_wrapped_again
DO $$ BEGIN
  ALTER TABLE posts ADD CONSTRAINT posts_author_fk FOREIGN KEY (author) REFERENCES users (id);
EXCEPTION WHEN duplicate_object THEN null;
END $$;
-- migration: 0003_guard_says_yes
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'name') THEN
    ALTER TABLE users ADD COLUMN name text;
    UPDATE users SET name = email;
    ALTER TABLE users ALTER COLUMN name SET NOT NULL;
  END IF;
END $$;
-- migration: 0004_guard_says_no
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'name') THEN
    ALTER TABLE users ADD COLUMN name text;
  ELSE
    COMMENT ON COLUMN users.name IS 'there';
  END IF;
END $$;
-- migration: 0005_guard_is_open
DO $$ BEGIN
  IF (SELECT count(*) FROM users) > 10 THEN
    CREATE INDEX users_name_idx ON users (name);
  END IF;
  EXECUTE 'ALTER TABLE users ADD COLUMN age int';
  EXECUTE format('DROP TABLE %I', 'posts');
END $$;
-- migration: 0006_calls
SELECT touch();
-- migration: 0007_calls_sql
SELECT cut();
-- migration: 0008_returns_early
DO $$ BEGIN
  IF to_regclass('public.posts') IS NULL THEN
    RETURN;
  END IF;
  DROP TABLE users;
END $$;
-- migration: 0009_loop
DO $$ BEGIN
  LOOP
    UPDATE users SET email = lower(email) WHERE email <> lower(email);
    EXIT WHEN NOT FOUND;
    DELETE FROM users;
  END LOOP;
END $$;
