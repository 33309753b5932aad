-- Tables that are hard to fill, each in its own way. `filled.rs` expects rows in all of them.
CREATE EXTENSION citext;
CREATE EXTENSION hstore;
CREATE EXTENSION ltree;
CREATE EXTENSION btree_gist;
CREATE TYPE mood AS ENUM ('sad', 'it''s', 'ok');
CREATE TYPE pair AS (a int, b text);
CREATE TYPE frange AS RANGE (subtype = float8);
CREATE DOMAIN small AS int CHECK (value > 0 AND value < 10);
CREATE DOMAIN address AS citext CHECK (value ~ '^[^@]+@[^@]+$');
CREATE DOMAIN code AS char(3) NOT NULL CHECK (VALUE ~ '^[A-Z]{3}$');

CREATE TABLE all_types (
  id serial PRIMARY KEY,
  a1 bool, a2 smallint, a3 int, a4 bigint, a5 numeric, a6 numeric(3, 2), a7 numeric(10, 2), a8 numeric(2, 2), a9 real,
  b1 double precision, b2 money, b3 text, b4 varchar, b5 varchar(1), b6 varchar(2), b7 varchar(10), b8 char, b9 char(5),
  c1 "char", c2 name, c3 bytea, c4 uuid, c5 date, c6 timestamp, c7 timestamptz(3), c8 time, c9 timetz,
  d1 interval, d2 interval day to second(3), d3 json, d4 jsonb, d5 inet, d6 cidr, d7 macaddr, d8 macaddr8, d9 bit,
  e1 bit(5), e2 varbit, e3 varbit(3), e4 point, e5 line, e6 lseg, e7 box, e8 path, e9 polygon,
  f1 circle, f2 xml, f3 tsvector, f4 tsquery, f5 pg_lsn, f6 oid, f7 regclass, f8 int4range, f9 numrange,
  g1 tstzrange, g2 daterange, g3 frange, g4 mood, g5 pair, g6 small, g7 address, g8 jsonpath, g9 text[],
  h1 int[][], h2 mood[], h3 varchar(3)[], h4 char(3)[], h5 small[], h6 pair[], h7 citext, h8 hstore, h9 ltree,
  i1 int8range, i2 tsrange, i3 bit(3)[], i4 numeric(4, 1)[], i5 address[], i6 xid, i7 regtype
);

CREATE TABLE all_unique (
  a1 code UNIQUE, a2 smallint UNIQUE, a3 int NOT NULL UNIQUE, a4 numeric(3, 2) UNIQUE, a5 real UNIQUE,
  b1 varchar(1) UNIQUE, b2 varchar(2) NOT NULL UNIQUE, b3 char UNIQUE, b4 uuid UNIQUE, b5 text[] UNIQUE,
  c1 date UNIQUE, c2 timestamp UNIQUE, c3 time UNIQUE, c4 interval UNIQUE, c5 jsonb UNIQUE, c6 inet UNIQUE,
  d1 bit(5) UNIQUE, d2 int4range UNIQUE, d3 mood UNIQUE, d4 small UNIQUE
);

CREATE SCHEMA "Odd ""one";
CREATE TABLE "Odd ""one"."We""ird täble" (
  "i" int, "k" text, "brolly row" int NOT NULL, "SELECT" varchar(30) UNIQUE, c1 int CHECK (c1 > 5 AND c1 <> 7),
  PRIMARY KEY ("i", "k")
);
CREATE TABLE no_columns ();
CREATE TABLE only_id (id serial PRIMARY KEY);

-- Keys that share columns, keys of one parent each, circles.
CREATE TABLE tenants (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9-]{3,20}$')
);
CREATE TABLE parents (tenant int REFERENCES tenants, id int, PRIMARY KEY (tenant, id));
CREATE TABLE kids (
  tenant int NOT NULL REFERENCES tenants, parent int, id uuid DEFAULT gen_random_uuid() PRIMARY KEY,
  friend uuid REFERENCES kids,
  FOREIGN KEY (tenant, parent) REFERENCES parents (tenant, id), UNIQUE (tenant, parent)
);
CREATE TABLE full_match (
  tenant int, parent int, FOREIGN KEY (tenant, parent) REFERENCES parents (tenant, id) MATCH FULL
);
CREATE TABLE one_each (tenant int PRIMARY KEY REFERENCES tenants, note text NOT NULL);
CREATE TABLE soft_a (id int PRIMARY KEY, b int);
CREATE TABLE soft_b (id int PRIMARY KEY, a int REFERENCES soft_a);
ALTER TABLE soft_a ADD FOREIGN KEY (b) REFERENCES soft_b;
CREATE TABLE late_a (id int PRIMARY KEY, b int NOT NULL);
CREATE TABLE late_b (id serial PRIMARY KEY, a int NOT NULL REFERENCES late_a DEFERRABLE);
ALTER TABLE late_a ADD FOREIGN KEY (b) REFERENCES late_b DEFERRABLE;
CREATE TABLE hard_a (id int PRIMARY KEY, b int NOT NULL);
CREATE TABLE hard_b (id serial PRIMARY KEY, a int NOT NULL REFERENCES hard_a);
ALTER TABLE hard_a ADD FOREIGN KEY (b) REFERENCES hard_b;
CREATE TABLE own_hard (id int PRIMARY KEY, parent int NOT NULL REFERENCES own_hard);
CREATE TABLE own_made (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent int NOT NULL REFERENCES own_made);
CREATE TABLE own_soft (id bigserial PRIMARY KEY, parent bigint UNIQUE REFERENCES own_soft);
CREATE TABLE chosen (id serial PRIMARY KEY, head int);
CREATE TABLE members (id serial PRIMARY KEY, of int REFERENCES chosen, UNIQUE (id, of));
ALTER TABLE chosen ADD FOREIGN KEY (head, id) REFERENCES members (id, of);
CREATE TABLE edges (
  older int NOT NULL REFERENCES only_id, newer int NOT NULL REFERENCES only_id, CHECK (older < newer),
  UNIQUE (older, newer)
);

-- Keys of other kinds.
CREATE TABLE rooms (room int, during tstzrange NOT NULL, EXCLUDE USING gist (room WITH =, during WITH &&));
CREATE TABLE deleted (id int PRIMARY KEY, email text NOT NULL, deleted_at timestamptz);
CREATE UNIQUE INDEX ON deleted (lower(email)) WHERE deleted_at IS NULL;
CREATE TABLE never_null (tenant int REFERENCES tenants, team int);
CREATE UNIQUE INDEX ON never_null (tenant, coalesce(team, 0));
CREATE TABLE few (a bool, b mood, UNIQUE (a, b));
CREATE TABLE made (a int NOT NULL, b int GENERATED ALWAYS AS (a * 2) STORED UNIQUE, CHECK (b > 10));
CREATE TABLE settings (tenant int NOT NULL REFERENCES tenants, name text NOT NULL, UNIQUE (tenant, name),
  CHECK (name IN ('a', 'b')));

-- Partitions.
CREATE TABLE parts (id int NOT NULL, at timestamptz NOT NULL, region text) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2030-01-01') TO (MAXVALUE) PARTITION BY LIST (region);
CREATE TABLE parts_2a PARTITION OF parts_2 FOR VALUES IN ('eu', 'us');
CREATE TABLE hashed (id int PRIMARY KEY, t text) PARTITION BY HASH (id);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE rest (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE rest_a PARTITION OF rest FOR VALUES IN ('a');
CREATE TABLE rest_b PARTITION OF rest DEFAULT;
CREATE TABLE older (id int PRIMARY KEY, t text);
CREATE TABLE younger (x int) INHERITS (older);

-- Triggers and row security.
CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TABLE refused (id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenants);
CREATE TRIGGER no BEFORE INSERT ON refused FOR EACH ROW EXECUTE FUNCTION no();
CREATE TABLE dropped (id int PRIMARY KEY);
CREATE TRIGGER gone BEFORE INSERT ON dropped FOR EACH ROW EXECUTE FUNCTION gone();
CREATE TABLE hidden (id int PRIMARY KEY, t text);
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Conditions.
CREATE TABLE conditions (
  total numeric(10, 2) NOT NULL, net numeric(10, 2) NOT NULL, tax numeric(10, 2) NOT NULL, CHECK (total = net + tax),
  CHECK (net > 0), pct int CHECK (pct BETWEEN 1 AND 99), rating numeric(2, 1) CHECK (rating >= 1 AND rating <= 5),
  cc char(2) CHECK (cc = upper(cc)), lat double precision CHECK (lat BETWEEN -90 AND 90),
  len text CHECK (length(len) = 12), hex text CHECK (hex ~ '^[0-9a-f]{64}$'), phone text CHECK (phone ~ '^\+[1-9]\d{1,14}$'),
  url text NOT NULL CHECK (url LIKE 'https://%'), tags text[] CHECK (cardinality(tags) > 0 AND tags <@ ARRAY['x', 'y']),
  js jsonb CHECK (jsonb_typeof(js) = 'array'), kind text NOT NULL CHECK (kind IN ('a', 'b', 'c')),
  starts date, ends date, CHECK (ends > starts), a int, b int, CHECK (num_nonnulls(a, b) = 1),
  sha bytea CHECK (octet_length(sha) = 32), year int CHECK (year >= 1900 AND year <= 2100), low text CHECK (low = lower(low)),
  month date UNIQUE CHECK (extract(day FROM month) = 1), config jsonb CHECK (config ->> 'type' = 'x')
);
CREATE TABLE states (
  id serial PRIMARY KEY, status text NOT NULL DEFAULT 'draft', owner int REFERENCES tenants, guest text,
  paid_at timestamptz, sent_at timestamptz, reason text, amount int NOT NULL DEFAULT 0,
  CHECK (status IN ('draft', 'paid', 'sent', 'cancelled')),
  CHECK ((owner IS NULL) <> (guest IS NULL)),
  CHECK (status <> 'paid' OR paid_at IS NOT NULL), CHECK (status <> 'sent' OR (paid_at IS NOT NULL AND sent_at > paid_at)),
  CHECK ((status = 'cancelled') = (reason IS NOT NULL)), CHECK (status = 'draft' OR amount > 0)
);
CREATE TABLE lots (
  id bigserial PRIMARY KEY, tenant int REFERENCES tenants, email text UNIQUE, payload jsonb, at timestamptz DEFAULT now()
);

-- What has no partition can't have rows.
CREATE TABLE impossible (id int) PARTITION BY LIST (id);
CREATE VIEW viewed AS SELECT * FROM tenants;
CREATE SCHEMA drizzle;
CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
