-- migration: 0000_base
CREATE TABLE m (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE m_rest PARTITION OF m DEFAULT;
CREATE TABLE p (id int PRIMARY KEY, n text);
CREATE TABLE c (extra int) INHERITS (p);
CREATE TABLE r (id int PRIMARY KEY, p int REFERENCES p);
CREATE VIEW v AS SELECT * FROM p;
CREATE VIEW vv AS SELECT n FROM v;
CREATE MATERIALIZED VIEW mv AS SELECT count(*) FROM p;
-- migration: 0001_partition
CREATE TABLE m_2 PARTITION OF m FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- migration: 0002_index
CREATE INDEX m_at ON m (at);
-- migration: 0003_column_everywhere
ALTER TABLE p ADD COLUMN x int;
-- migration: 0004_detach
ALTER TABLE m DETACH PARTITION m_1;
-- migration: 0005_attach
ALTER TABLE m ATTACH PARTITION m_1 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- migration: 0006_refresh
REFRESH MATERIALIZED VIEW mv;
-- migration: 0007_type_under_view
ALTER TABLE p ALTER COLUMN n TYPE varchar(10);
-- migration: 0008_needed
ALTER TABLE p DROP COLUMN n;
-- migration: 0009_cascade
ALTER TABLE p DROP COLUMN n CASCADE;
-- migration: 0010_key
ALTER TABLE p ALTER COLUMN id TYPE bigint;
-- migration: 0011_truncate
TRUNCATE p;
-- migration: 0012_truncate_cascade
TRUNCATE p CASCADE;
-- migration: 0013_drop
DROP TABLE p CASCADE;
