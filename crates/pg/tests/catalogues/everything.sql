-- One of each, as people write it: what the server writes back has to mean the same.
CREATE SCHEMA app;
CREATE SCHEMA "Odd Name";
CREATE EXTENSION IF NOT EXISTS plpgsql;

CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy');
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'happy';
CREATE TYPE app.state AS ENUM ('new', 'done');
CREATE DOMAIN app.email AS text DEFAULT 'nobody@example.com' CHECK (VALUE LIKE '%@%') NOT NULL;
CREATE DOMAIN positive AS numeric(10) CONSTRAINT over_zero CHECK (VALUE > 0) CHECK (VALUE < 1e6);
ALTER DOMAIN positive ADD CONSTRAINT later CHECK (VALUE <> 13) NOT VALID;
CREATE TYPE app.point3 AS (x double precision, y float8, z float, label varchar(10));
CREATE TYPE app.span AS RANGE (subtype = timestamptz);

CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END $$;
CREATE FUNCTION double(n int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n * 2';
CREATE FUNCTION double(n int, times int) RETURNS int STABLE LANGUAGE sql AS 'SELECT n * 2 * times';
CREATE PROCEDURE app.nothing() LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION everybody(OUT id int, OUT name text) RETURNS SETOF record LANGUAGE sql AS $$ SELECT 1, 'a'::text $$;

CREATE SEQUENCE tickets START 100 INCREMENT 5;
CREATE SEQUENCE owned;

CREATE TABLE accounts (
    id serial PRIMARY KEY,
    big bigserial,
    uid uuid DEFAULT gen_random_uuid() NOT NULL UNIQUE,
    email varchar(255) NOT NULL,
    "Quoted Name" text COLLATE "C",
    mood mood DEFAULT 'happy' NOT NULL,
    moods mood[] DEFAULT '{}',
    state app.state DEFAULT 'new'::app.state,
    contact app.email,
    balance numeric(10, 2) DEFAULT 0 NOT NULL,
    rate double precision DEFAULT 1,
    ratio real DEFAULT -0.5,
    tags text[] DEFAULT ARRAY['a', 'b']::text[],
    tags2 varchar(20)[] DEFAULT '{}'::varchar(20)[],
    settings jsonb DEFAULT '{"b":1,"a":[1,2]}'::jsonb NOT NULL,
    plain json DEFAULT '{}',
    flag boolean DEFAULT false,
    flag2 bool DEFAULT 'true',
    code char(3) DEFAULT 'abc',
    bits bit(8),
    wait interval DEFAULT '1 hour 30 minutes',
    days interval DEFAULT interval '30 days',
    born date DEFAULT CURRENT_DATE,
    born2 date DEFAULT '2020-01-31',
    at timestamp(3) DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at timestamp with time zone DEFAULT now(),
    expires timestamptz DEFAULT (now() + interval '7 days'),
    fixed timestamptz DEFAULT '2024-01-01T00:00:00Z',
    clock time DEFAULT '08:30',
    who text DEFAULT CURRENT_USER,
    ticket bigint DEFAULT nextval('tickets'),
    shout text GENERATED ALWAYS AS (upper(email)) STORED,
    total numeric GENERATED ALWAYS AS (balance * 2 + rate::numeric) STORED,
    place app.point3,
    during app.span,
    note text DEFAULT NULL,
    CONSTRAINT positive_balance CHECK (balance >= 0),
    CHECK (email <> '' AND length(email) < 200),
    CHECK (mood IN ('sad', 'happy') OR state = 'done'),
    CHECK (code NOT IN ('aaa', 'bbb')),
    CHECK (email LIKE '%@%' AND email NOT ILIKE '%spam%' AND email !~ '\s'),
    CHECK (balance BETWEEN 0 AND 1000000),
    CHECK (balance NOT BETWEEN 1 AND 2),
    CHECK (NOT (flag AND flag2) OR flag IS NULL),
    CHECK (flag IS NOT TRUE OR flag2 IS DISTINCT FROM flag),
    CHECK (extract(year FROM at) > 1999),
    CHECK (at AT TIME ZONE 'UTC' > '2000-01-01'),
    CHECK (coalesce(note, '') <> 'x'),
    CHECK (CASE WHEN flag THEN rate > 0 WHEN flag2 THEN rate > 1 ELSE true END),
    CHECK (settings ->> 'a' IS NOT NULL OR (settings #>> '{b,c}')::int > 5),
    CHECK (settings ? 'a'),
    CHECK (array_length(tags, 1) > 0 AND tags[1] <> ''),
    CHECK (num_nonnulls(note, born) = 1),
    CHECK (trim(email) = email AND substring(email from 1 for 2) <> 'xx' AND position('@' in email) > 1),
    CHECK (email = ANY (ARRAY['a@b', 'c@d']) OR rate / 2 > 1 OR balance / 2::numeric > 1),
    CHECK (greatest(rate, 1) < 10 AND nullif(note, '') IS NULL),
    CHECK ((born, born2) OVERLAPS (born2, born) OR true),
    CHECK (email SIMILAR TO '%(b|d)%'),
    CHECK (double(id) > 0)
);
ALTER SEQUENCE owned OWNED BY accounts.note;
ALTER TABLE accounts ADD CONSTRAINT not_yet CHECK (rate < 100) NOT VALID;
ALTER TABLE accounts ADD CONSTRAINT mail_and_code UNIQUE (email, code) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX accounts_lower ON accounts (lower(email));
CREATE INDEX accounts_sorted ON accounts (at DESC, id ASC NULLS FIRST, rate DESC NULLS LAST);
CREATE INDEX ON accounts (born);
CREATE INDEX accounts_part ON accounts (email text_pattern_ops, "Quoted Name" COLLATE "C") WHERE flag AND state = 'new';
CREATE UNIQUE INDEX accounts_one ON accounts (email) INCLUDE (code, rate) WHERE note IS NULL;
CREATE INDEX accounts_gin ON accounts USING gin (settings jsonb_path_ops);
CREATE INDEX accounts_gin2 ON accounts USING gin (tags);
CREATE INDEX accounts_search ON accounts USING gin (to_tsvector('english', email || ' ' || coalesce(note, '')));
CREATE INDEX accounts_json ON accounts ((settings ->> 'a'), ((settings ->> 'b')::int));
CREATE INDEX accounts_hash ON accounts USING hash (uid);

CREATE TABLE app.orders (
    id bigint GENERATED ALWAYS AS IDENTITY,
    number int GENERATED BY DEFAULT AS IDENTITY (START WITH 1000) UNIQUE,
    account_id int NOT NULL REFERENCES accounts ON DELETE CASCADE,
    uid uuid REFERENCES public.accounts (uid) ON DELETE SET NULL ON UPDATE CASCADE,
    parent bigint,
    during tstzrange,
    PRIMARY KEY (id),
    EXCLUDE USING gist (during WITH &&),
    CONSTRAINT parent_fk FOREIGN KEY (parent) REFERENCES app.orders (id) DEFERRABLE
);
ALTER TABLE app.orders ADD CONSTRAINT later FOREIGN KEY (number) REFERENCES accounts (id) NOT VALID;
CREATE UNLOGGED TABLE "Odd Name"."Select" ("from" int, "a.b" text, PRIMARY KEY ("from", "a.b"));
CREATE TABLE repeated (id int PRIMARY KEY, CONSTRAINT repeated_id_unique UNIQUE (id));

CREATE TABLE parent (id int NOT NULL, name text DEFAULT 'p', CHECK (id > 0));
CREATE TABLE child (extra int) INHERITS (parent);
CREATE TABLE alike (LIKE accounts INCLUDING DEFAULTS);

CREATE TABLE events (id bigint NOT NULL, at timestamptz NOT NULL, kind text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX events_kind ON events (kind);
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE TABLE by_list (k text, v int) PARTITION BY LIST (k);
CREATE TABLE by_list_ab PARTITION OF by_list FOR VALUES IN ('a', 'b');
CREATE TABLE by_hash (k int, account int REFERENCES accounts (id)) PARTITION BY HASH (k);
CREATE TABLE by_hash_0 PARTITION OF by_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE to_attach (k text, v int);
ALTER TABLE by_list ATTACH PARTITION to_attach FOR VALUES IN ('z');
CREATE INDEX ON by_list (lower(k), (v / 2), (v % 2)) INCLUDE (v) WHERE by_list.k <> '';
CREATE INDEX by_list_v ON ONLY by_list (v);
CREATE INDEX by_list_ab_v ON by_list_ab (v);
CREATE INDEX to_attach_v ON to_attach (v);
ALTER INDEX by_list_v ATTACH PARTITION by_list_ab_v;
ALTER INDEX by_list_v ATTACH PARTITION to_attach_v;
CREATE INDEX by_list_half ON ONLY by_list (v, k);
CREATE INDEX by_list_ab_half ON by_list_ab (v, k);
ALTER INDEX by_list_half ATTACH PARTITION by_list_ab_half;
CREATE INDEX by_hash_0_own ON by_hash_0 (k DESC);
CREATE INDEX by_hash_k ON by_hash (k);

CREATE VIEW rich AS SELECT id, email, mood AS feeling, count(*) OVER () FROM accounts WHERE balance > 100;
CREATE VIEW app.poor (a, b) AS SELECT r.id, o.number FROM rich r LEFT JOIN app.orders o ON o.account_id = r.id;
CREATE VIEW a_first AS SELECT * FROM app.poor;
CREATE MATERIALIZED VIEW sums AS SELECT account_id, count(*) AS n FROM app.orders GROUP BY account_id;
CREATE MATERIALIZED VIEW empty AS SELECT id FROM accounts WITH NO DATA;
CREATE UNIQUE INDEX sums_key ON sums (account_id);
CREATE VIEW with_cte AS WITH recent AS (SELECT id, mood FROM accounts WHERE at > now() - interval '1 day') SELECT recent.id, mood FROM recent UNION ALL SELECT id, mood FROM accounts;

CREATE TRIGGER touch BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE TRIGGER touch_mail AFTER INSERT OR UPDATE OF email, code ON accounts FOR EACH ROW WHEN (NEW.email <> '') EXECUTE PROCEDURE app.touch();
CREATE TRIGGER off BEFORE DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION app.touch();
ALTER TABLE accounts DISABLE TRIGGER off;

ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.orders FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON accounts FOR SELECT TO public USING (email = current_user);
CREATE POLICY strict ON accounts AS RESTRICTIVE TO postgres USING (true) WITH CHECK (balance > 0);
CREATE POLICY theirs ON app.orders FOR INSERT WITH CHECK (EXISTS (SELECT 1 FROM accounts a WHERE a.id = account_id AND a.flag));
CREATE POLICY among ON app.orders USING (account_id IN (SELECT id FROM accounts WHERE email = (SELECT current_setting('app.user'))));
CREATE RULE quiet AS ON DELETE TO repeated DO INSTEAD NOTHING;
