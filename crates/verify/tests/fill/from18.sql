CREATE TABLE virtual (a int NOT NULL, b int GENERATED ALWAYS AS (a + 1) VIRTUAL, CHECK (b > 100));
CREATE TABLE not_checked (a int, b int, CONSTRAINT a NOT NULL a NOT VALID, CHECK (b > 5) NOT ENFORCED);
CREATE TABLE periods (id int, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE of_periods (
  id int, of int, during daterange, FOREIGN KEY (of, PERIOD during) REFERENCES periods (id, PERIOD during)
);
