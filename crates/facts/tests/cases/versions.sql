-- pg: 18
-- migration: 0000_base
CREATE TABLE t (id int PRIMARY KEY, a int);
-- migration: 0001_not_valid
ALTER TABLE t ADD CONSTRAINT a_nn NOT NULL a NOT VALID;
-- migration: 0002_validate
ALTER TABLE t VALIDATE CONSTRAINT a_nn;
-- migration: 0003_virtual
ALTER TABLE t ADD COLUMN d int GENERATED ALWAYS AS (a * 2) VIRTUAL;
-- migration: 0004_stored
ALTER TABLE t ADD COLUMN e int GENERATED ALWAYS AS (a * 2) STORED;
-- migration: 0005_expression
ALTER TABLE t ALTER COLUMN e SET EXPRESSION AS (a * 3);
